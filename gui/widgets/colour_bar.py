"""What the colours of the heatmap mean, in words: for what they speak, and from less to more."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme

_BAR_WIDTH, _BAR_HEIGHT = 112, 8
_HEIGHT = 32


class ColourBar(QWidget):
    """A sentence, and under it the colours between "less" and "more"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._meaning = ""
        self._table: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say("")

    def say(self, meaning: str) -> None:
        """What the colours speak for; an empty sentence draws nothing."""
        self._meaning = meaning
        self.setAccessibleName(f"Colour bar: {meaning}, from less to more" if meaning else "Colour bar: no map")
        self.setToolTip(f"{meaning}: from less (dark) to more (light)" if meaning else "")
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(240, _HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(_BAR_WIDTH, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        if not self._meaning:
            return
        painter = QPainter(self)
        painter.setFont(theme.font(theme.LABEL))
        metrics = QFontMetrics(painter.font())
        line, gap = self.height() / 2, theme.SPACE[0] + 2
        painter.setPen(QColor(theme.tokens().text))
        words = metrics.elidedText(self._meaning, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(QColor(theme.tokens().quiet))
        x = 0.0
        ends = sum(metrics.horizontalAdvance(end) + gap for end in ("less", "more"))
        bar = min(_BAR_WIDTH, self.width() - ends - gap)
        for part in ("less", None, "more"):
            if part is None:
                painter.drawImage(QRectF(x, line * 1.5 - _BAR_HEIGHT / 2, bar, _BAR_HEIGHT), self._colours())
                x += bar + gap
            else:
                painter.drawText(QRectF(x, line, 64, line), Qt.AlignmentFlag.AlignVCenter, part)
                x += metrics.horizontalAdvance(part) + gap
        painter.end()

    def _colours(self) -> QImage:
        if self._table is None:
            from core.imaging.paint import colours

            table = colours()
            self._table = QImage(table.tobytes(), len(table), 1, table.nbytes, QImage.Format.Format_RGB888).copy()
        return self._table
