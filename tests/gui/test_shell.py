"""The window around its pages: the rail, the palette, keys of one's own, preferences."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from gui.commands import Actions
from gui.palette import Choice, Palette, found
from gui.preferences import Preferences
from gui.rail import Rail
from gui.window import Window
from tests.gui.conftest import LONG, MakeFilm, OpenWindow


def palette_of(window: Window) -> Palette:
    """The one that is open: a closed one may not be gone yet."""
    return next(one for one in window.findChildren(Palette) if one.isVisible())


def test_pages_are_made_when_they_are_first_wanted(open_window: OpenWindow) -> None:
    window = open_window()
    assert list(window._pages) == ["reading"]
    settings = window.go_to("settings")
    window.go_to("reading")
    assert window.go_to("settings") is settings


def test_the_rail_brings_a_page_to_the_front_and_says_which_one_is(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    buttons = {button.text(): button for button in window.findChild(Rail).findChildren(QToolButton)}
    qtbot.mouseClick(buttons["Settings"], Qt.MouseButton.LeftButton)
    assert window.current is window.go_to("settings")
    assert [name for name, button in buttons.items() if button.isChecked()] == ["Settings"]
    # A second press leaves it in front, and the button down.
    qtbot.mouseClick(buttons["Settings"], Qt.MouseButton.LeftButton)
    assert [name for name, button in buttons.items() if button.isChecked()] == ["Settings"]


def test_commands_of_the_reading_page_rest_while_another_page_is_in_front(
    qtbot: QtBot, open_window: OpenWindow, make_film: MakeFilm
) -> None:
    window = open_window()
    with qtbot.waitSignal(window.page.assessed, timeout=LONG):
        window.open_paths([str(make_film("refer"))])
    assert window.actions_["film.fit"].isEnabled()
    window.go_to("settings")
    assert not window.actions_["film.fit"].isEnabled()
    window.go_to("reading")
    assert window.actions_["film.fit"].isEnabled()


def test_a_few_letters_and_enter_give_a_command(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    window.actions_["help.palette"].trigger()
    palette = palette_of(window)
    qtbot.keyClicks(palette.field, "light")
    with qtbot.waitSignal(window.actions_["view.light"].triggered, timeout=LONG):
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)


def test_the_palette_offers_only_what_makes_sense_now(open_window: OpenWindow) -> None:
    window = open_window()
    window.actions_["help.palette"].trigger()
    offered = {choice.id for choice in palette_of(window)._choices}
    assert "file.open" in offered
    assert "film.fit" not in offered


def test_the_palette_says_so_when_nothing_fits(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    window.actions_["help.palette"].trigger()
    palette = palette_of(window)
    qtbot.keyClicks(palette.field, "no such thing")
    assert palette.list.item(0).text() == "Nothing of that name can be done now."
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_words_may_come_in_any_order_and_beginnings_come_first() -> None:
    choices = [Choice("a", "Film: Turn a quarter clockwise", ""), Choice("b", "View: Return", "")]
    assert [choice.id for choice in found(choices, "turn")] == ["a", "b"]
    assert [choice.id for choice in found(choices, "quarter film")] == ["a"]


def test_what_was_opened_can_be_opened_again(qtbot: QtBot, open_window: OpenWindow, make_film: MakeFilm) -> None:
    window, path = open_window(), str(make_film("refer"))
    with qtbot.waitSignal(window.page.assessed, timeout=LONG):
        window.open_paths([path])
    qtbot.waitUntil(window.actions_["file.recent"].isEnabled, timeout=LONG)
    window.actions_["file.close"].trigger()
    window.actions_["file.recent"].trigger()
    palette = palette_of(window)
    assert [choice.id for choice in palette._choices] == [path]
    with qtbot.waitSignal(window.page.assessed, timeout=LONG):
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)


def test_a_command_can_have_other_keys_and_whoever_had_them_loses_them(qapp: QApplication) -> None:
    actions = Actions(qapp)
    assert actions.holder("J") == "film.next"
    actions.remap("film.fit", "J")
    assert actions["film.fit"].shortcut() == QKeySequence("J")
    assert actions["film.next"].shortcut().isEmpty()
    assert "(J)" in actions["film.fit"].toolTip()
    assert "(J)" not in actions["film.next"].toolTip()


def test_keys_of_ones_own_are_there_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    file = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    Preferences(file).put("keys/film.fit", "Ctrl+0")
    file.sync()
    again = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    window = Window(workers={}, settings=again)
    qtbot.addWidget(window)
    assert window.actions_["film.fit"].shortcut() == QKeySequence("Ctrl+0")


@pytest.mark.parametrize("value", ["DICOM", 0.25, True, {"covid": 0.1}, ["a", "b"]])
def test_preferences_come_back_as_they_were(tmp_path: Path, value: object) -> None:
    where = str(tmp_path / "window.ini")
    file = QSettings(where, QSettings.Format.IniFormat)
    Preferences(file).put("some/thing", value)
    file.sync()
    assert Preferences(QSettings(where, QSettings.Format.IniFormat)).value("some/thing") == value


def test_a_damaged_preference_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    file = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    file.setValue("reader", "{not json")
    assert Preferences(file).value("reader", "nobody") == "nobody"


def test_a_change_of_preference_is_told_once(qtbot: QtBot) -> None:
    preferences = Preferences()
    told: list[str] = []
    preferences.changed.connect(told.append)
    preferences.put("reader", "AB")
    preferences.put("reader", "AB")
    preferences.put("reader", None)
    assert told == ["reader", "reader"]
    assert preferences.value("reader") is None


class Watcher(QObject):
    """Notes every widget that appears as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(type(watched).__name__)
        return False


def test_nothing_flashes_up_as_a_window_of_its_own(
    qtbot: QtBot, qapp: QApplication, open_window: OpenWindow, make_film: MakeFilm
) -> None:
    """A part that is shown before it has a place in the window is one on the screen for a moment."""
    watcher = Watcher()
    qapp.installEventFilter(watcher)
    try:
        window = open_window()
        with qtbot.waitSignal(window.page.assessed, timeout=LONG):
            window.open_paths([str(make_film("refer"))])
        for page in ("screening", "settings", "reading"):
            window.go_to(page)
    finally:
        qapp.removeEventFilter(watcher)
    assert watcher.seen == ["Window"]
