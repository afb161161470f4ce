"""A file's bytes, opened so that neither a pipe nor a link nor a share that went away can hold us up."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from core.errors import HilumError, ImageFailed, ImageRefused
from core.imaging.limits import Limits
from core.imaging.sources import ImageRef

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def opened(ref: ImageRef, limits: Limits) -> Iterator[BinaryIO]:
    """The bytes of a file or of an archive's member, as a file open for reading.

    Refuses "not-a-file", "empty-file", "file-too-large", "folder-too-deep" and what an archive is refused for;
    fails with "no-permission", "unreachable", "changed-while-reading".
    """
    with regular_file(ref, limits) as file:
        if ref.member is None:
            yield file
        else:
            from core.imaging.archives import member_bytes

            yield io.BytesIO(member_bytes(file, ref, limits))


@contextlib.contextmanager
def regular_file(ref: ImageRef, limits: Limits) -> Iterator[BinaryIO]:
    """The regular file of a ref itself, never its member."""
    try:
        if not hasattr(os, "O_NOFOLLOW") and Path(ref.path).is_symlink():  # Windows
            raise ImageRefused("not-a-file")
        handle = os.open(ref.path, _FLAGS)
    except (OSError, ValueError) as error:
        raise failure_of(error) from error
    try:
        before = os.fstat(handle)
        _check(before, ref, limits)
    except BaseException:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as file:
        yield file
        try:
            after = os.fstat(file.fileno())
        except OSError as error:
            raise failure_of(error) from error
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ImageFailed("changed-while-reading")


def size_of(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def failure_of(error: OSError | ValueError) -> HilumError:
    """The sentence for a file that the system does not give us."""
    if isinstance(error, PermissionError):
        return ImageFailed("no-permission")
    if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENXIO, errno.EMLINK):
        # ELOOP: the last part is a link (O_NOFOLLOW). ENXIO: a socket or a pipe.
        return ImageRefused("not-a-file")
    if isinstance(error, FileNotFoundError):
        return ImageFailed("unreachable", what="it is not there")
    return ImageFailed("unreachable", what=getattr(error, "strerror", None) or "its name cannot be used")


def _check(state: os.stat_result, ref: ImageRef, limits: Limits) -> None:
    if stat.S_ISDIR(state.st_mode):
        if ref.depth >= limits.folder_depth:
            raise ImageRefused("folder-too-deep", limit=limits.folder_depth)
        raise ImageRefused("not-a-file") if os.access(ref.path, os.R_OK | os.X_OK) else ImageFailed("no-permission")
    if not stat.S_ISREG(state.st_mode):
        raise ImageRefused("not-a-file")
    if state.st_size == 0:
        raise ImageRefused("empty-file")
    if state.st_size > limits.file_bytes:
        present, limit = (f"{size / 2**20:,.0f} MiB" for size in (state.st_size, limits.file_bytes))
        raise ImageRefused("file-too-large", present=present, limit=limit)
