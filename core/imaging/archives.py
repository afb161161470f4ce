"""ZIP archives: the central directory is judged first, members are read into memory, nothing is unpacked to disk."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from functools import lru_cache
from pathlib import PurePosixPath
from typing import BinaryIO

from core.errors import ImageRefused
from core.imaging.content import regular_file, size_of
from core.imaging.limits import Limits
from core.imaging.sources import ImageRef

_END_RECORD = b"PK\x05\x06"
_ENCRYPTED = 0x1
_ENTRY_BYTES = 46 + 1024
_ENDINGS_OF_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")

Members = tuple[zipfile.ZipInfo, ...]


def members(ref: ImageRef, limits: Limits) -> tuple[str, ...] | None:
    """The names of an archive's files, or None when the file is no archive.

    Refuses "unsafe-archive", "encrypted-archive" and "corrupt-archive".
    """
    with regular_file(ref, limits) as file:
        if file.read(4) not in (b"PK\x03\x04", _END_RECORD):
            return None
        return tuple(info.filename for info in _listed(file, limits))


def member_bytes(file: BinaryIO, ref: ImageRef, limits: Limits) -> bytes:
    """One member, inflated under the limits; its true size is counted, not believed."""
    state = os.fstat(file.fileno())
    listed = _listing(ref.path, state.st_size, state.st_mtime_ns, limits)
    info = next((one for one in listed if one.filename == ref.member), None)
    if info is None:
        raise ImageRefused("corrupt-archive")
    if info.file_size > limits.member_bytes:
        raise ImageRefused("expands-too-much")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ImageRefused("unsupported-format", format=f"ZIP with method {info.compress_type}")
    content = _inflated(_packed(file, info), info)
    # The directory's word is not taken for it: length and checksum are those of the bytes that came out.
    if content is None or len(content) != info.file_size or zlib.crc32(content) != info.CRC:
        raise ImageRefused("corrupt-archive")
    if not content:
        raise ImageRefused("empty-file")
    return content


def _packed(file: BinaryIO, info: zipfile.ZipInfo) -> bytes:
    """A member's bytes as they lie in the archive. zipfile would read the whole directory again for each member."""
    file.seek(info.header_offset)
    head = file.read(30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise ImageRefused("corrupt-archive")
    file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), os.SEEK_CUR)
    return file.read(info.compress_size)


def _inflated(packed: bytes, info: zipfile.ZipInfo) -> bytes | None:
    if info.compress_type == zipfile.ZIP_STORED:
        return packed
    try:
        return zlib.decompressobj(-15).decompress(packed, info.file_size + 1)
    except zlib.error:
        return None


@lru_cache(maxsize=4)
def _listing(path: str, size: int, changed_ns: int, limits: Limits) -> Members:
    # A worker asks for one member after another: the archive is judged once for each size and time.
    with regular_file(ImageRef(path), limits) as file:
        return _listed(file, limits)


def _listed(file: BinaryIO, limits: Limits) -> Members:
    _check_directory(file, limits)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError, IndexError) as error:
        raise ImageRefused("corrupt-archive") from error
    _check(infos, limits)
    return tuple(info for info in infos if not info.is_dir())


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    """Refuse a directory that is itself a bomb, before zipfile makes an object of every entry."""
    size = size_of(file)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    place = tail.rfind(_END_RECORD)
    if place < 0 or len(tail) < place + 22:
        raise ImageRefused("corrupt-archive")
    entries = int.from_bytes(tail[place + 10 : place + 12], "little")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    # 0xFFFF says "see the ZIP64 record": more than the limit either way.
    if entries > limits.archive_members or directory > limits.archive_members * _ENTRY_BYTES:
        raise ImageRefused("unsafe-archive", what=f"it holds more than {limits.archive_members:,} files")
    file.seek(0)


def _check(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(infos) > limits.archive_members:
        raise ImageRefused("unsafe-archive", what=f"it holds more than {limits.archive_members:,} files")
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise ImageRefused("encrypted-archive")
    for info in infos:
        problem = _problem(info, limits)
        if problem:
            raise ImageRefused("unsafe-archive", what=problem)
    total, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if total > limits.archive_bytes or total > limits.archive_ratio * packed + limits.inflate_bytes:
        raise ImageRefused("unsafe-archive", what="it would expand to far more than its size")
    _check_clashes(infos)


def _problem(info: zipfile.ZipInfo, limits: Limits) -> str | None:
    name = info.orig_filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in name:
        return "it names files outside itself"
    mode = info.external_attr >> 16
    if info.create_system == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it holds links or devices"
    if name.lower().endswith(_ENDINGS_OF_ARCHIVES):
        return "it holds other archives"
    # Small files may shrink a lot and harm nobody.
    if info.file_size > limits.archive_ratio * info.compress_size + 2**20:
        return "it would expand to far more than its size"
    return None


def _check_clashes(infos: list[zipfile.ZipInfo]) -> None:
    """Names that differ only by case, or are both file and folder, are one file on some systems and two on others."""
    files = [info.filename.casefold().strip("/") for info in infos if not info.is_dir()]
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    if len(set(files)) != len(files) or not folders.isdisjoint(files):
        raise ImageRefused("unsafe-archive", what="names in it clash")
