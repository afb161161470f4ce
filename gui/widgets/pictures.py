"""Small pictures in rows, each with its words; for the keyboard too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from gui import theme

SIDE = 148


class Pictures(QListWidget):
    """Pictures by number. opened(int): one was asked for by Enter or two clicks. The words are there at once, the
    pictures when they come (put)."""

    opened = Signal(int)

    def __init__(self, name: str, side: int = SIDE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._items: dict[int, QListWidgetItem] = {}
        self.setAccessibleName(name)
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setMovement(QListWidget.Movement.Static)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIconSize(QSize(side, side))
        self.setGridSize(QSize(side + 16, side + 44))
        self.setViewportMargins(theme.SPACE[1], theme.SPACE[1], 0, 0)
        self.setWordWrap(True)
        self.setFont(theme.font(theme.LABEL))
        self.itemActivated.connect(lambda item: self.opened.emit(item.data(Qt.ItemDataRole.UserRole)))

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(self._items)

    @property
    def drawn(self) -> tuple[int, ...]:
        """Those whose picture is there."""
        return tuple(number for number, item in self._items.items() if not item.icon().isNull())

    def show_films(self, films: Sequence[tuple[int, str]]) -> None:
        """(number, words) of every film, in order."""
        self.clear()
        self._items = {}
        for number, words in films:
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, number)
            item.setToolTip(words)
            # As large from the beginning as with its picture: else those that come late stand beside their column.
            item.setSizeHint(QSize(self._side, self._side + 40))
            self._items[number] = item
            self.addItem(item)

    def put(self, images: Mapping[int, QImage]) -> None:
        """The pictures of some of them."""
        for number, image in images.items():
            if number in self._items and not image.isNull():
                self._items[number].setIcon(QIcon(QPixmap.fromImage(image)))

    def step(self, by: int) -> None:
        """Choose the next (1) or the previous (-1) picture."""
        if self.count():
            self.setCurrentRow(min(max(self.currentRow() + by, 0), self.count() - 1))


def decoded(pictures: Mapping[int, bytes], side: int = SIDE, ratio: float = 1.0) -> dict[int, QImage]:
    """JPEGs as images no larger than a side; for the thread that waits (Operation.through)."""
    found = {}
    for number, content in pictures.items():
        image = QImage.fromData(content)
        if not image.isNull():
            limit = round(side * ratio)
            image = image.scaled(limit, limit, Qt.AspectRatioMode.KeepAspectRatio,
                                 Qt.TransformationMode.SmoothTransformation)  # fmt: skip
            image.setDevicePixelRatio(ratio)
            found[number] = image
    return found
