"""How Hilum opens its SQLite files: checked first, with a journal that the disk bears, and a sentence for every no."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core import places
from core.errors import RunRefused

WAIT_SECONDS = 10.0


class Damaged(Exception):
    """The file is no database of ours any more."""


class Newer(Exception):
    """A newer Hilum wrote the file; this one keeps its hands off."""


def connected(path: Path, version: int, *, durable: bool = False) -> sqlite3.Connection:
    """Open a database for writing; a new one has user_version 0 and no tables.

    version: the newest schema that the caller knows. durable: what is committed survives a loss of power too, at the
    price of a wait for the disk with every commit. Raises Damaged, Newer and sqlite3.Error (see refusal_of).
    """
    database = None
    try:
        database = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        if database.execute("PRAGMA user_version").fetchone()[0] > version:
            raise Newer
        if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Damaged
        # A write-ahead log shares memory between processes, which a network share cannot do.
        is_local = places.on_local_disk(path.parent)
        database.execute(f"PRAGMA journal_mode = {'WAL' if is_local else 'DELETE'}")
        # Without the log, NORMAL can lose the database itself, not only its last rows.
        database.execute(f"PRAGMA synchronous = {'FULL' if durable or not is_local else 'NORMAL'}")
        database.execute("PRAGMA temp_store = FILE")
        return database
    except BaseException as error:
        if database is not None:
            database.close()
        if isinstance(error, sqlite3.Error) and is_damage(error):
            raise Damaged from error
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file is broken."""
    return _name(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def is_held(error: sqlite3.Error) -> bool:
    """Whether another process holds the file, longer than we wait."""
    return _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def refusal_of(error: sqlite3.Error, place: Path) -> RunRefused:
    """The sentence for a disk that does not take what we write."""
    if _name(error) == "SQLITE_FULL":
        return RunRefused("disk-full", what=place)
    if _name(error).startswith("SQLITE_IOERR_WRITE"):
        # Quota, file size limit, or a share that went away: SQLite does not tell them apart.
        why = "no space, no quota or no connection; what was done is kept"
        return RunRefused("place-unwritable", what=place, why=why)
    return RunRefused("place-unwritable", what=place, why=str(error))


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or ""
