"""What part of a film is looked at, and under which window: one View is shared by the radiograph and its twin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QSize, Signal

from core.imaging.geometry import UPRIGHT, Turn
from gui.widgets.film import Film, Placement

if TYPE_CHECKING:
    from core.imaging.grayscale import Voi, Window

_CLOSEST, _FARTHEST = 32.0, 0.02
ZOOM_STEP = 1.25


class View(QObject):
    """Centre and zoom in film pixels, the window, inversion. changed() is emitted after every change.

    Sizes and points are in device pixels of a canvas, so that zoom 1 is one film pixel to one screen pixel.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.film: Film | None = None
        self.voi: Voi | None = None
        self.inverted = False
        self.turn: Turn = UPRIGHT
        self._zoom: float | None = None
        self._centre = (0.0, 0.0)

    @property
    def fits(self) -> bool:
        """Whether the film follows the size of its canvas."""
        return self._zoom is None

    def show(self, film: Film | None) -> None:
        """Look at another film, as its file says, fitted."""
        self.film = film
        self.voi = film.radiograph.voi[0] if film is not None else None
        self.inverted = False
        self.turn = UPRIGHT
        self.fit()

    def turned(self, turn: Turn) -> None:
        self.turn = turn
        self.fit()

    def fit(self) -> None:
        self._zoom = None
        self.changed.emit()

    def zoom_to(self, zoom: float, size: QSize, anchor: QPointF | None = None) -> None:
        """Zoom so that what lies under the anchor (the middle, if none) stays there."""
        placement = self.placement(size)
        if placement is None:
            return
        anchor = anchor or QPointF(size.width() / 2, size.height() / 2)
        row = (anchor.y() - placement.top) / placement.zoom
        column = (anchor.x() - placement.left) / placement.zoom
        self._zoom = min(max(zoom, _FARTHEST), _CLOSEST)
        self._centre = (
            row + (size.height() / 2 - anchor.y()) / self._zoom,
            column + (size.width() / 2 - anchor.x()) / self._zoom,
        )
        self.changed.emit()

    def zoom_by(self, factor: float, size: QSize, anchor: QPointF | None = None) -> None:
        placement = self.placement(size)
        if placement is not None:
            self.zoom_to(placement.zoom * factor, size, anchor)

    def pan(self, by: QPointF, size: QSize) -> None:
        """Move the film by so many device pixels."""
        placement = self.placement(size)
        if placement is None:
            return
        self._take_hold(placement, size)
        row, column = self._centre
        self._centre = self._kept(row - by.y() / placement.zoom, column - by.x() / placement.zoom)
        self.changed.emit()

    def drag_window(self, by: QPointF) -> None:
        """Right is wider, down is darker: as far for every film, in parts of its own range."""

        window = self.window()
        if self.film is None or window is None:
            return
        # The step goes with the width, so that narrow windows can be set finely.
        step = max(window.width, 1.0) / 300
        down = -by.y() if self.film.radiograph.inverted != self.inverted else by.y()
        self.voi = replace(
            window, center=window.center + down * step, width=max(1.0, window.width + by.x() * step * 1.5), name="Own"
        )
        self.changed.emit()

    def window(self) -> Window | None:
        """The window in use; where the file has a table or none, the one that spans what it shows."""
        from core.imaging.grayscale import FullRange, Window

        if self.film is None or self.voi is None:
            return None
        if isinstance(self.voi, Window):
            return self.voi
        if isinstance(self.voi, FullRange):
            low, high = self.voi.low, self.voi.high
        else:
            low, high = float(self.voi.first), float(self.voi.first + len(self.voi.entries))
        return Window((low + high) / 2, max(1.0, high - low), "Own", "LINEAR_EXACT")

    def invert(self, inverted: bool) -> None:
        self.inverted = inverted
        self.changed.emit()

    def reset_window(self) -> None:
        """The file's own default window, not inverted."""
        self.voi = self.film.radiograph.voi[0] if self.film is not None else None
        self.inverted = False
        self.changed.emit()

    @property
    def turned_shape(self) -> tuple[int, int]:
        """Rows and columns of the film as it is turned now."""
        if self.film is None:
            return (1, 1)
        rows, columns = self.film.shape
        return (columns, rows) if self.turn.transpose else (rows, columns)

    def placement(self, size: QSize) -> Placement | None:
        """Where the film lies in a canvas of so many device pixels; None when there is nothing to place."""
        if self.film is None or size.isEmpty():
            return None
        rows, columns = self.turned_shape
        zoom = self._zoom or min(size.height() / rows, size.width() / columns)
        row, column = (rows / 2, columns / 2) if self._zoom is None else self._centre
        top, left = round(size.height() / 2 - row * zoom), round(size.width() / 2 - column * zoom)
        return Placement(size.height(), size.width(), zoom, top, left, self.turn)

    def _take_hold(self, placement: Placement, size: QSize) -> None:
        if self._zoom is None:
            self._zoom = placement.zoom
            rows, columns = self.turned_shape
            self._centre = (rows / 2, columns / 2)

    def _kept(self, row: float, column: float) -> tuple[float, float]:
        """The film may be pushed aside, not lost."""
        rows, columns = self.turned_shape
        return min(max(row, 0.0), float(rows)), min(max(column, 0.0), float(columns))
