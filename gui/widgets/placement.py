"""Where a film lies in a canvas: the geometry between film pixels and pixels of the screen."""

from __future__ import annotations

from dataclasses import dataclass

from core.imaging.geometry import UPRIGHT, Affine, Turn, scaling, shift


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a film lies in a view of (rows, columns) device pixels.

    zoom: device pixels per film pixel. top, left: where the corner of the turned film lies, in whole device
    pixels, so that film pixels and device pixels have common edges. turn: from the film as read to what is shown.
    """

    rows: int
    columns: int
    zoom: float
    top: int
    left: int
    turn: Turn = UPRIGHT

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the view."""
        return self.rows, self.columns

    def view_to_film(self, shape: tuple[int, int]) -> Affine:
        """From device pixels of the view to the film as read, which has this shape."""
        to_turned = scaling(1 / self.zoom, 1 / self.zoom) @ shift(-self.top, -self.left)
        return self.turn.turned_to_original(shape) @ to_turned

    def box(self, shape: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the view that a film of this shape covers."""
        rows, columns = shape[::-1] if self.turn.transpose else shape
        bottom, right = self.top + round(rows * self.zoom), self.left + round(columns * self.zoom)
        return slice(max(0, self.top), max(0, bottom)), slice(max(0, self.left), max(0, right))

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
