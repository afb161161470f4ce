"""What is in the way of new keys, said right under the command that was to get them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from gui import theme
from gui.settings.section import button
from gui.widgets.labels import plain


class Conflict(QFrame):
    """One for all rows; it moves under the one that it is about. given(dict): the keys of the commands to change."""

    given = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "question")
        self._keys: dict[str, str] = {}
        self._words = plain("", wrap=True)
        self.give, self.leave = button("Give it", "primary"), button("Leave it")
        self.give.clicked.connect(lambda: self.given.emit(self._keys))
        self.leave.clicked.connect(self.hide)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE[1])
        buttons.addWidget(self.give)
        buttons.addWidget(self.leave)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE[2], theme.SPACE[1], theme.SPACE[2], theme.SPACE[1])
        column.setSpacing(theme.SPACE[1])
        column.addWidget(self._words)
        column.addLayout(buttons)
        self.hide()

    @property
    def sentence(self) -> str:
        return "" if self.isHidden() else self._words.text()

    def ask(self, under: QWidget, keys: str, holder: str, wanted: str, change: dict[str, str]) -> None:
        """Whether `wanted` may take the keys that `holder` has."""
        self._keys = change
        self._place(under, f"{keys} belongs to “{holder}”, which would have no keys then.")
        self.give.setText(f"Give it to “{wanted}”")
        self.give.setAccessibleName(self.give.text())
        self.give.show()
        self.leave.setFocus(Qt.FocusReason.OtherFocusReason)

    def tell(self, under: QWidget, sentence: str) -> None:
        """Why it cannot be."""
        self._place(under, sentence)
        self.give.hide()

    def _place(self, under: QWidget, sentence: str) -> None:
        table = under.parentWidget()
        layout = table.layout() if table is not None else None
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.indexOf(under) + 1, self)
        self._words.setText(sentence)
        self.show()
