"""Above the table: what is going on in one line, why it ended, and which rows are shown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.screening.state import State
from gui import theme
from gui.commands import Actions
from gui.reading.words import ABSTAINED, FAILED, NOT_REFERRED, REFER, REFUSED, Mark
from gui.screening import words
from gui.screening.model import FILTERS, Filter
from gui.widgets.labels import mark, plain

_PARTS = 1000
# While one types, the table waits for the end of the word.
_SEARCH_AFTER_MS = 150
_LABELS: Mapping[Filter, tuple[str, Mark | None]] = {
    "all": ("All", None),
    "refer": ("Refer", REFER),
    "below": ("Below", NOT_REFERRED),
    "abstained": ("Abstained", ABSTAINED),
    "refused": ("Refused", REFUSED),
    "failed": ("Failed", FAILED),
}


class Head(QWidget):
    """The run in one line, and the buttons that change its course."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = plain("", "finding")
        self.line.setFont(theme.font(theme.FINDING))
        self._origin = plain("", "label")
        self._trouble = plain("", wrap=True)
        self._box = QFrame()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(2)
        self._bar.setProperty("look", "page")
        self._bar.setAccessibleName("Progress of the run")
        self.stop = actions.push("run.stop")
        self.resume = actions.push("run.resume")
        self._export = _menu(actions)
        names = QVBoxLayout()
        names.setSpacing(theme.SPACE[0])
        names.addWidget(self._origin)
        names.addWidget(self.line)
        top = QHBoxLayout()
        top.setContentsMargins(theme.SPACE[3], theme.SPACE[2], theme.SPACE[3], theme.SPACE[2])
        top.setSpacing(theme.SPACE[1])
        top.addLayout(names, 1)
        for button in (self.stop, self.resume, self._export):
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self._box)
        row.setContentsMargins(theme.SPACE[3], theme.SPACE[1], theme.SPACE[3], theme.SPACE[1])
        row.setSpacing(theme.SPACE[1])
        row.addWidget(mark("caution", "refer"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._trouble, 1)
        self._box.setProperty("look", "notice")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self._bar)
        column.addWidget(self._box)
        self._box.hide()

    @property
    def trouble(self) -> str:
        """Why the run is not what it should be; "" where it is."""
        return self._trouble.text() if not self._box.isHidden() else ""

    def show_state(self, state: State, trouble: str) -> None:
        """trouble: a sentence that stays as long as it is true."""
        self.line.setText(words.headline(state))
        self._origin.setText(words.origin(state))
        self._trouble.setText(trouble)
        self._box.setVisible(bool(trouble))
        going_on = state.phase in ("starting", "running", "stopping")
        self.stop.setVisible(going_on)
        # "Go on" stays in the menu for a finished run: films may have come since.
        unfinished = not state.finished or bool(state.counts.get("failed"))
        self.resume.setVisible(not going_on and state.phase == "resting" and unfinished)
        self._bar.setRange(0, 0 if going_on and not (state.listed and state.counts) else _PARTS)
        self._bar.setVisible(going_on)
        if state.listed and (total := sum(state.counts.values())):
            self._bar.setValue(round(_PARTS * (total - state.counts.get("found", 0)) / total))


class Sieve(QWidget):
    """Which rows the table shows. chosen(Filter), sought(str)."""

    chosen = Signal(str)
    sought = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[Filter, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE[2], theme.SPACE[0], theme.SPACE[2], theme.SPACE[1])
        row.setSpacing(2)
        for name in FILTERS:
            button = self._buttons[name] = QToolButton()
            button.setCheckable(True)
            button.setChecked(name == "all")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(12, 12))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(partial(self.chosen.emit, name))
            group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search")
        self.field.setAccessibleName("Search the films of the run")
        self.field.setClearButtonEnabled(True)
        self.field.setFixedWidth(180)
        for clear in self.field.findChildren(QToolButton):
            clear.setAccessibleName("Clear the search")
        row.addWidget(self.field)
        row.addSpacing(theme.SPACE[0])
        for name in ("run.group", "run.names"):
            row.addWidget(actions.button(name))
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SEARCH_AFTER_MS)
        self._later.timeout.connect(lambda: self.sought.emit(self.field.text()))
        self.field.textChanged.connect(lambda _text: self._later.start())
        self.count(dict.fromkeys(FILTERS, 0))
        self.retheme()

    def count(self, films: Mapping[Filter, int]) -> None:
        """How many rows each button would show."""
        for name, number in films.items():
            button = self._buttons[name]
            button.setText(f" {_LABELS[name][0]} {words.count(number)}")
            button.setAccessibleName(f"{_LABELS[name][0]}: {words.films(number)}")

    def button(self, name: Filter) -> QToolButton:
        return self._buttons[name]

    def reset(self) -> None:
        """Another run: everything is shown."""
        self._buttons["all"].setChecked(True)
        self.field.clear()

    def retheme(self) -> None:
        for name, button in self._buttons.items():
            if (sign := _LABELS[name][1]) is not None:
                button.setIcon(theme.icon(sign.icon, sign.token))


def _menu(actions: Actions) -> QPushButton:
    button = QPushButton(theme.icon("table"), " Export")
    button.setAccessibleName("Export the rows")
    menu = QMenu(button)
    for name in ("run.csv", "run.json", "run.html"):
        menu.addAction(actions[name])
    button.setMenu(menu)
    return button
