"""The command table holds what everything else is made of."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest
from PySide6.QtCore import QMetaMethod
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QWidget,
)

from core.places import RESOURCES
from gui import commands
from gui.dialogs import Shortcuts
from gui.widgets.canvas import Canvas
from tests.gui.conftest import OpenWindow


@pytest.mark.parametrize("field", ["id", "title", "shortcut"])
def test_no_two_commands_share_a_name_or_a_key(field: str) -> None:
    counts = Counter(getattr(command, field) for command in commands.COMMANDS)
    assert [value for value, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.id)
def test_every_command_is_complete(command: commands.Command, qapp: QApplication) -> None:
    assert command.group in commands.GROUPS
    assert (RESOURCES / "icons" / f"{command.icon}.svg").is_file()
    assert QKeySequence(command.shortcut).count() == 1
    assert command.when in get_args(commands.When)
    assert command.hint == "" or command.hint.endswith(".")


def test_every_icon_is_used_somewhere() -> None:
    sources = "".join(path.read_text("utf-8") for path in (RESOURCES.parent / "gui").rglob("*.py"))
    unused = [path.stem for path in (RESOURCES / "icons").glob("*.svg") if f'"{path.stem}"' not in sources]
    assert unused == []


def test_every_command_does_something(open_window: OpenWindow) -> None:
    window = open_window()
    for page in ("screening", "settings"):
        window.go_to(page)
    assert window.page.area.pair
    idle = [
        command.id
        for command, action in window.actions_
        if not action.isSignalConnected(QMetaMethod.fromSignal(action.triggered))
    ]
    assert idle == []


def test_menus_hold_every_command_once(open_window: OpenWindow) -> None:
    window = open_window()
    listed = [
        action.objectName()
        for menu in window.menuBar().actions()
        for action in menu.menu().actions()
        if not action.isSeparator()
    ]
    assert sorted(listed) == sorted(command.id for command in commands.COMMANDS)


def test_the_list_of_keys_names_every_command(open_window: OpenWindow) -> None:
    window = open_window()
    sheet = Shortcuts(window.actions_, window)
    said = "\n".join(label.text() for label in sheet.findChildren(QWidget) if hasattr(label, "text"))
    assert [command.id for command in commands.COMMANDS if command.title.rstrip("…") not in said] == []


def test_the_page_of_keys_is_that_of_the_table() -> None:
    from tools.write_shortcuts_page import PAGE, page

    assert PAGE.read_text("utf-8") == page(), "run tools/write_shortcuts_page.py"


def test_what_makes_no_sense_without_a_film_cannot_be_pressed(open_window: OpenWindow) -> None:
    window = open_window()
    enabled = {command.when for command, action in window.actions_ if action.isEnabled()}
    assert enabled <= {"always", "samples", "reading"}


def test_every_control_has_an_accessible_name(open_window: OpenWindow) -> None:
    window = open_window()
    for page in ("screening", "settings", "reading"):
        window.go_to(page)
    assert window.page.area.pair
    for name in ("help.palette", "help.shortcuts", "help.about"):
        window.actions_[name].trigger()
    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QAbstractItemView, QComboBox, QLineEdit, Canvas)
    nameless = [
        f"{type(widget).__name__} {getattr(widget, 'text', str)()} in {type(widget.parent()).__name__}"
        for kind in kinds
        for widget in window.findChildren(kind)
        # Parts that Qt makes for itself (scroll bars, a menu bar's extension, what clears a field) are named by Qt.
        if not widget.accessibleName()
        and not widget.objectName().startswith("qt_")
        and "ScrollBar" not in repr(widget)
        and not isinstance(widget.parent(), QLineEdit)
    ]
    assert not nameless, sorted(nameless)
