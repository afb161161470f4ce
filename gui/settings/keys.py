"""Keys of one's own: every command with its keys, conflicts said in words, each change undone with one press."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.commands import GROUPS, Command
from gui.services import Services
from gui.settings.conflict import Conflict
from gui.settings.key_button import KeyButton
from gui.settings.section import Section, button
from gui.widgets.labels import plain


class KeysSection(Section):
    """Changes are kept as preferences keys/ID, and only where they differ from what Hilum comes with."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("Keys", parent)
        self._actions, self._preferences = services.actions, services.preferences
        self._commands = {command.id: command for command, _action in services.actions}
        self._undo: list[dict[str, str]] = []
        self.rows: dict[str, _Row] = {}
        self._tables: dict[str, tuple[QLabel, QWidget]] = {}
        self.say("Press a key field, then the keys. Changes are in use at once.")
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find a command")
        self.field.setAccessibleName("Find a command")
        self.field.setClearButtonEnabled(True)
        self.field.findChildren(QToolButton)[0].setAccessibleName("Clear")
        self.field.textChanged.connect(self._filter)
        self.undo, self.reset = button("Undo"), button("All keys as they came")
        self.undo.setEnabled(False)
        self.undo.clicked.connect(self._take_back)
        self.reset.clicked.connect(lambda: self._change({name: one.shortcut for name, one in self._commands.items()}))
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addWidget(self.field, 1)
        row.addWidget(self.undo)
        row.addWidget(self.reset)
        self.column.addLayout(row)
        # With a parent: what nobody owns PySide deletes at the very end, when styles are gone, and crashes.
        self.conflict = Conflict(self)
        self.conflict.given.connect(self._change)
        # Seventy rows at once would keep the window busy for longer than anybody should notice.
        self._waiting = list(GROUPS.items())
        self._builder = QTimer(self)
        self._builder.timeout.connect(self._build_next)
        self._builder.start(0)

    def search(self) -> None:
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def refresh(self) -> None:
        for name, row in self.rows.items():
            row.show_keys(self._actions[name].shortcut(), self._actions[name].text())

    def retheme(self) -> None:
        for row in self.rows.values():
            row.retheme()

    @property
    def is_built(self) -> bool:
        return not self._waiting

    def _build_next(self) -> None:
        group, title = self._waiting.pop(0)
        if not self._waiting:
            self._builder.stop()
        heading = plain(title.upper(), "label")
        heading.setContentsMargins(0, theme.SPACE[1], 0, 0)
        table = QWidget()
        column = QVBoxLayout(table)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        for command in self._commands.values():
            if command.group == group:
                row = _Row(command)
                row.keys.pressed_keys.connect(partial(self._ask_for, command.id))
                row.keys.refused.connect(partial(self._refuse, command.id))
                row.none.clicked.connect(lambda _checked=False, name=command.id: self._change({name: ""}))
                row.back.clicked.connect(
                    lambda _checked=False, name=command.id: self._ask_for(name, self._commands[name].shortcut)
                )
                column.addWidget(row)
                self.rows[command.id] = row
        self._tables[group] = heading, table
        self.column.addWidget(heading)
        self.column.addWidget(table)
        self.refresh()
        self._filter(self.field.text())

    def _filter(self, text: str) -> None:
        wanted = text.casefold().split()
        for heading, table in self._tables.values():
            rows = table.findChildren(_Row)
            for row in rows:
                row.setVisible(all(word in row.searched for word in wanted))
            shown = any(not row.isHidden() for row in rows)
            heading.setVisible(shown)
            table.setVisible(shown)

    # Changes.

    def _ask_for(self, name: str, keys: str) -> None:
        """Give a command keys, after a question where another has them."""
        self.conflict.hide()
        holder = self._actions.holder(keys) if keys else None
        if holder is None or holder == name:
            self._change({name: keys})
            return
        native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
        self.conflict.ask(self.rows[name], native, self._title(holder), self._title(name), {holder: "", name: keys})

    def _refuse(self, name: str, why: str) -> None:
        self.conflict.tell(self.rows[name], why)

    def _change(self, keys: dict[str, str], *, undoing: bool = False) -> None:
        before = {name: self._actions[name].shortcut().toString() for name in keys}
        changed = {name: one for name, one in keys.items() if before[name] != one}
        self.conflict.hide()
        if changed and not undoing:
            self._undo.append({name: before[name] for name in changed})
        # First they are all free, so that two commands can exchange their keys.
        for name in changed:
            self._actions.remap(name, "")
        for name, one in changed.items():
            self._actions.remap(name, one)
            default = QKeySequence(self._commands[name].shortcut).toString()
            self._preferences.put(f"keys/{name}", None if one == default else one)
        self.undo.setEnabled(bool(self._undo))
        self.refresh()

    def _take_back(self) -> None:
        if self._undo:
            self._change(self._undo.pop(), undoing=True)

    def _title(self, name: str) -> str:
        return self._actions[name].text().rstrip("…")


class _Row(QWidget):
    """One command: its title, its keys, no keys, the keys it came with."""

    def __init__(self, command: Command) -> None:
        super().__init__()
        self._command = command
        self.searched = ""
        self._title = plain("")
        self.keys = KeyButton(command.title.rstrip("…"))
        self.none, self.back = QToolButton(), QToolButton()
        for one, said in ((self.none, "No keys"), (self.back, "As it came")):
            one.setToolTip(said)
            one.setAccessibleName(f"{said}: {command.title.rstrip('…')}")
            # What is gone keeps its place, so that the columns stand.
            policy = one.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            one.setSizePolicy(policy)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(theme.SPACE[0])
        grid.setColumnStretch(0, 1)
        for column, widget in enumerate((self._title, self.back, self.none, self.keys)):
            grid.addWidget(widget, 0, column)
        self.retheme()

    def show_keys(self, keys: QKeySequence, title: str) -> None:
        native = keys.toString(QKeySequence.SequenceFormat.NativeText)
        self._title.setText(title.rstrip("…"))
        self.searched = f"{title} {native}".casefold()
        self.keys.show_keys(keys)
        self.none.setVisible(not keys.isEmpty())
        self.back.setVisible(keys != QKeySequence(self._command.shortcut))

    def retheme(self) -> None:
        self.none.setIcon(theme.icon("close"))
        self.back.setIcon(theme.icon("withdraw"))
