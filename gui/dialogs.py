"""The about box and the list of keys; both made of tables that exist elsewhere."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui import theme
from gui.commands import GROUPS, Actions
from gui.widgets.labels import plain

GESTURES = (
    ("Left drag", "Window: right is wider, down is darker"),
    ("Middle drag, Ctrl + left drag", "Move the film"),
    ("Wheel, right drag", "Zoom"),
    ("Double click", "Fit to the window"),
    ("Arrow keys", "Move the film; with Shift, change its window"),
)


class _Sheet(QDialog):
    """A dialog with a column and one button that closes it."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(theme.SPACE[4], theme.SPACE[4], theme.SPACE[4], theme.SPACE[3])
        self.column.setSpacing(theme.SPACE[2])

    def finish(self) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.column.addSpacing(theme.SPACE[1])
        self.column.addWidget(buttons)


class About(_Sheet):
    """What this is, what it is not, and what it runs on."""

    def __init__(self, networks: str, parent: QWidget) -> None:
        super().__init__("About Hilum", parent)
        from importlib.metadata import version

        self.column.addWidget(plain("Hilum", "title"))
        for sentence in (
            "Reads frontal chest radiographs with a local ensemble of networks and shows where it looked.",
            "For research use. Not a medical device: nothing here is a diagnosis, and no decision about a "
            "patient may rest on it.",
            "Everything stays on this PC; nothing is sent anywhere.",
        ):
            self.column.addWidget(plain(sentence, wrap=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.SPACE[3])
        rows = (
            ("Networks", networks or "not ready"),
            ("Qt", qVersion()),
            ("PySide", version("pyside6-essentials")),
            ("Python", platform.python_version()),
            ("System", platform.platform(terse=True)),
            ("Licence", "Apache-2.0; Qt and PySide: LGPL-3.0"),
        )
        for index, (name, value) in enumerate(rows):
            grid.addWidget(plain(name, "quiet"), index, 0)
            grid.addWidget(plain(value), index, 1)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        self.setMinimumWidth(480)
        self.finish()


class Shortcuts(_Sheet):
    """Every command with its key, and the gestures on a film."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__("Keys and gestures", parent)
        halves = QHBoxLayout()
        halves.setSpacing(theme.SPACE[5])
        left, right = QVBoxLayout(), QVBoxLayout()
        halves.addLayout(left)
        halves.addLayout(right)
        for group, title in GROUPS.items():
            rows = [
                (action.shortcut().toString(QKeySequence.SequenceFormat.NativeText), action.text().rstrip("…"))
                for command, action in actions
                if command.group == group
            ]
            _table(left if group in ("file", "view", "help") else right, title, rows)
        _table(left, "On a film", GESTURES)
        left.addStretch(1)
        right.addStretch(1)
        self.column.addLayout(halves)
        self.finish()


def _table(column: QVBoxLayout, title: str, rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> None:
    column.setSpacing(theme.SPACE[0])
    column.addWidget(plain(title.upper(), "label"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.SPACE[3])
    grid.setVerticalSpacing(theme.SPACE[0])
    for index, (key, meaning) in enumerate(rows):
        grid.addWidget(plain(key, "key"), index, 0)
        grid.addWidget(plain(meaning), index, 1)
    grid.setColumnMinimumWidth(0, 112)
    grid.setColumnStretch(1, 1)
    column.addLayout(grid)
    column.addSpacing(theme.SPACE[2])
