"""Display shutters, PS3.3 C.7.6.11: what lies outside the collimated field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.imaging.dicom.header import Header, number, numbers, texts
from core.imaging.grayscale import Mask

_MOST_VERTICES = 1024


def outside(header: Header, shape: tuple[int, int]) -> Mask | None:
    """True outside the intersection of all shutters; None when there is none that can be used."""
    shapes = {one.upper() for one in texts(header, "ShutterShape")}
    inside: Mask | None = None
    for name, made in (("RECTANGULAR", _rectangle), ("CIRCULAR", _circle), ("POLYGONAL", _polygon)):
        field = made(header, shape) if name in shapes else None
        if field is not None:
            inside = field if inside is None else inside & field
    # A shutter that hides everything hides a mistake.
    return None if inside is None or not inside.any() else ~inside


def _rectangle(header: Header, shape: tuple[int, int]) -> Mask | None:
    # The edges are the first and last closed line: positions count from 1 and are outside themselves.
    names = ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")
    edges = [number(header, f"Shutter{name}Edge") for name in names]
    if any(edge is None for edge in edges):
        return None
    top, bottom, left, right = (int(np.clip(edge or 0, -1, 1e6)) for edge in edges)
    field = np.zeros(shape, bool)
    field[max(0, top) : max(0, bottom - 1), max(0, left) : max(0, right - 1)] = True
    return field


def _circle(header: Header, shape: tuple[int, int]) -> Mask | None:
    center, radius = numbers(header, "CenterOfCircularShutter"), number(header, "RadiusOfCircularShutter")
    if len(center) != 2 or center[0] is None or center[1] is None or radius is None or not 0 < radius <= 1e6:
        return None
    row = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(center[0] - 1)
    column = np.arange(shape[1], dtype=np.float32) - np.float32(center[1] - 1)
    result: Mask = row * row + column * column <= np.float32(radius * radius)
    return result


def _polygon(header: Header, shape: tuple[int, int]) -> Mask | None:
    stated = numbers(header, "VerticesOfThePolygonalShutter")
    if len(stated) < 6 or len(stated) > 2 * _MOST_VERTICES or any(one is None or abs(one) > 1e6 for one in stated):
        return None
    vertices = np.array(stated[: len(stated) // 2 * 2], np.float64).reshape(-1, 2) - 1
    return _filled(vertices, shape)


def _filled(vertices: NDArray[np.float64], shape: tuple[int, int]) -> Mask:
    """Pixels whose centre lies inside, by counting the edges that each row crosses."""
    field = np.zeros(shape, bool)
    columns = np.arange(shape[1])
    ends = np.roll(vertices, -1, axis=0)
    for row in range(shape[0]):
        crossing = (vertices[:, 0] <= row) != (ends[:, 0] <= row)
        start, end = vertices[crossing], ends[crossing]
        if len(start):
            at = start[:, 1] + (row - start[:, 0]) / (end[:, 0] - start[:, 0]) * (end[:, 1] - start[:, 1])
            field[row] = np.searchsorted(np.sort(at), columns, side="right") % 2 == 1
    return field
