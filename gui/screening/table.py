"""The table of a run as one sees it: rows of one height, the line of the threshold, the beginnings of studies."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTableView, QWidget

from core.screening.state import Brief
from gui import theme
from gui.reading import words
from gui.screening.model import FILM, FINDING, REASONS, RESULT, STUDY, SUSPICION, VERDICT, VIEW, Rows
from gui.widgets.labels import came_by_keyboard

ROW_HEIGHT = 28
_WIDTHS = {RESULT: 112, SUSPICION: 84, FINDING: 108, STUDY: 96, FILM: 76, VIEW: 52, VERDICT: 112}
_NAMED = 200
_PADDING = 8
_QUIET = (STUDY, VIEW, REASONS)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_MOST_FITTED = 20_000


class Table(QTableView):
    """picked(Brief or None): another line is the current one. wanted(int): the line to open (Enter, double click)."""

    picked = Signal(object)
    wanted = Signal(int)

    def __init__(self, rows: Rows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._kept: int | None = None
        self._fitted: dict[tuple[str, int], str] = {}
        self._signs: dict[words.Mark, QPixmap] = {}
        self._by_keyboard = False
        self.setModel(rows)
        self.setAccessibleName("Films of the run")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        for corner in self.findChildren(QAbstractButton):
            corner.setAccessibleName("Choose all films")
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        down, across = self.verticalHeader(), self.horizontalHeader()
        down.setAccessibleName("Lines")
        across.setAccessibleName("Columns")
        down.hide()
        # Rows of one fixed height: the view asks nothing of ten thousand rows to know where one of them is.
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(ROW_HEIGHT)
        across.setHighlightSections(False)
        across.setSectionsClickable(False)
        across.setMinimumSectionSize(48)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        across.setSectionResizeMode(REASONS, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(self._tell)
        self.doubleClicked.connect(lambda index: self.wanted.emit(index.row()))
        rows.modelAboutToBeReset.connect(self._keep)
        rows.modelReset.connect(self._take_up)
        rows.layoutChanged.connect(self._stay)
        self.retheme()

    @property
    def current(self) -> Brief | None:
        """The row that is chosen."""
        index = self.currentIndex()
        return self._rows.row(index.row()) if index.isValid() and index.row() < self._rows.rowCount() else None

    def step(self, by: int) -> None:
        """To the next or previous line; to the first where none is chosen."""
        last = self._rows.rowCount() - 1
        index = self.currentIndex()
        self.go_to(min(max(index.row() + by, 0), last) if index.isValid() else 0)

    def go_to(self, line: int) -> None:
        if 0 <= line < self._rows.rowCount():
            self.setCurrentIndex(self._rows.index(line, RESULT))

    def show_names(self, shown: bool) -> None:
        """File names need more room than row numbers."""
        self.setColumnWidth(FILM, _NAMED if shown else _WIDTHS[FILM])

    def retheme(self) -> None:
        self.setFont(theme.font())
        self._fitted.clear()
        self._signs.clear()
        self.horizontalHeader().setFont(theme.font(theme.LABEL))
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current is not None:
            self.wanted.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, _text: str) -> None:  # noqa: N802
        """Letters are commands here; the search field searches."""

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._by_keyboard = came_by_keyboard(event)
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._by_keyboard = False
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        # Drawn here and not by the delegate: a screen of cells takes a style sheet's delegate 30 ms, and this 5.
        painter = QPainter(self.viewport())
        t = theme.tokens()
        where, width = event.rect(), self.viewport().width()
        painter.fillRect(where, QColor(t.panel))
        painter.setFont(self.font())
        inks = {name: QColor(getattr(t, name)) for name in ("text", "quiet", "refer", "error", "raised", "line")}
        columns = [
            (column, self.columnViewportPosition(column) + _PADDING, self.columnWidth(column) - 2 * _PADDING)
            for column in range(self._rows.columnCount())
        ]
        first, last = self.rowAt(where.top()), self.rowAt(where.bottom())
        current = self.currentIndex().row()
        for line in range(max(first, 0), (last if last >= 0 else self._rows.rowCount() - 1) + 1):
            top = self.rowViewportPosition(line)
            if line == current:
                painter.fillRect(0, top, width, ROW_HEIGHT, inks["raised"])
                painter.fillRect(0, top, 3, ROW_HEIGHT, QColor(t.accent))
            if line and self._rows.begins_group(line):
                painter.fillRect(0, top, width, 1, inks["line"])
            self._cells(painter, self._rows.row(line), top, columns, inks)
        above = self._rows.lines_above
        if above is not None and 0 < above < self._rows.rowCount():
            self._threshold(painter, self.rowViewportPosition(above), width)
        if current >= 0 and self._by_keyboard:
            painter.setPen(QPen(QColor(t.focus), 2))
            painter.drawRect(QRect(0, self.rowViewportPosition(current), width, ROW_HEIGHT).adjusted(1, 1, -1, -1))
        painter.end()

    def _cells(
        self,
        painter: QPainter,
        row: Brief,
        top: int,
        columns: list[tuple[int, int, int]],
        inks: dict[str, QColor],
    ) -> None:
        sign = self._rows.mark(row)
        for column, left, room in columns:
            text = self._rows.text(row, column)
            if not text:
                continue
            token = "quiet" if column in _QUIET else "text"
            if column == RESULT:
                token = sign.token
                painter.drawPixmap(left, top + (ROW_HEIGHT - theme.ICON) // 2, self._sign(sign))
                left, room = left + theme.ICON + _PADDING, room - theme.ICON - _PADDING  # noqa: PLW2901
            painter.setPen(inks[token])
            painter.drawText(
                left, top, room, ROW_HEIGHT, _RIGHT if column == SUSPICION else _LEFT, self._cut(text, room)
            )

    def _cut(self, text: str, room: int) -> str:
        """A text with an ellipsis where it is too long; the same few thousand are asked for again and again."""
        cut = self._fitted.get((text, room))
        if cut is None:
            if len(self._fitted) > _MOST_FITTED:
                self._fitted.clear()
            metrics = self.fontMetrics()
            cut = self._fitted[text, room] = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        return cut

    def _sign(self, sign: words.Mark) -> QPixmap:
        if sign not in self._signs:
            ratio = self.devicePixelRatioF()
            image = theme.drawn(sign.icon, theme.colour(sign.token), round(theme.ICON * ratio))
            image.setDevicePixelRatio(ratio)
            self._signs[sign] = QPixmap.fromImage(image)
        return self._signs[sign]

    def _threshold(self, painter: QPainter, y: int, width: int) -> None:
        """The line under the last film that would be referred, with the threshold at its end."""
        t = theme.tokens()
        painter.fillRect(0, y - 1, width, 1, QColor(t.accent))
        font = theme.font(theme.LABEL)
        said = f"refer from {self._rows.threshold:.2f}"
        room = QFontMetrics(font).horizontalAdvance(said) + 2 * theme.SPACE[1]
        box = QRect(width - room, y - 9, room, 17)
        painter.fillRect(box, QColor(t.panel))
        painter.setFont(font)
        painter.setPen(QColor(t.accent))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, said)

    def _tell(self, now: QModelIndex, _before: QModelIndex) -> None:
        self.picked.emit(self._rows.row(now.row()) if now.isValid() else None)

    def _keep(self) -> None:
        current = self.current
        self._kept = current.number if current is not None else None

    def _take_up(self) -> None:
        """After a filter or another order: the same film is the current one, where it is still there."""
        line = self._rows.line(self._kept) if self._kept is not None else None
        if line is not None:
            self.go_to(line)
        else:
            self.scrollToTop()
            self.picked.emit(None)

    def _stay(self) -> None:
        # Rows that arrive above push it away: who looks at a film goes on looking at it.
        if self.currentIndex().isValid() and self.hasFocus():
            self.scrollTo(self.currentIndex())
