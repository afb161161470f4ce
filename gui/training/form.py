"""A form made of a recipe's declaration: one section at a time, each setting with help, range, what was published.

What a setting may be is asked of the recipe as a whole, so that what contradicts another setting is said too.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from functools import partial
from types import UnionType
from typing import Annotated, Any, Final, cast

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import RunRefused
from core.training import fields, recipes
from core.training.recipe import Recipe
from core.training.recipes import Row
from core.training.written import toml
from gui import theme
from gui.training.asking import Choice
from gui.widgets.choices import offer
from gui.widgets.labels import plain

_FIELDS: Final = {field.key: field for field in fields.everything(Recipe)}
# A bundle brings its networks and what they see; what is a name sets nothing.
_OF_A_NETWORK: Final = ("input", "network")
_EDITOR_WIDTH: Final = 170
_TITLES: Final = {"input": "Input", "network": "Network", "augmentation": "Augmentation", "balance": "Balance",
                  "protocol": "Protocol"}  # fmt: skip


class RecipeForm(QWidget):
    """A recipe that is being filled in. changed(): `recipe` or `problem` are others now."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data: dict[str, Any] = {}
        self._original: Recipe | None = None
        self._from_bundle = True
        self._section = ""
        self.recipe: Recipe | None = None
        self.problem = ""
        self.editors: dict[str, QWidget] = {}
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._sections = QHBoxLayout()
        self._sections.setSpacing(2)
        self._wrong = plain("", "error", wrap=True)
        self._wrong.hide()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        column.addLayout(self._sections)
        column.addWidget(self._wrong)
        column.addWidget(self._scroll, 1)

    def show_recipe(self, name: str, *, from_bundle: bool, start: str) -> None:
        """Begin with a shipped recipe as it is. from_bundle: networks and input are the bundle's, and are not asked
        for. Refuses what recipes.read does."""
        self._original = recipes.read(name)
        self._data = cast("dict[str, Any]", msgspec.to_builtins(self._original))
        self._from_bundle = from_bundle
        self._data["network"]["start"] = start
        self._check()
        self._offer_sections()

    @property
    def text(self) -> str:
        """The recipe as a file would have it; "" while it cannot be used."""
        return toml(cast("dict[str, Any]", msgspec.to_builtins(self.recipe))) if self.recipe is not None else ""

    @property
    def sections(self) -> tuple[str, ...]:
        return tuple(self._buttons)

    @property
    def changes(self) -> dict[str, Any]:
        """Dotted key → value, wherever it is another than the recipe's own."""
        if self.recipe is None or self._original is None:
            return {}
        before = {row.key: row.value for row in recipes.rows(self._original)}
        now = {row.key: row.value for row in recipes.rows(self.recipe) if row.key != "network.start"}
        return {key: value for key, value in now.items() if before.get(key) != value}

    def show_section(self, name: str) -> None:
        """Draw the settings of one section ("phases.1", "augmentation")."""
        self._section = name
        self._buttons[name].setChecked(True)
        self.editors = {}
        body = QWidget()
        body.setProperty("panel", True)
        grid = QGridLayout(body)
        grid.setContentsMargins(theme.SPACE[2], theme.SPACE[1], theme.SPACE[2], theme.SPACE[2])
        grid.setHorizontalSpacing(theme.SPACE[2])
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        # Where something is wrong there is no recipe to ask what applies: then everything is shown.
        rows = recipes.rows(self.recipe or cast("Recipe", self._original))
        for row in rows:
            if row.key.rpartition(".")[0] == name and row.applies and row.key != "network.start":
                self._add(grid, row)
        grid.setRowStretch(grid.rowCount(), 1)
        if (before := self._scroll.takeWidget()) is not None:
            before.deleteLater()
        self._scroll.setWidget(body)

    def put(self, key: str, value: Any) -> None:
        """Change one setting; None: as if it were left out."""
        if self._set(key, value):
            self._clear_idle()
            self._check()
            if self.recipe is not None:
                # What applies beside it may have changed. Later: the editor that says so is still at work.
                QTimer.singleShot(0, self, self._redraw)

    def _set(self, key: str, value: Any) -> bool:
        """Whether that is another value than before."""
        place: Any = self._data
        *path, last = key.split(".")
        for step in path:
            place = place[int(step) - 1] if step.isdigit() else place[step]
        before, place[last] = place[last], value
        return bool(before != value)

    def _clear_idle(self) -> None:
        """What has no meaning any more beside the others goes back to saying nothing: nobody could see it to do so."""
        try:
            recipe = msgspec.convert(self._data, Recipe)
        except msgspec.ValidationError:
            return
        for row in recipes.rows(recipe):
            if not row.applies:
                self._set(row.key, _FIELDS[_without_numbers(row.key)].default)

    def _redraw(self) -> None:
        """Draw the section anew, with the keyboard and the place where they were."""
        focus = next((key for key, editor in self.editors.items() if editor.hasFocus()), None)
        place = self._scroll.verticalScrollBar().value()
        self.show_section(self._section)
        if focus in self.editors:
            self.editors[focus].setFocus()
        self._scroll.verticalScrollBar().setValue(place)

    def _offer_sections(self) -> None:
        for button in self._buttons.values():
            self._group.removeButton(button)
            button.deleteLater()
        while self._sections.takeAt(0) is not None:
            pass
        phases = self._data["phases"]
        titles = {f"phases.{number}": _phase_title(one, len(phases)) for number, one in enumerate(phases, 1)}
        titles |= {name: title for name, title in _TITLES.items()
                   if not (self._from_bundle and name in _OF_A_NETWORK)}  # fmt: skip
        self._buttons = {}
        for name, title in titles.items():
            button = self._buttons[name] = QToolButton()
            button.setText(title)
            button.setAccessibleName(title)
            button.setCheckable(True)
            button.clicked.connect(partial(self.show_section, name))
            self._group.addButton(button)
            self._sections.addWidget(button)
        self._sections.addStretch(1)
        self.show_section(self._section if self._section in titles else "phases.1")

    def _check(self) -> None:
        try:
            self.recipe, self.problem = recipes.checked(self._data, str(self._data["title"])), ""
        except RunRefused as error:
            self.recipe, self.problem = None, " ".join(error.facts["errors"][:3])
        self._wrong.setText(self.problem)
        self._wrong.setVisible(bool(self.problem))
        self.changed.emit()

    def _add(self, grid: QGridLayout, row: Row) -> None:
        line = grid.rowCount()
        grid.addWidget(plain(row.title), line, 0, Qt.AlignmentFlag.AlignTop)
        editor = self._editor(row)
        editor.setAccessibleName(row.title)
        editor.setAccessibleDescription(row.help)
        editor.setToolTip(f"{row.key}: {row.range}")
        self.editors[row.key] = editor
        beside = QHBoxLayout()
        beside.setSpacing(theme.SPACE[1])
        beside.addWidget(editor)
        beside.addWidget(plain(row.unit, "label"))
        beside.addStretch(1)
        grid.addLayout(beside, line, 1)
        said = plain("\n".join(_about(row)), "label", wrap=True)
        said.setContentsMargins(0, 0, 0, theme.SPACE[1])
        grid.addWidget(said, line + 1, 0, 1, 2)

    def _editor(self, row: Row) -> QWidget:
        field = _FIELDS[_without_numbers(row.key)]
        if isinstance(row.value, bool):
            tick = QCheckBox()
            tick.setChecked(row.value)
            tick.clicked.connect(partial(self.put, row.key))
            return tick
        if field.choices:
            made = Choice(row.title, lambda menu: self._offer(menu, row, field.choices))
            made.say(str(row.value))
            made.setMinimumWidth(_EDITOR_WIDTH)
            return made
        line = QLineEdit(_shown(row.value))
        line.setFixedWidth(_EDITOR_WIDTH)
        if _takes_text(field.type):
            line.editingFinished.connect(lambda: self.put(row.key, _read(line.text(), field.type)))
        else:
            line.setReadOnly(True)
        return line

    def _offer(self, menu: QMenu, row: Row, choices: tuple[str, ...]) -> None:
        def chosen(choice: str) -> Callable[[], None]:
            value: object = int(choice) if isinstance(row.value, int) else choice
            return lambda: self.put(row.key, value)

        offer(menu, [(choice, choice == str(row.value), chosen(choice)) for choice in choices if choice])


