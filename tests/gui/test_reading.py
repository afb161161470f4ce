"""Reading with real processes: a film is assessed, refused by the gate, corrected, and always in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QListView
from pytestqt.qtbot import QtBot

from core.imaging.grayscale import Window as GreyWindow
from gui.reading.finding_row import FindingRow
from gui.window import Window
from tests.gui.conftest import MakeFilm, OpenWindow, assessed


def rows(window: Window) -> dict[str, FindingRow]:
    return {row.text(): row for row in window.page.findings.widget().findChildren(FindingRow)}


def test_a_film_is_opened_assessed_and_its_finding_stands_on_the_list(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: assessed(window))
    assert window.page.area.currentIndex() == 1
    assert "Refer" in window.page.findings.sentences
    assert rows(window)["COVID-19"].accessibleName() == "COVID-19, probability 0.71"
    assert window.page.studies.entries[0].outcome == "Refer COVID-19 0.71"
    assert "openvino CPU f32 · 31 ms" in window.state
    assert "Speaks for COVID-19 rather than the rest" in window.page.area.pair.meaning


def test_a_film_below_the_operating_point_says_so(open_window: OpenWindow, make_film: MakeFilm, wait: Callable) -> None:
    window = open_window()
    window.open_paths([str(make_film("normal"))])
    wait(lambda: assessed(window))
    assert "Below the operating point" in window.page.findings.sentences
    assert window.page.area.pair.twin.remark == "Nothing in the film speaks for normal rather than the rest."


def test_a_film_below_the_operating_point_bears_no_tick_on_the_list(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("normal"))])
    wait(lambda: assessed(window))
    assert window.page.studies.entries[0].outcome == "Below: Normal 0.92"


def test_the_ensemble_abstains_in_words(open_window: OpenWindow, make_film: MakeFilm, wait: Callable) -> None:
    window = open_window()
    window.open_paths([str(make_film("disagree"))])
    wait(lambda: assessed(window))
    assert "Abstains" in window.page.findings.sentences
    assert "The members disagree by more than the bundle allows." in window.page.findings.sentences


def test_another_finding_is_shown_when_its_row_is_pressed(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: assessed(window))
    qtbot.mouseClick(rows(window)["Pneumonia"], Qt.MouseButton.LeftButton)
    assert window.page.area.chosen == "pneumonia"
    assert "Speaks for pneumonia rather than the rest" in window.page.area.pair.meaning
    window.actions_["findings.next"].trigger()
    assert rows(window)["COVID-19"].isChecked()


def test_the_gate_refuses_and_a_reader_with_a_reason_overrides(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    window.open_paths([str(make_film("lateral"))])
    wait(lambda: "the networks know frontal films only" in window.page.findings.sentences)
    assert not assessed(window)
    window.actions_["findings.override"].trigger()
    field = window.page.findings.findChild(QLineEdit)
    assert field is not None
    qtbot.keyClicks(field, "It is frontal")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    wait(lambda: assessed(window))
    assert "assessed because a reader asked: It is frontal." in window.page.findings.sentences
    assert window.page.studies.entries[0].assessment.override == "It is frontal"


def test_no_reason_is_no_override(open_window: OpenWindow, make_film: MakeFilm, wait: Callable, qtbot: QtBot) -> None:
    window = open_window()
    window.open_paths([str(make_film("lateral"))])
    wait(lambda: window.page.findings.findChild(QLineEdit) is not None)
    window.actions_["findings.override"].trigger()
    field = window.page.findings.findChild(QLineEdit)
    qtbot.keyClicks(field, "   ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert window.page.studies.entries[0].assessment.status == "refused"


def test_declared_corrections_reach_the_networks_and_the_picture(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: assessed(window))
    window.actions_["findings.turned"].trigger()
    window.actions_["findings.mirrored"].trigger()
    window.actions_["findings.negative"].trigger()
    wait(lambda: "Declared a negative" in window.page.findings.sentences)
    corrections = window.page.studies.entries[0].assessment.corrections
    assert (corrections.negative, corrections.turned, corrections.mirrored) == (True, 90, True)
    assert window.page.area.pair.view.turned_shape == (260, 300)
    assert window.page.area.pair.view.inverted


def test_a_heatmap_of_before_is_never_shown_under_other_corrections(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: assessed(window))
    window.actions_["findings.turned"].trigger()
    assert window.page.area.pair.meaning == "Colour bar: no map"
    assert window.page.studies.entries[0].assessment is None
    wait(lambda: assessed(window))
    assert "Speaks for COVID-19" in window.page.area.pair.meaning


def test_dragging_changes_the_window_on_both_canvases_and_reset_gives_the_files_own(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: window.page.area.film is not None)
    canvas, twin, view = window.page.area.pair.film_canvas, window.page.area.pair.twin, window.page.area.pair.view
    before = canvas.grey()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    qtbot.mouseMove(canvas, QPoint(160, 130))
    view.drag_window(QPointF(60, 30))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(160, 130))
    assert isinstance(view.voi, GreyWindow)
    assert not np.array_equal(canvas.grey(), before)
    assert np.array_equal(canvas.grey(), twin.grey())
    window.actions_["film.reset"].trigger()
    assert np.array_equal(canvas.grey(), before)


def test_with_the_list_folded_radiograph_and_heatmap_take_seventy_percent_of_a_small_screen(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.resize(1366, 768)
    window.open_paths([str(make_film("refer"))])
    wait(lambda: assessed(window))
    window.actions_["view.list"].trigger()
    wait(lambda: not window.page.left.isVisible())
    area = window.page.area
    wait(lambda: area.width() * area.height() >= 0.70 * 1366 * 768)
    wait(lambda: area.pair.film_canvas.size() == area.pair.twin.size())
    assert window.page.verdict.isVisible()
    assert window.page.rect().contains(window.page.right.geometry())


def test_findings_scroll_above_the_verdict_which_stays(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.resize(1100, 480)
    window.open_paths([str(make_film("disagree"))])
    wait(lambda: assessed(window))
    page = window.page
    wait(lambda: page.findings.verticalScrollBar().maximum() > 0)
    assert page.verdict.geometry().bottom() <= page.right.rect().bottom()
    assert page.findings.geometry().bottom() <= page.verdict.geometry().top()


def test_every_control_of_the_list_and_the_findings_has_a_name(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("lateral"))])
    wait(lambda: "the networks know frontal films only" in window.page.findings.sentences)
    for side in (window.page.left, window.page.right):
        controls = [*side.findChildren(QAbstractButton), *side.findChildren(QLineEdit), *side.findChildren(QListView)]
        assert [one for one in controls if not (one.accessibleName() or getattr(one, "text", str)())] == []


def test_the_list_can_be_folded_before_anything_is_open(open_window: OpenWindow) -> None:
    window = open_window(assessor="tests.gui.standins:slow_assessor")
    assert window.actions_["view.list"].isEnabled()
    assert not window.actions_["film.next"].isEnabled()


def test_search_unfolds_the_list(open_window: OpenWindow, make_film: MakeFilm, wait: Callable) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: window.page.studies.entries)
    window.actions_["view.list"].trigger()
    window.actions_["view.search"].trigger()
    assert window.page.left.isVisible()
    assert window.actions_["view.list"].isChecked()
