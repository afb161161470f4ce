"""The strip under a canvas."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from gui import theme

HEIGHT = 38


class Foot(QFrame):
    """Buttons and labels in a row; as high as two small lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.setFixedHeight(HEIGHT)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.SPACE[0], 0, theme.SPACE[1], 0)
        self._row.setSpacing(theme.SPACE[0])

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        if isinstance(widget, QToolButton):
            widget.setIconSize(QSize(theme.ICON, theme.ICON))
        self._row.addWidget(widget, stretch)

    def stack(self, upper: QWidget, lower: QWidget) -> None:
        """Two lines that take the rest of the row."""
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addStretch(1)
        column.addWidget(upper)
        column.addWidget(lower)
        column.addStretch(1)
        self._row.addLayout(column, 1)
