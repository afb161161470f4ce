"""What the colours of the heatmap mean, in words: for what they speak, whose they are, and from less to more.

The colours are even steps of lightness (core.imaging.paint): who cannot tell hues apart still reads dark as less and
light as more.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme
from gui.widgets.heat import CONTOURS

_BAR_WIDTH, _BAR_HEIGHT = 96, 8
_HEIGHT = 32


class ColourBar(QWidget):
    """A sentence, and under it the colours between "less" and "more", or the two lines of the contours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._meaning = self._source = ""
        self._floor, self._contour = 0.0, False
        self._table: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say("")

    def say(self, meaning: str, source: str = "", floor: float = 0.0, contour: bool = False) -> None:
        """What the colours speak for, and whose map it is; an empty sentence draws nothing.

        floor: the share of the scale below which nothing is drawn. contour: lines instead of colours.
        """
        self._meaning, self._source, self._floor, self._contour = meaning, source, floor, contour
        whose = f"{meaning}, {source}" if source else meaning
        shares = " and ".join(f"{share * 100:.0f} %" for share in CONTOURS)
        how = f"lines at {shares} of the scale" if contour else "from less to more"
        if floor and not contour:
            how += f", hidden below {floor * 100:.0f} % of the scale"
        self.setAccessibleName(f"Colour bar: {whose}, {how}" if meaning else "Colour bar: no map")
        how = how.replace("less", "less (dark)").replace("more", "more (light)")
        self.setToolTip(f"{whose}: {how}" if meaning else "")
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
        line = self.height() / 2
        painter.setPen(QColor(theme.tokens().text))
        # The longer sentence where it has room; the bar under it says less and more of what.
        said = self._meaning
        if QFontMetrics(painter.font()).horizontalAdvance(said) > self.width():
            short = said.removeprefix("Speaks for ")
            said = short[:1].upper() + short[1:]
        self._words(painter, 0, 0, said)
        painter.setPen(QColor(theme.tokens().quiet))
        x = self._lines(painter, line) if self._contour else self._wash(painter, line)
        self._words(painter, x + theme.SPACE[0], line, self._source)
        painter.end()

    def _wash(self, painter: QPainter, top: float) -> float:
        """The colours from the floor on, between their ends; gives where the row goes on."""
        least = f"{self._floor * 100:.0f} %" if self._floor else "less"
        x = self._words(painter, 0, top, least)
        metrics = QFontMetrics(painter.font())
        room = self.width() - x - metrics.horizontalAdvance("more" + self._source) - 3 * theme.SPACE[1]
        colours = self._colours()
        hidden = round(self._floor * colours.width())
        whole = QRectF(x, top * 1.5 - _BAR_HEIGHT / 2, max(24, min(_BAR_WIDTH, room)), _BAR_HEIGHT)
        painter.drawImage(whole, colours, QRectF(hidden, 0, colours.width() - hidden, 1))
        return self._words(painter, whole.right() + theme.SPACE[0] + 2, top, "more")

    def _lines(self, painter: QPainter, top: float) -> float:
        """A piece of each contour with its share of the scale."""
        pen, x, middle = QPen(painter.pen()), 0.0, top * 1.5
        for share in CONTOURS:
            strongest = share == CONTOURS[-1]
            line = QPen(QColor(theme.tokens().text), 2 if strongest else 1)
            line.setStyle(Qt.PenStyle.SolidLine if strongest else Qt.PenStyle.DashLine)
            painter.setPen(line)
            painter.drawLine(QPointF(x, middle), QPointF(x + 16, middle))
            painter.setPen(pen)
            x = self._words(painter, x + 20, top, f"{share * 100:.0f} %")
        return x

    def _words(self, painter: QPainter, x: float, top: float, words: str) -> float:
        """Words in one of the two lines, cut to what is left of it; gives where the line goes on."""
        metrics = QFontMetrics(painter.font())
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0, int(self.width() - x)))
        wide = metrics.horizontalAdvance(words)
        painter.drawText(QRectF(x, top, wide + 2, self.height() / 2), Qt.AlignmentFlag.AlignVCenter, words)
        return x + wide + theme.SPACE[0] + 2

    def _colours(self) -> QImage:
        if self._table is None:
            from core.imaging.paint import colours

            table = colours()
            self._table = QImage(table.tobytes(), len(table), 1, table.nbytes, QImage.Format.Format_RGB888).copy()
        return self._table
