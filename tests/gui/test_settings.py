"""The settings page: every choice takes effect when it is made, is kept, and can be undone or is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from core.records.keeper import Keeper
from core.records.verdict import FilmMark, Study, Verdict
from gui import theme
from gui.commands import COMMANDS
from gui.settings.labels import in_words as words_of_export
from gui.settings.networks import in_words
from gui.settings.page import SettingsPage
from gui.window import Window
from tests.core.test_work_folders import films_of, training
from tests.gui.conftest import LONG, OpenWindow

MARK = FilmMark("1" * 64, 1)


@pytest.fixture
def window(open_window: OpenWindow) -> Window:
    return open_window()


@pytest.fixture
def page(window: Window, qtbot: QtBot) -> SettingsPage:
    """The page with everything on it."""
    made = window.go_to("settings")
    assert isinstance(made, SettingsPage)
    qtbot.waitUntil(
        lambda: bool(made.keys.is_built and made.networks.buttons and made.kept.counts.text()), timeout=LONG
    )
    return made


def keep_something(home: Path) -> None:
    keeper = Keeper(home / "records")
    keeper.read(Study(MARK, "/films/a.dcm", "1.2", "P1", "Willowherb^Teasel", "20240501", b"picture"))
    keeper.keep(Verdict(MARK, "/films/a.dcm", "covid", True, "", "AB", "2024-05-01T10:00:00+00:00"))
    keeper.close()


def on_disk(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (home / "records").iterdir())


# Reader and look.


def test_initials_are_kept_in_capitals_and_are_those_that_sign(
    page: SettingsPage, window: Window, qtbot: QtBot
) -> None:
    qtbot.keyClicks(page.reader.field, "ab")
    qtbot.keyClick(page.reader.field, Qt.Key.Key_Return)
    assert window.preferences.value("reader") == "AB"
    window.preferences.put("reader", "CD")
    assert page.reader.field.text() == "CD"


def test_the_theme_can_be_chosen_here_and_elsewhere(page: SettingsPage, window: Window) -> None:
    page.look.buttons["light"].click()
    assert theme.tokens() is theme.LIGHT and window.preferences.value("theme") == "light"
    window.actions_["view.light"].trigger()
    assert page.look.buttons["dark"].isChecked()


# What is kept.


def test_nothing_of_patients_is_kept_unless_it_is_chosen(page: SettingsPage, window: Window) -> None:
    assert not any(box.isChecked() for box in page.kept.boxes.values())
    assert page.kept.counts.text() == "Nothing is kept now."
    page.kept.boxes["keep/names"].click()
    assert window.preferences.value("keep/names") is True


@pytest.mark.parametrize(
    ("name", "secret"), [("keep/names", b"Willowherb"), ("keep/thumbnails", b"picture")], ids=["names", "pictures"]
)
def test_who_wants_it_kept_no_more_has_it_erased(  # noqa: PLR0917
    page: SettingsPage, window: Window, qtbot: QtBot, own_home: Path, name: str, secret: bytes
) -> None:
    keep_something(own_home)
    page.kept.boxes[name].click()
    assert secret in on_disk(own_home)
    page.kept.boxes[name].click()
    qtbot.waitUntil(lambda: "erased" in window.notice.sentence, timeout=LONG)
    assert secret not in on_disk(own_home)
    assert "1 film, 1 verdict" in page.kept.counts.text()


def test_everything_is_forgotten_after_one_question(
    page: SettingsPage, window: Window, qtbot: QtBot, own_home: Path
) -> None:
    keep_something(own_home)
    page.kept.refresh()
    qtbot.waitUntil(
        lambda: page.kept.counts.text() == "Kept now: 1 film, 1 verdict, 1 name, 1 small picture.", timeout=LONG
    )
    page.kept.forget.click()
    assert page.kept.question.isVisible()
    page.kept.keep.click()
    assert not page.kept.question.isVisible() and b"Willowherb" in on_disk(own_home)
    page.kept.forget.click()
    page.kept.erase.click()
    qtbot.waitUntil(lambda: page.kept.counts.text() == "Nothing is kept now.", timeout=LONG)
    assert b"Willowherb" not in on_disk(own_home)


def test_trainings_and_films_read_for_them_are_told_and_forgotten_one_by_one_or_all_at_once(
    page: SettingsPage, window: Window, qtbot: QtBot
) -> None:
    films = films_of("/data/ward", 3_000_000)
    running, resting = training("running", films), training("resting", films)
    with FileLock(running / "trainer.lock"):
        page.kept.refresh()
        qtbot.waitUntil(lambda: len(page.kept.work.rows) == 3, timeout=LONG)
        assert page.kept.counts.text() == "Kept now: 2 trainings, 1 folder of films read for training (3 MB)."
        rows = {row.work.title: row for row in page.kept.work.rows}
        assert [title for title, row in rows.items() if row.forget.isEnabled()] == ["resting"]
        rows["resting"].forget.click()
        assert page.kept.asked.text().startswith("The training resting is erased from this disk")
        page.kept.erase.click()
        qtbot.waitUntil(lambda: not resting.exists(), timeout=LONG)
        page.kept.forget.click()
        page.kept.erase.click()
        qtbot.waitUntil(lambda: "left: 1 training, 1 folder of films" in window.notice.sentence, timeout=LONG)
        assert films.exists() and running.exists()
    page.kept.forget.click()
    page.kept.erase.click()
    qtbot.waitUntil(lambda: page.kept.counts.text() == "Nothing is kept now.", timeout=LONG)
    assert not films.exists() and not running.exists()


# Networks.


def test_another_operating_point_starts_the_networks_again_and_is_kept(
    page: SettingsPage, window: Window, qtbot: QtBot
) -> None:
    assert page.networks.buttons["balanced"].isChecked()
    before = window.assessor.pid
    page.networks.buttons["cautious"].click()
    qtbot.waitUntil(lambda: window.assessor.pid not in (None, before), timeout=LONG)
    assert window.preferences.value("point/stand-in") == "cautious"
    qtbot.waitUntil(lambda: "refers a film" in page.networks.state, timeout=LONG)
    assert page.networks.buttons["cautious"].isChecked()
    page.networks.buttons["balanced"].click()
    assert window.preferences.value("point/stand-in") is None


def test_without_networks_it_says_why(open_window: OpenWindow, qtbot: QtBot) -> None:
    page = open_window(assessor="tests.gui.standins:no_bundle").go_to("settings")
    assert isinstance(page, SettingsPage)
    qtbot.waitUntil(lambda: page.networks.state.startswith("There are no networks now."), timeout=LONG)
    assert not page.networks.prevalence.isVisible()


def test_figures_are_said_in_words_with_their_interval() -> None:
    figure = {"name": "sensitivity, covid", "value": 0.828, "low": 0.739, "high": 0.891, "source": "validation"}
    assert in_words({**figure, "films": 93}) == (
        "Sensitivity, covid: 83 of 100 (95 % interval 74 to 89; 93 films, validation)"
    )
    assert in_words({**figure, "films": None}).endswith("(95 % interval 74 to 89; validation)")


def test_shares_are_used_when_they_add_up_and_forgotten_with_one_press(page: SettingsPage, window: Window) -> None:
    shares = page.networks.prevalence
    assert shares.sum.text() == "Not set: probabilities are shown as they are."
    assert [field.text() for field in shares.fields.values()] == ["50", "25", "25"]
    for name, text in (("normal", "90"), ("pneumonia", "6,5"), ("covid", "")):
        shares.fields[name].setText(text)
    assert shares.sum.text() == "Adds up to 96.5 %: 3.5 % are missing."
    assert not shares.use.isEnabled()
    shares.fields["covid"].setText("8")
    assert shares.sum.text() == "Adds up to 104.5 %: 4.5 % are too many."
    shares.fields["covid"].setText("3.5")
    assert shares.sum.text() == "Adds up to 100 %. Not in use yet."
    shares.use.click()
    assert window.preferences.value("prevalence/stand-in") == pytest.approx(
        {"normal": 0.9, "pneumonia": 0.065, "covid": 0.035}
    )
    assert shares.sum.text() == "Adds up to 100 %. Probabilities are shown with these shares."
    shares.forget.click()
    assert window.preferences.value("prevalence/stand-in") is None
    assert shares.sum.text() == "Not set: probabilities are shown as they are."


def test_thirds_add_up(page: SettingsPage, window: Window) -> None:
    shares = page.networks.prevalence
    for field in shares.fields.values():
        field.setText("33.3")
    shares.use.click()
    kept = window.preferences.value("prevalence/stand-in")
    assert sum(kept.values()) == pytest.approx(1)


def test_letters_are_no_share_and_arrows_go_up_and_down(page: SettingsPage, qtbot: QtBot) -> None:
    field = page.networks.prevalence.fields["normal"]
    field.clear()
    qtbot.keyClicks(field, "1x2,5")
    assert field.value == 12.5
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.value == 13.5


# Keys.


def give(qtbot: QtBot, page: SettingsPage, name: str, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    button = page.keys.rows[name].keys
    button.click()
    modifier = Qt.KeyboardModifier.NoModifier
    for one in modifiers:
        modifier |= one
    qtbot.keyClick(button, key, modifier)


def keys_of(window: Window, name: str) -> str:
    return window.actions_[name].shortcut().toString()


def test_new_keys_are_in_use_at_once_and_after_the_next_start(
    open_window: OpenWindow, page: SettingsPage, window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    give(qtbot, page, "film.fit", Qt.Key.Key_B, control, Qt.KeyboardModifier.ShiftModifier)
    assert keys_of(window, "film.fit") == "Ctrl+Shift+B"
    assert window.preferences.value("keys/film.fit") == "Ctrl+Shift+B"
    file = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    file.setValue("keys/film.fit", '"Ctrl+Shift+B"')
    again = Window(workers={"assessor": "tests.gui.standins:assessor"}, settings=file)
    assert keys_of(again, "film.fit") == "Ctrl+Shift+B"
    again.close()


def test_keys_that_another_command_has_are_asked_about_in_words(
    page: SettingsPage, window: Window, qtbot: QtBot
) -> None:
    give(qtbot, page, "film.fit", Qt.Key.Key_J)
    assert page.keys.conflict.sentence == "J belongs to “Next film”, which would have no keys then."
    assert keys_of(window, "film.fit") == "F"
    page.keys.conflict.leave.click()
    assert (keys_of(window, "film.fit"), keys_of(window, "film.next")) == ("F", "J")
    give(qtbot, page, "film.fit", Qt.Key.Key_J)
    page.keys.conflict.give.click()
    assert (keys_of(window, "film.fit"), keys_of(window, "film.next")) == ("J", "")
    assert window.preferences.value("keys/film.next") == ""
    page.keys.undo.click()
    assert (keys_of(window, "film.fit"), keys_of(window, "film.next")) == ("F", "J")
    assert window.preferences.under("keys") == {}


def test_all_keys_can_be_as_they_came_and_that_can_be_undone(page: SettingsPage, window: Window, qtbot: QtBot) -> None:
    give(qtbot, page, "film.fit", Qt.Key.Key_F7)
    page.keys.rows["film.next"].none.click()
    assert (keys_of(window, "film.fit"), keys_of(window, "film.next")) == ("F7", "")
    page.keys.reset.click()
    assert {command.id: keys_of(window, command.id) for command in COMMANDS} == {
        command.id: command.shortcut for command in COMMANDS
    }
    page.keys.undo.click()
    assert (keys_of(window, "film.fit"), keys_of(window, "film.next")) == ("F7", "")
    page.keys.rows["film.fit"].back.click()
    assert keys_of(window, "film.fit") == "F"


def test_the_keys_that_move_about_cannot_be_given(page: SettingsPage, window: Window, qtbot: QtBot) -> None:
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_Down):
        give(qtbot, page, "film.fit", key)
        assert "cannot be given" in page.keys.conflict.sentence
    assert keys_of(window, "film.fit") == "F"


def test_esc_leaves_keys_as_they_are_and_shift_alone_is_no_key(
    page: SettingsPage, window: Window, qtbot: QtBot
) -> None:
    button = page.keys.rows["film.fit"].keys
    give(qtbot, page, "film.fit", Qt.Key.Key_Shift)
    assert button.waits
    qtbot.keyClick(button, Qt.Key.Key_Escape)
    assert not button.waits and keys_of(window, "film.fit") == "F"


def test_while_keys_are_taken_no_command_is_given(page: SettingsPage, window: Window, qtbot: QtBot) -> None:
    give(qtbot, page, "film.fit", Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.current is page
    assert "Reading" in page.keys.conflict.sentence


def test_a_command_is_found_by_its_title_and_by_its_keys(page: SettingsPage, window: Window) -> None:
    window.actions_["view.search"].trigger()
    assert QApplication.focusWidget() is page.keys.field or page.keys.field.hasFocus() or not window.isActiveWindow()
    page.keys.field.setText("next film")
    assert [name for name, row in page.keys.rows.items() if not row.isHidden()] == ["film.next"]
    page.keys.field.setText("ctrl+shift+x")
    assert [name for name, row in page.keys.rows.items() if not row.isHidden()] == ["file.labels"]


def test_every_command_can_be_given_other_keys(page: SettingsPage) -> None:
    assert list(page.keys.rows) and set(page.keys.rows) == {command.id for command in COMMANDS}


# The whole page.


def test_every_control_of_the_page_has_an_accessible_name(page: SettingsPage) -> None:
    nameless = [
        type(one).__name__
        for kind in (QAbstractButton, QLineEdit)
        for one in page.findChildren(kind)
        if not one.accessibleName() and not one.objectName().startswith("qt_")
    ]
    assert nameless == []


def test_nothing_of_the_page_is_wider_than_the_window(page: SettingsPage, window: Window) -> None:
    window.resize(720, 480)
    QApplication.processEvents()
    assert page.scroll.horizontalScrollBar().maximum() == 0


def test_an_export_says_what_was_left_out_and_why() -> None:
    from core.records.verdict import Exported

    assert words_of_export(Exported(12, 2, 3, 1), "labels.csv") == (
        "labels.csv holds 12 films with a verdict now. Readers disagree on 2; the newest verdict was taken. "
        "Left out because the verdict names no finding: 3. "
        "Left out because a list cannot name a film in an archive or a later frame: 1."
    )
    assert words_of_export(Exported(0, 0, 0, 0), "x.csv") == (
        "No film has a verdict that can be a label; nothing was written."
    )
