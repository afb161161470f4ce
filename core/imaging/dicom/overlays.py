"""Overlays of the groups 60xx, PS3.3 C.9: bits in Overlay Data, or (retired) in unused bits of the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.dicom.header import Header, clean, tagged
from core.imaging.radiograph import Overlay

_GROUPS = range(0x6000, 0x6020, 2)
_MOST_PIXELS = 100_000_000


def overlays(header: Header, frame: int, words: NDArray[Any] | None) -> tuple[Overlay, ...]:
    """The overlays of a frame. words: the pixel words before masking, for overlays that live in their spare bits.

    An overlay that cannot be used is left out: it is drawn on top and never part of the picture.
    """
    found = (_overlay(header, group, frame, words) for group in _GROUPS if (group, 0x0010) in header)
    return tuple(one for one in found if one is not None)


def _overlay(header: Header, group: int, frame: int, words: NDArray[Any] | None) -> Overlay | None:
    rows, columns = tagged(header, group, 0x0010), tagged(header, group, 0x0011)
    if not (isinstance(rows, int) and isinstance(columns, int) and 0 < rows * columns <= _MOST_PIXELS):
        return None
    label = tagged(header, group, 0x1500) or tagged(header, group, 0x0022)
    name = clean(label) if label else f"Overlay {(group - 0x6000) // 2 + 1}"
    data, position = tagged(header, group, 0x3000), tagged(header, group, 0x0102)
    if data is None:
        if words is None or not isinstance(position, int) or not 0 < position < words.dtype.itemsize * 8:
            return None
        return Overlay(name, 0, 0, (words >> position & 1).astype(bool))
    row, column = _origin(tagged(header, group, 0x0050))
    first = tagged(header, group, 0x0051)
    is_one_of_many = tagged(header, group, 0x0015) is not None
    place = (frame - (first if isinstance(first, int) else 1)) * rows * columns if is_one_of_many else 0
    if not isinstance(data, bytes) or place < 0 or 8 * len(data) < place + rows * columns:
        return None
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[place : place + rows * columns]
    return Overlay(name, row, column, bits.reshape(rows, columns).astype(bool))


def _origin(stated: Any) -> tuple[int, int]:
    """The first pixel from 0; it may be negative, and is the corner when the file talks nonsense."""
    if stated is None or not hasattr(stated, "__len__") or len(stated) != 2:
        return 0, 0
    row, column = stated
    return (row - 1, column - 1) if isinstance(row, int) and isinstance(column, int) else (0, 0)
