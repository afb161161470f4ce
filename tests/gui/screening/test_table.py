"""The table of the screening page: names, thresholds, filters, groups, and films opened from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from core.records.verdict import FilmMark, Known, Verdict
from gui.screening.model import FILM, REASONS, RESULT, VERDICT
from gui.screening.page import MOST_OPENED, ScreeningPage
from gui.window import Window
from tests import drawn_runs
from tests.gui.conftest import LONG
from tests.gui.screening.conftest import cells, films


def test_names_are_hidden_until_they_are_asked_for(
    window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([films(tmp_path / "films", "aspen-ash.png", "larch-oak.png")])
    at_rest()
    assert set(cells(page, FILM)) == {"1", "2"}
    page.rows.arrange(search="aspen")
    assert page.rows.rowCount() == 0
    page.rows.arrange(search="")
    window.actions_["run.names"].trigger()
    assert set(cells(page, FILM)) == {"aspen-ash.png", "larch-oak.png"}
    page.rows.arrange(search="aspen")
    assert cells(page, FILM) == ["aspen-ash.png"]


def test_the_threshold_counts_and_says_what_the_bundle_knows(
    page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.open_run(str(drawn_runs.make(tmp_path / "run", 400)))
    at_rest()
    scores = page.rows.suspicions
    assert page.threshold.threshold == 0.5
    at_half = int((scores >= 0.5).sum())
    assert f"At 0.50: {at_half} of {len(scores)} would be referred" in page.threshold.sentences
    assert "locked test it referred 66" in page.threshold.sentences and "58 to 74" in page.threshold.sentences
    assert "60 normal, 15 pneumonia, 25 COVID-19" in page.threshold.sentences
    assert page.rows.counts["refer"] == at_half == sum(bool(row.refer) for row in page.rows.films)
    page.threshold.slider.setValue(30)
    at_thirty = int((scores >= 0.3).sum())
    assert f"At 0.30: {at_thirty} of" in page.threshold.sentences
    assert "no figures for this threshold" in page.threshold.sentences
    assert "at least the 66" in page.threshold.sentences
    assert page.rows.counts["refer"] == at_thirty and cells(page, RESULT)[at_thirty] in ("Below", "Abstains")
    page.threshold.back.click()
    assert page.threshold.threshold == 0.5 and page.threshold.back.isHidden()


def test_filters_and_search_narrow_the_table(
    qtbot: QtBot, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.open_run(str(drawn_runs.make(tmp_path / "run", 500)))
    at_rest()
    counts = page.rows.counts
    assert counts["all"] == 500 and counts["refer"] and counts["refused"] and counts["abstained"]
    for name, number in counts.items():
        page.sieve.button(name).click()
        assert page.rows.rowCount() == number
        assert str(number) in page.sieve.button(name).text()
    page.sieve.button("refused").click()
    assert set(cells(page, RESULT)) == {"Refused"}
    page.sieve.button("all").click()
    page.search()
    qtbot.keyClicks(page.sieve.field, "not an image")
    qtbot.waitUntil(lambda: 0 < page.rows.rowCount() < counts["refused"], timeout=LONG)
    assert set(cells(page, REASONS)) == {"This is not an image file."}


def test_films_of_a_study_stand_together_the_most_suspicious_study_first(
    window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.open_run(str(drawn_runs.make(tmp_path / "run", 300)))
    at_rest()
    window.actions_["run.group"].trigger()
    shown = [page.rows.row(line) for line in range(page.rows.rowCount())]
    begins = [line for line in range(len(shown)) if page.rows.begins_group(line)]
    studies = [shown[line].study for line in begins]
    assert len(studies) == len(set(studies)) == len({row.study for row in shown}) < 300
    highest = [shown[line].suspicion if shown[line].suspicion is not None else -1.0 for line in begins]
    assert highest == sorted(highest, reverse=True)


def test_a_double_click_opens_the_films_in_the_order_of_the_table(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([films(tmp_path / "films", "a.png", "b.png", "c-refused.png")])
    at_rest()
    place = page.table.visualRect(page.rows.index(1, FILM)).center()
    with qtbot.waitSignal(page.opened, timeout=LONG) as told:
        qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
        qtbot.mouseDClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    refs, index = told.args
    assert [ref.name for ref in refs] == [page.rows.row(line).name for line in range(3)] and index == 1
    assert window.current is window.page
    window.go_to("screening")
    page.step(1)
    with qtbot.waitSignal(page.opened, timeout=LONG) as told:
        qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert told.args[1] == 2


def test_next_and_previous_go_through_the_table(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    run = drawn_runs.make(tmp_path / "run", 50, thumbnails=[_jpeg()])
    page.open_run(str(run))
    at_rest()
    lines = []
    for name in ("film.next", "film.next", "film.next", "film.previous"):
        window.actions_[name].trigger()
        lines.append(page.table.currentIndex().row())
    assert lines == [0, 1, 2, 1]
    qtbot.waitUntil(lambda: page.preview.picture.has_image, timeout=LONG)
    row = page.table.current
    assert row is not None and row.suspicion is not None
    assert f"suspicion {row.suspicion:.2f}" in page.preview.sentences and "Refer" in page.preview.sentences


def _jpeg() -> bytes:
    import cv2

    return bytes(cv2.imencode(".jpg", np.full((128, 118), 99, np.uint8))[1])


def test_the_reader_s_verdicts_stand_in_the_table(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([films(tmp_path / "films", "a.png", "b.png")])
    at_rest()
    row = page.rows.row(0)
    mark = FilmMark(row.sha256 or "", row.frame)
    given = Verdict(mark, row.name, "covid", False, "", "AB", "2026-01-01T10:00:00Z")
    page._know({row.number: mark}, {mark: Known(True, given, mark)})
    assert cells(page, VERDICT) == ["COVID-19 · AB", ""]


def test_ten_thousand_rows_come_and_are_opened_around_the_chosen_one(
    qtbot: QtBot, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.open_run(str(drawn_runs.make(tmp_path / "run", 10_000)))
    at_rest()
    assert page.rows.rowCount() == 10_000
    page.table.go_to(6000)
    with qtbot.waitSignal(page.opened, timeout=LONG) as told:
        page._open_line(6000)
    refs, index = told.args
    assert len(refs) == MOST_OPENED and refs[index].name == page.rows.row(6000).name
