"""The operating point in use, chosen with what each was picked for and what it gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from core.errors import HilumError
from gui import theme
from gui.operation import Operation
from gui.services import Services
from gui.settings.prevalence import PrevalenceFields
from gui.settings.section import Section
from gui.widgets.labels import plain


class NetworksSection(Section):
    """Asks the assessor what it holds, and starts it anew at another operating point."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("Networks", parent)
        self._services = services
        self._about: Mapping[str, Any] | None = None
        self.say("Operating point", "strong")
        self._state = self.say("The networks are getting ready.")
        self._points = QVBoxLayout()
        self._points.setSpacing(theme.SPACE[0])
        self.column.addLayout(self._points)
        self.buttons: dict[str, QRadioButton] = {}
        self._group = QButtonGroup(self)
        self.prevalence = PrevalenceFields(services)
        self.column.addWidget(self.prevalence)
        self.prevalence.hide()

    @property
    def state(self) -> str:
        """What it says of the networks."""
        return self._state.text()

    def refresh(self) -> None:
        Operation(self._services.assessor, ("about",)).then(self._show).refused(self._explain).run()

    def _explain(self, error: HilumError) -> None:
        self._state.setText(f"There are no networks now. {error.reason.text}")

    def _show(self, about: Mapping[str, Any]) -> None:
        points: Sequence[Mapping[str, Any]] = about.get("operating_points") or ()
        in_use = about["operating_point"]["name"]
        self._state.setText(
            f"{about['name']} {about['version']} refers a film when its suspicion reaches the operating point."
            + (" This bundle has one." if len(points) == 1 else "")
        )
        if self._about is None or about["name"] != self._about["name"] or points != self._about["operating_points"]:
            self._clear()
            for point in points:
                self._add(point)
        self._about = {**about, "operating_points": points}
        if in_use in self.buttons:
            self.buttons[in_use].setChecked(True)
        self.prevalence.about(about)

    def _clear(self) -> None:
        for one in self.buttons.values():
            self._group.removeButton(one)
        self.buttons = {}
        while (item := self._points.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()

    def _add(self, point: Mapping[str, Any]) -> None:
        name = str(point["name"])
        title = f"{name}: suspicion of {point['threshold']:.2f} or more"
        button = QRadioButton(title)
        button.setAccessibleName(title)
        said = "\n".join([f"Picked for {point['picked_for']}.", *(in_words(one) for one in point["figures"])])
        button.setAccessibleDescription(said)
        button.clicked.connect(partial(self._use, name))
        self.buttons[name] = button
        self._group.addButton(button)
        self._points.addWidget(button)
        label = plain(said, "quiet", wrap=True)
        label.setContentsMargins(theme.SPACE[4], 0, 0, theme.SPACE[1])
        self._points.addWidget(label)

    def _use(self, name: str, _checked: bool = False) -> None:
        about = self._about
        if about is None or name == about["operating_point"]["name"]:
            return
        first = about["operating_points"][0]["name"]
        self._about = {**about, "operating_point": {"name": name}}
        self._services.preferences.put(f"point/{about['name']}", None if name == first else name)
        self._state.setText(f"The networks start again with the operating point {name}.")
        self._services.assessor.renew({"operating_point": name})
        self.refresh()


def in_words(figure: Mapping[str, Any]) -> str:
    """A figure with its interval: "Sensitivity, covid: 83 of 100 (95 % interval 74 to 89; 93 films, validation)"."""
    name = str(figure["name"])
    value, low, high = (round(100 * float(figure[key])) for key in ("value", "low", "high"))
    films = f"{figure['films']} films, " if figure.get("films") else ""
    return f"{name[:1].upper()}{name[1:]}: {value} of 100 (95 % interval {low} to {high}; {films}{figure['source']})"
