"""The radiograph and, beside it, the same film under the heatmap; or the placard that says why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.commands import Actions
from gui.reading import words
from gui.widgets.canvas import Canvas, Layer
from gui.widgets.colour_bar import ColourBar
from gui.widgets.film import Film
from gui.widgets.labels import plain
from gui.widgets.placard import Placard
from gui.widgets.view import ZOOM_STEP, View

if TYPE_CHECKING:
    from core.inference.assessment import Maps

# Narrower than this, radiograph and heatmap share one view, and the heatmap's key toggles the map.
TWIN_FROM = 620
OPACITY, OPACITY_STEP = 45, 10
_FOOTER = 38


class FilmArea(QStackedWidget):
    """Two canvases with one View, their footers, and the placard. Commands that concern the picture end here.

    finding(str): the class on the heatmap changed.
    """

    finding = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.view = View(self)
        self.film_canvas = Canvas(self.view, "Radiograph")
        self.twin = Canvas(self.view, "Where the ensemble looked")
        self.placard = Placard()
        self._maps: Maps | None = None
        self._titles: Callable[[str], str] = lambda name: name
        self._class = ""
        self._reading = plain("", "label")
        self._reading.setFont(theme.font(theme.LABEL))
        self._reading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._bar = ColourBar()
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._twin_side = self._side(self.twin, self._twin_footer())
        self.addWidget(self.placard)
        self.addWidget(self._pair())
        self.view.changed.connect(self._tell)
        self.film_canvas.pointed.connect(self._tell)
        self.twin.pointed.connect(self._tell)
        self._wire()
        self._tell()

    def show_film(self, film: Film) -> None:
        """A film as its file says, fitted, without a map."""
        self.view.show(film)
        self.put_maps(None, "", lambda name: name)
        self.remark("")
        self.setCurrentIndex(1)

    def show_placard(self) -> Placard:
        """No film; the caller says why on the placard."""
        self.view.show(None)
        self.put_maps(None, "", lambda name: name)
        self.setCurrentIndex(0)
        return self.placard

    def remark(self, sentence: str, *, sides: str = "") -> None:
        """A line at the foot of the twin, and whether sides are known on both."""
        self.film_canvas.say(sides or self.film_canvas.sides, "")
        self.twin.say(sides or self.twin.sides, sentence)

    def put_maps(self, maps: Maps | None, finding: str, titles: Callable[[str], str]) -> None:
        """The class maps of the film that is shown, and which class to begin with."""
        self._maps, self._titles, self._class = maps, titles, finding
        self._draw_map()

    def choose(self, name: str) -> None:
        """Show another class on the heatmap."""
        if self._maps is not None and name in self._maps.classes:
            self._class = name
            self._actions["findings.heatmap"].setChecked(True)
            self._draw_map()
            self.finding.emit(name)

    @property
    def chosen(self) -> str:
        return self._class

    @property
    def meaning(self) -> str:
        """What the colour bar says."""
        return self._bar.accessibleName()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        # Both canvases have the same width to the pixel, so that both show the film at the same place and zoom.
        self._row.setSpacing(1 + (event.size().width() + 1) % 2)
        twin = event.size().width() >= TWIN_FROM
        if twin != self._twin_side.isVisibleTo(self):
            self._twin_side.setVisible(twin)
            self._draw_map()

    def _draw_map(self) -> None:
        shown = self._actions["findings.heatmap"].isChecked()
        strength = self._opacity.value() / 100
        layer = None
        if self._maps is not None and self._class in self._maps.classes:
            values = self._maps.values[self._maps.classes.index(self._class)]
            title = words.in_sentence(self._titles(self._class))
            if float(values.max()) <= 0:
                self._bar.say("")
                self.remark(f"Nothing in the film speaks for {title} rather than the rest.")
            else:
                layer = Layer(values, self._maps.grid_to_stored)
                self._bar.say(f"Speaks for {title} rather than the rest")
                self.remark("" if shown else "Heatmap hidden (H)")
        else:
            self._bar.say("")
        layer = layer if shown else None
        self.twin.put(layer, strength)
        self.film_canvas.put(None if self._twin_side.isVisibleTo(self) else layer, strength)

    def _tell(self, row: float | None = None, column: float | None = None) -> None:
        film, window = self.view.film, self.view.window()
        placement = self.view.placement(self.film_canvas.device_size)
        if film is None or window is None or placement is None:
            self._reading.setText("")
            return
        parts = [f"C {window.center:.0f}  W {window.width:.0f}"]
        if self.view.inverted:
            parts.append("inverted")
        parts.append(f"{placement.zoom * 100:.0f} %" + (" fit" if self.view.fits else ""))
        value = film.value_at(row, column) if row is not None and column is not None else None
        if value is not None:
            parts.append(f"value {value:.0f}")
        self._reading.setText("  ·  ".join(parts))

    def _wire(self) -> None:
        view, canvas = self.view, self.film_canvas
        does = self._actions.does
        does("film.fit", view.fit)
        does("film.actual", lambda: view.zoom_to(1.0, canvas.device_size))
        does("film.larger", lambda: view.zoom_by(ZOOM_STEP, canvas.device_size))
        does("film.smaller", lambda: view.zoom_by(1 / ZOOM_STEP, canvas.device_size))
        does("film.invert", lambda: view.invert(self._actions["film.invert"].isChecked()))
        does("film.reset", view.reset_window)
        does("findings.heatmap", self._draw_map)
        does("findings.next", self._next_class)
        does("findings.fainter", lambda: self._opacity.setValue(self._opacity.value() - OPACITY_STEP))
        does("findings.stronger", lambda: self._opacity.setValue(self._opacity.value() + OPACITY_STEP))
        view.changed.connect(lambda: self._actions["film.invert"].setChecked(view.inverted))

    def _next_class(self) -> None:
        if self._maps is not None and self._maps.classes:
            classes = self._maps.classes
            index = classes.index(self._class) if self._class in classes else -1
            self.choose(classes[(index + 1) % len(classes)])

    def _pair(self) -> QWidget:
        pair = QWidget()
        self._row = row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._side(self.film_canvas, self._film_footer()), 1)
        row.addWidget(self._twin_side, 1)
        return pair

    def _side(self, canvas: Canvas, footer: QWidget) -> QWidget:
        side = QWidget()
        # Equal halves whatever the footers would like to have.
        side.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(canvas, 1)
        column.addWidget(footer)
        return side

    def _film_footer(self) -> QWidget:
        buttons = [self._actions.button(f"film.{verb}") for verb in ("fit", "actual", "invert", "reset")]
        return _footer([*buttons, self._reading])

    def _twin_footer(self) -> QWidget:
        self._opacity.setRange(5, 100)
        self._opacity.setValue(OPACITY)
        self._opacity.setPageStep(OPACITY_STEP)
        self._opacity.setFixedWidth(88)
        self._opacity.setAccessibleName("Opacity of the heatmap")
        self._opacity.setToolTip("Opacity of the heatmap ([ and ])")
        percent = plain(f"{OPACITY} %", "label")
        percent.setFixedWidth(36)
        percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._opacity.valueChanged.connect(lambda value: percent.setText(f"{value} %"))
        self._opacity.valueChanged.connect(self._draw_map)
        self._actions["findings.heatmap"].setChecked(True)
        return _footer([self._actions.button("findings.heatmap"), self._bar, self._opacity, percent])


def _footer(widgets: Sequence[QWidget]) -> QWidget:
    footer = QFrame()
    footer.setProperty("panel", True)
    footer.setFixedHeight(_FOOTER)
    row = QHBoxLayout(footer)
    row.setContentsMargins(theme.SPACE[1], 0, theme.SPACE[2], 0)
    row.setSpacing(theme.SPACE[0])
    for widget in widgets:
        if isinstance(widget, QToolButton):
            widget.setIconSize(QSize(theme.ICON, theme.ICON))
        row.addWidget(widget, 0 if isinstance(widget, QToolButton | QSlider) else 1)
    return footer
