"""The study list as the reader sees it: a picture, three lines and a mark for each film; a title above a study."""

from __future__ import annotations

import functools
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QImage, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui import theme
from gui.reading.studies import PICTURE, ROW, Entry, Index, Row, Studies
from gui.widgets.labels import came_by_keyboard

_MARK = 12.0


class StudyList(QListView):
    """moved(): other films may have come into sight."""

    moved = Signal()

    def __init__(self, model: Studies, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studies = model
        self.setModel(model)
        self.by_keyboard = False
        self.setItemDelegate(_Drawing(self))
        self.setAccessibleName("Studies")
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.verticalScrollBar().valueChanged.connect(self.moved)

    def in_sight(self) -> list[Entry]:
        """The films whose lines can be seen now, from top to bottom."""
        if not self.isVisible():
            return []
        top, bottom = self.indexAt(QPoint(1, 1)), self.indexAt(QPoint(1, self.viewport().height() - 2))
        if not top.isValid():
            return []
        end = bottom.row() + 1 if bottom.isValid() else len(self._studies.rows)
        return [row.entry for row in self._studies.rows[top.row() : end] if row.entry is not None]

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        # A notice that comes takes its room from below: the film that is shown stays in sight.
        self.scrollTo(self.currentIndex())
        self.moved.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.by_keyboard = came_by_keyboard(event)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.by_keyboard = False
        super().focusOutEvent(event)


class _Drawing(QStyledItemDelegate):
    def __init__(self, studies: StudyList) -> None:
        super().__init__(studies)
        self._list = studies

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        state: Any = option.state
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.entry is None:
            _title(painter, area, row.title)
        else:
            if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
                painter.fillRect(area, theme.colour("raised"))
            if state & QStyle.StateFlag.State_Selected:
                painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), theme.colour("accent"))
            _film(painter, area, row, row.entry)
            if state & QStyle.StateFlag.State_HasFocus and self._list.by_keyboard:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.colour("focus"), 2))
                painter.drawRect(area.adjusted(1, 1, -1, -1))
        painter.restore()


def _title(painter: QPainter, area: QRectF, title: str) -> None:
    painter.fillRect(QRectF(area.left(), area.top(), area.width(), 1), theme.colour("line"))
    inner = area.adjusted(theme.SPACE[2], theme.SPACE[0], -theme.SPACE[2], 0)
    _line(painter, inner, title, theme.colour("quiet"), theme.LABEL)


def _film(painter: QPainter, area: QRectF, row: Row, entry: Entry) -> None:
    if row.parted:
        painter.fillRect(QRectF(area.left(), area.top(), area.width(), 1), theme.colour("line"))
    inner = area.adjusted(theme.SPACE[2], theme.SPACE[1], -theme.SPACE[2], -theme.SPACE[1])
    frame = QRectF(inner.left(), inner.top(), PICTURE, PICTURE)
    painter.fillRect(frame, theme.colour("canvas"))
    mark = entry.mark
    if entry.small is not None:
        _picture(painter, frame, entry.small)
    elif mark is not None and entry.state in ("refused", "failed"):
        place = QRectF(0, 0, 2 * _MARK, 2 * _MARK)
        place.moveCenter(frame.center())
        painter.drawImage(place, _icon(mark.icon, theme.ON_FILM.quiet))
    text = inner.adjusted(PICTURE + theme.SPACE[1], 0, 0, 0)
    third = text.height() / 3
    first, second, last = (QRectF(text.left(), text.top() + n * third, text.width(), third) for n in range(3))
    unread = not entry.read and entry.state not in ("refused", "failed")
    if unread:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(QPointF(first.right() - 3, first.center().y()), 3, 3)
        first.adjust(0, 0, -theme.SPACE[2], 0)
    # Under a title that names the patient, the file's name tells films apart; the end of a path does that.
    name = entry.ref.name if row.grouped else entry.who
    elide = Qt.TextElideMode.ElideMiddle if name == entry.ref.name else Qt.TextElideMode.ElideRight
    _line(painter, first, name, theme.colour("text"), theme.BODY, strong=unread, elide=elide)
    _line(painter, second, entry.facts_line, theme.colour("quiet"), theme.LABEL)
    if entry.verdict:
        place = QRectF(last.right() - _MARK, last.center().y() - _MARK / 2, _MARK, _MARK)
        painter.drawImage(place, _icon("verdict", theme.tokens().text))
        last.adjust(0, 0, -_MARK - theme.SPACE[0], 0)
    if mark is not None:
        ink = getattr(theme.tokens(), mark.token)
        painter.drawImage(QRectF(last.left(), last.center().y() - _MARK / 2, _MARK, _MARK), _icon(mark.icon, ink))
        _line(painter, last.adjusted(_MARK + theme.SPACE[0], 0, 0, 0), entry.outcome, QColor(ink), theme.LABEL)


def _picture(painter: QPainter, frame: QRectF, small: QImage) -> None:
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    size = small.size().scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRectF(0, 0, size.width(), size.height())
    place.moveCenter(frame.center())
    painter.drawImage(place, small)


@functools.lru_cache(32)
def _icon(name: str, ink: str) -> QImage:
    return theme.drawn(name, QColor(ink), round(3 * _MARK))


def _line(
    painter: QPainter,
    where: QRectF,
    text: str,
    ink: QColor,
    pixels: int,
    *,
    strong: bool = False,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    painter.setFont(theme.font(pixels, strong=strong))
    painter.setPen(ink)
    fitted = QFontMetrics(painter.font()).elidedText(text, elide, int(where.width()))
    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, fitted)
