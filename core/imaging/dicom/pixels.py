"""Stored values of one frame, as the header means them (PS3.5 8.1.1; dicom.md 1.1 step 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageRefused
from core.imaging.dicom.codestream import codestream
from core.imaging.dicom.decoders import decoded
from core.imaging.dicom.fragments import frame_bytes
from core.imaging.dicom.layout import Layout
from core.imaging.dicom.scan import PIXEL_DATA, UNDEFINED, Structure
from core.imaging.learnt import Learnt

_OVERLAY_SLACK_BYTES = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """stored: (rows, columns) integers of 8 or 16 bits. words: before masking, where the file gives them."""

    stored: NDArray[Any]
    words: NDArray[Any] | None
    decoder: str
    lossy: bool


def read_frame(outline: Structure, layout: Layout, frame: int, learnt: Learnt) -> Frame:
    """Decode one frame; the others are not touched. Colour is taken when red, green and blue are equal.

    Takes down "excess-pixels". Refuses "truncated-pixels", "corrupt-codestream", "size-disagrees",
    "unsupported-bit-depth", "colour-photograph".
    """
    pixels = outline.pixels
    if pixels is None:
        raise ImageRefused("no-pixel-data")
    if pixels.tag != PIXEL_DATA:
        raise ImageRefused("unsupported-bit-depth", what="floating-point numbers")
    if not 1 <= frame <= layout.frames:
        raise ImageRefused("bad-frame-count", what=f"frame {frame} of {layout.frames:,} was asked for")
    if outline.syntax.codec == "none":
        words = _uncompressed(outline, layout, frame, learnt)
        return Frame(_stored(words, layout, lossy=False, shift=True), words, "uncompressed", False)
    return _compressed(outline, layout, frame, learnt)


def _uncompressed(outline: Structure, layout: Layout, frame: int, learnt: Learnt) -> NDArray[Any]:
    pixels = outline.pixels
    assert pixels is not None
    if pixels.length == UNDEFINED:
        raise ImageRefused("corrupt-header", what="its pixels are compressed and said not to be")
    declared = layout.frame_bytes * layout.frames
    present = min(pixels.length, outline.size - pixels.offset)
    if present < declared:
        raise ImageRefused("truncated-pixels", present=f"{present:,} bytes", declared=f"{declared:,}")
    if pixels.length > declared + _OVERLAY_SLACK_BYTES:
        learnt.add("excess-pixels")
    outline.file.seek(pixels.offset + layout.frame_bytes * (frame - 1))
    content = outline.file.read(layout.frame_bytes)
    if len(content) < layout.frame_bytes:
        raise ImageRefused("truncated-pixels", present=f"{len(content):,} bytes", declared=f"{declared:,}")
    order = ">" if outline.syntax.big_endian else "<"
    if outline.syntax.big_endian and layout.allocated == 8 and pixels.vr == b"OW":
        # PS3.5 8.1.1: bytes in words are swapped with them.
        content = np.frombuffer(content + b"\0" * (len(content) % 2), ">u2").astype("<u2").tobytes()
    words = np.frombuffer(content, f"{order}u{layout.allocated // 8}", layout.frame_bytes * 8 // layout.allocated)
    words = words.astype(words.dtype.newbyteorder("="), copy=False)
    if layout.samples == 1:
        return words.reshape(layout.rows, layout.columns)
    return _grey_of_colour(words, layout)


def _compressed(outline: Structure, layout: Layout, frame: int, learnt: Learnt) -> Frame:
    pixels = outline.pixels
    assert pixels is not None
    if pixels.length != UNDEFINED:
        raise ImageRefused(
            "corrupt-codestream", what=f"the header says {outline.syntax.name}, the data are not compressed"
        )
    content, is_more = frame_bytes(outline.file, outline.size, pixels, frame, layout.frames)
    if not content:
        raise ImageRefused("truncated-pixels", present="0 bytes", declared="1 frame")
    if is_more:
        learnt.add("excess-pixels")
    stream = codestream(content, outline.syntax, layout)
    samples, decoder = decoded(content, stream, layout)
    lossy = outline.syntax.lossy or stream.lossy
    if layout.samples == 3:
        samples = _equal_channels(samples, layout, decoder)
    # A decoder gives values that begin at bit 0, unless the words were compressed as they stand.
    shift = stream.precision > layout.high
    return Frame(_stored(samples, layout, lossy, shift), None if lossy else samples, decoder, lossy)


def _stored(words: NDArray[Any], layout: Layout, lossy: bool, shift: bool) -> NDArray[Any]:
    """Shift, mask and sign by the header, whatever the decoder thought of it."""
    bits, down = layout.stored, layout.high + 1 - layout.stored
    if lossy:
        # An overshoot of 1024 in 10 bits would be masked to 0.
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if layout.is_signed else (0, 2**bits - 1)
        if layout.is_signed and words.dtype.kind == "u":
            low, high = 0, 2**bits - 1
        words = np.clip(words, low, high)
    kind = f"u{layout.allocated // 8}"
    values = words.astype(kind, copy=False)
    if shift and down:
        values = values >> down
    if bits < layout.allocated and not lossy:
        values = values & np.array(2**bits - 1, kind)
    if not layout.is_signed:
        return np.ascontiguousarray(values)
    empty = layout.allocated - bits
    signed = np.left_shift(values, empty).view(f"i{layout.allocated // 8}")
    return np.ascontiguousarray(np.right_shift(signed, empty))


def _grey_of_colour(words: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Uncompressed colour: one channel if it is grey in truth."""
    pixels = layout.rows * layout.columns
    if layout.photometric == "YBR_FULL_422":
        parts = words.reshape(-1, 4)
        if (parts[:, 2:] != 1 << (layout.stored - 1)).any():
            raise ImageRefused("colour-photograph")
        return np.ascontiguousarray(parts[:, :2]).reshape(layout.rows, layout.columns)
    if layout.planar:
        samples = words.reshape(3, pixels).T.reshape(layout.rows, layout.columns, 3)
    else:
        samples = words.reshape(layout.rows, layout.columns, 3)
    return _equal_channels(samples, layout, "uncompressed")


def _equal_channels(samples: NDArray[Any], layout: Layout, decoder: str) -> NDArray[Any]:
    first, second, third = (samples[..., place] for place in range(3))
    # RLE and uncompressed YBR come as they are; the other decoders have turned them into RGB.
    is_ybr = layout.photometric.startswith("YBR_FULL") and decoder.startswith(
        ("uncompressed", "pylibjpeg-rle", "pydicom")
    )
    if is_ybr:
        middle = 1 << (layout.stored - 1)
        is_grey = not ((second != middle).any() or (third != middle).any())
    else:
        is_grey = bool(np.array_equal(first, second) and np.array_equal(first, third))
    if not is_grey:
        raise ImageRefused("colour-photograph")
    return np.ascontiguousarray(first)
