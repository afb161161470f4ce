"""Which class map of a film is shown, and how: finding, member, kind, colours or contours. Nothing here draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence

from gui.commands import Actions
from gui.reading import words
from gui.widgets.heat import CONTOURS, Layer, Style

if TYPE_CHECKING:
    from core.inference.assessment import Maps

OPACITY: Final = 45
OPACITY_STEP: Final = 10
LEAST_OPACITY: Final = 5
FLOOR_STEP: Final = 10
_HIGHEST_FLOOR = 90
ENSEMBLE: Final = ""


class Heatmap(QObject):
    """The commands of the map end here. changed(): it is to be drawn anew. finding(str): another class was chosen.

    member: whose map it is; ENSEMBLE is all of them together. alone: the class alone instead of against the rest,
    which there is of the ensemble only. opacity, floor: percent.
    """

    changed = Signal()
    finding = Signal(str)

    def __init__(self, actions: Actions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.maps: Maps | None = None
        self.title: Callable[[str], str] = str
        self.chosen = ""
        self.member = ENSEMBLE
        self.alone = False
        self.opacity, self.floor = OPACITY, 0
        self._layer: Layer | None = None
        actions["findings.heatmap"].setChecked(True)
        self._wire()

    def put(self, maps: Maps | None, finding: str, title: Callable[[str], str]) -> None:
        """The class maps of another film, and which class to begin with."""
        self.maps, self.title, self.chosen = maps, title, finding
        if self.member not in self.members:
            self.member = ENSEMBLE
        self.alone = self.alone and maps is not None and maps.plain is not None
        self._tell()

    @property
    def members(self) -> tuple[str, ...]:
        """Whose maps there are, beside the ensemble's."""
        return tuple(self.maps.members) if self.maps is not None else ()

    def choose(self, name: str) -> None:
        """Show another class."""
        if self.maps is not None and name in self.maps.classes:
            self.chosen = name
            self._actions["findings.heatmap"].setChecked(True)
            self._tell()
            self.finding.emit(name)

    def choose_member(self, member: str) -> None:
        """Show the map of one member, or of all together (ENSEMBLE)."""
        self.member, self.alone = member, False
        self._tell()

    def set_alone(self, alone: bool) -> None:
        """The class alone (plain Grad-CAM), or against the rest."""
        # Without it the box must not stay ticked.
        self.alone = alone and self.maps is not None and self.maps.plain is not None
        self.member = ENSEMBLE if self.alone else self.member
        self._tell()

    def set_opacity(self, percent: int) -> None:
        self.opacity = min(max(percent, LEAST_OPACITY), 100)
        self.changed.emit()

    def set_floor(self, percent: int) -> None:
        self.floor = min(max(percent, 0), _HIGHEST_FLOOR)
        self.changed.emit()

    @property
    def layer(self) -> Layer | None:
        """What is to be drawn; None when nothing is."""
        return self._layer if self.is_shown and not self.remark else None

    @property
    def style(self) -> Style:
        return Style(self.opacity / 100, self.floor / 100, self._actions["findings.contour"].isChecked())

    @property
    def is_shown(self) -> bool:
        return self._actions["findings.heatmap"].isChecked()

    @property
    def source(self) -> str:
        """Whose map it is, in a word."""
        return self.member or "ensemble"

    @property
    def meaning(self) -> str:
        """What the colours speak for; empty where nothing is drawn."""
        return self._spoken("Speaks") if self.layer is not None else ""

    @property
    def remark(self) -> str:
        """Why nothing is drawn, in a sentence; empty where something is, or where there are no maps."""
        if self._layer is None:
            return ""
        if not self.is_shown:
            keys = self._actions["findings.heatmap"].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            return f"Heatmap hidden ({keys})" if keys else "Heatmap hidden"
        strongest = float(self._layer.values.max())
        if strongest <= 0:
            whose = f"For {self.member}, nothing" if self.member else "Nothing"
            return f"{whose} in the film {self._spoken('speaks')}."
        style = self.style
        least = CONTOURS[0] if style.contour else style.floor
        return f"No place reaches {least * 100:.0f} % of the scale." if strongest < least else ""

    def _spoken(self, verb: str) -> str:
        title = words.in_sentence(self.title(self.chosen))
        return f"{verb} for {title} taken alone" if self.alone else f"{verb} for {title} rather than the rest"

    def _values(self) -> NDArray[np.float32] | None:
        maps = self.maps
        if maps is None or self.chosen not in maps.classes:
            return None
        values = maps.plain if self.alone else maps.members[self.member] if self.member else maps.values
        return values[maps.classes.index(self.chosen)] if values is not None else None

    def _tell(self) -> None:
        values = self._values()
        self._layer = Layer(values, self.maps.grid_to_stored) if self.maps is not None and values is not None else None
        self._actions["findings.alone"].setChecked(self.alone)
        self.changed.emit()

    def _wire(self) -> None:
        does, actions = self._actions.does, self._actions
        does("findings.heatmap", self.changed.emit)
        does("findings.contour", self.changed.emit)
        does("findings.next", self._next_class)
        does("findings.member", self._next_member)
        does("findings.alone", lambda: self.set_alone(actions["findings.alone"].isChecked()))
        does("findings.fainter", lambda: self.set_opacity(self.opacity - OPACITY_STEP))
        does("findings.stronger", lambda: self.set_opacity(self.opacity + OPACITY_STEP))
        does("findings.less", lambda: self.set_floor(self.floor + FLOOR_STEP))
        does("findings.more", lambda: self.set_floor(self.floor - FLOOR_STEP))

    def _next_class(self) -> None:
        if self.maps is not None and self.maps.classes:
            classes = self.maps.classes
            index = classes.index(self.chosen) if self.chosen in classes else -1
            self.choose(classes[(index + 1) % len(classes)])

    def _next_member(self) -> None:
        everyone = (ENSEMBLE, *self.members)
        self.choose_member(everyone[(everyone.index(self.member) + 1) % len(everyone)])
