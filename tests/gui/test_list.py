"""The study list with real processes: pictures, patients, search, studies, what was read, and what is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from gui.operation import Operation
from gui.reading import glances
from gui.reading.studies import ROW, Entry
from gui.window import Window
from tests.films import disc, write_dicom
from tests.gui.conftest import MakeFilm, OpenWindow

MakeDicom = Callable[..., Path]


@pytest.fixture
def make_dicom(tmp_path: Path) -> MakeDicom:
    def make(name: str, **tags: Any) -> Path:
        return write_dicom(tmp_path / f"{name}.dcm", disc((300, 260), (90, 80), 40), **tags)

    return make


def entries(window: Window) -> list[Entry]:
    return window.page.studies.entries


def lines(window: Window) -> list[str]:
    """The list as it is shown, titles of studies with their words."""
    rows = [window.page.studies.index(row).data(ROW) for row in range(window.page.studies.rowCount())]
    return [row.title if row.entry is None else row.entry.ref.name for row in rows]


def are_known(window: Window) -> bool:
    return bool(entries(window)) and all(entry.looked and entry.known is not None for entry in entries(window))


def test_every_film_on_the_list_gets_a_small_picture(
    open_window: OpenWindow, make_dicom: MakeDicom, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_dicom("a")), str(make_film("b-refer"))])
    wait(lambda: entries(window) and all(entry.small is not None for entry in entries(window)))
    first = entries(window)[0].small
    assert isinstance(first, QImage)
    assert max(first.width(), first.height()) == glances.SIDE
    assert first.pixelColor(first.width() * 80 // 260, first.height() * 90 // 300).value() == 255


def test_pictures_are_let_go_when_there_are_too_many_and_asked_for_again_in_sight(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glances, "MOST_PICTURES", 12)
    window = open_window()
    window.resize(1200, 500)
    window.open_paths([str(make_film(f"{number:02d}")) for number in range(20)])
    wait(lambda: len(entries(window)) == 20 and all(entry.facts for entry in entries(window)))
    assert sum(entry.small is not None for entry in entries(window)) <= 12
    window.page.list.scrollToBottom()
    wait(lambda: all(entry.small is not None for entry in window.page.list.in_sight()))
    window.page.list.scrollToTop()
    wait(lambda: all(entry.small is not None for entry in window.page.list.in_sight()))
    assert sum(entry.small is not None for entry in entries(window)) <= 12


def test_the_list_names_the_patient_where_the_file_does(
    open_window: OpenWindow, make_dicom: MakeDicom, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    named = make_dicom("a", PatientName="Aspen^Birch^Moss^^=BIRCH", StudyDate="20240229")
    window.open_paths(
        [str(named), str(make_dicom("b", PatientName=None, StudyInstanceUID="1.2.9")), str(make_film("c"))]
    )
    wait(lambda: all(entry.facts for entry in entries(window)) and len(entries(window)) == 3)
    assert [entry.who for entry in entries(window)] == ["Aspen, Birch Moss", "T1", "c.png"]
    assert entries(window)[0].facts_line == "PA · 2024-02-29 · 50 y"


def test_search_leaves_films_by_name_id_date_and_finding(
    open_window: OpenWindow, make_dicom: MakeDicom, make_film: MakeFilm, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    aspen = make_dicom("a-refer", PatientName="Aspen^Birch", StudyDate="20240229", StudyInstanceUID="1.2.1")
    elm = make_dicom("b", PatientName="Elm^Hazel", PatientID="X-77", StudyInstanceUID="1.2.2")
    window.open_paths([str(aspen), str(elm), str(make_film("c"))])
    wait(lambda: entries(window) and entries(window)[0].assessment is not None and are_known(window))
    window.actions_["view.search"].trigger()
    field = window.page.left.field
    assert QApplication.focusWidget() is field
    for sought, found in (
        ("birch", ["a-refer.dcm"]),
        ("x-77", ["b.dcm"]),
        ("2024-02 aspen", ["a-refer.dcm"]),
        ("covid", ["a-refer.dcm"]),
        ("birch elm", []),
    ):
        field.clear()
        qtbot.keyClicks(field, sought)
        assert lines(window) == found
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert len(lines(window)) == 3
    assert window.page.area.film is not None


def test_who_goes_down_from_the_search_field_is_on_the_list_of_what_was_found(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    window.open_paths([str(make_film(name)) for name in ("one", "two", "three")])
    wait(lambda: are_known(window))
    window.actions_["view.search"].trigger()
    qtbot.keyClicks(window.page.left.field, "thr")
    window.actions_["film.next"].trigger()
    wait(lambda: window.page.area.film is not None)
    assert window.page.list.currentIndex().data() == "three.png"
    assert not window.page.area.placard.isVisible()


def test_films_of_one_study_stand_together_under_a_title_that_next_passes_by(
    open_window: OpenWindow, make_dicom: MakeDicom, wait: Callable
) -> None:
    window = open_window()
    films = [
        make_dicom("a", StudyInstanceUID="1.2.1", PatientName="Aspen^Birch", StudyDate="20240229"),
        make_dicom("b", StudyInstanceUID="1.2.2"),
        make_dicom("c", StudyInstanceUID="1.2.1", PatientName="Aspen^Birch", StudyDate="20240229"),
    ]
    window.open_paths([str(film) for film in films])
    wait(lambda: lines(window) == ["Aspen, Birch · 2024-02-29 · 2 films", "a.dcm", "c.dcm", "b.dcm"])
    seen = []
    for _step in range(2):
        window.actions_["film.next"].trigger()
        wait(lambda: window.page.area.film is not None)
        seen.append(Path(window.page.area.film.radiograph.ref.path).name)
    assert seen == ["c.dcm", "b.dcm"]
    window.page.list.setCurrentIndex(window.page.studies.place(entries(window)[0]))
    wait(lambda: window.page.area.film is not None)
    assert window.page.area.film.radiograph.ref.path == str(films[0])


def test_unread_films_stand_first_when_the_reader_wants_it_and_do_not_leave_while_read(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    window.open_paths([str(make_film(name)) for name in ("a", "b", "c")])
    wait(lambda: window.page.area.film is not None)
    assert entries(window)[0].spoken.endswith(", read")
    assert entries(window)[1].spoken.endswith(", unread")
    button = next(one for one in window.page.left.findChildren(QToolButton) if one.text() == "Unread first")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert lines(window) == ["b.png", "c.png", "a.png"]
    window.page.list.setCurrentIndex(window.page.studies.place(entries(window)[1]))
    wait(lambda: entries(window)[1].read)
    assert lines(window) == ["b.png", "c.png", "a.png"]


def test_what_was_read_and_said_is_known_when_the_film_is_opened_again(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    film = str(make_film("b-refer"))
    first = open_window()
    first.preferences.put("reader", "AB")
    first.open_paths([film])
    wait(lambda: first.page.findings.sentences.startswith("FINDINGS\nRefer"))
    assert not first.actions_["verdict.withdraw"].isEnabled()
    first.actions_["verdict.disagree"].trigger()
    wait(lambda: entries(first)[0].verdict)
    assert first.actions_["verdict.withdraw"].isEnabled()
    first.close()
    second = open_window()
    second.open_paths([str(make_film("a-other")), film])
    wait(lambda: are_known(second))
    assert entries(second)[1].spoken == "b-refer.png, PNG, Verdict: not that, read"


def signed_and_assessed(open_window: OpenWindow, make_film: MakeFilm, wait: Callable) -> Window:
    """A reader with initials before an assessed film."""
    window = open_window()
    window.preferences.put("reader", "AB")
    window.open_paths([str(make_film("refer"))])
    wait(lambda: entries(window) and entries(window)[0].assessment is not None)
    return window


def test_the_verdict_of_a_finding_stands_on_the_list_with_its_title(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = signed_and_assessed(open_window, make_film, wait)
    window.actions_["verdict.finding-3"].trigger()
    wait(lambda: entries(window)[0].verdict == "Verdict: COVID-19")
    window.actions_["verdict.withdraw"].trigger()
    wait(lambda: not entries(window)[0].verdict)


@pytest.mark.parametrize("wanted", [False, True])
def test_names_and_pictures_are_kept_only_when_the_reader_says_so(
    open_window: OpenWindow, make_dicom: MakeDicom, wait: Callable, wanted: bool
) -> None:
    window = open_window()
    window.preferences.put("keep/names", wanted)
    window.preferences.put("keep/thumbnails", wanted)
    window.open_paths([str(make_dicom("a", PatientName="Aspen^Birch"))])
    wait(lambda: are_known(window) and entries(window)[0].assessment is not None)
    kept: list[Any] = []
    ask_kept(window, kept)
    wait(lambda: kept)
    assert (kept[0].films, kept[0].names, kept[0].thumbnails) == (1, int(wanted), int(wanted))


def ask_kept(window: Window, into: list[Any]) -> None:
    # Not urgent: behind what the page has told already.
    Operation(window.records, ("kept",), urgent=False).then(into.append).run()


def test_a_forgotten_study_leaves_the_list_and_the_records_after_one_question(
    open_window: OpenWindow, make_dicom: MakeDicom, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    window.preferences.put("reader", "AB")
    films = [make_dicom(name, StudyInstanceUID=uid) for name, uid in (("a", "1.2.1"), ("b", "1.2.2"), ("c", "1.2.1"))]
    window.open_paths([str(film) for film in films])
    wait(lambda: are_known(window) and entries(window)[0].assessment is not None)
    window.actions_["verdict.agree"].trigger()
    wait(lambda: entries(window)[0].verdict)
    window.actions_["file.forget"].trigger()
    question = window.page.findChild(QMessageBox)
    assert "Its 2 files stay where they are." in question.informativeText()
    assert entries(window)[0].verdict
    press = next(one for one in question.findChildren(QPushButton) if "Forget" in one.text())
    qtbot.mouseClick(press, Qt.MouseButton.LeftButton)
    wait(lambda: [entry.ref.name for entry in entries(window)] == ["b.dcm"])
    assert all(film.exists() for film in films)
    wait(lambda: window.page.area.film is not None)
    kept: list[Any] = []
    ask_kept(window, kept)
    wait(lambda: kept)
    assert (kept[0].films, kept[0].verdicts) == (1, 0)


def test_what_was_forgotten_on_another_page_no_longer_stands_on_the_list(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = signed_and_assessed(open_window, make_film, wait)
    window.actions_["verdict.agree"].trigger()
    wait(lambda: entries(window)[0].verdict)
    window.go_to("settings")
    kept: list[Any] = []
    Operation(window.records, ("forget-all",)).then(kept.append).run()
    wait(lambda: kept)
    window.go_to("reading")
    wait(lambda: not entries(window)[0].verdict)


def test_records_that_cannot_be_kept_are_told_of(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable, own_home: Path
) -> None:
    (own_home / "records").write_text("a file where the folder should be")
    window = open_window()
    wait(lambda: "Verdicts are not kept." in window.notice.sentence)
    window.open_paths([str(make_film("refer"))])
    wait(lambda: window.page.area.film is not None)


def test_keeping_a_study_after_all_changes_nothing(
    open_window: OpenWindow, make_dicom: MakeDicom, wait: Callable, qtbot: QtBot
) -> None:
    window = open_window()
    window.open_paths([str(make_dicom("a"))])
    wait(lambda: window.page.area.film is not None)
    window.actions_["file.forget"].trigger()
    qtbot.keyClick(window.page.findChild(QMessageBox), Qt.Key.Key_Escape)
    assert len(entries(window)) == 1
    assert window.page.area.film is not None


def test_a_file_that_ended_its_decoder_twice_says_so_on_the_list_and_is_left_alone(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    film = make_film("kills-glance")
    window.open_paths([str(make_film("a")), str(film)])
    wait(lambda: entries(window)[1:] and entries(window)[1].outcome == "Failed twice, not tried again")
    assert entries(window)[1].facts_line == "The decoder ended unexpectedly on this file."
    window.actions_["film.next"].trigger()
    wait(lambda: "It was tried twice and is not tried again." in window.page.area.placard.words)
    assert film.with_suffix(".tries").read_text() == "xx"


def test_five_hundred_films_are_searched_and_grouped_without_one_being_lost(qapp: QApplication) -> None:
    from core.imaging.facts import Facts
    from core.imaging.sources import ImageRef
    from gui.reading.studies import Studies

    studies = Studies()
    films = studies.add([ImageRef(f"/films/{number}.dcm", root="/films") for number in range(500)])
    for number, entry in enumerate(films):
        entry.facts = Facts("DICOM", patient_id=f"P{number // 3}", study_uid=f"1.2.{number // 3}")
    studies.arrange()
    assert len(studies.films) == 500
    assert studies.rowCount() == 500 + 167
    studies.search("p99")
    assert [entry.ref.name for entry in studies.films] == ["297.dcm", "298.dcm", "299.dcm"]
    studies.search("")
    assert [entry.ref.name for entry in studies.films] == [f"{number}.dcm" for number in range(500)]


def test_the_place_of_a_film_follows_it_through_every_order(qapp: QApplication) -> None:
    from PySide6.QtCore import QPersistentModelIndex

    from core.imaging.sources import ImageRef
    from gui.reading.studies import Studies

    studies = Studies()
    films = studies.add([ImageRef(f"/films/{number}.dcm", root="/films") for number in range(6)])
    kept = [QPersistentModelIndex(studies.place(film)) for film in films]
    films[0].read = films[3].read = True
    studies.put_unread_first(True)
    assert [studies.entry_at(index) for index in kept] == films
    studies.search("4.dcm")
    assert [index.isValid() for index in kept] == [film is films[4] for film in films]
    assert np.all([studies.place(film).isValid() == (film is films[4]) for film in films])
