"""Runs through the window: a real screening process, real decoders and journal, a stand-in engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psutil
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QLineEdit
from pytestqt.qtbot import QtBot

from gui.screening.exporting import ExportSheet
from gui.screening.model import FILM
from gui.screening.page import ScreeningPage
from gui.window import Window
from tests import drawn_runs
from tests.gui.conftest import LONG
from tests.gui.screening.conftest import cells, films, many


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


def test_an_export_asks_where_to_and_whether_it_may_name_anybody(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.start([films(tmp_path / "films", "aspen-ash.png", "larch-oak.png")])
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
        assert len(paths) == 2 and any("aspen-ash" in path for path in paths) is identifiers


def test_an_export_to_a_place_that_cannot_be_written_is_refused_in_words(
    qtbot: QtBot, window: Window, page: ScreeningPage, at_rest: Callable[[], None], tmp_path: Path
) -> None:
    page.open_run(str(drawn_runs.make(tmp_path / "run", 5)))
    at_rest()
    page._write("csv", str(tmp_path / "nowhere" / "films.csv"), False)
    qtbot.waitUntil(lambda: "Nothing can be written" in window.notice.sentence, timeout=LONG)


def test_every_control_has_an_accessible_name(page: ScreeningPage) -> None:
    nameless = [
        type(widget).__name__
        for kind in (QAbstractButton, QAbstractSlider, QLineEdit)
        for widget in page.findChildren(kind)
        if not widget.accessibleName() and not widget.objectName().startswith("qt_") and "ScrollBar" not in repr(widget)
    ]
    assert nameless == []
