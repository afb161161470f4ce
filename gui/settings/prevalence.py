"""How frequent the classes are at this site: percent fields that say what is missing to 100."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from core.inference.prevalence import stated_mix
from gui import theme
from gui.services import Services
from gui.settings.percent import Percent
from gui.settings.section import button
from gui.widgets.labels import plain

_STEP = 0.1


class PrevalenceFields(QWidget):
    """Keeps the preference prevalence/BUNDLE: {class: share}, or nothing."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = services.preferences
        self._bundle = ""
        self._mix: Mapping[str, float] = {}
        self._titles: Mapping[str, str] = {}
        self.fields: dict[str, Percent] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.SPACE[1], 0, 0)
        column.setSpacing(theme.SPACE[1])
        column.addWidget(plain("How frequent the findings are here", "strong"))
        self.words = plain(
            "Probabilities hold for a mix of films. With the shares of this site they are re-weighted where they are "
            "shown, and it is said there. Whether a film is referred does not change: the operating point was picked "
            "on probabilities as they are.",
            "quiet",
            wrap=True,
        )
        column.addWidget(self.words)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.SPACE[2])
        self._grid.setVerticalSpacing(theme.SPACE[0])
        self._grid.setColumnStretch(3, 1)
        self._grid.setColumnMinimumWidth(2, theme.SPACE[3])
        column.addLayout(self._grid)
        self.sum = plain("", wrap=True)
        column.addWidget(self.sum)
        self.use, self.forget = button("Use these shares", "primary"), button("Forget them")
        self.use.clicked.connect(self._keep)
        self.forget.clicked.connect(self._forget)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addWidget(self.use)
        row.addWidget(self.forget)
        row.addStretch(1)
        column.addLayout(row)

    def about(self, bundle: Mapping[str, Any]) -> None:
        """The classes and the mix of the bundle in use; hides itself where its mix is not stated."""
        mix = stated_mix(bundle.get("class_mix") or {})
        self.setVisible(bool(mix))
        if not mix or (bundle["name"] == self._bundle and mix == self._mix):
            return
        self._bundle, self._mix, self._titles = str(bundle["name"]), mix, bundle["titles"]
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.fields = {}
        for place, name in enumerate(self._titles):
            self._add(place, name)
        self._show()

    @property
    def _kept(self) -> Mapping[str, float] | None:
        kept = self._preferences.value(f"prevalence/{self._bundle}")
        return kept if isinstance(kept, dict) and kept.keys() == self.fields.keys() else None

    @property
    def _sum(self) -> float:
        return round(sum(field.value for field in self.fields.values()), 1)

    @property
    def _is_whole(self) -> bool:
        # Thirds cannot be written with one digit.
        return abs(self._sum - 100) <= _STEP / 2 * len(self.fields)

    def _add(self, place: int, name: str) -> None:
        field = Percent()
        title = str(self._titles.get(name, name))
        field.setAccessibleName(f"{title} at this site, percent")
        label = plain(title)
        label.setBuddy(field)
        count = self._mix.get(name, 0)
        here = f"{100 * count / sum(self._mix.values()):.0f} % of the films that the probabilities hold for"
        if not count:
            # Nothing can be said of a class that was never seen.
            field.setEnabled(False)
            here = "none among the films that the probabilities hold for"
        field.changed.connect(self._tell)
        self.fields[name] = field
        for column, widget in enumerate((label, field, plain("%"), plain(here, "quiet"))):
            self._grid.addWidget(widget, place, column)

    @property
    def _stated(self) -> dict[str, float]:
        """The shares that the probabilities hold for."""
        total = sum(self._mix.values())
        return {name: self._mix.get(name, 0) / total for name in self.fields}

    def _show(self) -> None:
        shares = self._kept or self._stated
        for name, field in self.fields.items():
            field.blockSignals(True)
            field.show_value(100 * shares[name])
            field.blockSignals(False)
        self._tell()

    def _tell(self) -> None:
        """What the fields add up to, and whether they are in use."""
        kept, can_use = self._kept, False
        if not self._is_whole:
            missing = 100 - self._sum
            rest = f"{missing:.1f} % are missing" if missing > 0 else f"{-missing:.1f} % are too many"
            said = f"Adds up to {self._sum:.1f} %: {rest}."
        elif kept is not None and self._shows(kept):
            said = "Adds up to 100 %. Probabilities are shown with these shares."
        elif kept is None and self._shows(self._stated):
            said = "Not set: probabilities are shown as they are."
        else:
            said, can_use = "Adds up to 100 %. Not in use yet.", True
        self.sum.setText(said)
        self.use.setEnabled(can_use)
        self.forget.setEnabled(kept is not None)

    def _shows(self, shares: Mapping[str, float]) -> bool:
        return all(abs(100 * shares[name] - field.value) < _STEP for name, field in self.fields.items())

    def _keep(self) -> None:
        total = sum(field.value for field in self.fields.values())
        shares = {name: field.value / total for name, field in self.fields.items()}
        self._preferences.put(f"prevalence/{self._bundle}", shares)
        self._tell()

    def _forget(self) -> None:
        self._preferences.put(f"prevalence/{self._bundle}", None)
        self._show()
