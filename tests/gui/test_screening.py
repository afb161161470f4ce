"""The screening page through the window: a real screening process, real decoders and journal, a stand-in engine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from core.errors import reason
from core.records.verdict import FilmMark, Known, Verdict
from core.screening.state import About, Brief, Figure, Point, State
from gui.screening import words
from gui.screening.exporting import ExportSheet
from gui.screening.model import FILM, REASONS, RESULT, VERDICT, Rows
from gui.screening.page import MOST_OPENED, ScreeningPage
from gui.window import Window
from tests import drawn_runs
from tests.gui.conftest import LONG, OpenWindow
from tests.one_process import png

SCREENER = "tests.stand_in_screening:serve"


@pytest.fixture
def window(open_window: OpenWindow) -> Window:
    return open_window(screener=SCREENER)


@pytest.fixture
def page(window: Window) -> ScreeningPage:
    made = window.go_to("screening")
    assert isinstance(made, ScreeningPage)
    return made


@pytest.fixture
def at_rest(qtbot: QtBot, page: ScreeningPage) -> Callable[[], None]:
    """Wait until the run is at rest and all its rows are there."""

    def wait() -> None:
        qtbot.waitUntil(lambda: page.state.phase == "resting" and not page.state.more, timeout=LONG)

    return wait


def films(folder: Path, *names: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(png(40 * number + 10) if name.endswith(".png") else b"not a film")
    return str(folder)


def many(folder: Path, count: int, word: str = "slow") -> str:
    return films(folder, *(f"{number:03}-{word}.png" for number in range(count)))


def cells(page: ScreeningPage, column: int) -> list[str]:
    model = page.rows
    return [model.data(model.index(line, column)) for line in range(model.rowCount())]


def test_the_empty_page_says_what_belongs_here_and_how_to_get_it(page: ScreeningPage) -> None:
    assert "No run is open" in page.empty.words and "Drop a folder" in page.empty.words
    offered = [button.text().strip() for button in page.empty.findChildren(QAbstractButton)]
    assert offered == ["Screen a folder…", "Open a run…"]
    assert page.watch.process.pid is None


def test_a_folder_is_screened_and_its_films_stand_by_suspicion(
    page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    folder = films(tmp_path / "films", "a.png", "b.png", "c-abstains.png", "d-refused.png", "e-fails.png", "f.txt")
    page.start([folder])
    at_rest()
    assert page.head.line.text() == "6 films screened · 2 refused, 1 failed"
    suspicions = [page.rows.row(line).suspicion for line in range(page.rows.rowCount())]
    scores = [one for one in suspicions if one is not None]
    assert scores == sorted(scores, reverse=True) and suspicions[len(scores) :] == [None] * (6 - len(scores))
    assert page.head.trouble == ""


def test_names_are_hidden_until_they_are_asked_for(
    window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([films(tmp_path / "films", "doe-jane.png", "roe-rich.png")])
    at_rest()
    assert set(cells(page, FILM)) == {"1", "2"}
    page.rows.arrange(search="doe")
    assert page.rows.rowCount() == 0
    page.rows.arrange(search="")
    window.actions_["run.names"].trigger()
    assert set(cells(page, FILM)) == {"doe-jane.png", "roe-rich.png"}
    page.rows.arrange(search="doe")
    assert cells(page, FILM) == ["doe-jane.png"]


def test_a_run_is_stopped_and_gone_on_with(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([many(tmp_path / "films", 120)])
    qtbot.waitUntil(lambda: page.rows.rowCount() > 5, timeout=LONG)
    assert "a second" in page.head.line.text() or "a minute" in page.head.line.text()
    assert window.actions_["run.stop"].isEnabled() and not window.actions_["run.resume"].isEnabled()
    # The run goes on behind the reading page, and can be stopped from there.
    window.go_to("reading")
    assert window.actions_["run.stop"].isEnabled()
    window.actions_["run.stop"].trigger()
    at_rest()
    window.go_to("screening")
    assert page.head.line.text().startswith("Stopped at") and not page.head.resume.isHidden()
    assert page.rows.rowCount() < 120
    window.actions_["run.resume"].trigger()
    qtbot.waitUntil(lambda: page.state.finished and page.rows.rowCount() == 120, timeout=LONG)
    assert page.head.line.text() == "120 films screened"
    assert len(set(cells(page, FILM))) == 120


def test_who_looks_at_a_film_goes_on_looking_at_it_while_rows_arrive(
    qtbot: QtBot, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([many(tmp_path / "films", 60)])
    qtbot.waitUntil(lambda: page.rows.rowCount() > 3, timeout=LONG)
    page.table.go_to(1)
    chosen = page.table.current
    at_rest()
    assert page.rows.rowCount() == 60
    assert chosen is not None and page.table.current is not None and page.table.current.number == chosen.number
    assert page.table.currentIndex().row() > 1


def test_a_process_that_dies_under_a_run_is_named_and_the_run_goes_on(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    said: list[str] = []
    window.notice.said.connect(said.append)
    page.start([many(tmp_path / "films", 80)])
    qtbot.waitUntil(lambda: page.rows.rowCount() > 5, timeout=LONG)
    pid = page.watch.process.pid
    assert pid is not None
    psutil.Process(pid).kill()
    qtbot.waitUntil(lambda: "ended unexpectedly" in page.head.trouble, timeout=LONG)
    at_rest()
    assert any("screening process ended unexpectedly" in sentence for sentence in said)
    assert not page.state.finished and page.state.counts["found"] > 0
    window.actions_["run.resume"].trigger()
    qtbot.waitUntil(lambda: page.state.finished and page.rows.rowCount() == 80, timeout=LONG)
    assert page.head.trouble == ""


def test_closing_the_window_ends_the_process_and_its_decoders(
    qtbot: QtBot, window: Window, page: ScreeningPage, tmp_path: Path
) -> None:
    page.start([many(tmp_path / "films", 120)])
    qtbot.waitUntil(lambda: page.rows.rowCount() > 3, timeout=LONG)
    pid = page.watch.process.pid
    assert pid is not None
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    assert len(family) > 1
    window.close()
    _gone, alive = psutil.wait_procs(family, timeout=LONG / 1000)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_a_run_of_before_opens_with_what_is_known_of_it(
    page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.open_run(str(drawn_runs.make(tmp_path / "run", 700, waiting=300)))
    at_rest()
    assert page.rows.rowCount() == 700
    assert page.head.line.text().startswith("Stopped at 700 of 1\N{NARROW NO-BREAK SPACE}000 films")
    assert sum(page.rows.counts[name] for name in ("refer", "below", "refused", "failed")) == 700


def test_what_is_no_run_is_refused_in_words(qtbot: QtBot, window: Window, page: ScreeningPage, tmp_path: Path) -> None:
    page.open_run(str(tmp_path))
    qtbot.waitUntil(lambda: "no journal" in window.notice.sentence, timeout=LONG)
    assert "No run is open" in page.empty.words


def test_a_run_that_could_not_begin_says_why(qtbot: QtBot, page: ScreeningPage, tmp_path: Path) -> None:
    page.start([str(tmp_path / "nowhere")])
    qtbot.waitUntil(lambda: "did not begin" in page.empty.words, timeout=LONG)
    assert "There is nothing at" in page.empty.words and "Connect the disk" in page.empty.words


def test_a_folder_without_films_and_one_of_refusals_say_so(
    qtbot: QtBot, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([films(tmp_path / "empty")])
    at_rest()
    assert page.head.line.text() == "No films" and str(tmp_path / "empty") in page._nothing_here.words
    page.start([films(tmp_path / "refused", "a-refused.png", "b-refused.png", "c.txt")])
    qtbot.waitUntil(lambda: bool(page.head.trouble), timeout=LONG)
    assert page.head.trouble.startswith("No film was assessed: all 3 were refused.")
    assert "The view is LL" in page.head.trouble and "(2 films)" in page.head.trouble
    qtbot.waitUntil(lambda: page.threshold.sentences == "No film was assessed.", timeout=LONG)


def test_two_runs_at_a_time_are_refused(qtbot: QtBot, window: Window, page: ScreeningPage, tmp_path: Path) -> None:
    page.start([many(tmp_path / "films", 80)])
    qtbot.waitUntil(lambda: page.rows.rowCount() > 3, timeout=LONG)
    page.start([str(tmp_path / "films")])
    qtbot.waitUntil(lambda: "A run is going on" in window.notice.sentence, timeout=LONG)


def test_what_is_dropped_on_the_page_is_screened(
    window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(films(tmp_path / "films", "a.png", "b.png"))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(400, 300), Qt.DropAction.CopyAction, dropped, buttons, keys))
    at_rest()
    assert page.rows.rowCount() == 2 and window.current is page


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


def test_an_export_asks_where_to_and_whether_it_may_name_anybody(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([films(tmp_path / "films", "doe-jane.png", "roe-rich.png")])
    at_rest()
    for identifiers in (False, True):
        window.actions_["run.json"].trigger()
        sheet = next(one for one in page.findChildren(ExportSheet) if one.isVisible())
        assert Path(sheet.path.text()).name == "films.json"
        target = tmp_path / f"rows-{identifiers}.json"
        sheet.path.setText(str(target))
        sheet.identifiers.setChecked(identifiers)
        sheet.export.click()
        qtbot.waitUntil(lambda target=target: str(target) in window.notice.sentence, timeout=LONG)
        paths = [json.loads(line)["path"] for line in target.read_text("utf-8").splitlines()]
        assert len(paths) == 2 and any("doe-jane" in path for path in paths) is identifiers


def test_an_export_to_a_place_that_cannot_be_written_is_refused_in_words(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.open_run(str(drawn_runs.make(tmp_path / "run", 5)))
    at_rest()
    page._write("csv", str(tmp_path / "nowhere" / "films.csv"), False)
    qtbot.waitUntil(lambda: "Nothing can be written" in window.notice.sentence, timeout=LONG)


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


def test_every_control_has_an_accessible_name(page: ScreeningPage) -> None:
    nameless = [
        type(widget).__name__
        for kind in (QAbstractButton, QAbstractSlider, QLineEdit)
        for widget in page.findChildren(kind)
        if not widget.accessibleName() and not widget.objectName().startswith("qt_") and "ScrollBar" not in repr(widget)
    ]
    assert nameless == []


# The model by itself.


def _brief(number: int, suspicion: float | None, study: str | None = None) -> Brief:
    status = "assessed" if suspicion is not None else "refused"
    why = () if suspicion is not None else (reason("gate-blank"),)
    return Brief(number, f"f{number}", 1, status, None, suspicion, None, why, None, study, None, None)


def test_rows_that_come_in_any_order_and_change_are_as_if_they_had_come_at_once(qapp: QApplication) -> None:
    rng = np.random.default_rng(3)
    briefs = [_brief(n, None if n % 9 == 0 else float(rng.random()), f"s{n % 40}") for n in range(1, 400)]
    expected = Rows()
    expected.update(briefs)
    for grouped in (False, True):
        rows = Rows()
        tester = QAbstractItemModelTester(rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
        rows.arrange(grouped=grouped)
        expected.arrange(grouped=grouped)
        rows.update([_brief(5, 0.99), _brief(401, 0.5)])
        for part in np.array_split(rng.permutation(len(briefs)), 7):
            rows.update([briefs[index] for index in part])
        rows.update((), [401])
        order = [rows.row(line).number for line in range(rows.rowCount())]
        assert order == [expected.row(line).number for line in range(expected.rowCount())]
        assert len(order) == 399
        tester.deleteLater()


def test_a_chosen_row_is_kept_through_arrivals(qapp: QApplication) -> None:
    rows = Rows()
    rows.update([_brief(n, n / 100) for n in range(1, 20)])
    from PySide6.QtCore import QPersistentModelIndex

    kept = QPersistentModelIndex(rows.index(3, 0))
    number = rows.row(3).number
    rows.update([_brief(n, n / 100) for n in range(20, 60)])
    assert rows.row(kept.row()).number == number and kept.row() == 43


# Words.


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (80, "1 min 20 s"),
        (119, "2 min"),
        (1500, "25 min"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_times_are_said_as_one_waits(seconds: float, said: str) -> None:
    assert words.lasting(seconds) == said


def test_a_run_is_said_in_one_line() -> None:
    from core.progress import Progress

    counts = {"assessed": 6000, "abstained": 104, "refused": 14, "failed": 2, "found": 3680}
    state = State(("x", 0), False, "running", "/run", progress=Progress(6120, 9800, 46.2, 80.0), counts=counts)
    said = words.headline(replace(state, listed=True)).replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert said == "6 120 of 9 800 films · 46 a second · 1 min 20 s left · 14 refused, 2 failed"
    said = words.headline(replace(state, progress=Progress(6120, None, 0.5, None)))
    assert "still looking for more · 30 a minute" in said
    assert words.headline(replace(state, phase="resting")).startswith("Stopped at")


def _about(**changes: Any) -> About:
    test = (
        Figure("referral sensitivity", 0.66, 0.58, 0.74, "locked test", 343),
        Figure("referral specificity", 0.92, 0.88, 0.96, "locked test", 343),
    )
    point = Point("p", 0.7, "specificity 0.90", (Figure("specificity", 0.9, 0.8, 0.95, "validation", 139),))
    plain = About(("normal", "covid"), {"covid": "COVID-19"}, "b", "1", "openvino", "CPU", "f32", (point,), test, 0.7)
    return replace(plain, mix={"normal": 150, "covid": 193}, **changes)


@pytest.mark.parametrize(
    ("about", "threshold", "says"),
    [
        (_about(), 0.7, "locked test it referred 66.% .95.% interval 58 to 74. of the films with a finding"),
        (_about(), 0.6, "tested at 0.70 only: no figures for this threshold. A lower one refers at least the 66"),
        (_about(), 0.8, "A higher one refers at most 66.% .* leaves at least 92"),
        (_about(test=()), 0.7, "Not tested on a locked set. Picked for specificity 0.90: specificity 90"),
        (_about(test=()), 0.6, "no figures for this threshold: what it means for other films is not known"),
        (_about(known=False), 0.7, "is not on this PC"),
    ],
)
def test_a_threshold_means_what_the_bundle_knows_and_nothing_else(about: About, threshold: float, says: str) -> None:
    assert re.search(says, " ".join(words.meaning(about, threshold)))


def test_disk_full_and_the_like_say_what_now() -> None:
    state = State(("x", 0), False, "resting", "/run", counts={"assessed": 1, "found": 2})
    full = replace(state, error=reason("disk-full", what="/run"))
    assert words.trouble(full).endswith("what was done is kept. Make room there, then go on.")
    assert "Wait until" in words.trouble(replace(state, error=reason("run-in-use", what="/run")))
    assert "Screen the folder again" in words.trouble(
        replace(state, error=reason("run-differs", present="a", asked="b"))
    )
    assert "faults.txt" in words.trouble(replace(state, faults=2))


def _jpeg() -> bytes:
    import cv2

    return bytes(cv2.imencode(".jpg", np.full((128, 118), 99, np.uint8))[1])
