"""A radiograph made ready for quick drawing: a pyramid of its stored values, a table to grey, its mask.

The arithmetic of the canvas stands here, so that the widgets do none. A Film is built on a process's reader thread
and used in the window's: a frame costs one crop and resize of what is visible, one table look-up and one QImage.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import UPRIGHT, Affine, Turn, inverse, scaling, shift

if TYPE_CHECKING:
    from core.imaging.grayscale import Voi
    from core.imaging.radiograph import Radiograph

Grey = NDArray[np.uint8]
Levels = tuple[NDArray[Any], ...]

_SMALLEST_LEVEL = 256
HEAT_STEP = 3


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a film lies in a view of (rows, columns) device pixels.

    zoom: device pixels per film pixel. top, left: where the corner of the turned film lies, in whole device
    pixels, so that film pixels and device pixels have common edges. turn: how the reader turned the film.
    """

    rows: int
    columns: int
    zoom: float
    top: int
    left: int
    turn: Turn = UPRIGHT

    def view_to_film(self, shape: tuple[int, int]) -> Affine:
        """From device pixels of the view to the film as read, which has this shape."""
        to_turned = scaling(1 / self.zoom, 1 / self.zoom) @ shift(-self.top, -self.left)
        return self.turn.turned_to_original(shape) @ to_turned

    def unturned(self, shape: tuple[int, int]) -> Placement:
        """The same view before the turn: where a film of this shape lies in it as read."""
        turned_rows, turned_columns = shape[::-1] if self.turn.transpose else shape
        top, left = self.top, self.left
        if self.turn.flip_rows:
            top = self.rows - top - round(turned_rows * self.zoom)
        if self.turn.flip_columns:
            left = self.columns - left - round(turned_columns * self.zoom)
        if self.turn.transpose:
            return Placement(self.columns, self.rows, self.zoom, left, top)
        return Placement(self.rows, self.columns, self.zoom, top, left)


