"""The shelf as a column: the bundles, what brings another one, and who put which into use."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.models.state import Shelf
from gui import theme
from gui.models import words
from gui.models.parts import BundleLine, Working, emptied
from gui.widgets.labels import plain

WIDTH: Final = 288
_LOG_LINES: Final = 6


class ShelfPanel(QScrollArea):
    """chosen(str): the bundle of this key. add(), keras(), back(), undo(): what was pressed."""

    chosen = Signal(str)
    add = Signal()
    keras = Signal()
    back = Signal()
    undo = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: dict[str, BundleLine] = {}
        self._group = QButtonGroup(self)
        self._bundles, self._log = QVBoxLayout(), QVBoxLayout()
        self._state = plain("The bundles are being checked.", "quiet", wrap=True)
        self._gone = plain("", "quiet", wrap=True)
        self.buttons = {
            name: QPushButton(title)
            for name, title in (
                ("add", "Add a bundle…"),
                ("keras", "Import a Keras file…"),
                ("undo", "Take it back"),
                ("back", "Back to the one before"),
            )
        }
        for button, signal in zip(self.buttons.values(), (self.add, self.keras, self.undo, self.back), strict=True):
            button.setAccessibleName(button.text().rstrip("…"))
            button.clicked.connect(signal)
        self.working = Working()
        self._lay_out()

    @property
    def log(self) -> list[str]:
        """The lines of the log that are shown."""
        labels = [self._log.itemAt(place).widget() for place in range(self._log.count())]
        return [label.text() for label in labels if isinstance(label, QLabel)]

    @property
    def state(self) -> str:
        return self._state.text() if not self._state.isHidden() else ""

    def say(self, text: str) -> None:
        """A sentence where the bundles are; "" takes it away."""
        self._state.setText(text)
        self._state.setVisible(bool(text))

    def show_shelf(self, shelf: Shelf) -> None:
        self.say("")
        emptied(self._bundles)
        for line in self.lines.values():
            self._group.removeButton(line)
        self.lines = {}
        for row in shelf.bundles:
            line = self.lines[row.key] = BundleLine(row)
            line.clicked.connect(lambda _checked=False, key=row.key: self.chosen.emit(key))
            self._group.addButton(line)
            self._bundles.addWidget(line)
        emptied(self._log)
        for entry in shelf.log[:_LOG_LINES]:
            self._log.addWidget(plain(words.logged(entry), "label", wrap=True))
        if not shelf.log:
            self._log.addWidget(plain("Nothing was ever put into use by hand.", "label", wrap=True))
        self.buttons["back"].setEnabled(shelf.can_go_back)

    def mark(self, key: str) -> None:
        """The bundle that is shown."""
        if key in self.lines:
            self.lines[key].setChecked(True)

    def offer_undo(self, sentence: str) -> None:
        """What went to the trash, with the way back; "" takes it away."""
        self._gone.setText(sentence)
        self._gone.setVisible(bool(sentence))
        self.buttons["undo"].setVisible(bool(sentence))

    def _lay_out(self) -> None:
        self._bundles.setSpacing(2)
        self._log.setSpacing(theme.SPACE[0])
        logged = QWidget()
        logged.setLayout(self._log)
        self._log.setContentsMargins(theme.SPACE[0], 0, 0, 0)
        inside = QWidget()
        inside.setProperty("panel", True)
        column = QVBoxLayout(inside)
        column.setContentsMargins(theme.SPACE[1], theme.SPACE[2], theme.SPACE[1], theme.SPACE[2])
        column.setSpacing(theme.SPACE[1])
        column.addWidget(_indented(plain("BUNDLES", "label")))
        column.addWidget(_indented(self._state))
        column.addLayout(self._bundles)
        for widget in (_indented(self._gone), self.buttons["undo"], self.working, self.buttons["add"],
                       self.buttons["keras"]):  # fmt: skip
            column.addWidget(widget)
        column.addSpacing(theme.SPACE[2])
        column.addWidget(_indented(plain("WHO PUT WHAT INTO USE", "label")))
        column.addWidget(logged)
        column.addWidget(self.buttons["back"])
        column.addStretch(1)
        self.offer_undo("")
        self.buttons["back"].setEnabled(False)
        self.setWidgetResizable(True)
        self.setFixedWidth(WIDTH)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Bundles")
        self.setWidget(inside)


def _indented(label: QLabel) -> QLabel:
    label.setContentsMargins(theme.SPACE[0], 0, 0, 0)
    return label
