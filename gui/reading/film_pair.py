"""The radiograph and, beside it, the same film under the heatmap. Made when the first film is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from core.imaging.geometry import MIRROR, clockwise
from gui.commands import Actions
from gui.preferences import Preferences
from gui.reading.demographics import corners
from gui.reading.film_foot import FilmFoot
from gui.reading.heatmap import ENSEMBLE, Heatmap
from gui.reading.map_foot import MapFoot
from gui.widgets.canvas import Canvas
from gui.widgets.film import Film
from gui.widgets.view import ZOOM_STEP, View

if TYPE_CHECKING:
    from core.inference.assessment import Maps

# Narrower than this, radiograph and heatmap share one view, and the heatmap's key toggles the map.
TWIN_FROM = 620
_OVERLAY = "overlay"


class FilmPair(QWidget):
    """Two canvases with one View, and their feet. Commands that concern the picture end here.

    preferences: keep whether the patient's data stand on the film.
    """

    def __init__(self, actions: Actions, preferences: Preferences | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions, self._preferences = actions, preferences
        self.view = View(self)
        self.heatmap = Heatmap(actions, self)
        self.film_canvas = Canvas(self.view, "Radiograph", self)
        self.twin = Canvas(self.view, "Where the ensemble looked", self)
        self.film_foot = FilmFoot(actions, self.view, self.film_canvas)
        self.map_foot = MapFoot(actions, self.heatmap)
        self._grid = QGridLayout(self)
        self._is_pair = False
        self._lay_out()
        self._wire()

    def show_film(self, film: Film) -> None:
        """A film as its file says, fitted, without a map."""
        self.view.show(film)
        self.put_maps(None, "", str)
        self.remark("")
        self._write()

    def show_nothing(self) -> None:
        """No film and no map."""
        self.view.show(None)
        self.put_maps(None, "", str)
        self.remark("")

    def remark(self, sentence: str) -> None:
        """A line at the foot of the film under the heatmap."""
        self.twin.say(sentence)
        self.film_canvas.say("" if self._is_pair else sentence)

    def put_maps(self, maps: Maps | None, finding: str, titles: Callable[[str], str]) -> None:
        """The class maps of the film that is shown, and which class to begin with."""
        self.heatmap.put(maps, finding, titles)

    @property
    def meaning(self) -> str:
        """What the colour bar says."""
        return self.map_foot.bar.accessibleName()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        # Both canvases have the same width to the pixel, so that both show the film at the same place and zoom.
        self._grid.setHorizontalSpacing(1 + (event.size().width() + 1) % 2)
        self._grid.activate()
        if (event.size().width() >= TWIN_FROM) != self._is_pair:
            self._arrange(pair=not self._is_pair)
            self._draw_map()

    def _draw_map(self) -> None:
        heatmap = self.heatmap
        layer, style = heatmap.layer, heatmap.style
        self.twin.put(layer, style)
        self.film_canvas.put(None if self._is_pair else layer, style)
        self._write()
        if heatmap.maps is not None:
            self.remark(heatmap.remark)

    def _write(self) -> None:
        """Whose film it is, where its file says so and the reader wants it; and whose map lies over it."""
        heatmap = self.heatmap
        whose = "the ensemble" if heatmap.member == ENSEMBLE else heatmap.member
        looked = f"Where {whose} looked"
        left: tuple[str, ...] = ()
        right: tuple[str, ...] = ()
        if self.view.film is not None and self._actions["view.patient"].isChecked():
            left, right = corners(self.view.film.radiograph.facts)
        if not self._is_pair and heatmap.layer is not None:
            left = (*left, looked)
        self.film_canvas.write(left or ("Radiograph",), right)
        self.twin.write((looked,))

    def _toggle_patient(self) -> None:
        if self._preferences is not None:
            self._preferences.put(_OVERLAY, self._actions["view.patient"].isChecked())
        self._write()

    def _wire(self) -> None:
        view, canvas, actions = self.view, self.film_canvas, self._actions
        does = actions.does
        does("film.fit", view.fit)
        does("film.actual", lambda: view.zoom_to(1.0, canvas.device_size))
        does("film.larger", lambda: view.zoom_by(ZOOM_STEP, canvas.device_size))
        does("film.smaller", lambda: view.zoom_by(1 / ZOOM_STEP, canvas.device_size))
        does("film.preset", view.next_preset)
        does("film.invert", lambda: view.invert(actions["film.invert"].isChecked()))
        does("film.reset", view.reset_window)
        does("film.right", lambda: view.turn_by(clockwise(90)))
        does("film.left", lambda: view.turn_by(clockwise(270)))
        does("film.flip", lambda: view.turn_by(MIRROR))
        does("film.restore", view.restore)
        does("view.patient", self._toggle_patient)
        stated = True if self._preferences is None else bool(self._preferences.value(_OVERLAY, True))
        actions["view.patient"].setChecked(stated)
        view.changed.connect(lambda: actions["film.invert"].setChecked(view.inverted))
        self.heatmap.changed.connect(self._draw_map)
        for one in (self.film_canvas, self.twin):
            one.pointed.connect(self.film_foot.point)
        self._draw_map()

    def _lay_out(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(0)
        self._grid.setRowStretch(0, 1)
        for widget in (self.film_canvas, self.twin, self.film_foot, self.map_foot):
            # Equal halves whatever the feet would like to have.
            widget.setSizePolicy(QSizePolicy.Policy.Ignored, widget.sizePolicy().verticalPolicy())
        self._arrange(pair=True)

    def _arrange(self, *, pair: bool) -> None:
        """Side by side, or one canvas over both feet."""
        self._is_pair = pair
        self._grid.addWidget(self.film_canvas, 0, 0)
        self._grid.addWidget(self.film_foot, 1, 0)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1 if pair else 0)
        if pair:
            self._grid.addWidget(self.twin, 0, 1)
            self._grid.addWidget(self.map_foot, 1, 1)
        else:
            self._grid.addWidget(self.map_foot, 2, 0)
        # Not before it has a parent: it would be a window of its own for a moment.
        self.twin.setVisible(pair)