@dataclass(slots=True, eq=False)
class Film:
    """A radiograph with what drawing it needs. shape: of the film as read (upright, square pixels).

    levels: its values, each half of the one before. masks: 255 where there is no picture; None where all of it is.
    """

    radiograph: Radiograph
    shape: tuple[int, int]
    levels: Levels
    masks: Levels | None
    _reshaped: tuple[Any, Levels] | None = field(default=None)
    _cut: tuple[Any, NDArray[Any], NDArray[np.bool_] | None] | None = field(default=None)

    def drawn(self, placement: Placement, voi: Voi, inverted: bool) -> Grey:
        """(rows, columns) uint8 for a view: the film under a window, black beyond it."""
        levels, table = self._table(voi)
        if inverted:
            table = 255 - table
        # Only the table changes while a window is dragged, and both canvases usually show the same cut.
        key = (placement, id(levels))
        if self._cut is None or self._cut[0] != key:
            plain = placement.unturned(self.shape)
            values = placement.turn.apply(_cut_out(levels, self.shape, plain))
            masked = placement.turn.apply(_cut_out(self.masks, self.shape, plain)) > 127 if self.masks else None
            self._cut = key, values, masked
        _key, values, masked = self._cut
        grey = _looked_up(table, values)
        if masked is not None:
            grey[masked] = 0
        _blacken_beyond(grey, placement, self.shape)
        return grey

    def value_at(self, row: float, column: float) -> float | None:
        """The modality value under a point of the film as read; None outside."""
        stored_row, stored_column, _one = self.radiograph.read_to_stored @ (row, column, 1.0)
        rows, columns = self.radiograph.shape
        if not (0 <= stored_row < rows and 0 <= stored_column < columns):
            return None
        stored = self.radiograph.stored[int(stored_row), int(stored_column)]
        return float(self.radiograph.modality.values(np.array([float(stored)]))[0])

    def _table(self, voi: Voi) -> tuple[Levels, Grey]:
        from core.imaging.grayscale import grey_table, rounded

        if self.radiograph.pixel_aspect != 1.0:
            # Reshaping pixels and looking up grey do not commute: what `render --as-read` gives is what is drawn.
            if self._reshaped is None or self._reshaped[0] != voi:
                self._reshaped = voi, pyramid(self.radiograph.as_read(voi))
            return self._reshaped[1], np.arange(256, dtype=np.uint8)
        stored = self.radiograph.stored.dtype
        table = rounded(grey_table(stored, self.radiograph.modality, voi, self.radiograph.inverted))
        return self.levels, np.roll(table, len(table) // 2) if stored.kind == "i" else table


def film(radiograph: Radiograph) -> Film:
    """Lay a radiograph down as read and build its pyramid."""
    upright = radiograph.upright.apply
    if radiograph.pixel_aspect != 1.0:
        shape = radiograph.as_read().shape
        return Film(radiograph, (shape[0], shape[1]), (), None)
    values = radiograph.stored.view(f"u{radiograph.stored.dtype.itemsize}")
    if radiograph.stored.dtype.kind == "i":
        # With the sign bit turned, the order of the numbers is that of the values, and averages are averages.
        values = values ^ values.dtype.type(1 << (values.dtype.itemsize * 8 - 1))
    masked = radiograph.masked
    masks = None
    if masked is not None:
        # Padding must not bleed into its neighbours when the film is shown smaller: it takes the darkest value inside.
        inside = values[~masked]
        darkest = (inside.max() if radiograph.inverted else inside.min()) if inside.size else 0
        values = np.where(masked, values.dtype.type(darkest), values)
        masks = pyramid(upright(np.where(masked, np.uint8(255), np.uint8(0))))
    laid = upright(values)
    return Film(radiograph, (laid.shape[0], laid.shape[1]), pyramid(laid), masks)


def pyramid(pixels: NDArray[Any]) -> Levels:
    """The picture and its halves, by area averages, down to about 256 pixels."""
    import cv2

    levels = [pixels]
    while min(levels[-1].shape) >= 2 * _SMALLEST_LEVEL:
        rows, columns = levels[-1].shape
        levels.append(cv2.resize(levels[-1], (columns // 2, rows // 2), interpolation=cv2.INTER_AREA))
    return tuple(levels)


def heat(
    values: NDArray[np.float32], grid_to_stored: Affine, film: Film, placement: Placement, strength: float
) -> Grey:
    """One class map over a view as RGBA, (rows, columns, 4), transparent where nothing is positive.

    It has one pixel for HEAT_STEP × HEAT_STEP of the view's: a map is far coarser than that, and the painter
    smooths it while drawing.
    """
    from core.imaging.paint import painted, spread_over

    size = -(-placement.rows // HEAT_STEP), -(-placement.columns // HEAT_STEP)
    film_to_view = inverse(placement.view_to_film(film.shape))
    stored_to_film = inverse(film.radiograph.read_to_stored)
    grid_to_small = scaling(1 / HEAT_STEP, 1 / HEAT_STEP) @ film_to_view @ stored_to_film @ grid_to_stored
    return painted(spread_over(values, grid_to_small, size), strength)


def warm_up() -> None:
    """Import what drawing needs ahead of the first film; on a reader thread, after the first paint."""
    from core.imaging.paint import colours

    # By name: a static import would draw a chain from the window to the decoders behind core.imaging.sources.
    importlib.import_module("core.imaging.radiograph")
    colours()


def _cut_out(levels: Levels, shape: tuple[int, int], placement: Placement) -> NDArray[Any]:
    """What of a film of this shape lies in an unturned view, resized to the view's pixels; 0 beyond it."""
    import cv2

    view = np.zeros((placement.rows, placement.columns), levels[0].dtype)
    # The coarsest level that still has a pixel for every device pixel.
    index = int(np.clip(np.floor(np.log2(max(1.0, 1 / placement.zoom))), 0, len(levels) - 1))
    level = levels[index]
    rows = _span(placement.top, placement.zoom * shape[0] / level.shape[0], placement.rows, level.shape[0])
    columns = _span(placement.left, placement.zoom * shape[1] / level.shape[1], placement.columns, level.shape[1])
    if rows is None or columns is None:
        return view
    (r0, r1, top, bottom), (c0, c1, left, right) = rows, columns
    cut = level[r0:r1, c0:c1]
    size = right - left, bottom - top
    if cut.shape != size[::-1]:
        shrinks = size[0] <= cut.shape[1] and size[1] <= cut.shape[0]
        cut = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    inside = slice(max(top, 0), min(bottom, placement.rows)), slice(max(left, 0), min(right, placement.columns))
    view[inside] = cut[inside[0].start - top : inside[0].stop - top, inside[1].start - left : inside[1].stop - left]
    return view


def _span(start: int, zoom: float, view: int, length: int) -> tuple[int, int, int, int] | None:
    """Along one axis: the pixels of the level that the view shows, one more on each side, and where they lie in it."""
    first = max(0, int(np.floor(-start / zoom)) - 1)
    last = min(length, int(np.ceil((view - start) / zoom)) + 1)
    low, high = round(start + first * zoom), round(start + last * zoom)
    return (first, last, low, high) if first < last and low < high and high > 0 and low < view else None


def _blacken_beyond(grey: Grey, placement: Placement, shape: tuple[int, int]) -> None:
    """Black where the film is not: 0 is a value like others, and its grey need not be black."""
    rows, columns = shape[::-1] if placement.turn.transpose else shape
    bottom, right = placement.top + round(rows * placement.zoom), placement.left + round(columns * placement.zoom)
    grey[: max(0, placement.top)] = 0
    grey[max(0, bottom) :] = 0
    grey[:, : max(0, placement.left)] = 0
    grey[:, max(0, right) :] = 0


def _looked_up(table: Grey, values: NDArray[Any]) -> Grey:
    import cv2

    grey: Grey = cv2.LUT(values, table)
    return grey
