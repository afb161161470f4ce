"""Transfer syntaxes that are read, and what each one means for the bytes (PS3.5 section 10 and annex A)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Codec = Literal["none", "rle", "jpeg", "jpeg-ls", "jpeg2000"]


@dataclass(frozen=True, slots=True)
class Syntax:
    """How a dataset and its pixels are written. lossy: by definition, whatever the header says."""

    uid: str
    name: str
    codec: Codec = "none"
    lossy: bool = False
    implicit: bool = False
    big_endian: bool = False
    deflated: bool = False


_JPEG = "1.2.840.10008.1.2.4."
IMPLICIT = Syntax("1.2.840.10008.1.2", "implicit little endian", implicit=True)
EXPLICIT = Syntax("1.2.840.10008.1.2.1", "explicit little endian")
BIG_ENDIAN = Syntax("1.2.840.10008.1.2.2", "explicit big endian", big_endian=True)
SYNTAXES = {
    one.uid: one
    for one in (
        IMPLICIT,
        EXPLICIT,
        BIG_ENDIAN,
        Syntax("1.2.840.10008.1.2.1.99", "deflated", deflated=True),
        Syntax("1.2.840.10008.1.2.5", "RLE", "rle"),
        Syntax(_JPEG + "50", "JPEG baseline", "jpeg", lossy=True),
        Syntax(_JPEG + "51", "JPEG extended", "jpeg", lossy=True),
        Syntax(_JPEG + "53", "JPEG spectral selection", "jpeg", lossy=True),
        Syntax(_JPEG + "55", "JPEG progressive", "jpeg", lossy=True),
        Syntax(_JPEG + "57", "JPEG lossless", "jpeg"),
        Syntax(_JPEG + "70", "JPEG lossless SV1", "jpeg"),
        Syntax(_JPEG + "80", "JPEG-LS", "jpeg-ls"),
        Syntax(_JPEG + "81", "JPEG-LS near-lossless", "jpeg-ls", lossy=True),
        Syntax(_JPEG + "90", "JPEG 2000 lossless", "jpeg2000"),
        Syntax(_JPEG + "91", "JPEG 2000", "jpeg2000", lossy=True),
        Syntax(_JPEG + "201", "HTJ2K lossless", "jpeg2000"),
        Syntax(_JPEG + "202", "HTJ2K lossless RPCL", "jpeg2000"),
        Syntax(_JPEG + "203", "HTJ2K", "jpeg2000", lossy=True),
    )
}
_NAMES = {
    _JPEG + "100": "MPEG-2 video",
    _JPEG + "101": "MPEG-2 video",
    _JPEG + "102": "MPEG-4 video",
    _JPEG + "103": "MPEG-4 video",
    _JPEG + "104": "MPEG-4 video",
    _JPEG + "105": "MPEG-4 video",
    _JPEG + "106": "MPEG-4 video",
    _JPEG + "107": "HEVC video",
    _JPEG + "108": "HEVC video",
    _JPEG + "94": "JPIP references",
    _JPEG + "95": "JPIP references",
}


def name_of(uid: str) -> str:
    """What to call a transfer syntax that is not read."""
    return f"{_NAMES.get(uid, 'unknown transfer syntax')} ({uid})"
