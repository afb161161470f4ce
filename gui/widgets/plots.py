"""Plots drawn by ourselves: axes with units, lines with their intervals as bands, points with words, a sentence under.

What is drawn is plain data (Chart); the widget knows nothing of trainings. Lines differ in stroke, not in colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.labels import plain

_BAND_OPACITY: Final = 0.22
_SAMPLE: Final = 18  # the piece of a line beside its name
_ANY: Final = 16_777_215  # Qt's QWIDGETSIZE_MAX
_PARTS: Final = 7  # of an axis, at most
_Align = Qt.AlignmentFlag


@dataclass(frozen=True, slots=True)
class Axis:
    """title: what, with its unit in brackets where it has one. low, high: None, what the lines need."""

    title: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    whole: bool = False

    @property
    def words(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined in their order; NaN interrupts. lows, highs: the ends of their intervals, drawn as a band.

    token: a colour of the theme. dashed, dots: so that two lines can be told apart without colours.
    """

    title: str
    xs: Sequence[float]
    ys: Sequence[float]
    token: str = "accent"
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One place that is meant, with a word beside it."""

    x: float
    y: float
    title: str = ""
    token: str = "refer"


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot. diagonal: a faint line from corner to corner (chance, or perfectly calibrated). rules: upright lines,
    where and what stands there."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...] = ()
    points: tuple[Point, ...] = ()
    diagonal: bool = False
    sentence: str = ""
    empty: str = "Nothing to draw yet."
    rules: tuple[tuple[float, str], ...] = ()
    rule_token: str = "quiet"

    @property
    def is_square(self) -> bool:
        """Both axes have the same ends: a step on one shall look like a step on the other."""
        ends = {(axis.low, axis.high) for axis in (self.x, self.y)}
        return len(ends) == 1 and None not in ends.pop()


@dataclass(frozen=True, slots=True)
class _Place:
    """ranges: lowest and highest x, lowest and highest y. area: inside the axes; left is room for the numbers of y,
    above for the legend, below for numbers and title."""

    ranges: tuple[float, float, float, float]
    area: QRectF


class Plot(QWidget):
    """Draws a chart. picked(float, float): x and y where it was pressed, within the axes."""

    picked = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chart = Chart("", Axis(""), Axis(""))
        self._found: _Place | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(180, 130)

    @property
    def chart(self) -> Chart:
        return self._chart

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(320, 220)

    def show_chart(self, chart: Chart) -> None:
        if chart != self._chart:
            self._chart, self._found = chart, None
            self.setAccessibleName(chart.title)
            self.setAccessibleDescription(chart.sentence)
            self._keep_shape()
            self.update()

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802
        self._found = None
        self._keep_shape()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        self._found = None
        super().changeEvent(event)

    def _keep_shape(self) -> None:
        """Never higher than wide where both axes are alike; it may be lower, on a small screen."""
        self.setMaximumHeight(max(self.width(), self.minimumHeight()) if self._chart.is_square else _ANY)

    def ranges(self) -> tuple[float, float, float, float]:
        """Lowest and highest x, lowest and highest y of what is drawn."""
        return self._place().ranges

    def place(self, x: float, y: float) -> QPointF:
        """Where a point of the axes lies in the widget."""
        left, right, low, high = self.ranges()
        area = self._area()
        return QPointF(
            area.left() + (x - left) / (right - left) * area.width(),
            area.bottom() - (y - low) / (high - low) * area.height(),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        area, where = self._area(), event.position()
        if self._chart.lines and area.adjusted(-4, -4, 4, 4).contains(where):
            left, right, low, high = self.ranges()
            x = left + (where.x() - area.left()) / area.width() * (right - left)
            y = low + (area.bottom() - where.y()) / area.height() * (high - low)
            self.picked.emit(min(max(x, left), right), min(max(y, low), high))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.LABEL))
        if any(len(line.xs) for line in self._chart.lines):
            self._draw_axes(painter)
            painter.setClipRect(self._area().adjusted(-4, -4, 4, 4))
            for line in self._chart.lines:
                self._draw_band(painter, line)
            for line in self._chart.lines:
                self._draw_line(painter, line)
            painter.setClipping(False)
            self._draw_points(painter)
            self._draw_legend(painter)
        else:
            painter.setPen(theme.colour("quiet"))
            painter.drawText(QRectF(self.rect()), _Align.AlignCenter | Qt.TextFlag.TextWordWrap, self._chart.empty)
        painter.end()

    def _area(self) -> QRectF:
        return self._place().area

    def _place(self) -> _Place:
        """Found once for a chart and a size: every point that is drawn asks for it."""
        if self._found is None:
            chart, metrics = self._chart, QFontMetricsF(theme.font(theme.LABEL))
            across = [x for line in chart.lines for x in line.xs]
            up = [y for line in chart.lines for ys in (line.ys, line.lows, line.highs) for y in ys]
            low, high = _range(chart.y, up)
            widest = max(metrics.horizontalAdvance(said) for _tick, said in _ticks(low, high, chart.y.whole))
            line = metrics.height()
            area = QRectF(self.rect()).adjusted(widest + line + 8, line + 8, -12, -2 * line - 8)
            self._found = _Place((*_range(chart.x, across), low, high), area)
        return self._found

    def _draw_axes(self, painter: QPainter) -> None:
        area, metrics = self._area(), QFontMetricsF(painter.font())
        left, right, low, high = self.ranges()
        line, quiet = metrics.height(), theme.colour("quiet")
        grid, ground = QPen(theme.colour("raised"), 1), QPen(theme.colour("line"), 1)
        for y, said in _ticks(low, high, self._chart.y.whole):
            at = self.place(left, y).y()
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            painter.setPen(quiet)
            painter.drawText(QRectF(0, at - line / 2, area.left() - 6, line), _Align.AlignRight, said)
        for x, said in _ticks(left, right, self._chart.x.whole):
            at = self.place(x, low).x()
            painter.setPen(grid)
            painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
            painter.setPen(quiet)
            painter.drawText(QRectF(at - 40, area.bottom() + 3, 80, line), _Align.AlignHCenter, said)
        painter.setPen(ground)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.bottomLeft(), area.topLeft())
        if self._chart.diagonal:
            painter.setPen(QPen(theme.colour("line"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(area.bottomLeft(), area.topRight())
        painter.setPen(quiet)
        below = QRectF(area.left(), area.bottom() + line + 3, area.width(), line)
        painter.drawText(below, _Align.AlignHCenter, self._chart.x.words)
        painter.save()
        painter.translate(line / 2, area.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-area.height(), -line / 2, 2 * area.height(), line), _Align.AlignHCenter,
                         self._chart.y.words)  # fmt: skip
        painter.restore()
        for x, said in self._chart.rules:
            at = self.place(x, low).x()
            painter.setPen(QPen(theme.colour(self._chart.rule_token), 1.5))
            painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
            painter.drawText(_beside(QPointF(at, area.top() + line), said, metrics, area), _Align.AlignLeft, said)

    def _draw_band(self, painter: QPainter, line: Line) -> None:
        if not line.lows or not line.highs:
            return
        colour = theme.colour(line.token)
        colour.setAlphaF(_BAND_OPACITY)
        edge = [
            self.place(x, y)
            for xs, ys in ((line.xs, line.lows), (line.xs[::-1], line.highs[::-1]))
            for x, y in zip(xs, ys, strict=True)
            if math.isfinite(y)
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF(edge))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_line(self, painter: QPainter, line: Line) -> None:
        for part in _unbroken(line):
            places = [self.place(x, y) for x, y in part]
            painter.setPen(_pen(line))
            painter.drawPolyline(QPolygonF(places))
            if line.dots or len(places) == 1:
                _dots(painter, places, theme.colour(line.token))

    def _draw_points(self, painter: QPainter) -> None:
        metrics, area = QFontMetricsF(painter.font()), self._area()
        for point in self._chart.points:
            at = self.place(point.x, point.y)
            painter.setPen(QPen(theme.colour("ground"), 1.5))
            painter.setBrush(theme.colour(point.token))
            painter.drawEllipse(at, 5, 5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.colour("text"))
            painter.drawText(_beside(at, point.title, metrics, area), _Align.AlignLeft, point.title)

    def _draw_legend(self, painter: QPainter) -> None:
        metrics, x = QFontMetricsF(painter.font()), self._area().left()
        line = metrics.height()
        for each in self._chart.lines:
            if not each.title:
                continue
            painter.setPen(_pen(each))
            painter.drawLine(QPointF(x, line / 2 + 1), QPointF(x + _SAMPLE, line / 2 + 1))
            if each.dots:
                _dots(painter, [QPointF(x + _SAMPLE / 2, line / 2 + 1)], theme.colour(each.token))
            painter.setPen(theme.colour("text"))
            width = metrics.horizontalAdvance(each.title) + 2
            painter.drawText(QRectF(x + _SAMPLE + 5, 1, width, line), _Align.AlignLeft, each.title)
            x += _SAMPLE + 5 + width + 12


class Plotted(QWidget):
    """A plot with its title above and the sentence that says what to see under it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = Plot()
        self._title = plain("", "strong")
        self._sentence = plain("", "quiet", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        column.addWidget(self._title)
        column.addWidget(self.plot, 1)
        column.addWidget(self._sentence)
        column.addStretch()
        # As high for one line as for two: plots side by side stand on one line.
        self._sentence.setMinimumHeight(2 * math.ceil(QFontMetricsF(theme.font()).lineSpacing()))
        self._sentence.setAlignment(_Align.AlignTop)

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    def show_chart(self, chart: Chart) -> None:
        self.plot.show_chart(chart)
        self._title.setText(chart.title)
        self._sentence.setText(chart.sentence)
        self._sentence.setVisible(bool(chart.sentence))


def _range(axis: Axis, values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low = axis.low if axis.low is not None else min(finite)
    high = axis.high if axis.high is not None else max(finite)
    if high <= low:
        # One value, or all alike: room on both sides, so that it does not lie on an axis.
        spare = abs(low) * 0.1 or 0.5
        return (low - spare if axis.low is None else low), (high + spare if axis.high is None else low + spare)
    return low, high


def _ticks(low: float, high: float, whole: bool) -> list[tuple[float, str]]:
    """Round numbers between low and high, about six, with what is written there."""
    rough = (high - low) / _PARTS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    step = max(step, 1.0) if whole else step
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(number * step, f"{number * step:.{digits}f}") for number in range(first, last + 1)] or [(low, f"{low:g}")]


def _unbroken(line: Line) -> Iterator[list[tuple[float, float]]]:
    part: list[tuple[float, float]] = []
    for x, y in zip(line.xs, line.ys, strict=True):
        if math.isfinite(y):
            part.append((x, y))
        elif part:
            yield part
            part = []
    if part:
        yield part


def _pen(line: Line) -> QPen:
    pen = QPen(theme.colour(line.token), 1.75)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if line.dashed:
        pen.setDashPattern([4, 3])
    return pen


def _dots(painter: QPainter, places: Sequence[QPointF], colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for at in places:
        painter.drawEllipse(at, 2.75, 2.75)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _beside(at: QPointF, said: str, metrics: QFontMetricsF, area: QRectF) -> QRectF:
    """Room for words right of a point, or left of it where there is none."""
    width, line = metrics.horizontalAdvance(said) + 2, metrics.height()
    left = at.x() + 8 if at.x() + 8 + width <= area.right() + 8 else at.x() - 8 - width
    top = min(max(at.y() - line / 2, area.top()), area.bottom() - line)
    return QRectF(left, top, width, line)
