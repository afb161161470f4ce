"""What stands where a film would be: nothing open, opening, refused, failed; always with what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPalette, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.labels import plain

_WIDTH = 460
_MARK = 32


class Placard(QFrame):
    """A mark, a title, sentences, and buttons, in the middle of the black where the film would be."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.tokens().canvas))
        self.setPalette(palette)
        self._mark = QLabel()
        self._title = plain("", "placard-title")
        self._sentence = plain("", "placard")
        self._hint = plain("", "placard-hint")
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedSize(QSize(160, 2))
        self._busy.setAccessibleName("Opening")
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme.SPACE[1])
        column = QVBoxLayout()
        column.setSpacing(theme.SPACE[1])
        column.addStretch(3)
        for widget in (self._mark, self._title, self._sentence, self._busy, self._hint):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(theme.SPACE[2])
        column.addLayout(self._buttons)
        column.addStretch(4)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addLayout(column)
        row.addStretch(1)
        for label in (self._title, self._sentence, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
            label.setFixedWidth(_WIDTH)

    def say(
        self,
        title: str,
        sentence: str = "",
        *,
        mark: str = "",
        token: str = "text",
        hint: str = "",
        busy: bool = False,
        buttons: Sequence[QPushButton] = (),
    ) -> None:
        """Show one state. mark: an icon's name, in the colour of a token. The buttons come from the command table."""
        ink = QColor(getattr(theme.ON_FILM, token))
        self._mark.setVisible(bool(mark))
        if mark:
            ratio = self.devicePixelRatioF()
            image = theme.drawn(mark, ink, round(_MARK * ratio))
            image.setDevicePixelRatio(ratio)
            self._mark.setPixmap(QPixmap.fromImage(image))
        for label, words in ((self._title, title), (self._sentence, sentence), (self._hint, hint)):
            label.setText(words)
            label.setVisible(bool(words))
        self._busy.setVisible(busy)
        while (item := self._buttons.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if buttons:
            self._buttons.addStretch(1)
            for button in buttons:
                button.setProperty("look", "onfilm")
                self._buttons.addWidget(button)
            self._buttons.addStretch(1)
        self.setAccessibleName(" ".join(words for words in (title, sentence, hint) if words))

    @property
    def words(self) -> str:
        """All that it says."""
        return self.accessibleName()
