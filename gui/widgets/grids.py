"""Tables of plain texts, and a matrix whose cells can be pressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gui import theme

_ROW: Final = 26
_WIDE: Final = 880  # pixels; an eye loses the row of a table that is wider
_CELL: Final = QSize(86, 44)
# A full cell is this much of the accent, so that the number in it stays readable in both themes.
_FULL: Final = 0.35


class PlainTable(QTableWidget):
    """Rows of texts: words to the left, columns of numbers to the right, nothing to edit, as high as its rows."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setProperty("look", "plain")
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.horizontalHeader().setHighlightSections(False)

    def show_rows(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.clear()
        self.setColumnCount(len(heading))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(list(heading))
        sides = [
            Qt.AlignmentFlag.AlignRight
            if column and all(_is_number(row[column]) for row in rows if column < len(row))
            else Qt.AlignmentFlag.AlignLeft
            for column in range(len(heading))
        ]
        for line, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setTextAlignment(sides[column] | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(text)
                self.setItem(line, column, item)
        for column in range(len(heading)):
            self.horizontalHeaderItem(column).setTextAlignment(sides[column] | Qt.AlignmentFlag.AlignVCenter)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setMaximumHeight(self.sizeHint().height())
        self.updateGeometry()

    def texts(self) -> list[list[str]]:
        """Every row as texts, for tests."""
        cells = [[self.item(line, column) for column in range(self.columnCount())] for line in range(self.rowCount())]
        return [[cell.text() if cell is not None else "" for cell in row] for row in cells]

    def sizeHint(self) -> QSize:  # noqa: N802
        header = self.horizontalHeader().sizeHint().height() or _ROW
        return QSize(_WIDE, header + _ROW * max(1, self.rowCount()) + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, min(self.sizeHint().height(), 5 * _ROW))


def _is_number(text: str) -> bool:
    """Figures, also with a sign, a unit or an interval; nothing, or a dash where there is none."""
    return text[:1] in ("", "–") or text.lstrip("+-−±<≥≤ ")[:1].isdigit()


class Matrix(QTableWidget):
    """Counts with a title a row and a column. pressed_cell(int, int): row and column, by mouse, Enter or space.

    The more of its row lies in a cell the stronger its ground; the number says the same.
    """

    pressed_cell = Signal(int, int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: list[list[int]] = []
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        for header, size in ((self.horizontalHeader(), _CELL.width()), (self.verticalHeader(), _CELL.height())):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setDefaultSectionSize(size)
            header.setSectionsClickable(False)
            header.setHighlightSections(False)
        self.cellClicked.connect(self.pressed_cell)

    def show_counts(self, rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        self.clear()
        self._counts = [list(row) for row in counts]
        self.setRowCount(len(rows))
        self.setColumnCount(len(columns))
        self.setVerticalHeaderLabels(list(rows))
        self.setHorizontalHeaderLabels(list(columns))
        for line, row in enumerate(counts):
            for column, number in enumerate(row):
                item = QTableWidgetItem(str(number))
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setData(
                    Qt.ItemDataRole.AccessibleTextRole, f"{rows[line]} called {columns[column]}: {number} films"
                )
                self.setItem(line, column, item)
        self._paint_grounds()
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        across = self.verticalHeader().sizeHint().width() + _CELL.width() * self.columnCount() + 4
        down = self.horizontalHeader().sizeHint().height() + _CELL.height() * self.rowCount() + 4
        return QSize(across, down)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentRow() >= 0:
            self.pressed_cell.emit(self.currentRow(), self.currentColumn())
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._paint_grounds()

    def _paint_grounds(self) -> None:
        for line, row in enumerate(self._counts):
            for column, number in enumerate(row):
                item = self.item(line, column)
                if item is not None:
                    ground = theme.colour("accent")
                    ground.setAlphaF(_FULL * number / max(1, sum(row)))
                    item.setBackground(ground)
