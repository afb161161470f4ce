"""The journal of a run: one row a film, written as it comes, whole after every kill.

A run folder holds journal.sqlite. Rows are found first (status "found", in the order of finding, which gives the row
number) and finished later, so that a run that was killed goes on where it was, with the same row numbers.
The window may read it while a run writes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import msgspec
from filelock import FileLock, Timeout

from core import places
from core.errors import RunRefused
from core.imaging.sources import ImageRef
from core.inference.assessment import Assessment
from core.screening.schema import SCHEMA, SCHEMA_VERSION, WAITING, connected, refusal_of

LOCK_NAME = "run.lock"


@dataclass(frozen=True, slots=True)
class Terms:
    """What all rows of a run have in common; a run never mixes two of them.

    bundle: its digest. steps: names and versions of everything between file and network.
    """

    bundle: str
    engine: str
    device: str
    precision: str
    steps: str


@dataclass(frozen=True, slots=True)
class Found:
    """A film that was listed. size, time (nanoseconds): of its file, or of the archive that holds it; None: no file."""

    ref: ImageRef
    size: int | None
    time: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """A row that waits for its film. earlier: the row that it takes the place of, if its sha256 differs."""

    seq: int
    ref: ImageRef
    earlier: int | None = None
    earlier_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a film came to; the fields of the journal's row beside the assessment."""

    assessment: Assessment
    content: str | None = None
    pixels: str | None = None
    sop: str | None = None
    patient: str | None = None
    name: str | None = None
    burned_in: str | None = None
    thumbnail: bytes | None = None


