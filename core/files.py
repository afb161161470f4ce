"""Files are written whole or not at all: beside their place, flushed, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.errors import RunRefused

_REPLACE_TRIES = 5


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that appears at `path` only when the block ends without an error.

    Refuses "disk-full" and "place-unwritable" (RunRefused); nothing is left behind then.
    """
    path = Path(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".hilum-", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            # mkstemp gives 0600; a result is as readable as any other file the user makes.
            if os.name == "posix":
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            yield file
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except OSError as error:
        raise refusal_of(error, path.parent) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write bytes, or text as UTF-8, whole or not at all."""
    with whole_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def refusal_of(error: OSError, place: Path) -> RunRefused:
    """The sentence for a disk that does not take what we write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RunRefused("disk-full", what=place)
    return RunRefused("place-unwritable", what=place, why=error.strerror or type(error).__name__)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inert(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value


def _replace(source: str, target: Path) -> None:
    # On Windows a virus scanner may hold the file for a moment: try again, then tell.
    for attempt in range(_REPLACE_TRIES):
        try:
            Path(source).replace(target)
            return
        except PermissionError:
            if attempt == _REPLACE_TRIES - 1:
                raise
            time.sleep(0.05 * 2**attempt)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
