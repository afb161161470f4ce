"""Films opened with real processes: dropped, listed, one after the other, refused in words, and closed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from gui.window import Window
from tests.films import disc, write_dicom
from tests.gui.conftest import MakeFilm, OpenWindow, assessed


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


def test_a_folder_that_is_not_there_is_told_in_words(open_window: OpenWindow, wait: Callable, tmp_path: Path) -> None:
    window = open_window()
    window.open_paths([str(tmp_path / "gone")])
    wait(lambda: "Failed" in window.page.area.placard.words or "Refused" in window.page.area.placard.words)


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


def test_taking_the_last_film_off_the_list_leaves_the_empty_page(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: assessed(window))
    window.actions_["file.close"].trigger()
    assert "No film is open" in window.page.area.placard.words
    assert not window.actions_["film.fit"].isEnabled()


def test_closing_while_a_film_is_being_opened_ends_everything(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("waits"))])
    wait(lambda: "Opening waits.png" in window.page.area.placard.words)
    window.close()
    assert window.decoder.pid is None
    assert window.assessor.pid is None
