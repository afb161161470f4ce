"""The reader's verdict: one key, signed, kept, taken back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit
from pytestqt.qtbot import QtBot

from core.records.keeper import Keeper
from core.records.verdict import FilmMark
from gui.reading.verdict import VerdictPanel
from gui.window import Window
from tests.gui.conftest import LONG, MakeFilm, OpenWindow

Read = Callable[..., Window]


@pytest.fixture
def read(open_window: OpenWindow, make_film: MakeFilm, qtbot: QtBot) -> Read:
    """A window on an assessed film, for a reader with these initials."""

    def open_film(name: str = "refer", initials: str | None = "AB", **workers: str) -> Window:
        window = open_window(**workers)
        window.preferences.put("reader", initials)
        window.open_paths([str(make_film(name))])
        qtbot.waitUntil(window.actions_["verdict.agree"].isEnabled, timeout=LONG)
        return window

    return open_film


def press(qtbot: QtBot, window: Window, key: Qt.Key, shift: bool = False) -> None:
    """On the film, where a reader's keyboard is."""
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(window.page.area.pair.film_canvas, key, modifier)


def says(qtbot: QtBot, window: Window, sentence: str) -> None:
    qtbot.waitUntil(lambda: window.page.verdict.sentence.startswith(sentence), timeout=LONG)


def pressed(panel: VerdictPanel) -> list[str]:
    return [one.accessibleName() for one in panel.findChildren(QAbstractButton) if one.isChecked()]


def kept(home: Path) -> list[tuple[object, ...]]:
    """The history on the disk."""
    keeper = Keeper(home / "records")
    rows = keeper.records.execute("SELECT finding, agrees, note, reader, withdrawn_by FROM verdict ORDER BY seq")
    told = rows.fetchall()
    keeper.close()
    return told


@pytest.mark.parametrize(
    ("key", "sentence", "row", "buttons"),
    [
        ("3", "Your verdict: COVID-19, AB, ", ("covid", 1), ["Agree", "COVID-19"]),
        ("1", "Your verdict: Normal, AB, ", ("normal", 0), ["Disagree", "Normal"]),
        ("Y", "Your verdict: COVID-19, AB, ", ("covid", 1), ["Agree", "COVID-19"]),
        ("Shift+Y", "Your verdict: not that, AB, ", (None, 0), ["Disagree"]),
    ],
)
def test_one_key_gives_a_signed_verdict_that_is_kept(  # noqa: PLR0917
    read: Read, qtbot: QtBot, own_home: Path, key: str, sentence: str, row: tuple[object, ...], buttons: list[str]
) -> None:
    window = read()
    press(qtbot, window, Qt.Key[f"Key_{key[-1]}"], shift="Shift" in key)
    says(qtbot, window, sentence)
    assert pressed(window.page.verdict) == buttons
    assert kept(own_home) == [(*row, "", "AB", None)]


def test_another_key_changes_the_verdict_and_the_same_key_twice_says_nothing_new(
    read: Read, qtbot: QtBot, own_home: Path
) -> None:
    window = read()
    press(qtbot, window, Qt.Key.Key_1)
    says(qtbot, window, "Your verdict: Normal")
    press(qtbot, window, Qt.Key.Key_1)
    press(qtbot, window, Qt.Key.Key_2)
    says(qtbot, window, "Your verdict: Pneumonia")
    assert [row[0] for row in kept(own_home)] == ["normal", "pneumonia"]


def test_a_verdict_is_taken_back_with_one_key_and_stays_in_the_history(
    read: Read, qtbot: QtBot, own_home: Path
) -> None:
    window = read()
    assert not window.actions_["verdict.withdraw"].isEnabled()
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict: COVID-19")
    press(qtbot, window, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: window.page.verdict.sentence == "Your verdict", timeout=LONG)
    assert pressed(window.page.verdict) == []
    assert kept(own_home) == [("covid", 1, "", "AB", "AB")]


def test_initials_are_asked_for_once_in_place_and_the_verdict_is_given_then(
    read: Read, qtbot: QtBot, own_home: Path
) -> None:
    window = read(initials=None)
    press(qtbot, window, Qt.Key.Key_3)
    field = window.page.verdict.focusWidget()
    assert isinstance(field, QLineEdit) and field.isVisible()
    # Letters and digits are commands elsewhere; here they are letters.
    qtbot.keyClicks(field, "cd1")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    says(qtbot, window, "Your verdict: COVID-19, CD1, ")
    assert window.preferences.value("reader") == "CD1"
    press(qtbot, window, Qt.Key.Key_1)
    says(qtbot, window, "Your verdict: Normal, CD1, ")


def test_who_gives_no_initials_gives_no_verdict(read: Read, qtbot: QtBot, own_home: Path) -> None:
    window = read(initials=None)
    press(qtbot, window, Qt.Key.Key_3)
    field = window.page.verdict.focusWidget()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert window.page.verdict.sentence == "Your verdict"
    assert kept(own_home) == []


def test_a_note_is_kept_with_the_verdict_and_survives_a_change_of_it(read: Read, qtbot: QtBot, own_home: Path) -> None:
    window = read()
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict: COVID-19")
    press(qtbot, window, Qt.Key.Key_T)
    field = window.page.verdict.focusWidget()
    qtbot.keyClicks(field, "left base, 2 weeks old")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(kept(own_home)) == 2, timeout=LONG)
    says(qtbot, window, "Your verdict: COVID-19")
    press(qtbot, window, Qt.Key.Key_2)
    says(qtbot, window, "Your verdict: Pneumonia")
    assert window.page.verdict.sentence.endswith(", note")
    assert kept(own_home)[-1] == ("pneumonia", 0, "left base, 2 weeks old", "AB", None)


