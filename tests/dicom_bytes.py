"""DICOM files written by hand, so that they can be written wrongly: a small good film and ways to spoil it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
JPEG, JPEG_LOSSLESS, JPEG_LS, J2K, RLE = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.5",
)
DX = "1.2.840.10008.5.1.4.1.1.1.1"
UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
ROWS, COLUMNS = 40, 48
_LONG = ("OB", "OW", "OF", "SQ", "UN", "UT")
_NUMBERS = {"US": "H", "SS": "h", "UL": "I"}

Elements = dict[int, tuple[str, Any]]


def pixels(rows: int = ROWS, columns: int = COLUMNS, bits: int = 12) -> NDArray[np.uint16]:
    """A slanted ramp with one bright corner: turned or shifted, it is seen."""
    row, column = np.mgrid[:rows, :columns]
    ramp = (row * 3 + column * 2) * ((1 << bits) - 1) // (3 * rows + 2 * columns)
    ramp[: rows // 8, : columns // 8] = (1 << bits) - 1
    return ramp.astype(np.uint16)


def elements(**changes: Any) -> Elements:
    """The elements of a correct digital radiograph; changes by tag as x00280010=("US", 40) or None to leave it out."""
    known: Elements = {
        0x00080005: ("CS", "ISO_IR 192"),
        0x00080016: ("UI", DX),
        0x00080018: ("UI", "1.2.3.4"),
        0x00080020: ("DA", "20240301"),
        0x00080060: ("CS", "DX"),
        0x00080068: ("CS", "FOR PRESENTATION"),
        0x00100010: ("PN", "Drawn^Film"),
        0x00100020: ("LO", "D1"),
        0x00100030: ("DA", "19640301"),
        0x00180015: ("CS", "CHEST"),
        0x00185101: ("CS", "PA"),
        0x00200020: ("CS", "L\\F"),
        0x00280002: ("US", 1),
        0x00280004: ("CS", "MONOCHROME2"),
        0x00280010: ("US", ROWS),
        0x00280011: ("US", COLUMNS),
        0x00280100: ("US", 16),
        0x00280101: ("US", 12),
        0x00280102: ("US", 11),
        0x00280103: ("US", 0),
        0x00281050: ("DS", "2048"),
        0x00281051: ("DS", "4096"),
    }
    for name, change in changes.items():
        tag = int(name[1:], 16)
        if change is None:
            known.pop(tag, None)
        else:
            known[tag] = change
    return known


EIGHT_BITS = {
    "x00280100": ("US", 8),
    "x00280101": ("US", 8),
    "x00280102": ("US", 7),
    "x00281050": None,
    "x00281051": None,
}


def film(syntax: str = EXPLICIT, data: bytes | None = None, vr: str = "OW", **changes: Any) -> bytes:
    """A whole file. data: the value of Pixel Data, None for the ramp; encapsulated data have undefined length."""
    order = ">" if syntax == BIG_ENDIAN else "<"
    implicit = syntax == IMPLICIT
    known = elements(**changes)
    body = b"".join(element(tag, *known[tag], order=order, implicit=implicit) for tag in sorted(known))
    if data is None:
        body += element(PIXEL_DATA, vr, pixels().astype(order + "u2").tobytes(), order=order, implicit=implicit)
    elif data.startswith(b"\xfe\xff\x00\xe0"):
        body += element(PIXEL_DATA, "OB", data, length=UNDEFINED)
    elif data:
        body += element(PIXEL_DATA, vr, data, order=order, implicit=implicit)
    if syntax == DEFLATED:
        machine = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = machine.compress(body) + machine.flush()
    return preamble(syntax) + body


def preamble(syntax: str) -> bytes:
    meta = element(0x00020002, "UI", DX) + element(0x00020003, "UI", "1.2.3.4") + element(0x00020010, "UI", syntax)
    return b"\0" * 128 + b"DICM" + element(0x00020000, "UL", len(meta)) + meta


def element(
    tag: int, vr: str, value: Any, *, length: int | None = None, order: str = "<", implicit: bool = False
) -> bytes:
    """One element; its length may lie."""
    if isinstance(value, str):
        value = value.encode()
    elif vr in _NUMBERS:
        numbers = value if isinstance(value, Sequence) and not isinstance(value, bytes) else [value]
        value = value if isinstance(value, bytes) else struct.pack(f"{order}{len(numbers)}{_NUMBERS[vr]}", *numbers)
    value += (b"\0" if vr in ("UI", "OB", "UN") else b" ") * (len(value) % 2)
    size = len(value) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + struct.pack(order + "I", size) + value
    if vr in _LONG:
        return head + vr.encode() + b"\0\0" + struct.pack(order + "I", size) + value
    return head + vr.encode() + struct.pack(order + "H", size & 0xFFFF) + value


def item(content: bytes, tag: int = 0xFFFEE000) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(content)) + content


def sequence(*items: Mapping[int, tuple[str, Any]]) -> tuple[str, bytes]:
    """The VR and value of a sequence of defined length."""
    return "SQ", b"".join(item(b"".join(element(tag, *one[tag]) for tag in sorted(one))) for one in items)


def encapsulated(*fragments: bytes, table: bytes = b"") -> bytes:
    padded = (fragment + b"\0" * (len(fragment) % 2) for fragment in fragments)
    return item(table) + b"".join(map(item, padded)) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def jpeg(grey: NDArray[np.uint8] | None = None, mode: str = "L") -> bytes:
    content = io.BytesIO()
    picture = Image.fromarray((pixels() >> 4).astype(np.uint8) if grey is None else grey)
    picture.convert(mode).save(content, "JPEG", quality=95)
    return content.getvalue()
