"""What a compressed frame says of itself, read before any decoder sees it (dicom.md 3.6 and 3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import ImageRefused
from core.imaging.dicom.layout import Layout
from core.imaging.dicom.syntaxes import Syntax

Form = Literal["jpeg", "jpeg-lossless", "jpeg-ls", "jpeg2000", "rle"]

_JPEG_START, _J2K_START, _JP2_BOX = b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "
_END = b"\xff\xd9"
_END_WITHIN = 64
_LOSSLESS_FRAMES = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))


@dataclass(frozen=True, slots=True)
class Codestream:
    """precision: bits a sample. lossy: what the stream itself admits (JPEG-LS with NEAR, lossy JPEG)."""

    form: Form
    rows: int
    columns: int
    samples: int
    precision: int
    lossy: bool = False
    is_signed: bool = False


def codestream(frame: bytes, syntax: Syntax, layout: Layout) -> Codestream:
    """Read a frame's own header and compare it. Refuses "corrupt-codestream" and "size-disagrees"."""
    if syntax.codec == "rle":
        _check_rle(frame, layout)
        return Codestream("rle", layout.rows, layout.columns, layout.samples, layout.allocated)
    found = _jpeg2000(frame) if syntax.codec == "jpeg2000" else _jpeg(frame)
    family = {"jpeg": ("jpeg", "jpeg-lossless"), "jpeg-ls": ("jpeg-ls",), "jpeg2000": ("jpeg2000",)}[syntax.codec]
    if found is None or found.form not in family:
        raise ImageRefused("corrupt-codestream", what=f"the header says {syntax.name}, the data are something else")
    stated, present = (layout.rows, layout.columns, layout.samples), (found.rows, found.columns, found.samples)
    if stated != present:
        raise ImageRefused("size-disagrees", declared=_sized(*stated), present=_sized(*present))
    if found.precision > layout.allocated:
        raise ImageRefused("size-disagrees", declared=f"{layout.allocated} bits", present=f"{found.precision} bits")
    if _END not in frame[-_END_WITHIN:]:
        raise ImageRefused("corrupt-codestream", what="its end is missing")
    return found


def starts_frame(fragment: bytes) -> bool:
    """Whether a fragment begins a new picture."""
    return fragment.startswith((_JPEG_START, _J2K_START, _JP2_BOX))


def _sized(rows: int, columns: int, samples: int) -> str:
    return f"{rows:,} × {columns:,} pixels" + ("" if samples == 1 else f" of {samples} samples")


def _jpeg(frame: bytes) -> Codestream | None:
    """Walk the markers up to the frame header (ITU T.81 B.2) and, in JPEG-LS, to NEAR in the scan header."""
    if not frame.startswith(_JPEG_START):
        return None
    place, found = 2, None
    while place + 4 <= len(frame):
        if frame[place] != 0xFF:
            break
        marker = frame[place + 1]
        if marker == 0xFF or marker in _STANDALONE:
            place += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(frame[place + 2 : place + 4], "big")
        body = frame[place + 4 : place + 2 + length]
        if marker in _FRAMES and len(body) >= 6:
            rows, columns = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            form: Form = "jpeg-ls" if marker == 0xF7 else "jpeg-lossless" if marker in _LOSSLESS_FRAMES else "jpeg"
            found = Codestream(form, rows, columns, body[5], body[0], form == "jpeg")
            if form != "jpeg-ls":
                return found
        elif marker == 0xDA:
            if found is None or not body or len(body) < 2 + 2 * body[0]:
                break
            return Codestream(
                found.form, found.rows, found.columns, found.samples, found.precision, body[1 + 2 * body[0]] != 0
            )
        place += 2 + max(2, length)
    raise ImageRefused("corrupt-codestream", what="it has no frame header")


def _jpeg2000(frame: bytes) -> Codestream | None:
    """The SIZ segment (ISO 15444-1 A.5.1); a JP2 box around the codestream is against PS3.5 but occurs."""
    place = 0 if frame.startswith(_J2K_START) else frame[:4096].find(_J2K_START)
    if place < 0:
        return None
    segment = frame[place + 4 : place + 4 + 41]
    if len(segment) < 41:
        raise ImageRefused("corrupt-codestream", what="it has no frame header")
    size = [int.from_bytes(segment[at : at + 4], "big") for at in range(4, 20, 4)]
    depth = segment[38]
    samples = int.from_bytes(segment[36:38], "big")
    if int.from_bytes(segment[:2], "big") != 38 + 3 * samples or size[0] <= size[2] or size[1] <= size[3]:
        raise ImageRefused("corrupt-codestream", what="its frame header contradicts itself")
    return Codestream("jpeg2000", size[1] - size[3], size[0] - size[2], samples, (depth & 0x7F) + 1, False, depth > 127)


def _check_rle(frame: bytes, layout: Layout) -> None:
    """PS3.5 annex G: one segment for each byte of each sample, in order, inside the frame."""
    wanted = layout.samples * layout.allocated // 8
    count = int.from_bytes(frame[:4], "little")
    offsets = [int.from_bytes(frame[at : at + 4], "little") for at in range(4, 4 + 4 * wanted, 4)]
    in_order = all(one < other for one, other in zip(offsets, [*offsets[1:], len(frame)], strict=True))
    if len(frame) < 64 or count != wanted or offsets[0] != 64 or not in_order:
        raise ImageRefused("corrupt-codestream", what="its segments contradict each other")
