"""The rail on the left: one button a page, with its icon and its word."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.commands import Actions

WIDTH = 64
_ABOVE = ("view.reading", "view.screening", "view.training", "view.models")
_BELOW = ("view.settings",)


class Rail(QFrame):
    """Buttons of the commands that bring a page to the front."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._buttons: dict[str, QToolButton] = {}
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.SPACE[1], 0, theme.SPACE[1])
        column.setSpacing(theme.SPACE[0])
        for name in _ABOVE:
            column.addWidget(self._button(name))
        column.addStretch(1)
        for name in _BELOW:
            column.addWidget(self._button(name))
        self.recolour()

    def recolour(self) -> None:
        """Draw the icons in the colours of the theme in use."""
        for name, button in self._buttons.items():
            button.setIcon(theme.icon(self._actions.icon_name(name), side=theme.RAIL_ICON))

    def _button(self, name: str) -> QToolButton:
        # Not the action's own button: its icon is larger than that of a menu.
        action, button = self._actions[name], QToolButton()
        button.setProperty("look", "rail")
        button.setCheckable(True)
        button.setText(action.text())
        button.setAccessibleName(action.text())
        button.setToolTip(action.toolTip())
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(theme.RAIL_ICON, theme.RAIL_ICON))
        button.setFixedWidth(WIDTH)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(action.trigger)
        action.toggled.connect(button.setChecked)
        # A second press on the page in front leaves it in front.
        button.clicked.connect(lambda: button.setChecked(action.isChecked()))
        self._buttons[name] = button
        return button