def test_a_note_alone_is_kept_and_is_no_finding(read: Read, qtbot: QtBot, own_home: Path) -> None:
    window = read()
    press(qtbot, window, Qt.Key.Key_T)
    field = window.page.verdict.focusWidget()
    qtbot.keyClicks(field, "ask again")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    says(qtbot, window, "Your verdict: a note, AB, ")
    assert kept(own_home) == [(None, None, "ask again", "AB", None)]


def test_a_verdict_is_there_again_when_the_film_is(
    read: Read, qtbot: QtBot, make_film: MakeFilm, tmp_path: Path
) -> None:
    window = read()
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict: COVID-19")
    window.open_paths([str(make_film("normal", 280, 260))])
    qtbot.waitUntil(lambda: window.page.verdict.sentence == "Your verdict", timeout=LONG)
    press(qtbot, window, Qt.Key.Key_K)
    says(qtbot, window, "Your verdict: COVID-19")


def test_another_readers_verdict_is_not_called_mine(read: Read, qtbot: QtBot, own_home: Path) -> None:
    window = read()
    press(qtbot, window, Qt.Key.Key_T)
    qtbot.keyClicks(window.page.verdict.focusWidget(), "mine")
    qtbot.keyClick(window.page.verdict.focusWidget(), Qt.Key.Key_Return)
    says(qtbot, window, "Your verdict: a note, AB")
    window.preferences.put("reader", "CD")
    says(qtbot, window, "Verdict: a note, AB")
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict: COVID-19, CD")
    assert kept(own_home)[-1] == ("covid", 1, "", "CD", None)


def test_a_film_that_the_gate_refused_takes_a_finding_and_there_is_nothing_to_agree_with(
    open_window: OpenWindow, make_film: MakeFilm, qtbot: QtBot, own_home: Path
) -> None:
    window = open_window()
    window.preferences.put("reader", "AB")
    window.open_paths([str(make_film("lateral"))])
    qtbot.waitUntil(window.actions_["findings.override"].isEnabled, timeout=LONG)
    assert not window.actions_["verdict.agree"].isEnabled()
    press(qtbot, window, Qt.Key.Key_1)
    says(qtbot, window, "Your verdict: Normal, AB")
    assert kept(own_home) == [("normal", None, "", "AB", None)]


def test_the_commands_have_the_titles_of_the_bundle_and_there_are_no_more_than_classes(read: Read) -> None:
    actions = read().actions_
    shown = [actions[f"verdict.finding-{number}"] for number in range(1, 7)]
    assert [action.text() for action in shown if action.isVisible()] == [
        "Verdict: Normal",
        "Verdict: Pneumonia",
        "Verdict: COVID-19",
    ]


def test_a_key_of_ones_own_stands_on_its_button(read: Read) -> None:
    window = read()
    window.actions_.remap("verdict.finding-1", "Q")
    (button,) = [one for one in window.page.verdict.findChildren(QAbstractButton) if one.accessibleName() == "Normal"]
    assert button.text() == "Q  Normal"


def test_where_it_cannot_be_kept_it_says_so_and_looks_as_before(read: Read, qtbot: QtBot, own_home: Path) -> None:
    (own_home / "records").write_text("a file where the folder should be")
    window = read()
    assert window.notice.sentence.endswith("Verdicts are not kept.")
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict was not kept")
    assert window.notice.sentence.startswith("Your verdict was not kept. Nothing can be written to")
    assert pressed(window.page.verdict) == []


def test_verdicts_are_exported_as_labels(read: Read, qtbot: QtBot, tmp_path: Path) -> None:
    from gui.settings.labels import LabelsExport

    window = read()
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict: COVID-19")
    export = LabelsExport(window.records, window)
    with qtbot.waitSignal(export.told, timeout=LONG) as told:
        export.write(str(tmp_path / "labels.csv"))
    assert told.args == ["labels.csv holds 1 film with a verdict now."]
    with open(tmp_path / "labels.csv", encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["path"], row["label"], row["reader"]) == ("refer.png", "covid", "AB")


def test_what_was_forgotten_on_the_settings_page_is_not_shown_any_more(
    read: Read, qtbot: QtBot, own_home: Path
) -> None:
    window = read()
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict: COVID-19")
    page = window.go_to("settings")
    page.kept.erase.click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: "erased" in window.notice.sentence, timeout=LONG)
    window.go_to("reading")
    qtbot.waitUntil(lambda: window.page.verdict.sentence == "Your verdict", timeout=LONG)


def test_it_fits_into_the_column(read: Read) -> None:
    panel = read().page.verdict
    assert panel.sizeHint().height() <= 150
    for button in panel.findChildren(QAbstractButton):
        if button.isVisible():
            assert panel.rect().contains(button.mapTo(panel, button.rect().bottomRight()))


def test_a_verdict_says_which_bundle_it_answers(read: Read, qtbot: QtBot, own_home: Path) -> None:
    window = read()
    press(qtbot, window, Qt.Key.Key_3)
    says(qtbot, window, "Your verdict: COVID-19")
    keeper = Keeper(own_home / "records")
    (sha256, frame) = keeper.records.execute("SELECT sha256, frame FROM film").fetchone()
    verdict = keeper.known([FilmMark(sha256, frame)])[FilmMark(sha256, frame)].verdict
    keeper.close()
    assert verdict is not None and verdict.probabilities is not None
    assert (verdict.bundle, verdict.bundle_name, verdict.ensemble_finding) == ("0" * 64, "stand-in", "covid")
    assert max(verdict.probabilities, key=lambda name: verdict.probabilities[name]) == "covid"
