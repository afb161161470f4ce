"""The chunks of a PNG file, walked before a decoder sees them (ISO 15948)."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from core.errors import ImageRefused
from core.imaging.content import size_of
from core.imaging.limits import Limits

_MOST_CHUNKS = 100_000


def check(file: BinaryIO, limits: Limits) -> bool:
    """Gives whether samples have 16 bits and there are several a pixel, which Pillow would cut down to 8.

    Refuses "no-pixels", "image-too-large", "truncated-pixels", "expands-too-much", "unsupported-bit-depth"."""
    size = size_of(file)
    place, is_first, is_deep = 8, True, False
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if len(head) < 8 or place + 12 + length > size:
            raise ImageRefused("truncated-pixels", present=f"{size:,} bytes", declared=f"at least {place + length:,}")
        if is_first:
            body = file.read(13)
            _check_header(kind, body, limits)
            is_deep = body[8] == 16 and body[9] != 0
            is_first = False
        elif kind in (b"zTXt", b"iTXt", b"iCCP"):
            _check_text(kind, file.read(length), limits)
        if kind == b"IEND":
            return is_deep
        place += 12 + length
    raise ImageRefused("corrupt-codestream", what="it has too many parts")


def _check_header(kind: bytes, body: bytes, limits: Limits) -> None:
    if kind != b"IHDR" or len(body) < 13:
        raise ImageRefused("corrupt-codestream", what="its header cannot be read")
    columns, rows = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
    if rows < 1 or columns < 1:
        raise ImageRefused("no-pixels")
    if rows * columns > limits.frame_pixels:
        raise ImageRefused(
            "image-too-large", declared=f"{rows:,} × {columns:,} pixels", limit=f"{limits.frame_pixels:,} pixels"
        )
    if body[8] == 1:
        raise ImageRefused("unsupported-bit-depth", what="1 bit")


def _check_text(kind: bytes, body: bytes, limits: Limits) -> None:
    """The compressed part of a chunk may not grow beyond the limit."""
    name, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\1":
            return
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        rest = rest[1:]
    try:
        grown = zlib.decompressobj().decompress(rest, limits.text_bytes + 1)
    except zlib.error:
        return  # the decoder leaves such a chunk out
    if len(grown) > limits.text_bytes:
        raise ImageRefused("expands-too-much")
