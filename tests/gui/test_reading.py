"""Reading with real processes: opened, assessed, refused, killed, and always in words."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QListView
from pytestqt.qtbot import QtBot

from core.imaging.grayscale import Window as GreyWindow
from gui.reading.finding_row import FindingRow
from gui.window import Window
from tests.films import disc, write_dicom
from tests.gui.conftest import LONG, MakeFilm, OpenWindow


@pytest.fixture
def wait(qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    def until(holds: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(holds()), timeout=LONG)

    return until


def assessed(window: Window) -> bool:
    return window.page.findings.findChild(FindingRow) is not None


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


def test_the_ensemble_abstains_in_words(open_window: OpenWindow, make_film: MakeFilm, wait: Callable) -> None:
    window = open_window()
    window.open_paths([str(make_film("disagree"))])
    wait(lambda: assessed(window))
    assert "Abstains" in window.page.findings.sentences
    assert "The members disagree by more than the bundle allows." in window.page.findings.sentences


def drop(window: Window, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, left, no_key = QPointF(200, 200), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, data, left, no_key)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(place, Qt.DropAction.CopyAction, data, left, no_key))


def names(window: Window) -> list[str]:
    return [entry.ref.name for entry in window.page.studies.entries]


def test_dropped_files_are_listed_and_the_first_is_shown(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    drop(window, *(make_film(name) for name in ("one", "two")))
    wait(lambda: window.page.area.film is not None)
    assert names(window) == ["one.png", "two.png"]
    assert window.page.list.currentIndex().row() == 0


def test_a_dropped_folder_and_a_dropped_archive_are_listed_by_what_is_in_them(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, tmp_path: Path
) -> None:
    window = open_window()
    folder = tmp_path / "folder"
    folder.mkdir()
    make_film("first").rename(folder / "first.png")
    archive = tmp_path / "films.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in ("inner/a-refer.png", "b-normal.png"):
            packed.write(make_film(Path(name).stem), name)
    drop(window, folder, archive)
    wait(lambda: window.page.area.film is not None)
    assert names(window) == ["first.png", "films.zip!inner/a-refer.png", "films.zip!b-normal.png"]
    window.actions_["film.next"].trigger()
    wait(lambda: assessed(window))
    assert window.page.area.film.radiograph.ref.member == "inner/a-refer.png"


def test_files_dropped_on_the_search_field_are_opened_too(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("one"))])
    wait(lambda: names(window) == ["one.png"])
    assert not window.page.left.field.acceptDrops()


def test_a_second_film_opened_while_the_first_decodes_is_the_only_one_that_is_shown(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    shown: list[tuple[int, int]] = []
    window.page.area.pair.view.changed.connect(
        lambda: shown.append(window.page.area.film.shape) if window.page.area.film else None
    )
    slow = make_film("waits", rows=400)
    window.open_paths([str(slow)])
    wait(lambda: "Opening waits.png" in window.page.area.placard.words)
    window.open_paths([str(make_film("b-refer", rows=200))])
    slow.with_suffix(".go").write_text("now")
    wait(lambda: assessed(window))
    assert set(shown) == {(200, 260)}
    assert window.page.list.currentIndex().data() == "b-refer.png"


def test_a_folder_without_files_leaves_the_film_that_is_being_opened(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, tmp_path: Path
) -> None:
    window = open_window()
    slow = make_film("waits")
    (tmp_path / "empty").mkdir()
    window.open_paths([str(slow)])
    wait(lambda: "Opening waits.png" in window.page.area.placard.words)
    window.open_paths([str(tmp_path / "empty")])
    slow.with_suffix(".go").write_text("now")
    wait(lambda: window.page.area.film is not None)
    assert window.notice.sentence == "There is no file in that folder."


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
    wait(lambda: names(window))
    window.actions_["view.list"].trigger()
    window.actions_["view.search"].trigger()
    assert window.page.left.isVisible()
    assert window.actions_["view.list"].isChecked()


def test_several_windows_of_a_file_are_a_choice_and_one_is_not(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, tmp_path: Path
) -> None:
    window = open_window()
    pixels = disc((300, 260), (90, 80), 40)
    several = write_dicom(tmp_path / "a.dcm", pixels, WindowCenter=[120, 60], WindowWidth=[200, 90])
    window.open_paths([str(several), str(make_film("b"))])
    wait(lambda: window.page.area.film is not None)
    assert window.actions_["film.preset"].isEnabled()
    window.actions_["film.next"].trigger()
    wait(lambda: window.page.area.film is not None)
    assert not window.actions_["film.preset"].isEnabled()


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


def test_a_file_that_is_no_film_is_refused_in_words_and_the_next_one_opens(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, tmp_path: Path
) -> None:
    window = open_window()
    (tmp_path / "a-letter.txt").write_text("Dear colleague")
    make_film("b-film")
    window.open_paths([str(tmp_path)])
    wait(lambda: "Refused" in window.page.area.placard.words)
    assert "This is not an image file." in window.page.area.placard.words
    assert window.page.area.currentIndex() == 0
    window.actions_["film.next"].trigger()
    wait(lambda: assessed(window))
    assert window.page.studies.entries[0].outcome == "Refused"


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


def test_a_decoder_that_dies_once_is_replaced_and_the_film_opens(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("kills-once"))])
    wait(lambda: window.page.area.film is not None)
    assert window.notice.sentence == "The decoder ended unexpectedly; it was started again and tries once more."


def test_a_film_that_kills_the_decoder_is_tried_twice_and_never_again(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    film = make_film("kills")
    window.open_paths([str(film)])
    wait(lambda: "Failed" in window.page.area.placard.words)
    assert "The decoder ended unexpectedly on this file." in window.page.area.placard.words
    assert window.notice.sentence == "The decoder ended twice on the same file, which is not tried again."
    assert "is not tried again" in window.page.area.placard.words
    window.actions_["findings.assess"].trigger()
    wait(lambda: "Failed" in window.page.area.placard.words)
    assert film.with_suffix(".tries").read_text() == "xx"


def test_the_others_open_after_a_film_that_killed_the_decoder(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("a-kills")), str(make_film("b-refer"))])
    wait(lambda: "Failed" in window.page.area.placard.words)
    window.actions_["film.next"].trigger()
    wait(lambda: assessed(window))


def test_an_engine_that_dies_is_named_and_the_film_stays(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("ends-networks")), str(make_film("refer"))])
    wait(lambda: "twice on the same file" in window.notice.sentence)
    assert window.page.area.film is not None
    window.actions_["film.next"].trigger()
    wait(lambda: assessed(window))


def test_without_a_bundle_films_can_be_read_and_the_window_says_why_there_is_no_finding(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window(assessor="tests.gui.standins:no_bundle")
    window.open_paths([str(make_film("refer"))])
    wait(lambda: window.page.area.film is not None)
    wait(lambda: "There is no bundle at models/adult-covid." in window.page.findings.sentences)
    assert window.state == "No networks; films can be read"


def test_a_film_can_be_read_while_the_networks_get_ready(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window(assessor="tests.gui.standins:slow_assessor")
    window.open_paths([str(make_film("refer"))])
    wait(lambda: window.page.area.film is not None)
    assert "The networks are getting ready." in window.page.findings.sentences


def test_a_late_answer_for_a_film_that_is_no_longer_shown_is_dropped(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    late, wanted = make_film("a-waits", rows=400), make_film("b-refer", rows=200)
    window.open_paths([str(late), str(wanted)])
    wait(lambda: len(window.page.studies.entries) == 2)
    window.actions_["film.next"].trigger()
    late.with_suffix(".go").write_text("now")
    wait(lambda: assessed(window))
    assert window.page.area.film.shape == (200, 260)


def test_taking_the_last_film_off_the_list_leaves_the_empty_page(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: assessed(window))
    window.actions_["file.close"].trigger()
    assert "No film is open" in window.page.area.placard.words
    assert not window.actions_["film.fit"].isEnabled()


def test_a_folder_that_is_not_there_is_told_in_words(open_window: OpenWindow, wait: Callable, tmp_path: Path) -> None:
    window = open_window()
    window.open_paths([str(tmp_path / "gone")])
    wait(lambda: "Failed" in window.page.area.placard.words or "Refused" in window.page.area.placard.words)


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


def test_closing_while_a_film_is_being_opened_ends_everything(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("waits"))])
    wait(lambda: "Opening waits.png" in window.page.area.placard.words)
    window.close()
    assert window.decoder.pid is None
    assert window.assessor.pid is None


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


def test_an_engine_that_fails_on_a_film_says_so_and_is_not_called_missing(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("fails"))])
    wait(lambda: "Not assessed" in window.page.findings.sentences)
    assert "The engine failed on this image: out of memory." in window.page.findings.sentences


def test_a_film_below_the_operating_point_bears_no_tick_on_the_list(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("normal"))])
    wait(lambda: assessed(window))
    assert window.page.studies.entries[0].outcome == "Below: Normal 0.92"
