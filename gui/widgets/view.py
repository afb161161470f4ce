"""What part of a film is looked at, and under which window: one View is shared by the radiograph and its twin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QSize, Signal

from core.imaging.geometry import UPRIGHT, Turn, inverse
from gui.widgets.film import Film
from gui.widgets.letters import Letters, letters
from gui.widgets.placement import Placement

if TYPE_CHECKING:
    from core.imaging.grayscale import Voi, Window

_CLOSEST, _FARTHEST = 32.0, 0.02
ZOOM_STEP = 1.25


class View(QObject):
    """Centre and zoom in film pixels, the window, inversion, turns. changed() is emitted after every change.

    Sizes and points are in device pixels of a canvas, so that zoom 1 is one film pixel to one screen pixel.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.film: Film | None = None
        self.voi: Voi | None = None
        self.inverted = False
        # First what was declared of the film, which the networks see too; then the reader's own, on the screen only.
        self.declared: Turn = UPRIGHT
        self.own: Turn = UPRIGHT
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
        self.declared = self.own = UPRIGHT
        self.fit()

    @property
    def turn(self) -> Turn:
        """From the film as read to what is shown."""
        return self.declared.then(self.own)

    def corrected(self, turn: Turn) -> None:
        """Show the film under the turn that was declared of it; the reader's own comes after that."""
        self._turn(turn, self.own)

    def turn_by(self, turn: Turn) -> None:
        """Turn what is shown, on the screen only."""
        self._turn(self.declared, self.own.then(turn))

    @property
    def letters(self) -> Letters | None:
        """The patient's sides at the edges of what is shown; None where the file does not say.

        They follow the reader's own turn, not a declared one: that says the film lies wrong in its file, and puts it
        where the letters say.
        """
        found = letters(self.film.radiograph) if self.film is not None else None
        return found.turned(self.own) if found is not None else None

    @property
    def presets(self) -> tuple[Voi, ...]:
        """The file's own windows and tables, the default first."""
        return self.film.radiograph.voi if self.film is not None else ()

    def use(self, voi: Voi) -> None:
        self.voi = voi
        self.changed.emit()

    def next_preset(self) -> None:
        """The file's next window or table; after one's own, the default."""
        if presets := self.presets:
            places = [index for index, one in enumerate(presets) if one is self.voi]
            self.use(presets[(places[0] + 1) % len(presets) if places else 0])

    def restore(self) -> None:
        """Window, the reader's own turn, size and place as the file says; what was declared stays."""
        self.own = UPRIGHT
        self.voi = self.presets[0] if self.presets else None
        self.inverted = False
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

    def _turn(self, declared: Turn, own: Turn) -> None:
        """Turn, and keep what is in the middle there."""
        if self.film is not None:
            row, column = self._centre
            to_film = self.turn.turned_to_original(self.film.shape)
            from_film = inverse(declared.then(own).turned_to_original(self.film.shape))
            row, column, _one = from_film @ to_film @ (row, column, 1.0)
            self._centre = float(row), float(column)
        self.declared, self.own = declared, own
        self.changed.emit()

    def _take_hold(self, placement: Placement, size: QSize) -> None:
        if self._zoom is None:
            self._zoom = placement.zoom
            rows, columns = self.turned_shape
            self._centre = (rows / 2, columns / 2)

    def _kept(self, row: float, column: float) -> tuple[float, float]:
        """The film may be pushed aside, not lost."""
        rows, columns = self.turned_shape
        return min(max(row, 0.0), float(rows)), min(max(column, 0.0), float(columns))
