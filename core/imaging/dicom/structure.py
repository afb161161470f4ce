"""Where the parts of a DICOM file lie: file meta information, dataset, pixels (PS3.10 section 7).

This comes before pydicom: it bounds depth, number and size of elements, tells a cut file from a damaged one, and
finds the pixels without reading them.
"""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

from core.errors import ImageRefused
from core.imaging.content import opened, size_of
from core.imaging.dicom.scan import Scan, Structure, is_explicit
from core.imaging.dicom.syntaxes import BIG_ENDIAN, EXPLICIT, IMPLICIT, SYNTAXES, Syntax, name_of
from core.imaging.kinds import FIRST_BYTES, kind_of
from core.imaging.limits import MIB, Limits
from core.imaging.sources import ImageRef

_NUMBER_OF_FRAMES = 0x00280008
_TRANSFER_SYNTAX, _MEDIA_CLASS = 0x00020010, 0x00020002


def structure(file: BinaryIO, limits: Limits, listed_tag: int | None = None) -> Structure:
    """Scan a DICOM file up to its pixels. listed_tag: elements with this tag are kept at any depth (DICOMDIR).

    Refuses "truncated-header", "corrupt-header", "nested-too-deep", "expands-too-much",
    "unsupported-transfer-syntax".
    """
    outline, uid = _meta(file, limits)
    if uid and uid not in SYNTAXES:
        raise ImageRefused("unsupported-transfer-syntax", what=name_of(uid))
    size = outline.size
    start = outline.end
    if uid and SYNTAXES[uid].deflated:
        file = inflated(file, start, size, limits)
        start, size = 0, size_of(file)
    syntax = _actual(file, start, SYNTAXES.get(uid))
    scan = Scan(file, size, syntax, start, limits, listed_tag=listed_tag)
    found = scan.run()
    return found


def media_class(file: BinaryIO, limits: Limits) -> str:
    """The storage class that the file meta information states; empty without it. Refuses what `structure` does."""
    outline, _uid = _meta(file, limits)
    return _text(outline.value(_MEDIA_CLASS))


def _meta(file: BinaryIO, limits: Limits) -> tuple[Structure, str]:
    """The outline of group 0002, always in explicit little endian, and the transfer syntax that it states."""
    size = size_of(file)
    file.seek(0)
    start = 132 if kind_of(file.read(FIRST_BYTES)) == "DICOM" else 0
    if _group(file, start) == 2:
        outline = Scan(file, size, EXPLICIT, start, limits, meta=True).run()
    else:
        outline = Structure(file, size, EXPLICIT, start, start)
    return outline, _text(outline.value(_TRANSFER_SYNTAX))


def _text(value: bytes) -> str:
    return value.rstrip(b"\0 ").decode("latin-1")


def frame_count(ref: ImageRef, limits: Limits) -> int:
    """How many frames a file states; 1 for anything that is not a DICOM file. Refuses what the scan refuses."""
    with opened(ref, limits) as file:
        kind = kind_of(file.read(FIRST_BYTES))
        if kind not in ("DICOM", "headerless DICOM"):
            return 1
        text = structure(file, limits).value(_NUMBER_OF_FRAMES).strip(b"\0 ")
        return int(text) if text.isdigit() and 1 <= int(text) <= limits.frames else 1


def inflated(file: BinaryIO, start: int, size: int, limits: Limits) -> BinaryIO:
    """The deflated rest of a file (PS3.5 A.5), under the limit. Refuses "expands-too-much", "corrupt-header"."""
    file.seek(start)
    allowed = limits.inflated(size)
    machine, result = zlib.decompressobj(-15), io.BytesIO()
    try:
        while packed := machine.unconsumed_tail or file.read(256 * 1024):
            result.write(machine.decompress(packed, 4 * MIB))
            if result.tell() > allowed:
                raise ImageRefused("expands-too-much")
        while rest := machine.decompress(machine.unconsumed_tail, 4 * MIB):
            result.write(rest)
    except zlib.error as error:
        raise ImageRefused("corrupt-header", what="it cannot be inflated") from error
    if result.tell() > allowed:
        raise ImageRefused("expands-too-much")
    return result


def _group(file: BinaryIO, start: int) -> int:
    file.seek(start)
    first = file.read(2)
    if len(first) < 2:
        raise ImageRefused("truncated-header")
    return int.from_bytes(first, "little")


def _actual(file: BinaryIO, start: int, stated: Syntax | None) -> Syntax:
    """The stated syntax, or what the first element is written in: some archives state one and write the other."""
    file.seek(start)
    first = file.read(8)
    if len(first) < 8:
        raise ImageRefused("truncated-header")
    explicit = is_explicit(first)
    if stated is None:
        group = int.from_bytes(first[:2], "little")
        return (BIG_ENDIAN if group > 0xFF else EXPLICIT) if explicit else IMPLICIT
    if stated.codec == "none" and not stated.deflated and not stated.big_endian:
        return EXPLICIT if explicit else IMPLICIT
    return stated
