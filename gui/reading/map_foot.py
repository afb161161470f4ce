"""The foot of the heatmap: what its colours mean, how strong they are, and all choices in one menu."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSlider, QWidget

from gui.commands import Actions
from gui.reading.heatmap import ENSEMBLE, LEAST_OPACITY, OPACITY_STEP, Heatmap
from gui.widgets.choices import MenuButton, offer
from gui.widgets.colour_bar import ColourBar
from gui.widgets.foot import Foot
from gui.widgets.labels import plain

_SLIDER_WIDTH, _PERCENT_WIDTH = 72, 36
# Narrower than this the words on the colour bar need the room; the keys and the menu remain.
_SLIDER_FROM, _CONTOUR_FROM = 360, 480


class MapFoot(Foot):
    """Follows a Heatmap."""

    def __init__(self, actions: Actions, heatmap: Heatmap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions, self._heatmap = actions, heatmap
        self.bar = ColourBar()
        self._contour = actions.button("findings.contour")
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(LEAST_OPACITY, 100)
        self._opacity.setPageStep(OPACITY_STEP)
        self._opacity.setFixedWidth(_SLIDER_WIDTH)
        self._opacity.setAccessibleName("Opacity of the heatmap")
        self._opacity.setToolTip("Opacity of the heatmap ([ and ])")
        self._opacity.valueChanged.connect(heatmap.set_opacity)
        self._percent = plain("", "label")
        self._percent.setFixedWidth(_PERCENT_WIDTH)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.add(actions.button("findings.heatmap"))
        self.add(self._contour)
        choices = MenuButton("What the heatmap shows", self._offer, "layers")
        self.menu = choices.menu()
        self.add(choices)
        self.add(self.bar, 1)
        self.add(self._opacity)
        self.add(self._percent)
        heatmap.changed.connect(self._tell)
        self._tell()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        width = event.size().width()
        self._contour.setVisible(width >= _CONTOUR_FROM)
        for part in (self._opacity, self._percent):
            part.setVisible(width >= _SLIDER_FROM)

    def _tell(self) -> None:
        heatmap = self._heatmap
        self.bar.say(heatmap.meaning, heatmap.source, heatmap.style.floor, heatmap.style.contour)
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(heatmap.opacity)
        self._percent.setText(f"{heatmap.opacity} %")
        self._opacity.setEnabled(not heatmap.style.contour)

    def _offer(self, menu: QMenu) -> None:
        heatmap = self._heatmap
        classes = heatmap.maps.classes if heatmap.maps is not None else ()
        finding, member = menu.addMenu("Finding"), menu.addMenu("Whose map")
        offer(finding, [(heatmap.title(n), n == heatmap.chosen, lambda n=n: heatmap.choose(n)) for n in classes])
        everyone = [(ENSEMBLE, "All members together"), *((name, name) for name in heatmap.members)]
        offer(member, [(t, n == heatmap.member, lambda n=n: heatmap.choose_member(n)) for n, t in everyone])
        for part in (finding, member):
            part.setEnabled(heatmap.maps is not None)
        for verb in ("alone", "heatmap", "contour"):
            # A tick says whether it holds; an icon in its place would hide that.
            self._actions[f"findings.{verb}"].setIconVisibleInMenu(False)
        menu.addAction(self._actions["findings.alone"])
        menu.addSeparator()
        for verb in ("heatmap", "contour", "fainter", "stronger", "less", "more"):
            menu.addAction(self._actions[f"findings.{verb}"])
