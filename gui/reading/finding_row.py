"""One class in the findings panel: title, probability, a thin bar, and a tick for every member."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui import theme
from gui.reading import words

_HEIGHT = 46


class FindingRow(QAbstractButton):
    """Pressed, its class is the one on the heatmap. top: whether it is the most probable. before: the probability
    before it was re-weighted to the site; None where it was not."""

    def __init__(
        self,
        title: str,
        value: float,
        members: Sequence[float],
        top: bool,
        *,
        before: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._value, self._members, self._top, self._before = value, tuple(members), top, before
        self.setText(title)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        spoken = ", ".join(words.probability(member) for member in self._members)
        was = f" at this site, {words.probability(before)} before re-weighting" if before is not None else ""
        self.setAccessibleName(f"{title}, probability {words.probability(value)}{was}")
        self.setAccessibleDescription(f"Members: {spoken}. Press to see it on the heatmap.")
        self.setToolTip("Show this finding on the heatmap")

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        t = theme.tokens()
        area = QRectF(self.rect())
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.raised))
            painter.drawRoundedRect(area, theme.CORNER, theme.CORNER)
        if self.isChecked():
            painter.fillRect(QRectF(0, 6, 3, area.height() - 12), QColor(t.accent))
        inner = area.adjusted(theme.SPACE[2], theme.SPACE[1], -theme.SPACE[2], -theme.SPACE[1])
        painter.setPen(QColor(t.text))
        painter.setFont(theme.font(theme.FINDING if self._top else theme.BODY, strong=self._top))
        line = QRectF(inner.left(), inner.top(), inner.width(), 20)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text())
        number = words.probability(self._value)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        if self._before is not None:
            taken = painter.fontMetrics().horizontalAdvance(number) + theme.SPACE[0]
            painter.setPen(QColor(t.quiet))
            painter.setFont(theme.font(theme.LABEL))
            was = f"{words.probability(self._before)} →"
            painter.drawText(
                line.adjusted(0, 0, -taken, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, was
            )
        self._bar(painter, QRectF(inner.left(), inner.bottom() - 4, inner.width(), 3))
        if self.hasFocus():
            painter.setPen(QPen(QColor(t.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), theme.CORNER, theme.CORNER)
        painter.end()

    def _bar(self, painter: QPainter, bar: QRectF) -> None:
        t = theme.tokens()
        painter.fillRect(bar, QColor(t.line))
        filled = QRectF(bar.left(), bar.top(), bar.width() * self._value, bar.height())
        painter.fillRect(filled, QColor(t.accent if self._top else t.quiet))
        for member in self._members:
            x = bar.left() + bar.width() * member
            painter.fillRect(QRectF(x - 0.75, bar.top() - 3, 1.5, bar.height() + 6), QColor(t.text))
