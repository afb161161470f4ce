"""Square pixels: a grey picture stretched along one axis, whole or a part at a time, to the same grey levels.

The canvas draws parts of a film sixty times a second; what it shows must be what the whole film gives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Part = tuple[int, int]
_BITS = 8
_WEIGHT = 1 << _BITS


def stretched(pixels: Grey, shape: tuple[int, int]) -> Grey:
    """A picture (rows, columns) at another shape: linear between the centres of its pixels where an axis grows,
    area means where it shrinks."""
    import cv2

    rows, columns = (min(wanted, there) for wanted, there in zip(shape, pixels.shape, strict=True))
    if (rows, columns) != pixels.shape:
        pixels = np.asarray(cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    for axis in (0, 1):
        pixels = grown(pixels, axis, (pixels.shape[axis], shape[axis]), (0, shape[axis]))
    return pixels


def needed(lengths: tuple[int, int], part: Part) -> Part:
    """Which pixels of an axis `grown` wants for a part of the longer one. lengths: (before, after)."""
    before, after = lengths
    if before == after:
        return part
    first, last = ((one + 0.5) * before / after - 0.5 for one in (part[0], part[1] - 1))
    return max(0, int(np.floor(first))), min(before, int(np.floor(last)) + 2)


def grown(pixels: Grey, axis: int, lengths: tuple[int, int], part: Part) -> Grey:
    """A part of an axis that grows from one length to another. pixels: what `needed` says of that axis, all of the
    other."""
    before, after = lengths
    if before == after:
        return pixels
    at = (np.arange(*part) + 0.5) * before / after - 0.5
    lower = np.floor(at).astype(np.intp)
    weight = np.rint((at - lower) * _WEIGHT).astype(np.uint16)
    weight = weight[:, None] if axis == 0 else weight[None, :]
    start = needed(lengths, part)[0]
    near, far = (_taken(pixels, np.clip(lower + step, 0, before - 1) - start, axis) for step in (0, 1))
    # At most 255 · 256 and a half: it fits into the 16 bits.
    total: NDArray[np.uint16] = near * (_WEIGHT - weight) + far * weight + _WEIGHT // 2
    return (total >> _BITS).astype(np.uint8)


def _taken(pixels: Grey, places: NDArray[np.intp], axis: int) -> NDArray[np.uint16]:
    return np.take(pixels, places, axis).astype(np.uint16)
