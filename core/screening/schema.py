"""What a journal's database looks like, how it is opened, and what to say when SQLite says no."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core import places
from core.errors import RunRefused

SCHEMA_VERSION = 1
FILE_NAME = "journal.sqlite"

# superseded: the row that took its place; 0 for a current one. size and time are those of the listing, sha256 is of
# the bytes that were judged. content: everything that the assessment rests on; pixels: what the network saw.
# sop, patient, name: keyed hashes, for the cautions between files.
SCHEMA = (
    "CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE root (number INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE)",
    """CREATE TABLE item (
        seq INTEGER PRIMARY KEY,
        root INTEGER NOT NULL REFERENCES root, path BLOB NOT NULL, member BLOB NOT NULL, frame INTEGER NOT NULL,
        size INTEGER, time INTEGER,
        status TEXT NOT NULL DEFAULT 'found', superseded INTEGER NOT NULL DEFAULT 0,
        sha256 TEXT, content TEXT, pixels TEXT, sop TEXT, patient TEXT, name TEXT, burned_in TEXT,
        suspicion REAL, assessment TEXT
    )""",
    "CREATE TABLE thumbnail (seq INTEGER PRIMARY KEY REFERENCES item, jpeg BLOB NOT NULL)",
    "CREATE UNIQUE INDEX item_key ON item (root, path, member, frame) WHERE superseded = 0",
    "CREATE INDEX item_found ON item (seq) WHERE status = 'found' AND superseded = 0",
    "CREATE INDEX item_suspicion ON item (suspicion DESC, seq) WHERE superseded = 0",
    "CREATE INDEX item_superseded ON item (superseded) WHERE superseded <> 0",
    "CREATE INDEX item_content ON item (content) WHERE content IS NOT NULL",
    "CREATE INDEX item_sop ON item (sop, pixels) WHERE sop IS NOT NULL AND superseded = 0",
    "CREATE INDEX item_patient ON item (patient, name) WHERE patient IS NOT NULL AND superseded = 0",
)

WAITING = "status = 'found' AND superseded = 0"


def connected(folder: Path) -> tuple[sqlite3.Connection, bool]:
    """Open a run's database for writing; whether it is new and has no tables yet.

    Refuses "run-unreadable" when it is damaged or newer than this program, "place-unwritable", "disk-full".
    """
    database = None
    try:
        database = sqlite3.connect(folder / FILE_NAME, timeout=10, isolation_level=None)
        _check(database, folder)
        # A write-ahead log shares memory between processes, which a network share cannot do.
        mode, care = ("WAL", "NORMAL") if places.on_local_disk(folder) else ("DELETE", "FULL")
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute(f"PRAGMA synchronous = {care}")
        database.execute("PRAGMA temp_store = FILE")
        return database, database.execute("PRAGMA user_version").fetchone()[0] == 0
    except BaseException as error:
        if database is not None:
            database.close()
        if isinstance(error, sqlite3.Error):
            raise refusal_of(error, folder) from error
        raise


def _check(database: sqlite3.Connection, folder: Path) -> None:
    """Refuse a journal that is damaged or that a newer Hilum wrote."""
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise RunRefused("run-unreadable", what=folder, why="a newer Hilum made it")
    verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise RunRefused("run-unreadable", what=folder, why="its journal is damaged")


def refusal_of(error: sqlite3.Error, folder: Path) -> RunRefused:
    """The sentence for what SQLite says."""
    name = getattr(error, "sqlite_errorname", None) or ""
    if name == "SQLITE_FULL":
        return RunRefused("disk-full", what=folder)
    if name.startswith("SQLITE_IOERR_WRITE"):
        # Quota, file size limit, or a share that went away: SQLite does not tell them apart.
        return RunRefused(
            "place-unwritable", what=folder, why="no space, no quota or no connection; rows so far are kept"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return RunRefused("run-unreadable", what=folder, why="its journal is damaged")
    return RunRefused("place-unwritable", what=folder, why=str(error))
