"""Path lengths through simple bodies, computed along parallel rays without any voxels.

Places are in mm: x to the right of the picture (the patient's left), y down from the top of the lungs, z to the front.
A patch is a window of the film and the chord, in mm, that each ray cuts out of the body there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Map = NDArray[np.float32]
Window = tuple[slice, slice]
Patch = tuple[Window, Map]


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the pixels' centres lie: x (columns,), y (rows,), and their distance, all in mm."""

    x: Map
    y: Map
    pitch: float

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.y), len(self.x)

    def zeros(self) -> Map:
        return np.zeros(self.shape, np.float32)

    def window(self, left: float, right: float, top: float, bottom: float) -> Window | None:
        """The part of the film that a box in mm covers, or None when it lies outside."""
        columns = self._span(left, right, float(self.x[0]), len(self.x))
        rows = self._span(top, bottom, float(self.y[0]), len(self.y))
        return None if columns.start >= columns.stop or rows.start >= rows.stop else (rows, columns)

    def _span(self, low: float, high: float, first: float, count: int) -> slice:
        start = math.floor((low - first) / self.pitch)
        end = math.floor((high - first) / self.pitch) + 2
        return slice(min(max(start, 0), count), min(max(end, 0), count))

    def places(self, window: Window) -> tuple[Map, Map]:
        """x as a row and y as a column, for broadcasting."""
        return self.x[None, window[1]], self.y[window[0], None]


def grid_of(rows: int, columns: int, field_mm: float, top_mm: float, left_mm: float) -> Grid:
    """The pixel grid of a film whose longer side is `field_mm`."""
    pitch = field_mm / max(rows, columns)
    x = (left_mm + (np.arange(columns) + 0.5) * pitch).astype(np.float32)
    y = (top_mm + (np.arange(rows) + 0.5) * pitch).astype(np.float32)
    return Grid(x, y, pitch)


def add(target: Map, patch: Patch | None, factor: float = 1.0) -> None:
    if patch is not None:
        target[patch[0]] += np.float32(factor) * patch[1]


def join(target: Map, patch: Patch | None) -> None:
    """Union of bodies that overlap in depth: the longer chord counts."""
    if patch is not None:
        np.maximum(target[patch[0]], patch[1], out=target[patch[0]])


def ellipsoid(
    grid: Grid, centre: tuple[float, float], semi: tuple[float, float, float], degrees: float = 0.0
) -> Patch | None:
    """Chord through an ellipsoid. semi: half axes across, down and in depth; degrees: turned clockwise in the film."""
    turn = np.deg2rad(degrees)
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    reach_x = np.hypot(semi[0] * cosine, semi[1] * sine)
    reach_y = np.hypot(semi[0] * sine, semi[1] * cosine)
    window = grid.window(centre[0] - reach_x, centre[0] + reach_x, centre[1] - reach_y, centre[1] + reach_y)
    if window is None:
        return None
    x, y = grid.places(window)
    x, y = x - np.float32(centre[0]), y - np.float32(centre[1])
    inside = 1.0 - ((x * cosine + y * sine) / semi[0]) ** 2 - ((y * cosine - x * sine) / semi[1]) ** 2
    return window, (2 * semi[2] * np.sqrt(np.clip(inside, 0, None))).astype(np.float32)


def tube(
    grid: Grid, points: ArrayLike, radius: ArrayLike, wall: float = 0.0, depth: ArrayLike = 1.0
) -> tuple[Patch | None, Patch | None]:
    """Chords through a bent tube, and through its hollow.

    points: (n, 3) mm along the middle; radius: mm, one or n; wall: mm, 0 for a solid tube (no hollow);
    depth: how deep the cross-section is against its height (a rib is flat: 0.5), one or n.
    """
    path = np.asarray(points, np.float64)
    radii = np.broadcast_to(np.asarray(radius, np.float64), (len(path),))
    # Thinner than the pixels, a tube would fall between them: draw it wider and thinner, the same amount of it.
    drawn = np.maximum(radii, 0.7 * grid.pitch)
    deep = np.broadcast_to(np.asarray(depth, np.float64), (len(path),))
    reach = drawn.max()
    low, high = path.min(axis=0) - reach, path.max(axis=0) + reach
    window = grid.window(low[0], high[0], low[1], high[1])
    if window is None:
        return None, None
    rows, columns = window[0].stop - window[0].start, window[1].stop - window[1].start
    nearest = np.full((rows, columns), 1.0, np.float32)  # squared distance over squared radius
    stretch = np.zeros((rows, columns), np.float32)
    at_radius = np.zeros((rows, columns), np.float32)
    for piece in range(len(path) - 1):
        start, end = path[piece], path[piece + 1]
        w0, w1 = drawn[piece], drawn[piece + 1]
        widest = max(w0, w1)
        part = grid.window(
            min(start[0], end[0]) - widest, max(start[0], end[0]) + widest,
            min(start[1], end[1]) - widest, max(start[1], end[1]) + widest,
        )  # fmt: skip
        if part is None:
            continue
        x, y = grid.places(part)
        step = end - start
        across = float(np.hypot(step[0], step[1]))
        squared = max(across * across, 1e-6)
        x, y = x - np.float32(start[0]), y - np.float32(start[1])
        along = np.clip((x * np.float32(step[0]) + y * np.float32(step[1])) / np.float32(squared), 0, 1)
        width = np.float32(w0) + along * np.float32(w1 - w0)
        distance = ((x - along * np.float32(step[0])) ** 2 + (y - along * np.float32(step[1])) ** 2) / width**2
        here = (
            slice(part[0].start - window[0].start, part[0].stop - window[0].start),
            slice(part[1].start - window[1].start, part[1].stop - window[1].start),
        )
        closer = distance < nearest[here]
        nearest[here][closer] = distance[closer]
        # A ray that meets the tube at an angle stays in it longer; along it, not for ever: the tube bends away.
        length = float(np.sqrt(across * across + step[2] ** 2))
        slant = min(length / max(across, 1e-3), 2.4) * (radii[piece : piece + 2].sum() / (w0 + w1)) ** 2
        flat = np.float32(deep[piece]) + along * np.float32(deep[piece + 1] - deep[piece])
        stretch[here][closer] = (np.float32(slant) * flat)[closer]
        at_radius[here][closer] = width[closer]
    outer = 2 * at_radius * np.sqrt(1 - nearest) * stretch
    if wall <= 0:
        return (window, outer), None
    hollow = np.clip((at_radius - np.float32(wall)), 0, None) ** 2 - nearest * at_radius**2
    return (window, outer), (window, 2 * np.sqrt(np.clip(hollow, 0, None)) * stretch)


def smooth(positions: ArrayLike, values: ArrayLike, at: NDArray[np.floating]) -> Map:
    """A smooth curve through a few given points, held level beyond its ends."""
    from scipy.interpolate import PchipInterpolator

    knots = np.asarray(positions, np.float64)
    curve = PchipInterpolator(knots, np.asarray(values, np.float64))
    found: Map = curve(np.clip(at, knots[0], knots[-1])).astype(np.float32)
    return found
