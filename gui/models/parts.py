"""Small parts of the models page: a bundle's line in the list, its card, a bar that tells how far work is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QFont, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextFormat, QTextTable
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from core.models.state import BundleRow, Task
from gui import theme
from gui.models import words
from gui.widgets.choices import MenuButton, offer
from gui.widgets.labels import plain

# About ninety letters a line.
READING_WIDTH = 680
_LEADING = 130.0  # percent


class BundleLine(QPushButton):
    """Name and version, and under it where it stands."""

    def __init__(self, row: BundleRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "step")
        self.setCheckable(True)
        name = f"{row.name} {row.version}".strip()
        standing = words.standing(row)
        self.setAccessibleName(f"{name}, {standing}")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE[2], theme.SPACE[0] + 2, theme.SPACE[1], theme.SPACE[0] + 2)
        column.setSpacing(0)
        mark = "✓ " if row.in_use else "✕ " if row.problem is not None else ""
        for text, look in ((name, "strong" if row.in_use else ""), (f"{mark}{standing}", "label")):
            label = plain(text, look)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)
        self.setMinimumHeight(column.sizeHint().height())


class Card(QTextBrowser):
    """A model card in Markdown, as wide as it reads well. It loads nothing: cards come from files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setAccessibleName("Model card")
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(0)

    def show_card(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.retheme()

    def retheme(self) -> None:
        """Set it anew, in the colours of the theme in use."""
        self.setMarkdown(self._text)
        self._breathe()

    def loadResource(self, _kind: int, _name: QUrl) -> object:  # noqa: N802
        """Nothing, whatever a card names: neither a file of this PC nor one of the network."""
        return None

    def _breathe(self) -> None:
        """Qt sets Markdown tightly, its headings large, and its tables without lines."""
        document = self.document()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        block = document.begin()
        while block.isValid():
            cursor.setPosition(block.position())
            level = block.blockFormat().headingLevel()
            spaced = QTextBlockFormat()
            if cursor.currentTable() is not None:
                spaced.setTopMargin(0)
                spaced.setBottomMargin(0)
            else:
                spaced.setLineHeight(_LEADING, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            if level:
                spaced.setTopMargin(theme.SPACE[3] if level > 1 else 0)
                spaced.setBottomMargin(theme.SPACE[0])
                look = QTextCharFormat()
                # Steps of a fifth, from the body's 13 pixels: the title of the card has about 16.
                look.setProperty(QTextFormat.Property.FontSizeAdjustment, 0 if level > 1 else 1)
                look.setFontWeight(QFont.Weight.DemiBold)
                cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
                cursor.mergeCharFormat(look)
            cursor.mergeBlockFormat(spaced)
            block = block.next()
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                rules = frame.format()
                rules.setBorder(0.5)
                rules.setBorderCollapse(True)
                rules.setBorderBrush(theme.colour("line"))
                rules.setCellPadding(theme.SPACE[0])
                rules.setCellSpacing(0)
                frame.setFormat(rules)
        cursor.endEditBlock()


class Choice(MenuButton):
    """One of several words; chosen(str) when it becomes another. value: what it is now, "" for none."""

    chosen = Signal(str)

    def __init__(self, name: str, widest: int = 180, parent: QWidget | None = None) -> None:
        self._rows: Sequence[tuple[str, str]] = ()
        self.value = ""
        self._widest = widest
        super().__init__(name, self._fill, parent=parent)
        self.setProperty("look", "field")
        self.setStyleSheet("QToolButton::menu-indicator { image: none; }")

    def show_choices(self, rows: Sequence[tuple[str, str]], value: str | None = None) -> None:
        """rows: (value, title). value: the one to begin with; the first when None."""
        self._rows = tuple(rows)
        first = rows[0][0] if rows else ""
        self._show(first if value is None else value)

    def choose(self, value: str) -> None:
        if value != self.value:
            self._show(value)
            self.chosen.emit(value)

    def _show(self, value: str) -> None:
        self.value = value
        title = next((title for one, title in self._rows if one == value), "")
        self.say(title, self._widest)
        self.setAccessibleDescription(title)

    def _fill(self, menu: QMenu) -> None:
        def chosen(value: str) -> Callable[[], None]:
            return lambda: self.choose(value)

        offer(menu, [(title, value == self.value, chosen(value)) for value, title in self._rows])


class Working(QWidget):
    """A bar, a sentence, and a button that stops. stopped(): it was pressed."""

    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setProperty("look", "page")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self._words = plain("", "quiet", wrap=True)
        self.button = QPushButton("Stop")
        self.button.setAccessibleName("Stop")
        self.button.clicked.connect(self.stopped)
        row = QHBoxLayout()
        row.addWidget(self._words, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        column.addWidget(self.bar)
        column.addLayout(row)
        self.hide()

    @property
    def sentence(self) -> str:
        return self._words.text()

    def begin(self, sentence: str) -> None:
        self.bar.setRange(0, 0)
        self._words.setText(sentence)
        self.show()

    def tell(self, task: Task) -> None:
        if task.progress is not None and task.progress.total:
            self.bar.setRange(0, task.progress.total)
            self.bar.setValue(task.progress.done)
            self._words.setText(words.progress(task))


def scrolled(inside: QWidget, name: str) -> QScrollArea:
    """A widget in a column that is as wide as it reads well, and scrolls."""
    inside.setMaximumWidth(READING_WIDTH + 120)
    holder = QWidget()
    holder.setProperty("panel", True)
    row = QHBoxLayout(holder)
    row.setContentsMargins(theme.SPACE[4], theme.SPACE[2], theme.SPACE[4], theme.SPACE[4])
    row.addWidget(inside, 1000)
    row.addStretch(1)
    area = QScrollArea()
    area.setAccessibleName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(holder)
    return area


def emptied(layout: QLayout) -> None:
    """Take everything off a layout. Hidden at once: what waits for its end would be seen under what comes."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
