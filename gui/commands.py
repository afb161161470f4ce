"""Every command of the window is one row here; menus, tool strips, tooltips and the shortcut list are made of the rows.

`when` names what must be there for a command to make sense; the page tells which of these words hold
(Actions.refresh), and everything that shows a command greys out by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QPushButton, QToolButton

from gui import theme

# always; samples: the program ships with some; list: a film is on the list; film: one is shown;
# networks: one is shown that they may be asked about; map: it has class maps; gate: the gate refused it.
When = Literal["always", "samples", "list", "film", "networks", "map", "gate"]


@dataclass(frozen=True, slots=True)
class Command:
    """id: "group.verb", unique. hint: a sentence where the title leaves a question. part: a line between parts."""

    id: str
    title: str
    shortcut: str
    icon: str
    when: When = "always"
    checkable: bool = False
    hint: str = ""
    part: int = 0

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]


GROUPS: Final = {"file": "File", "view": "View", "film": "Film", "findings": "Findings", "help": "Help"}

COMMANDS: Final = (
    Command("file.open", "Open files…", "Ctrl+O", "open", hint="DICOM, PNG, JPEG, TIFF, or a ZIP of them."),
    Command("file.folder", "Open a folder…", "Ctrl+Shift+O", "folder"),
    Command("file.samples", "Open the simulated samples", "Ctrl+Shift+S", "samples", "samples"),
    Command("file.close", "Take off the list", "Del", "close", "list", False, "The file stays where it is.", 1),
    Command("file.quit", "Quit", "Ctrl+Q", "quit", part=2),
    Command("view.list", "Study list", "L", "list", checkable=True),
    Command("view.findings", "Findings panel", "P", "findings", checkable=True),
    Command("view.full", "Full screen", "F11", "fullscreen", checkable=True, part=1),
    Command("view.light", "Light theme", "Ctrl+Shift+L", "theme", checkable=True, part=1),
    Command("film.next", "Next film", "J", "next", "list"),
    Command("film.previous", "Previous film", "K", "previous", "list"),
    Command("film.fit", "Fit to the window", "F", "fit", "film", part=1),
    Command("film.actual", "One film pixel to one screen pixel", "A", "actual", "film", part=1),
    Command("film.larger", "Larger", "+", "larger", "film", part=1),
    Command("film.smaller", "Smaller", "-", "smaller", "film", part=1),
    Command("film.invert", "Invert", "I", "invert", "film", True, "On the screen only; the networks see no change.", 2),
    Command("film.reset", "Window as the file says", "W", "reset", "film", part=2),
    Command("findings.heatmap", "Show where the ensemble looked", "H", "heatmap", "map", True),
    Command("findings.next", "Next finding on the heatmap", "N", "findings", "map"),
    Command("findings.fainter", "Fainter heatmap", "[", "smaller", "map"),
    Command("findings.stronger", "Stronger heatmap", "]", "larger", "map"),
    Command("findings.assess", "Try again", "Ctrl+R", "again", "networks", part=1),
    Command("findings.override", "Assess although refused…", "O", "override", "gate", part=1,
            hint="Asks for a reason, which is stored and shown with the result."),
    Command("findings.negative", "Declare it a negative", "Ctrl+Shift+N", "negative", "networks", True,
            "Dark and light are exchanged before the networks see it; stored in the result.", 2),
    Command("findings.turned", "Declare it turned: a quarter clockwise", "Ctrl+Shift+T", "turned", "networks",
            hint="Turned before the networks see it; stored in the result. Four times is none.", part=2),
    Command("findings.mirrored", "Declare it mirrored", "Ctrl+Shift+M", "mirrored", "networks", True,
            "Sides are exchanged before the networks see it; stored in the result.", 2),
    Command("help.shortcuts", "Keys and gestures", "?", "keyboard"),
    Command("help.about", "About Hilum", "F1", "about"),
)  # fmt: skip


class Actions(QObject):
    """The rows as QActions, one each, shared by menus, tool strips and shortcuts."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = {command.id: self._made(command) for command in COMMANDS}

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[tuple[Command, QAction]]:
        return ((command, self._actions[command.id]) for command in COMMANDS)

    def does(self, name: str, slot: Callable[[], object]) -> None:
        """What happens when the command is given; a checkable one is asked for its state by the slot."""
        self._actions[name].triggered.connect(lambda _checked=False: slot())

    def refresh(self, holds: frozenset[str]) -> None:
        """Enable what makes sense now. holds: the words of `When` that are true; "always" is."""
        for command, action in self:
            action.setEnabled(command.when == "always" or command.when in holds)

    def recolour(self) -> None:
        """After a change of theme."""
        for command, action in self:
            action.setIcon(theme.icon(command.icon))

    def fill(self, bar: QMenuBar) -> None:
        """One menu a group, with a line between parts."""
        for group, title in GROUPS.items():
            menu = bar.addMenu(f"&{title}")
            self._fill(menu, group)

    def push(self, name: str) -> QPushButton:
        """A button with the command's icon and title."""
        action = self._actions[name]
        button = QPushButton(action.icon(), f" {action.text()}")  # Qt sets the icon too close to the word
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())
        button.setEnabled(action.isEnabled())
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        return button

    def button(self, name: str) -> QToolButton:
        """A tool button for a command: its icon alone, with the title as its accessible name."""
        action = self._actions[name]
        button = QToolButton()
        button.setDefaultAction(action)
        button.setAccessibleName(action.text())
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _fill(self, menu: QMenu, group: str) -> None:
        part = 0
        for command, action in self:
            if command.group == group:
                if command.part != part:
                    menu.addSeparator()
                    part = command.part
                menu.addAction(action)

    def _made(self, command: Command) -> QAction:
        action = QAction(theme.icon(command.icon), command.title, self)
        action.setObjectName(command.id)
        action.setCheckable(command.checkable)
        action.setShortcut(QKeySequence(command.shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        words = f"{command.title.rstrip('…')} ({QKeySequence(command.shortcut).toString(_NATIVE)})"
        action.setToolTip(f"{words}\n{command.hint}" if command.hint else words)
        return action


_NATIVE = QKeySequence.SequenceFormat.NativeText
