"""The one place where errors appear in words: a line above the status bar, until it is read."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from gui import theme
from gui.widgets.labels import mark, plain


class Notice(QFrame):
    """Shows the newest sentence; closing it shows nothing. said(str) is emitted for everything it says."""

    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "notice")
        self._sentence = plain("", wrap=True)
        self._close = QToolButton()
        self._close.setIcon(theme.icon("close"))
        self._close.setAccessibleName("Close the message")
        self._close.setToolTip("Close the message (Esc)")
        self._close.setShortcut("Esc")
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE[2], theme.SPACE[0], theme.SPACE[1], theme.SPACE[0])
        row.setSpacing(theme.SPACE[1])
        row.addWidget(mark("caution", "refer"))
        row.addWidget(self._sentence, 1)
        row.addWidget(self._close)
        self.hide()

    @property
    def sentence(self) -> str:
        return self._sentence.text() if not self.isHidden() else ""

    def say(self, sentence: str) -> None:
        self._sentence.setText(sentence)
        self.setAccessibleName(sentence)
        self.show()
        self.said.emit(sentence)
