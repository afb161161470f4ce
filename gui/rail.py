"""The rail on the left: one button a page, with its icon and its word."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.commands import Actions

WIDTH = 64
_ABOVE, _BELOW = ("view.reading", "view.screening"), ("view.settings",)


class Rail(QFrame):
    """Buttons of the commands that bring a page to the front."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.SPACE[1], 0, theme.SPACE[1])
        column.setSpacing(theme.SPACE[0])
        for name in _ABOVE:
            column.addWidget(self._button(actions, name))
        column.addStretch(1)
        for name in _BELOW:
            column.addWidget(self._button(actions, name))

    def _button(self, actions: Actions, name: str) -> QToolButton:
        button = actions.button(name)
        button.setProperty("look", "rail")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(20, 20))
        button.setFixedWidth(WIDTH)
        return button
