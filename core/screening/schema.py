"""What a journal's database looks like, how it is opened, and what to say when SQLite says no."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core import database
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
    try:
        opened = database.connected(folder / FILE_NAME, SCHEMA_VERSION)
    except database.Newer as error:
        raise RunRefused("run-unreadable", what=folder, why="a newer Hilum made it") from error
    except database.Damaged as error:
        raise RunRefused("run-unreadable", what=folder, why="its journal is damaged") from error
    except sqlite3.Error as error:
        raise refusal_of(error, folder) from error
    return opened, opened.execute("PRAGMA user_version").fetchone()[0] == 0


def refusal_of(error: sqlite3.Error, folder: Path) -> RunRefused:
    """The sentence for what SQLite says."""
    if database.is_damage(error):
        return RunRefused("run-unreadable", what=folder, why="its journal is damaged")
    return database.refusal_of(error, folder)