class Journal:
    """An open journal; the run belongs to this process until `close`. Use `open_journal`."""

    def __init__(self, folder: Path, lock: FileLock, database: sqlite3.Connection) -> None:
        self.folder = folder
        self._lock = lock
        self._database = database
        self._roots: dict[str, int] = {}
        # Told the number of every row that got or lost a result, after it was written.
        self.on_row: Callable[[int], None] = lambda _number: None

    def close(self) -> None:
        """Give the run back."""
        self._database.close()
        self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def database(self) -> sqlite3.Connection:
        """For reading (core.screening.rows)."""
        return self._database

    def note(self, name: str) -> Any:
        """A value of the run, or None."""
        row = self._database.execute("SELECT value FROM run WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def notes(self, **values: Any) -> None:
        """Keep values of the run (JSON)."""
        with self._together():
            for name, value in values.items():
                self._write("INSERT OR REPLACE INTO run VALUES (?, ?)", (name, json.dumps(value)))

    def create(self) -> None:
        """Make the tables of a new run."""
        # One transaction, the version in it: a kill in the middle leaves an empty file, which is made anew.
        with self._together():
            for statement in SCHEMA:
                self._write(statement)
            self._write("INSERT INTO run VALUES ('listed', 'false')")
            self._write(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def agree(self, terms: Terms, **about: Any) -> None:
        """Keep the terms of a new run, and what its exports say of it; refuse "run-differs" for other terms."""
        present = self.note("terms")
        if present is None:
            self.notes(terms=asdict(terms), **about)
        else:
            _compare(Terms(**present), terms)

    def begin(self) -> None:
        """Start a pass: what failed is tried again."""
        again = self._database.execute("SELECT seq FROM item WHERE status = 'failed' AND superseded = 0").fetchall()
        with self._together():
            self._write("INSERT OR REPLACE INTO run VALUES ('listed', 'false')")
            self._write("UPDATE item SET status = 'found' WHERE status = 'failed' AND superseded = 0")
        for (number,) in again:
            self.on_row(number)

    def found(self, films: Sequence[Found]) -> None:
        """Give rows to films that have none, and new rows to those whose size or time changed since."""
        with self._together():
            replaced = [self._find(film) for film in films]
        for number in replaced:
            if number is not None:
                self.on_row(number)

    def _root(self, root: str) -> int:
        """A root's number; a root that moved keeps the one that it had."""
        if root not in self._roots:
            moved = next((old for old in self._roots if _moved(old, root)), None)
            if moved is None:
                self._write("INSERT INTO root (path) VALUES (?)", (os.fsencode(root),))
            else:
                self._write("UPDATE root SET path = ? WHERE number = ?", (os.fsencode(root), self._roots[moved]))
            self.read_roots()
        return self._roots[root]

    def read_roots(self) -> None:
        """Know the roots that there are."""
        rows = self._database.execute("SELECT path, number FROM root ORDER BY number")
        self._roots = {os.fsdecode(path): number for path, number in rows}

    def _find(self, film: Found) -> int | None:
        """Give a film its row, if it needs one; the number of the row whose place it takes."""
        root = root_of(film.ref)
        key = (self._root(root), _relative(film.ref, root), os.fsencode(film.ref.member or ""), film.ref.frame)
        row = self._database.execute(
            "SELECT seq, size, time, status FROM item"
            " WHERE root = ? AND path = ? AND member = ? AND frame = ? AND superseded = 0",
            key,
        ).fetchone()
        replaced = None
        if row is not None:
            seq, size, time, status = row
            if (size, time) == (film.size, film.time):
                return None
            if status == "found":
                self._write("UPDATE item SET size = ?, time = ? WHERE seq = ?", (film.size, film.time, seq))
                return None
            # The unique key holds among current rows: the old one steps back before the new one comes.
            new = self._database.execute("SELECT max(seq) + 1 FROM item").fetchone()[0]
            self._write("UPDATE item SET superseded = ? WHERE seq = ?", (new, seq))
            replaced = cast(int, seq)
        self._write(
            "INSERT INTO item (root, path, member, frame, size, time) VALUES (?, ?, ?, ?, ?, ?)",
            (*key, film.size, film.time),
        )
        return replaced

    def waiting(self, after: int, count: int) -> list[Item]:
        """The next rows without a result, beyond the row number `after`."""
        rows = self._database.execute(
            "SELECT item.seq, root.path, item.path, item.member, item.frame, earlier.seq, earlier.sha256"
            " FROM item JOIN root ON root.number = item.root"
            " LEFT JOIN item AS earlier ON earlier.superseded = item.seq AND earlier.superseded <> 0"
            " WHERE item.status = 'found' AND item.superseded = 0 AND item.seq > ? ORDER BY item.seq LIMIT ?",
            (after, count),
        ).fetchall()
        return [Item(row[0], ref_of(*row[1:5]), row[5], row[6]) for row in rows]

    def finish(self, item: Item, result: Result) -> None:
        """Write a film's row."""
        row = replace(result.assessment, path=shown(result.assessment.path))
        values = (
            row.status,
            row.sha256,
            result.content,
            result.pixels,
            result.sop,
            result.patient,
            result.name,
            result.burned_in,
            row.suspicion,
            msgspec.json.encode(row).decode(),
            item.seq,
        )
        with self._together():
            self._write(
                "UPDATE item SET status = ?, sha256 = ?, content = ?, pixels = ?, sop = ?, patient = ?, name = ?,"
                " burned_in = ?, suspicion = ?, assessment = ? WHERE seq = ?",
                values,
            )
            if result.thumbnail is not None:
                self._write("INSERT OR REPLACE INTO thumbnail VALUES (?, ?)", (item.seq, result.thumbnail))
        self.on_row(item.seq)

    def keep_earlier(self, item: Item) -> None:
        """A film that only looked changed (same sha256) keeps its earlier row."""
        size, time = self._database.execute("SELECT size, time FROM item WHERE seq = ?", (item.seq,)).fetchone()
        with self._together():
            self._write("DELETE FROM item WHERE seq = ?", (item.seq,))
            self._write("UPDATE item SET superseded = 0, size = ?, time = ? WHERE seq = ?", (size, time, item.earlier))
        for number in (item.seq, cast(int, item.earlier)):
            self.on_row(number)

    def twin(self, content: str) -> Assessment | None:
        """The assessment of a film that rests on the same content, wherever it lies."""
        row = self._database.execute(
            "SELECT assessment FROM item WHERE content = ? AND status NOT IN ('failed', 'found') LIMIT 1", (content,)
        ).fetchone()
        return None if row is None else Assessment.from_json(json.loads(row[0]))

    def listed(self) -> None:
        """All films under the roots have rows."""
        self.notes(listed=True)

    def unfinished(self) -> int:
        """How many rows wait for their film."""
        return cast(int, self._database.execute(f"SELECT count(*) FROM item WHERE {WAITING}").fetchone()[0])

    def total(self) -> int:
        """How many current rows there are."""
        return cast(int, self._database.execute("SELECT count(*) FROM item WHERE superseded = 0").fetchone()[0])

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """What the block writes is there as a whole or not at all."""
        self._write("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise
        self._write("COMMIT")

    def _write(self, statement: str, values: Sequence[object] = ()) -> None:
        """The one place through which everything is written (the tests kill the process here)."""
        try:
            self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise refusal_of(error, self.folder) from error


def open_journal(folder: Path, *, resume: bool) -> Journal:
    """Open the journal of a run for writing, or make it; the run then belongs to this process.

    Refuses "run-in-use", "run-exists" (without `resume`), "run-unreadable", "place-unwritable", "disk-full".
    """
    places.made(folder)
    lock = FileLock(folder / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunRefused("run-in-use", what=folder) from None
    except OSError as error:
        raise RunRefused("place-unwritable", what=folder, why=error.strerror or type(error).__name__) from error
    try:
        database, is_new = connected(folder)
    except BaseException:
        lock.release()
        raise
    journal = Journal(folder, lock, database)
    try:
        if is_new:
            journal.create()
        elif not resume:
            raise RunRefused("run-exists", what=folder)
        journal.read_roots()
    except BaseException:
        journal.close()
        raise
    return journal


def _compare(present: Terms, asked: Terms) -> None:
    said = {"bundle": "the bundle {}", "precision": "precision {}", "steps": "the steps {}"}
    for name, was in asdict(present).items():
        now = getattr(asked, name)
        if was != now:
            words = said.get(name, f"the {name} {{}}")
            short = 12 if name == "bundle" else None
            raise RunRefused("run-differs", present=words.format(was[:short]), asked=words.format(now[:short]))


def root_of(ref: ImageRef) -> str:
    """The folder to which a film's path is relative: what the user named, or the folder of the file that he named."""
    return str(Path(ref.path).parent) if ref.path == ref.root or not ref.root else ref.root


def shown(name: str) -> str:
    """A name as text: on a disk it need not be, and what cannot be shown becomes a replacement mark."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _moved(old: str, root: str) -> bool:
    """Whether a root is most likely an old one in a new place: same name, and nothing is left where it was."""
    return Path(old).name == Path(root).name and not Path(old).exists()


def _relative(ref: ImageRef, root: str) -> bytes:
    # Bytes: a name on a disk need not be text. Slashes: a run folder may move between systems.
    return os.fsencode(os.path.relpath(ref.path, root).replace(os.sep, "/"))


def ref_of(root: bytes, path: bytes, member: bytes, frame: int) -> ImageRef:
    """Where a film is, from the columns of its row."""
    folder = os.fsdecode(root)
    return ImageRef(str(Path(folder) / os.fsdecode(path)), os.fsdecode(member) or None, frame, folder)
