"""Films as small pictures beside each other; only those in sight are fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.site.plan import SiteFilm
from gui import theme
from gui.training.site import Site
from gui.widgets.labels import came_by_keyboard

SIDE: Final = 120
_LINE: Final = 16
_NUMBER: Final = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


def standing(film: SiteFilm) -> tuple[str, str]:
    """(what became of a film in a word, the colour token); ("", "") for one that is simply used."""
    if film.excluded:
        return "left out", "quiet"
    if film.problem:
        return "cannot be read", "error"
    if not film.sha256:
        return "not read yet", "quiet"
    return ("relabelled", "accent") if film.relabelled else ("", "")


class _Films(QAbstractListModel):
    """Numbers of films in their order."""

    def __init__(self, site: Site, parent: QWidget) -> None:
        super().__init__(parent)
        self.site = site
        self.numbers: list[int] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self.numbers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        number = self.numbers[index.row()]
        film = self.site.films.get(number)
        if role == _NUMBER:
            return number
        if film is None:
            return None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(one for one in (film.name, film.label, standing(film)[0]) if one)
        if role == Qt.ItemDataRole.ToolTipRole:
            why = film.excluded or film.problem
            return f"{film.name}\n{film.label}" + (f"\n{standing(film)[0]}: {why}" if why else "")
        return film.name if role == Qt.ItemDataRole.DisplayRole else None

    def show_numbers(self, numbers: Sequence[int]) -> None:
        if list(numbers) == self.numbers:
            self.touch(frozenset(numbers))
            return
        self.beginResetModel()
        self.numbers = list(numbers)
        self.endResetModel()

    def touch(self, numbers: frozenset[int]) -> None:
        """These look different now."""
        rows = [row for row, number in enumerate(self.numbers) if number in numbers]
        if rows:
            self.dataChanged.emit(self.index(rows[0]), self.index(rows[-1]))


class Thumbs(QListView):
    """chosen(): other films are chosen, or another one is in front. opened(number): one was double-clicked."""

    chosen = Signal()
    opened = Signal(int)

    def __init__(self, site: Site, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._films = _Films(site, self)
        self.by_keyboard = False
        self.setModel(self._films)
        self.setItemDelegate(_Drawing(self))
        self.setAccessibleName(name)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSpacing(theme.SPACE[0] // 2)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        self.activated.connect(lambda index: self.opened.emit(index.data(_NUMBER)))
        site.pictured.connect(self._films.touch)

    def show_numbers(self, numbers: Sequence[int]) -> None:
        """Show these films; what is chosen among them stays chosen."""
        before, front = set(self.numbers_chosen), self.front
        self._films.show_numbers(numbers)
        if not self.numbers_chosen and before:
            self.choose([number for number in numbers if number in before], front)

    def choose(self, numbers: Sequence[int], front: int | None = None) -> None:
        """Choose films; front: the one whose large picture is wanted."""
        model = self.selectionModel()
        model.clearSelection()
        rows = {number: row for row, number in enumerate(self._films.numbers)}
        for number in numbers:
            model.select(self._films.index(rows[number]), model.SelectionFlag.Select)
        front = front if front in numbers else next(iter(numbers), None)
        if front is not None:
            model.setCurrentIndex(self._films.index(rows[front]), model.SelectionFlag.NoUpdate)

    @property
    def numbers(self) -> list[int]:
        return list(self._films.numbers)

    @property
    def numbers_chosen(self) -> list[int]:
        return [self._films.numbers[index.row()] for index in sorted(self.selectedIndexes())]

    @property
    def front(self) -> int | None:
        """The film in front: the current one where it is chosen."""
        index, chosen = self.currentIndex(), self.numbers_chosen
        number = self._films.numbers[index.row()] if index.isValid() else None
        return number if number in chosen else next(iter(chosen), None)

    def step(self, by: int) -> None:
        """The next or the previous film."""
        row = self.currentIndex().row() + by if self.currentIndex().isValid() else 0
        if 0 <= row < len(self._films.numbers):
            self.choose([self._films.numbers[row]])
            self.scrollTo(self._films.index(row))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.by_keyboard = came_by_keyboard(event)
        super().focusInEvent(event)


class _Drawing(QStyledItemDelegate):
    def __init__(self, view: Thumbs) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802
        return QSize(SIDE + theme.SPACE[1], SIDE + theme.SPACE[1] + 2 * _LINE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = self._view._films
        film = model.site.films.get(index.data(_NUMBER))
        if film is None:
            return
        state: Any = option.state
        area = QRectF(option.rect)
        painter.save()
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, theme.colour("raised"))
        frame = QRectF(area.left() + theme.SPACE[0], area.top() + theme.SPACE[0], SIDE, SIDE)
        painter.fillRect(frame, theme.colour("canvas"))
        word, token = standing(film)
        image = model.site.picture(film.number)
        if image is not None and not image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(0.35 if film.excluded else 1.0)
            size = image.size().scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(frame.center())
            painter.drawImage(place, image)
            painter.setOpacity(1.0)
        if chosen:
            # Chosen is seen by the frame too, not by the ground alone.
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(frame.adjusted(-1, -1, 1, 1))
        first = QRectF(frame.left(), frame.bottom() + 2, SIDE, _LINE)
        _line(painter, first, film.name, "text", Qt.TextElideMode.ElideLeft)
        _line(painter, first.translated(0, _LINE), word or film.label, token or "quiet")
        if state & QStyle.StateFlag.State_HasFocus and self._view.by_keyboard:
            painter.setPen(QPen(theme.colour("focus"), 2))
            painter.drawRect(area.adjusted(1, 1, -1, -1))
        painter.restore()


def _line(
    painter: QPainter, where: QRectF, text: str, token: str, elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight
) -> None:
    font = theme.font(theme.LABEL)
    painter.setFont(font)
    painter.setPen(theme.colour(token))
    shown = QFontMetrics(font).elidedText(text, elide, int(where.width()))
    painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
