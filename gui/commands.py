"""Every command of the window is one row here; menus, tool strips, tooltips and the shortcut list are made of the rows.

`when` names what must be there for a command to make sense; the page tells which of these words hold
(Actions.refresh), and everything that shows a command greys out by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QPushButton, QToolButton

from gui import theme

# always; samples: the program ships with some; recent: something was opened before. On the reading page, reading: it is
# in front; list: a film is on the list; film: one is shown; presets: its file has several windows; networks: one is
# shown that they may be asked about; map: it has class maps; gate: the gate refused it; verdict: the reader gave one.
# On the screening page (list there: the table has rows), run: one is open; running, resumable: its state.
# wizard: the training page is in front; training: one is under way; training-resting: one can be gone on with.
When = Literal[
    "always", "samples", "recent", "reading", "list", "film", "presets", "networks", "map", "gate", "verdict",
    "run", "running", "resumable", "wizard", "training", "training-resting",
]  # fmt: skip


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


GROUPS: Final = {
    "file": "File",
    "view": "View",
    "film": "Film",
    "findings": "Findings",
    "verdict": "Verdict",
    "run": "Screening",
    "training": "Training",
    "help": "Help",
}
# As many findings have a key of their own for the verdict; their titles are those of the bundle in use.
VERDICTS: Final = 6

COMMANDS: Final = (
    Command("file.open", "Open files…", "Ctrl+O", "open", hint="DICOM, PNG, JPEG, TIFF, or a ZIP of them."),
    Command("file.folder", "Open a folder…", "Ctrl+Shift+O", "folder"),
    Command("file.recent", "Open recent…", "Ctrl+Shift+H", "recent", "recent"),
    Command("file.samples", "Open the simulated samples", "Ctrl+Shift+S", "samples", "samples"),
    Command("file.labels", "Export verdicts as labels…", "Ctrl+Shift+X", "labels", part=1,
            hint="A CSV that `train` and `evaluate` read."),
    Command("file.close", "Take off the list", "Del", "close", "list", False, "The file stays where it is.", 2),
    Command("file.forget", "Forget this study…", "Ctrl+Shift+Del", "forget", "film", part=2,
            hint="What Hilum keeps of it is erased; the file stays where it is."),
    Command("file.quit", "Quit", "Ctrl+Q", "quit", part=3),
    Command("view.reading", "Reading", "Ctrl+1", "read", checkable=True),
    Command("view.screening", "Screening", "Ctrl+2", "screen", checkable=True),
    Command("view.training", "Training", "Ctrl+3", "train", checkable=True),
    Command("view.models", "Models", "Ctrl+4", "models", checkable=True),
    Command("view.settings", "Settings", "Ctrl+,", "settings", checkable=True),
    Command("view.search", "Search the list", "Ctrl+F", "search", part=1),
    Command("view.list", "Study list", "L", "list", "reading", True, part=1),
    Command("view.findings", "Findings panel", "P", "findings", "reading", True, part=1),
    Command("view.patient", "Patient and study on the film", "D", "patient", "film", True, part=1),
    Command("view.full", "Full screen", "F11", "fullscreen", checkable=True, part=2),
    Command("view.light", "Light theme", "Ctrl+Shift+L", "theme", checkable=True, part=2),
    Command("film.next", "Next film", "J", "next", "list"),
    Command("film.previous", "Previous film", "K", "previous", "list"),
    Command("film.fit", "Fit to the window", "F", "fit", "film", part=1),
    Command("film.actual", "One film pixel to one screen pixel", "A", "actual", "film", part=1),
    Command("film.larger", "Larger", "+", "larger", "film", part=1),
    Command("film.smaller", "Smaller", "-", "smaller", "film", part=1),
    Command("film.preset", "Next window of the file", "V", "preset", "presets", part=2),
    Command("film.invert", "Invert", "I", "invert", "film", True, "On the screen only; the networks see no change.", 2),
    Command("film.reset", "Window as the file says", "W", "reset", "film", part=2),
    Command("film.right", "Turn a quarter clockwise", "R", "right", "film",
            hint="On the screen only; the networks see no change.", part=3),
    Command("film.left", "Turn a quarter anticlockwise", "Shift+R", "left", "film",
            hint="On the screen only; the networks see no change.", part=3),
    Command("film.flip", "Exchange left and right", "X", "flip", "film",
            hint="On the screen only; the networks see no change.", part=3),
    Command("film.restore", "Everything as the file says", "Home", "restore", "film",
            hint="Window, turn, size and place.", part=3),
    Command("findings.heatmap", "Show where the ensemble looked", "H", "heatmap", "map", True),
    Command("findings.next", "Next finding on the heatmap", "N", "findings", "map"),
    Command("findings.member", "Next member on the heatmap", "M", "member", "map",
            hint="All of them together come first."),
    Command("findings.alone", "The finding alone, not against the rest", "E", "alone", "map", True,
            "Plain Grad-CAM of the class."),
    Command("findings.contour", "Contours instead of colours", "C", "contour", "map", True, part=1),
    Command("findings.fainter", "Fainter heatmap", "[", "smaller", "map", part=1),
    Command("findings.stronger", "Stronger heatmap", "]", "larger", "map", part=1),
    Command("findings.less", "Hide more of the weak places", ".", "larger", "map", part=1),
    Command("findings.more", "Show more of the weak places", ",", "smaller", "map", part=1),
    Command("findings.assess", "Try again", "Ctrl+R", "again", "networks", part=2),
    Command("findings.override", "Assess although refused…", "O", "override", "gate", part=2,
            hint="Asks for a reason, which is stored and shown with the result."),
    Command("findings.negative", "Declare it a negative", "Ctrl+Shift+N", "negative", "networks", True,
            "Dark and light are exchanged before the networks see it; stored in the result.", 3),
    Command("findings.turned", "Declare it turned: a quarter clockwise", "Ctrl+Shift+T", "turned", "networks",
            hint="Turned before the networks see it; stored in the result. Four times is none.", part=3),
    Command("findings.mirrored", "Declare it mirrored", "Ctrl+Shift+M", "mirrored", "networks", True,
            "Sides are exchanged before the networks see it; stored in the result.", 3),
    Command("verdict.agree", "Agree with the ensemble", "Y", "agree", "map"),
    Command("verdict.disagree", "Disagree", "Shift+Y", "disagree", "map"),
    *(Command(f"verdict.finding-{number}", f"Verdict: finding {number}", str(number), "verdict", "film", part=1)
      for number in range(1, VERDICTS + 1)),
    Command("verdict.note", "Note to the verdict", "T", "note", "film", part=2),
    Command("verdict.withdraw", "Take the verdict back", "Backspace", "withdraw", "verdict", part=2),
    Command("run.folder", "Screen a folder…", "Ctrl+Shift+F", "screen"),
    Command("run.open", "Open a run…", "Ctrl+Shift+G", "run"),
    Command("run.stop", "Stop", "Ctrl+.", "stop", "running", hint="What is done is kept.", part=1),
    Command("run.resume", "Go on", "Ctrl+Shift+R", "resume", "resumable", part=1),
    Command("run.group", "Group by study", "G", "group", "run", True, part=2),
    Command("run.names", "Show file names", "Ctrl+Shift+P", "patient", "run", True,
            "They often name the patient.", 2),
    Command("run.csv", "Export a table (CSV)…", "Ctrl+E", "table", "run", part=3),
    Command("run.json", "Export rows (JSON)…", "Ctrl+Shift+E", "table", "run", part=3),
    Command("run.html", "Export a page (HTML)…", "Ctrl+Alt+E", "table", "run", part=3),
    Command("training.next", "Next step", "Alt+Right", "next", "wizard"),
    Command("training.back", "Step before", "Alt+Left", "previous", "wizard"),
    Command("training.open", "Open a training…", "Ctrl+Alt+O", "folder", hint="One that rests, or its result.", part=1),
    Command("training.pause", "Pause the training", "Ctrl+Alt+P", "pause", "training",
            hint="What was learnt is kept.", part=2),
    Command("training.go-on", "Go on with the training", "Ctrl+Alt+R", "resume", "training-resting", part=2),
    Command("training.keep-best", "Stop the training and keep the best", "Ctrl+Alt+K", "stop", "training",
            hint="The best networks so far become a bundle.", part=2),
    Command("help.palette", "Find a command…", "Ctrl+K", "search"),
    Command("help.shortcuts", "Keys and gestures", "?", "keyboard"),
    Command("help.about", "About Hilum", "F1", "about"),
)  # fmt: skip


class Actions(QObject):
    """The rows as QActions, one each, shared by menus, tool strips and shortcuts."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = {command.id: self._made(command) for command in COMMANDS}

    def __getitem__(self, name: str) -> QAction:
        """The action itself; for a button that shows it see push() and button()."""
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
            if not action.icon().isNull():
                action.setIcon(theme.icon(command.icon))

    def remap(self, name: str, keys: str) -> None:
        """Give a command other keys; "" is none. Who else has them loses them: the caller asks holder() first."""
        for command, action in self:
            if command.id != name and keys and action.shortcut() == QKeySequence(keys):
                action.setShortcut(QKeySequence())
                _explain(command, action)
        self._actions[name].setShortcut(QKeySequence(keys))
        _explain(_BY_ID[name], self._actions[name])

    def holder(self, keys: str) -> str | None:
        """The id of the command that has these keys now."""
        wanted = QKeySequence(keys)
        return next((command.id for command, action in self if action.shortcut() == wanted), None)

    def name(self, name: str, title: str) -> None:
        """Another title for a command, where it depends on the bundle in use."""
        self._actions[name].setText(title)
        _explain(_BY_ID[name], self._actions[name])

    def fill(self, bar: QMenuBar) -> None:
        """One menu a group, with a line between parts."""
        for group, title in GROUPS.items():
            menu = bar.addMenu(f"&{title}")
            self._fill(menu, group)
            menu.aboutToShow.connect(partial(self._draw, group))

    def push(self, name: str) -> QPushButton:
        """A button with the command's icon and title."""
        action = self._shown(name)
        button = QPushButton(action.icon(), f" {action.text()}")  # Qt sets the icon too close to the word
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())
        button.setEnabled(action.isEnabled())
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        return button

    def button(self, name: str) -> QToolButton:
        """A tool button for a command: its icon alone, with the title as its accessible name."""
        action = self._shown(name)
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

    def _shown(self, name: str) -> QAction:
        """An action with its icon; drawn when first wanted: seventy of them would delay the first paint."""
        action = self._actions[name]
        if action.icon().isNull():
            action.setIcon(theme.icon(self.icon_name(name)))
        return action

    def icon_name(self, name: str) -> str:
        """The name of a command's drawing in resources/icons."""
        return _BY_ID[name].icon

    def _draw(self, group: str) -> None:
        for command, _action in self:
            if command.group == group:
                self._shown(command.id)

    def _made(self, command: Command) -> QAction:
        action = QAction(command.title, self)
        action.setObjectName(command.id)
        action.setCheckable(command.checkable)
        if command.checkable:
            # In a menu a drawing would stand where the tick belongs.
            action.setIconVisibleInMenu(False)
        action.setShortcut(QKeySequence(command.shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        _explain(command, action)
        return action


def _explain(command: Command, action: QAction) -> None:
    """The tooltip: title, keys, hint."""
    words = action.text().rstrip("…")
    if not action.shortcut().isEmpty():
        words = f"{words} ({action.shortcut().toString(_NATIVE)})"
    action.setToolTip(f"{words}\n{command.hint}" if command.hint else words)


_BY_ID: Final = {command.id: command for command in COMMANDS}
_NATIVE = QKeySequence.SequenceFormat.NativeText
