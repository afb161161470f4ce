"""A field and a list under it: type a few letters, press Enter. For commands, and for what was opened before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.commands import GROUPS, Actions

Index = QModelIndex | QPersistentModelIndex
_WIDTH, _ROWS = 560, 12
_ID = Qt.ItemDataRole.UserRole
_END = Qt.ItemDataRole.UserRole + 1
_ROW = 28


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen: its id, its words, its icon, and what stands at the end of its line."""

    id: str
    title: str
    icon: str
    end: str = ""


def commands(actions: Actions) -> list[Choice]:
    """Every command that makes sense now, as "group: title" and its keys."""
    return [
        Choice(
            command.id,
            f"{GROUPS[command.group]}: {action.text().rstrip('…')}",
            command.icon,
            action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
        )
        for command, action in actions
        if action.isEnabled() and command.id != "help.palette"
    ]


def ask_command(actions: Actions, parent: QWidget) -> None:
    """Let the user find a command, and give it."""
    palette = Palette("Find a command", commands(actions), parent)
    palette.chosen.connect(lambda name: actions[name].trigger())
    palette.open()


def ask_recent(paths: Sequence[str], opens: Callable[[str], object], parent: QWidget) -> None:
    """Let the user choose one of these paths."""
    palette = Palette("Open recent", [Choice(path, path, "recent") for path in paths], parent)
    palette.chosen.connect(opens)
    palette.open()


def found(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """Choices that hold every typed word, those first in which a word begins with the first of them."""
    wanted = typed.casefold().split()
    if not wanted:
        return list(choices)
    holding = [choice for choice in choices if all(word in choice.title.casefold() for word in wanted)]
    return sorted(holding, key=lambda choice: f" {wanted[0]}" not in f" {choice.title.casefold()}")


class Palette(QDialog):
    """chosen(str): the id of what was chosen, after the dialog is gone."""

    chosen = Signal(str)

    def __init__(self, title: str, choices: Sequence[Choice], parent: QWidget) -> None:
        super().__init__(parent)
        self._choices = choices
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.field = QLineEdit()
        self.field.setPlaceholderText(title)
        self.field.setAccessibleName(title)
        self.field.setClearButtonEnabled(True)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName(f"{title}: what fits")
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_Line(self.list))
        self.list.setFixedHeight(_ROW * _ROWS)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE[1], theme.SPACE[1], theme.SPACE[1], theme.SPACE[1])
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._fill)
        self.field.returnPressed.connect(self._choose)
        self.list.itemClicked.connect(self._choose)
        self._fill("")
        self.setFixedWidth(_WIDTH)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Up and down go through the list while the keyboard stays in the field."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            by = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS, Qt.Key.Key_PageUp: -_ROWS}.get(
                Qt.Key(event.key())
            )
            if by is not None and self.list.count():
                self.list.setCurrentRow(min(max(self.list.currentRow() + by, 0), self.list.count() - 1))
                return True
        return False

    def _fill(self, typed: str) -> None:
        self.list.clear()
        for choice in found(self._choices, typed):
            item = QListWidgetItem(theme.icon(choice.icon), choice.title)
            item.setData(_ID, choice.id)
            item.setData(_END, choice.end)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole, f"{choice.title}, {choice.end}" if choice.end else choice.title
            )
            self.list.addItem(item)
        if not self.list.count():
            nothing = QListWidgetItem("Nothing of that name can be done now.")
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(nothing)
        self.list.setCurrentRow(0)

    def _choose(self, _item: object = None) -> None:
        item = self.list.currentItem()
        if item is None or item.data(_ID) is None:
            return
        name = str(item.data(_ID))
        # First gone, then done: what is chosen may open a dialog of its own.
        self.finished.connect(lambda _result: self.chosen.emit(name))
        self.accept()


class _Line(QStyledItemDelegate):
    """Icon and title, and at the end of the line the keys."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(super().sizeHint(option, index).width(), _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        end = index.data(_END)
        if end:
            where: Any = option.rect  # type: ignore[attr-defined]
            painter.setPen(theme.colour("quiet"))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(where.adjusted(0, 0, -theme.SPACE[1], 0), right, end)
