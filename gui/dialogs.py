"""The about box and the list of keys; both made of tables that exist elsewhere."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.commands import GROUPS, Actions
from gui.widgets.labels import plain

GESTURES = (
    ("Left drag", "Window: right wider, down darker"),
    ("Middle drag", "Move the film; also Ctrl + left drag"),
    ("Wheel", "Larger or smaller; also right drag"),
    ("Double click", "Fit to the window"),
    ("Arrow keys", "Move the film; with Shift, its window"),
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
        buttons.button(QDialogButtonBox.StandardButton.Close).setAccessibleName("Close")
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


_FRAME = 96  # what stands around the table: margins and the button
# Three columns of about equal height.
_COLUMNS = (("file", "view", "help"), ("film", "run"), ("findings", "verdict", "training"))


class Shortcuts(_Sheet):
    """Every command with its key, and the gestures on a film; scrolls where the screen is small."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__("Keys and gestures", parent)
        body = QWidget()
        columns = QHBoxLayout(body)
        columns.setContentsMargins(0, 0, theme.SPACE[2], 0)
        columns.setSpacing(theme.SPACE[5])
        for groups in _COLUMNS:
            column = QVBoxLayout()
            columns.addLayout(column)
            for group in groups:
                _table(column, GROUPS[group], _rows(actions, group))
            if "help" in groups:
                _table(column, "On a film", list(GESTURES))
            column.addStretch(1)
        area = QScrollArea()
        area.setWidget(body)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumWidth(body.sizeHint().width() + theme.SPACE[3])
        area.setProperty("look", "bare")
        area.setAccessibleName("Keys and gestures")
        self.column.addWidget(area, 1)
        self.finish()
        self.resize(
            self.minimumSizeHint().width(), min(body.sizeHint().height() + 96, parent.height() - theme.SPACE[4])
        )


def _rows(actions: Actions, group: str) -> list[tuple[str, str]]:
    """The keys and titles of a group; commands that have no keys now come without."""
    return [
        (action.shortcut().toString(QKeySequence.SequenceFormat.NativeText), action.text().rstrip("…"))
        for command, action in actions
        if command.group == group
    ]


def _table(column: QVBoxLayout, title: str, rows: Sequence[tuple[str, str]]) -> None:
    column.setSpacing(theme.SPACE[0])
    column.addWidget(plain(title.upper(), "label"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.SPACE[2])
    grid.setVerticalSpacing(1)
    for index, (key, meaning) in enumerate(rows):
        grid.addWidget(plain(key, "key"), index, 0)
        grid.addWidget(plain(meaning), index, 1)
    grid.setColumnMinimumWidth(0, 96)
    grid.setColumnStretch(1, 1)
    column.addLayout(grid)
    column.addSpacing(theme.SPACE[1])
