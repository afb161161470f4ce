"""The first page of a TIFF file, and how many follow, read before a decoder sees them (TIFF 6.0 section 2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import ImageRefused

_COLUMNS, _ROWS, _BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 256, 257, 258, 262, 339
_MOST_PAGES = 10_000
_MOST_ENTRIES = 4096
_TYPES = {1: "B", 3: "H", 4: "I"}


@dataclass(frozen=True, slots=True)
class Page:
    """bits: of the first sample. pages: how many there are, 0 when they run in a circle or beyond 10,000."""

    rows: int
    columns: int
    bits: int
    is_float: bool
    white_is_zero: bool
    pages: int


def first_page(file: BinaryIO) -> Page:
    """Refuses "truncated-header" and "corrupt-header"."""
    file.seek(0)
    head = file.read(8)
    if len(head) < 8:
        raise ImageRefused("truncated-header")
    order = "<" if head[:2] == b"II" else ">"
    place = struct.unpack(order + "I", head[4:])[0]
    tags, following = _directory(file, place, order)
    seen, pages = {place}, 1
    while following and pages:
        if following in seen or pages >= _MOST_PAGES:
            pages = 0
            break
        seen.add(following)
        following = _following(file, following, order)
        pages += 1
    if _COLUMNS not in tags or _ROWS not in tags:
        raise ImageRefused("corrupt-header", what="it states no size")
    return Page(
        rows=tags[_ROWS],
        columns=tags[_COLUMNS],
        bits=tags.get(_BITS, 1),
        is_float=tags.get(_SAMPLE_FORMAT, 1) == 3,
        white_is_zero=tags.get(_PHOTOMETRIC) == 0,
        pages=pages,
    )


def _directory(file: BinaryIO, place: int, order: str) -> tuple[dict[int, int], int]:
    """The first value of each tag, and where the next directory is."""
    file.seek(place)
    count = file.read(2)
    if len(count) < 2:
        raise ImageRefused("truncated-header")
    entries = struct.unpack(order + "H", count)[0]
    if not 0 < entries <= _MOST_ENTRIES:
        raise ImageRefused("corrupt-header", what="its list of tags is too long")
    body = file.read(12 * entries + 4)
    if len(body) < 12 * entries:
        raise ImageRefused("truncated-header")
    tags = {}
    for at in range(0, 12 * entries, 12):
        tag, kind, number = struct.unpack(order + "HHI", body[at : at + 8])
        if kind in _TYPES and number:
            tags[tag] = _first_value(file, order + _TYPES[kind], number, body[at + 8 : at + 12], order)
    rest = body[12 * entries :]
    return tags, struct.unpack(order + "I", rest)[0] if len(rest) == 4 else 0


def _first_value(file: BinaryIO, code: str, number: int, inline: bytes, order: str) -> int:
    size = struct.calcsize(code)
    if size * number > 4:
        file.seek(struct.unpack(order + "I", inline)[0])
        inline = file.read(size).ljust(size, b"\0")
    return int(struct.unpack(code, inline[:size])[0])


def _following(file: BinaryIO, place: int, order: str) -> int:
    """Where the directory after this one is; 0 when there is none or it cannot be read."""
    file.seek(place)
    count = file.read(2)
    if len(count) < 2:
        return 0
    file.seek(place + 2 + 12 * struct.unpack(order + "H", count)[0])
    rest = file.read(4)
    return struct.unpack(order + "I", rest)[0] if len(rest) == 4 else 0
