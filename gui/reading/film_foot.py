"""The foot of the radiograph: its buttons, the windows of its file, and the readout."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from gui.commands import Actions
from gui.reading.readout import look_of, place_of, size_of
from gui.widgets.canvas import Canvas
from gui.widgets.choices import MenuButton, offer
from gui.widgets.foot import Foot
from gui.widgets.labels import Shortened
from gui.widgets.view import View

# Buttons stand in the order of their use, each with the width of the foot from which on it is shown: the readout
# comes first, and everything is in the menu and has a key.
_BUTTONS = {"fit": 0, "actual": 0, "invert": 340, "right": 480, "flip": 480, "left": 560, "reset": 560, "restore": 620}
_PRESET_WIDTH = 92
# Below this the reading column has no room for a window's name beside it.
_PRESET_FROM = 300


class FilmFoot(Foot):
    """Follows a View and the pointer on its canvases."""

    def __init__(self, actions: Actions, view: View, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view, self._canvas, self._next = view, canvas, actions["film.preset"]
        self._buttons: list[tuple[QToolButton, int]] = []
        for verb, width in _BUTTONS.items():
            button = actions.button(f"film.{verb}")
            self._buttons.append((button, width))
            self.add(button)
        self._preset = MenuButton("Windows of the file", self._offer_presets)
        self.add(self._preset)
        self._look, self._place = Shortened("label"), Shortened("label")
        self._look.setAccessibleName("Window and zoom")
        self._place.setAccessibleName("Value and place under the pointer")
        self.stack(self._look, self._place)
        self._at: tuple[float, float] | None = None
        view.changed.connect(self._tell)
        self._tell()

    def point(self, row: float | None, column: float | None) -> None:
        """What is under the pointer, as a point of the film as read."""
        self._at = (row, column) if row is not None and column is not None else None
        self._tell_place()

    @property
    def words(self) -> str:
        """All that it says."""
        return "\n".join(part for part in (self._preset.toolTip(), self._look.words, self._place.words) if part)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        for button, width in self._buttons:
            button.setVisible(event.size().width() >= width)
        self._tell()

    def _tell(self) -> None:
        placement = self._view.placement(self._canvas.device_size)
        presets, voi = self._view.presets, self._view.voi
        name = voi.name if voi is not None else ""
        self._preset.setVisible(len(presets) > 1 and self.width() >= _PRESET_FROM)
        self._preset.say(name, _PRESET_WIDTH)
        self._preset.setToolTip(f"Window: {name}\n{self._next.toolTip()}" if name else "")
        self._look.say(look_of(self._view, placement) if placement is not None else "")
        self._tell_place()

    def _tell_place(self) -> None:
        film = self._view.film
        words = ""
        if film is not None and self._at is not None:
            words = place_of(film.radiograph, film.value_at(*self._at), *self._at)
        elif film is not None:
            words = size_of(film.radiograph)
        self._place.say(words)

    def _offer_presets(self, menu: QMenu) -> None:
        view = self._view
        offer(menu, [(voi.name, voi is view.voi, lambda voi=voi: view.use(voi)) for voi in view.presets])
