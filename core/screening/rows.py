"""The rows of a run as a reader sees them: streamed from the journal, with the cautions between files."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import RunRefused, reason
from core.imaging.sources import ImageRef
from core.inference.assessment import Assessment
from core.screening.journal import ref_of, shown
from core.screening.schema import FILE_NAME, SCHEMA_VERSION, refusal_of

Order = Literal["suspicion", "found"]

# One look at each neighbour in the index, never a walk through all films of a patient called ANONYMOUS.
_OTHER = (
    "item.{key} IS NOT NULL AND ("
    "EXISTS (SELECT 1 FROM item AS o WHERE o.superseded = 0 AND o.{key} = item.{key} AND o.{value} < item.{value}) OR "
    "EXISTS (SELECT 1 FROM item AS o WHERE o.superseded = 0 AND o.{key} = item.{key} AND o.{value} > item.{value}))"
)
_SELECT = f"""
    SELECT item.seq, root.path, item.path, item.member, item.frame, item.status, item.assessment, item.burned_in,
        {_OTHER.format(key="sop", value="pixels")}, {_OTHER.format(key="patient", value="name")}
    FROM item JOIN root ON root.number = item.root
    WHERE item.superseded = 0 {{}} ORDER BY """
# NULL is the smallest value there is, so that what has no suspicion comes last.
_ORDERS: dict[Order, str] = {"suspicion": "item.suspicion DESC, item.seq", "found": "item.seq"}


@dataclass(frozen=True, slots=True)
class Row:
    """A film of a run. number: its row number, for ever. assessment: None while the film waits.

    name: path relative to its root, with the member. burned_in: "YES", "NO", or None when nobody knows.
    """

    number: int
    name: str
    assessment: Assessment | None
    burned_in: str | None


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """A run's journal, opened for reading, also while another process writes it. Refuses "run-unreadable"."""
    path = Path(folder) / FILE_NAME
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as database:
            if database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
                raise RunRefused("run-unreadable", what=folder, why="another Hilum made it, or none")
            yield database
    except sqlite3.Error as error:
        why = "there is no journal in it" if not path.exists() else str(refusal_of(error, Path(folder)))
        raise RunRefused("run-unreadable", what=folder, why=why) from error


def rows(database: sqlite3.Connection, order: Order = "suspicion") -> Iterator[Row]:
    """Every current row, one at a time: memory does not grow with the run."""
    for found in database.execute(_SELECT.format("") + _ORDERS[order]):
        yield _row(found)


def rows_of(database: sqlite3.Connection, numbers: Sequence[int]) -> list[Row]:
    """The current rows among these numbers, at most a few hundred, in the order of finding."""
    wanted = f"AND item.seq IN ({', '.join('?' * len(numbers))})"
    return [_row(found) for found in database.execute(_SELECT.format(wanted) + _ORDERS["found"], numbers)]


def done(database: sqlite3.Connection) -> list[int]:
    """The numbers of the current rows that have a result, the most suspicious first."""
    order = f"WHERE superseded = 0 AND status <> 'found' ORDER BY {_ORDERS['suspicion']}"
    return [number for (number,) in database.execute(f"SELECT seq FROM item {order}")]


def ref(database: sqlite3.Connection, number: int) -> ImageRef | None:
    """Where the film of a row is, or was."""
    found = database.execute(
        "SELECT root.path, item.path, item.member, item.frame FROM item JOIN root ON root.number = item.root"
        " WHERE item.seq = ?",
        (number,),
    ).fetchone()
    return None if found is None else ref_of(*found)


def roots(database: sqlite3.Connection) -> list[str]:
    """The folders under which the films lie."""
    return [os.fsdecode(path) for (path,) in database.execute("SELECT path FROM root ORDER BY number")]


def thumbnail(database: sqlite3.Connection, number: int) -> bytes | None:
    """A film's small picture (JPEG), if it has one."""
    found = database.execute("SELECT jpeg FROM thumbnail WHERE seq = ?", (number,)).fetchone()
    return None if found is None else bytes(found[0])


def note(database: sqlite3.Connection, name: str) -> Any:
    """A value of the run (core.screening.journal.Journal.notes), or None."""
    found = database.execute("SELECT value FROM run WHERE name = ?", (name,)).fetchone()
    return None if found is None else json.loads(found[0])


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """How many current rows have which status; "found" are those that wait."""
    return dict(database.execute("SELECT status, count(*) FROM item WHERE superseded = 0 GROUP BY status"))


def is_finished(database: sqlite3.Connection) -> bool:
    """Whether every film under the roots was listed and none waits."""
    return bool(note(database, "listed")) and not counts(database).get("found")


def _row(found: tuple[Any, ...]) -> Row:
    number, _root, path, member, _frame, status, assessment, burned_in, same_sop, same_patient = found
    told = None
    if assessment is not None and status != "found":
        told = Assessment.from_json(json.loads(assessment))
        between = (("duplicate-uid", same_sop), ("patient-conflict", same_patient))
        told = replace(told, reasons=(*told.reasons, *(reason(code) for code, here in between if here)))
    return Row(number, _name(path, member), told, burned_in)


def _name(path: bytes, member: bytes) -> str:
    return shown(os.fsdecode(path) + (f"!{os.fsdecode(member)}" if member else ""))
