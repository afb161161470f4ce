"""The numbers that lay out the pixels, checked before anything is allocated (dicom.md 6, steps 7 and 8)."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ImageRefused
from core.imaging.dicom.header import Header, code, has, number, value, whole
from core.imaging.learnt import Learnt
from core.imaging.limits import Limits

_COLOUR = frozenset(("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_PARTIAL_422", "YBR_RCT", "YBR_ICT"))
_OTHER_COLOUR = frozenset(("PALETTE COLOR", "HSV", "ARGB", "CMYK"))
_GREY = frozenset(("MONOCHROME1", "MONOCHROME2"))


@dataclass(frozen=True, slots=True)
class Layout:
    """Image Pixel Module, PS3.3 C.7.6.3. samples is 1 or 3; allocated is 8 or 16."""

    rows: int
    columns: int
    frames: int
    samples: int
    planar: bool
    photometric: str
    allocated: int
    stored: int
    high: int
    is_signed: bool

    @property
    def frame_bytes(self) -> int:
        """Bytes of an uncompressed frame; 4:2:2 shares its colour between two pixels."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.allocated // 8


def is_colour(header: Header) -> bool:
    """Whether the label says that the picture has colours."""
    return code(header, "PhotometricInterpretation") in _COLOUR | _OTHER_COLOUR


def layout_of(header: Header, limits: Limits, learnt: Learnt) -> Layout:
    """Take down "assumed-unsigned" and "assumed-monochrome2". Refuses everything that contradicts itself."""
    rows, columns = _needed(header, "Rows"), _needed(header, "Columns")
    if rows < 1 or columns < 1:
        raise ImageRefused("no-pixels")
    if rows > 65535 or columns > 65535 or rows * columns > limits.frame_pixels:
        raise ImageRefused(
            "image-too-large", declared=f"{rows:,} × {columns:,} pixels", limit=f"{limits.frame_pixels:,} pixels"
        )
    frames = frames_of(header, limits)
    allocated = _needed(header, "BitsAllocated")
    if allocated not in (8, 16):
        raise ImageRefused("unsupported-bit-depth", what=f"{allocated} bits")
    stored = _needed(header, "BitsStored")
    high = whole(header, "HighBit")
    high = stored - 1 if high is None else high
    if not 1 <= stored <= allocated or not stored - 1 <= high <= allocated - 1:
        raise ImageRefused("bad-bit-depth", what=f"{stored} bits stored up to bit {high} of {allocated}")
    samples, planar, photometric = _colour_layout(header, learnt)
    representation = whole(header, "PixelRepresentation")
    if representation is None:
        learnt.add("assumed-unsigned")
    elif representation not in (0, 1):
        raise ImageRefused("corrupt-header", what=f"Pixel Representation is {representation}")
    return Layout(rows, columns, frames, samples, planar, photometric, allocated, stored, high, representation == 1)


def frames_of(header: Header, limits: Limits) -> int:
    """Refuses "bad-frame-count" and "too-many-frames"."""
    if value(header, "NumberOfFrames") is None:
        if has(header, "NumberOfFrames") and header.get_item("NumberOfFrames").value:
            raise ImageRefused("bad-frame-count", what="it is not a number")
        return 1
    count = number(header, "NumberOfFrames")
    if count is None or count != int(count):
        raise ImageRefused("bad-frame-count", what="it is not a number")
    if count < 1:
        raise ImageRefused("bad-frame-count", what=f"it is {count:.0f}")
    if count > limits.frames:
        raise ImageRefused("too-many-frames", declared=f"{count:,.0f}", limit=f"{limits.frames:,}")
    return int(count)


def _colour_layout(header: Header, learnt: Learnt) -> tuple[int, bool, str]:
    samples = whole(header, "SamplesPerPixel")
    samples = 1 if samples is None else samples
    if samples not in (1, 3):
        raise ImageRefused("unsupported-colour-layout", what=f"{samples} samples a pixel")
    photometric = code(header, "PhotometricInterpretation")
    if not photometric:
        if samples == 3:
            raise ImageRefused("missing-required", what="the photometric interpretation of its colours")
        learnt.add("assumed-monochrome2")
        photometric = "MONOCHROME2"
    if photometric not in _GREY | _COLOUR | _OTHER_COLOUR:
        raise ImageRefused("unsupported-photometric", what=photometric)
    planar = whole(header, "PlanarConfiguration")
    if samples == 3 and planar not in (None, 0, 1):
        raise ImageRefused("unsupported-colour-layout", what=f"planar configuration {planar}")
    if photometric in _OTHER_COLOUR:
        raise ImageRefused("colour-photograph")
    if (samples == 3) != (photometric in _COLOUR):
        raise ImageRefused("unsupported-colour-layout", what=f"{photometric} with {samples} samples a pixel")
    return samples, samples == 3 and planar == 1, photometric


def _needed(header: Header, keyword: str) -> int:
    found = whole(header, keyword)
    if found is None:
        raise ImageRefused("missing-required", what=keyword)
    return found
