"""A radiograph made ready for quick drawing: a pyramid of its stored values, a table to grey, its mask.

The arithmetic of the canvas stands here, so that the widgets do none. A Film is built on a process's reader thread
and used in the window's: a frame costs one crop and resize of what is visible and one table look-up, once for all
canvases that show it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gui.widgets.placement import Placement

if TYPE_CHECKING:
    from core.imaging.grayscale import Voi
    from core.imaging.radiograph import Radiograph

Grey = NDArray[np.uint8]
Levels = tuple[NDArray[Any], ...]

_SMALLEST_LEVEL = 256
_HALF_OCTAVE = 0.5**0.5


@dataclass(slots=True, eq=False)
class Film:
    """A radiograph with what drawing it needs. shape: of the film as read (upright, square pixels).

    levels: its values, each with half the pixels of the one before. kept: 0 where there is no picture, else 255;
    None where all of it is. upright: values and what is kept of them before they were made square, where they were.
    """

    radiograph: Radiograph
    shape: tuple[int, int]
    levels: Levels
    kept: Levels | None
    upright: tuple[NDArray[Any], Grey | None] | None = None
    _table: tuple[Any, Grey] | None = field(default=None)
    _cut: tuple[Any, NDArray[Any], Grey | None] | None = field(default=None)
    _drawn: tuple[Any, Grey] | None = field(default=None)

    def drawn(self, placement: Placement, voi: Voi, inverted: bool) -> Grey:
        """(rows, columns) uint8 for a view: the film under a window, black beyond it. Read-only: canvases share it."""
        key = (placement, voi, inverted)
        if self._drawn is None or self._drawn[0] != key:
            # Only the table changes while a window is dragged, and only the place while a film is moved.
            if self._table is None or self._table[0] != (voi, inverted):
                self._table = (voi, inverted), self._made_table(voi, inverted)
            table = self._table[1]
            # To make pixels square and to look up grey do not commute: from zoom 1 on, what `as_read` gives is drawn.
            exact = self.upright is not None and placement.zoom >= 1
            grey = self._squared(placement, table) if exact else self._looked_up(placement, table)
            _blacken_beyond(grey, *placement.box(self.shape))
            grey.flags.writeable = False
            self._drawn = key, grey
        return self._drawn[1]

    def _looked_up(self, placement: Placement, table: Grey) -> Grey:
        import cv2

        if self._cut is None or self._cut[0] != placement:
            plain = placement.unturned(self.shape)
            values = placement.turn.apply(_cut_out(self.levels, self.shape, plain))
            kept = placement.turn.apply(_cut_out(self.kept, self.shape, plain)) if self.kept else None
            self._cut = placement, values, None if kept is None else np.where(kept > 127, np.uint8(255), np.uint8(0))
        _placement, values, kept = self._cut
        grey: Grey = cv2.LUT(values, table)
        if kept is not None:
            cv2.bitwise_and(grey, kept, dst=grey)
        return grey

    def _squared(self, placement: Placement, table: Grey) -> Grey:
        """Looked up and masked in the film's own pixels, then made square, as Radiograph.as_read does it."""
        import cv2

        from core.imaging.square import grown, needed

        assert self.upright is not None
        values, kept = self.upright
        axes = tuple(zip(values.shape, self.shape, strict=True))

        def piece(rows: slice, columns: slice) -> Grey:
            parts = ((rows.start, rows.stop), (columns.start, columns.stop))
            window = tuple(slice(*needed(axis, part)) for axis, part in zip(axes, parts, strict=True))
            grey: Grey = cv2.LUT(np.ascontiguousarray(values[window]), table)
            if kept is not None:
                grey &= kept[window]
            for axis in (0, 1):
                grey = grown(grey, axis, axes[axis], parts[axis])
            return grey

        view = np.zeros(placement.unturned(self.shape).size, np.uint8)
        _lay(view, piece, self.shape, self.shape, placement.unturned(self.shape))
        return placement.turn.apply(view)

    def value_at(self, row: float, column: float) -> float | None:
        """The modality value under a point of the film as read; None outside."""
        stored_row, stored_column, _one = self.radiograph.read_to_stored @ (row, column, 1.0)
        rows, columns = self.radiograph.shape
        if not (0 <= stored_row < rows and 0 <= stored_column < columns):
            return None
        stored = self.radiograph.stored[int(stored_row), int(stored_column)]
        return float(self.radiograph.modality.values(np.array([float(stored)]))[0])

    def _made_table(self, voi: Voi, inverted: bool) -> Grey:
        from core.imaging.grayscale import grey_table, rounded

        stored = self.radiograph.stored.dtype
        table = rounded(grey_table(stored, self.radiograph.modality, voi, self.radiograph.inverted))
        table = np.roll(table, len(table) // 2) if stored.kind == "i" else table
        return 255 - table if inverted else table


def film(radiograph: Radiograph) -> Film:
    """Lay a radiograph down as read and build its pyramid."""
    values = radiograph.stored.view(f"u{radiograph.stored.dtype.itemsize}")
    if radiograph.stored.dtype.kind == "i":
        # With the sign bit turned, the order of the numbers is that of the values, and averages are averages.
        values = values ^ values.dtype.type(1 << (values.dtype.itemsize * 8 - 1))
    masked = radiograph.masked
    kept = None
    if masked is not None:
        # Padding must not bleed into its neighbours when the film is shown smaller: it takes the darkest value inside.
        inside = values[~masked]
        darkest = (inside.max() if radiograph.inverted else inside.min()) if inside.size else 0
        values = np.where(masked, values.dtype.type(darkest), values)
        kept = radiograph.upright.apply(np.where(masked, np.uint8(0), np.uint8(255)))
    values = radiograph.upright.apply(values)
    shape = radiograph.read_shape
    square, kept_square = (_resized(one, shape) if one is not None else None for one in (values, kept))
    assert square is not None
    # A giant is made smaller instead: there the averages of values are drawn at every zoom.
    grows = shape != values.shape and min(np.subtract(shape, values.shape)) >= 0
    levels = pyramid(square), pyramid(kept_square) if kept_square is not None else None
    return Film(radiograph, shape, *levels, (values, kept) if grows else None)


def pyramid(pixels: NDArray[Any]) -> Levels:
    """The picture, and smaller ones with half the pixels each, by area averages, down to about 256 pixels.

    With the next larger level at most √2 away, the quick linear resize of a frame skips no pixel; from a level twice
    as wide it would have to be the area average, which takes eight times as long.
    """
    import cv2

    levels = [pixels]
    while min(pixels.shape) >= 2 * _SMALLEST_LEVEL:
        rows, columns = pixels.shape
        between = round(columns * _HALF_OCTAVE), round(rows * _HALF_OCTAVE)
        levels.append(cv2.resize(pixels, between, interpolation=cv2.INTER_AREA))
        pixels = cv2.resize(pixels, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
        levels.append(pixels)
    return tuple(levels)


def warm_up() -> None:
    """Import what drawing needs ahead of the first film; on a reader thread, after the first paint."""
    from core.imaging.paint import colours

    # By name: a static import would draw a chain from the window to the decoders behind core.imaging.sources.
    importlib.import_module("core.imaging.radiograph")
    colours()


def _cut_out(levels: Levels, shape: tuple[int, int], placement: Placement) -> NDArray[Any]:
    """What of a film of this shape lies in an unturned view, resized to the view's pixels; 0 beyond it."""
    view = np.zeros(placement.size, levels[0].dtype)
    # The coarsest level that still has a pixel for every device pixel.
    level = next((one for one in reversed(levels) if one.shape[0] >= placement.zoom * shape[0] - 0.5), levels[0])
    _lay(view, lambda rows, columns: level[rows, columns], level.shape, shape, placement)
    return view


def _lay(
    view: NDArray[Any],
    piece: Callable[[slice, slice], NDArray[Any]],
    level: tuple[int, ...],
    shape: tuple[int, int],
    placement: Placement,
) -> None:
    """Lay what the view shows of a level into it, resized. piece: these rows and columns of the level."""
    rows = _span(placement.top, placement.zoom * shape[0] / level[0], placement.rows, level[0])
    columns = _span(placement.left, placement.zoom * shape[1] / level[1], placement.columns, level[1])
    if rows is None or columns is None:
        return
    (r0, r1, top, bottom), (c0, c1, left, right) = rows, columns
    cut = _resized(piece(slice(r0, r1), slice(c0, c1)), (bottom - top, right - left))
    inside = slice(max(top, 0), min(bottom, placement.rows)), slice(max(left, 0), min(right, placement.columns))
    view[inside] = cut[inside[0].start - top : inside[0].stop - top, inside[1].start - left : inside[1].stop - left]


def _resized(pixels: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    import cv2

    if pixels.shape == shape:
        return pixels
    return np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_LINEAR))


def _span(start: int, zoom: float, view: int, length: int) -> tuple[int, int, int, int] | None:
    """Along one axis: the pixels of the level that the view shows, one more on each side, and where they lie in it."""
    first = max(0, int(np.floor(-start / zoom)) - 1)
    last = min(length, int(np.ceil((view - start) / zoom)) + 1)
    low, high = round(start + first * zoom), round(start + last * zoom)
    return (first, last, low, high) if first < last and low < high and high > 0 and low < view else None


def _blacken_beyond(grey: Grey, rows: slice, columns: slice) -> None:
    """Black where the film is not: 0 is a value like others, and its grey need not be black."""
    grey[: rows.start] = 0
    grey[rows.stop :] = 0
    grey[:, : columns.start] = 0
    grey[:, columns.stop :] = 0
