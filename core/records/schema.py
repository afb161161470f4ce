"""The record keeper's database: its tables, how it is opened, brought up to date, and set aside when damaged."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from core import database, places
from core.errors import RunRefused

FILE_NAME = "records.sqlite"
_SET_ASIDE, _COPY = "records-damaged-*.sqlite*", "records-before-*.sqlite*"

# Version 1. path, member: bytes, because a name on a disk need not be text. study, patient: hashes under the key that
# stands in fact. Order comes from the sequence, never from a clock. withdrawn_at: the row stays, as history.
_FIRST = (
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE film (
        number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, frame INTEGER NOT NULL,
        path BLOB NOT NULL, member BLOB, study TEXT, patient TEXT, is_read INTEGER NOT NULL DEFAULT 0,
        patient_name TEXT, study_date TEXT, thumbnail BLOB,
        UNIQUE (sha256, frame)
    )""",
    """CREATE TABLE verdict (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, film INTEGER NOT NULL REFERENCES film ON DELETE CASCADE,
        finding TEXT, agrees INTEGER, note TEXT NOT NULL, reader TEXT NOT NULL, at TEXT NOT NULL,
        bundle TEXT, bundle_name TEXT, ensemble_finding TEXT, probabilities TEXT,
        withdrawn_by TEXT, withdrawn_at TEXT
    )""",
    "CREATE TABLE recent (path BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX film_study ON film (study) WHERE study IS NOT NULL",
    "CREATE INDEX verdict_film ON verdict (film, reader, seq)",
    # What a reader said last of a film, unless it was taken back.
    """CREATE VIEW standing AS SELECT * FROM verdict AS v WHERE withdrawn_at IS NULL
        AND seq = (SELECT max(seq) FROM verdict WHERE film = v.film AND reader = v.reader)""",
)
# The statements that lead from the version before to each version; number 0 makes a new file.
STEPS: tuple[tuple[str, ...], ...] = (_FIRST,)


def opened(folder: Path) -> tuple[sqlite3.Connection, str | None]:
    """Open the records of a folder, made or brought up to date if need be; the sentence to tell if they were damaged.

    Refuses "records-newer", "place-unwritable", "disk-full" (RunRefused).
    """
    places.made(folder)
    path = folder / FILE_NAME
    told = None
    try:
        try:
            records = database.connected(path, len(STEPS), durable=True)
        except database.Damaged:
            told = RunRefused("records-damaged", what=set_aside(path)).reason.text
            records = database.connected(path, len(STEPS), durable=True)
        try:
            records.execute("PRAGMA foreign_keys = ON")
            # What is deleted is overwritten, not only taken off a list.
            records.execute("PRAGMA secure_delete = ON")
            _bring_up_to_date(records, path)
        except BaseException:
            records.close()
            raise
    except database.Newer as error:
        raise RunRefused("records-newer", what=folder) from error
    except sqlite3.Error as error:
        raise database.refusal_of(error, folder) from error
    except OSError as error:
        raise RunRefused("place-unwritable", what=folder, why=error.strerror or type(error).__name__) from error
    return records, told


def set_aside(path: Path) -> Path:
    """Keep a damaged file under another name, with what belongs to it; gives the name."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S") + secrets.token_hex(1)
    kept = path.with_name(f"records-damaged-{stamp}.sqlite")
    for ending in ("-wal", "-journal", ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    # It is made anew from the log; of another file it would be wrong.
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return kept


def damaged_files(folder: Path) -> list[Path]:
    """What was set aside, without the logs beside it."""
    return sorted(path for path in folder.glob(_SET_ASIDE) if path.suffix == ".sqlite")


def erase_copies(folder: Path, *, damaged: bool) -> None:
    """Delete the copies that were made before a migration, and what was set aside too. Raises OSError."""
    for pattern in (_COPY, *([_SET_ASIDE] if damaged else [])):
        for path in folder.glob(pattern):
            path.unlink()


def _bring_up_to_date(records: sqlite3.Connection, path: Path) -> None:
    version = records.execute("PRAGMA user_version").fetchone()[0]
    if version == len(STEPS):
        return
    if version > 0:
        _copy(records, path.with_name(f"records-before-{len(STEPS)}.sqlite"))
    # One transaction, the version in it: a kill in the middle leaves the records as they were.
    together(records, [statement for step in STEPS[version:] for statement in step], len(STEPS))


def together(records: sqlite3.Connection, statements: Sequence[str], version: int) -> None:
    """Run statements as a whole or not at all, and note the version that they lead to."""
    records.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited.
        if records.execute("PRAGMA user_version").fetchone()[0] < version:
            for statement in statements:
                records.execute(statement)
            records.execute("INSERT OR IGNORE INTO fact VALUES ('key', ?)", (secrets.token_bytes(32),))
            records.execute(f"PRAGMA user_version = {version}")
        records.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            records.execute("ROLLBACK")
        raise


def _copy(records: sqlite3.Connection, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(copy)) as target:
        records.backup(target)
