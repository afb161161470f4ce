"""A line that names a new bundle, with the button that makes it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.models.parts import Working
from gui.widgets.labels import plain

_WIDTH = 260


class Naming(QWidget):
    """wanted(str): make it under this name. It becomes a bundle of the site's own, and is not in use by that."""

    wanted = Signal(str)

    def __init__(self, verb: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = QLineEdit()
        self.field.setFixedWidth(_WIDTH)
        self.field.setAccessibleName("Name of the new bundle")
        self.button = QPushButton(verb)
        self.button.setAccessibleName(verb)
        self.button.setProperty("look", "primary")
        self.button.clicked.connect(self._want)
        self.field.returnPressed.connect(self._want)
        self.field.textChanged.connect(self._refresh)
        self.working = Working()
        # What is being written cannot be left half written.
        self.working.button.hide()
        self._said = plain("", "error", wrap=True)
        self._said.hide()
        label = plain("Name")
        label.setBuddy(self.field)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        for widget in (label, self.field, self.button):
            row.addWidget(widget)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        column.addLayout(row)
        column.addWidget(self._said)
        column.addWidget(self.working)

    @property
    def sentence(self) -> str:
        return self._said.text()

    def begin(self) -> None:
        self.button.setEnabled(False)
        self._said.hide()
        self.working.begin("The bundle is being made and proven on this PC; that takes some seconds for each member.")

    def end(self, error: str = "") -> None:
        self.working.hide()
        self._said.setText(error)
        self._said.setVisible(bool(error))
        self._refresh()

    def _refresh(self) -> None:
        self.button.setEnabled(bool(self.field.text().strip()))

    def _want(self) -> None:
        if self.button.isEnabled():
            self.wanted.emit(self.field.text().strip())