def _phase_title(phase: Mapping[str, Any], count: int) -> str:
    return f"Phase “{phase['name']}”" if count > 1 else "Training"


def _about(row: Row) -> list[str]:
    """What it is and may be; and, for a paper, what was published or that it says nothing."""
    lines = [f"{row.help} {row.range[:1].upper()}{row.range[1:]}."]
    if row.published is not None:
        lines.append(f"Published: {row.published}")
    if row.unspecified is not None:
        lines.append(f"Unspecified in the paper: {row.unspecified}")
    return lines


def _without_numbers(key: str) -> str:
    return ".".join(part for part in key.split(".") if not part.isdigit())


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple) and all(isinstance(one, int | float) for one in value):
        return ", ".join(f"{one:g}" for one in value)
    return value if isinstance(value, str) else fields.said(value)


def _kinds(hint: Any) -> tuple[Any, ...]:
    """The plain types that a field takes, without its limits."""
    if typing.get_origin(hint) is Annotated:
        return _kinds(hint.__origin__)
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return tuple(kind for one in typing.get_args(hint) for kind in _kinds(one))
    return (hint,)


def _takes_text(hint: Any) -> bool:
    return all(kind in (int, float, str, type(None), tuple[float, float]) for kind in _kinds(hint))


def _read(text: str, hint: Any) -> Any:
    """What was typed, as the field wants it; what is no number stays a text, and the recipe says what is wrong."""
    kinds, said = _kinds(hint), text.strip()
    if not said and type(None) in kinds:
        return None
    try:
        if tuple[float, float] in kinds:
            return [float(part) for part in said.split(",")]
        if int in kinds:
            return int(said)
        return float(said) if float in kinds else said
    except ValueError:
        return said
