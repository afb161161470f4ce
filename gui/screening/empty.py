"""What stands where the table would be: what belongs here, and how to get it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.labels import plain

_WIDTH = 480
_MARK = 32


class Empty(QWidget):
    """A mark, a title, a sentence, a hint and buttons, a little above the middle."""

    def __init__(self, buttons: Sequence[QPushButton], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._token = "screen", "quiet"
        self._mark = QLabel()
        self._title = plain("", "finding")
        self._sentence = plain("")
        self._hint = plain("", "quiet")
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addStretch(1)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(theme.SPACE[1])
        column.addStretch(3)
        column.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._sentence, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
            label.setFixedWidth(_WIDTH)
            column.addWidget(label)
        column.addSpacing(theme.SPACE[2])
        column.addLayout(row)
        column.addStretch(4)
        # Beside it, not around each label: a label that is aligned never gets the height of its second line.
        across = QHBoxLayout(self)
        across.addStretch(1)
        across.addLayout(column)
        across.addStretch(1)

    @property
    def words(self) -> str:
        """All that it says."""
        return "\n".join(label.text() for label in (self._title, self._sentence, self._hint) if label.text())

    def say(self, title: str, sentence: str, hint: str = "", *, icon: str = "screen", token: str = "quiet") -> None:
        for label, said in ((self._title, title), (self._sentence, sentence), (self._hint, hint)):
            label.setText(said)
            label.setVisible(bool(said))
        self._icon, self._token = icon, token
        self.retheme()

    def retheme(self) -> None:
        ratio = self.devicePixelRatioF()
        image = theme.drawn(self._icon, QColor(getattr(theme.tokens(), self._token)), round(_MARK * ratio))
        image.setDevicePixelRatio(ratio)
        self._mark.setPixmap(QPixmap.fromImage(image))
        self._mark.setFixedSize(QSize(_MARK, _MARK))
