"""A section of the settings: a title, sentences, controls below each other."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.labels import plain


class Section(QWidget):
    """A heading and what stands under it. refresh() is called whenever the page comes to the front, retheme() after a
    change of theme. notice(str): a sentence for the notice line."""

    notice = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, theme.SPACE[4])
        self.column.setSpacing(theme.SPACE[1])
        self.column.addWidget(plain(title, "finding"))

    def refresh(self) -> None:
        """Learn anew what may have changed elsewhere."""

    def retheme(self) -> None:
        """Draw anew what was drawn in the colours of the theme."""

    def say(self, text: str, look: str = "quiet") -> QLabel:
        """A sentence under what stands there so far."""
        label = plain(text, look, wrap=True)
        self.column.addWidget(label)
        return label

    def row(self, widgets: Sequence[QWidget]) -> QHBoxLayout:
        """Widgets beside each other, at the left."""
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch(1)
        self.column.addLayout(row)
        return row


def button(text: str, look: str = "") -> QPushButton:
    """A button that says what it does."""
    made = QPushButton(text)
    made.setAccessibleName(text)
    if look:
        made.setProperty("look", look)
    return made
