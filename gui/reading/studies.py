"""The list of open films: what is known of each, in a model; how a row is drawn, in a delegate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui import theme
from gui.reading import words
from gui.widgets.labels import came_by_keyboard

if TYPE_CHECKING:
    from core.errors import Reason
    from core.imaging.radiograph import Facts
    from core.imaging.sources import ImageRef
    from core.inference.assessment import Assessment

Index = QModelIndex | QPersistentModelIndex
WIDTH = 232
_HEIGHT = 64
_ENTRY = Qt.ItemDataRole.UserRole


@dataclass(slots=True, eq=False)
class Entry:
    """A film on the list. state: what the list knows of its file; assessment: the newest, if any."""

    ref: ImageRef
    state: Literal["listed", "opened", "refused", "failed"] = "listed"
    facts: Facts | None = None
    reason: Reason | None = None
    assessment: Assessment | None = None
    finding: str = ""

    @property
    def mark(self) -> words.Mark | None:
        if self.state == "refused":
            return words.REFUSED
        if self.state == "failed":
            return words.FAILED
        return words.mark_of(self.assessment) if self.assessment is not None else None

    @property
    def facts_line(self) -> str:
        if self.reason is not None and self.state in ("refused", "failed"):
            return self.reason.text
        return words.facts_line(self.facts, short=True) if self.facts is not None else ""

    @property
    def outcome(self) -> str:
        """The mark's word and the finding, in as few words as the list has room for."""
        mark = self.mark
        if mark is None:
            return ""
        if mark in (words.REFER, words.NOT_REFERRED):
            return f"{mark.word if mark is words.REFER else 'Below:'} {self.finding}"
        return mark.word

    @property
    def place(self) -> str:
        """Where the file is."""
        return self.ref.path if self.ref.member is None else f"{self.ref.path} ! {self.ref.member}"

    @property
    def spoken(self) -> str:
        return ", ".join(part for part in (self.ref.name, self.facts_line, self.outcome) if part)


class Studies(QAbstractListModel):
    """The films in the order in which they were opened."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.ref.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (entry.place, entry.facts_line, entry.outcome) if part)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return entry.spoken
        return entry if role == _ENTRY else None

    def add(self, refs: Sequence[ImageRef]) -> list[Entry]:
        """Put films at the end; those that are on the list already stay where they are. Gives the entries, in order."""
        known = {entry.ref: entry for entry in self.entries}
        new = [Entry(ref) for ref in dict.fromkeys(refs) if ref not in known]
        if new:
            self.beginInsertRows(QModelIndex(), len(self.entries), len(self.entries) + len(new) - 1)
            self.entries.extend(new)
            self.endInsertRows()
        known.update((entry.ref, entry) for entry in new)
        return [known[ref] for ref in dict.fromkeys(refs)]

    def remove(self, row: int) -> None:
        self.beginRemoveRows(QModelIndex(), row, row)
        del self.entries[row]
        self.endRemoveRows()

    def touch(self, entry: Entry) -> None:
        """Something about an entry is new."""
        if entry in self.entries:
            index = self.index(self.entries.index(entry))
            self.dataChanged.emit(index, index)


class StudyList(QListView):
    """The list as the reader sees it: two lines and a mark for each film."""

    def __init__(self, model: Studies, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.by_keyboard = False
        self.setItemDelegate(_Row(self))
        self.setAccessibleName("Studies")
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        # A notice that comes takes its room from below: the film that is shown stays in sight.
        self.scrollTo(self.currentIndex())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.by_keyboard = came_by_keyboard(event)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.by_keyboard = False
        super().focusOutEvent(event)


class _Row(QStyledItemDelegate):
    def __init__(self, studies: StudyList) -> None:
        super().__init__(studies)
        self._list = studies

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802
        return QSize(WIDTH, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(_ENTRY)
        t = theme.tokens()
        state: Any = option.state
        area = QRectF(option.rect)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(t.raised))
        if selected:
            painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), QColor(t.accent))
        inner = area.adjusted(theme.SPACE[2], theme.SPACE[1], -theme.SPACE[2], -theme.SPACE[1])
        third = inner.height() / 3
        # The end of a path tells films apart; its beginning is the same for all.
        name, facts, outcome = (QRectF(inner.left(), inner.top() + n * third, inner.width(), third) for n in range(3))
        _line(painter, name, entry.ref.name, t.text, theme.BODY, elide=Qt.TextElideMode.ElideMiddle)
        _line(painter, facts, entry.facts_line, t.quiet, theme.LABEL)
        if (mark := entry.mark) is not None:
            ink, side = getattr(t, mark.token), 12.0
            place = QRectF(outcome.left(), outcome.center().y() - side / 2, side, side)
            painter.drawImage(place, theme.drawn(mark.icon, QColor(ink), round(3 * side)))
            _line(painter, outcome.adjusted(side + theme.SPACE[0], 0, 0, 0), entry.outcome, ink, theme.LABEL)
        if state & QStyle.StateFlag.State_HasFocus and self._list.by_keyboard:
            painter.setPen(QPen(QColor(t.focus), 2))
            painter.drawRect(area.adjusted(1, 1, -1, -1))
        painter.restore()


def _line(
    painter: QPainter,
    where: QRectF,
    text: str,
    ink: str,
    pixels: int,
    *,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    painter.setFont(theme.font(pixels))
    painter.setPen(QColor(ink))
    fitted = QFontMetrics(painter.font()).elidedText(text, elide, int(where.width()))
    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, fitted)
