"""Labels in the few looks of the style sheet. Texts come from files and are plain: no tag in them is ever obeyed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFocusEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from gui import theme


def plain(text: str, look: str = "", *, wrap: bool = False) -> QLabel:
    """A label that shows a text as it is. look: a name of theme.style_sheet."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    if look:
        label.setProperty("look", look)
    return label


class Shortened(QLabel):
    """One line that is cut where it has no room, and says all of it in its tool tip."""

    def __init__(self, look: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("look", look)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words = ""

    def say(self, words: str) -> None:
        self.words = words
        self.setToolTip(words)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        self.setText(self.fontMetrics().elidedText(self.words, Qt.TextElideMode.ElideRight, self.width()))


def came_by_keyboard(event: QFocusEvent) -> bool:
    """Whether focus is to be shown: who clicks knows where, who tabs must be told."""
    by_key = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
    return event.reason() in by_key


def mark(name: str, token: str, side: int = theme.ICON) -> QLabel:
    """An icon in the colour of a token, for a place where a word stands beside it."""
    label = QLabel()
    ratio = label.devicePixelRatioF()
    image = theme.drawn(name, QColor(getattr(theme.tokens(), token)), round(side * ratio))
    image.setDevicePixelRatio(ratio)
    label.setPixmap(QPixmap.fromImage(image))
    label.setFixedSize(side, side)
    return label
