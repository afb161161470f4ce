"""What stands around the film: letters, names, windows of the file, the readout, and the choices of the heatmap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from core.imaging.facts import Facts
from core.imaging.geometry import MIRROR, UPRIGHT, clockwise
from core.inference.assessment import Maps
from gui import theme
from gui.commands import Actions
from gui.preferences import Preferences
from gui.reading.demographics import corners
from gui.reading.film_area import _PATIENCE_MS, FilmArea
from gui.reading.heatmap import ENSEMBLE
from gui.widgets.film import film
from gui.widgets.letters import Letters
from tests.films import radiograph, write_dicom, write_png

MEMBERS = ("lite0", "mobile")
CLASSES = ("normal", "covid")


@pytest.fixture(scope="module")
def host(qapp: QApplication) -> Iterator[QWidget]:
    theme.apply(qapp, theme.DARK)
    host = QWidget()
    yield host
    host.close()
    shiboken6.delete(host)


@pytest.fixture(scope="module")
def only(host: QWidget) -> FilmArea:
    area = FilmArea(Actions(host), parent=host)
    host.resize(1201, 640)
    host.show()
    return area


@pytest.fixture
def area(only: FilmArea) -> FilmArea:
    """One for all tests, as it was made: to make one takes longer than to test it."""
    only.show_placard()
    only.resize(1201, 640)
    for name, checked in (("findings.heatmap", True), ("findings.contour", False), ("view.patient", True)):
        only.pair.heatmap._actions[name].setChecked(checked)
    only.pair.heatmap.choose_member(ENSEMBLE)
    only.pair.heatmap.set_floor(0)
    return only


def press(area: FilmArea, *names: str) -> None:
    for name in names:
        area.pair.heatmap._actions[name].trigger()


def open_film(area: FilmArea, folder: Path, **tags: object) -> np.ndarray:
    """A film whose pixels rise to the right and downwards."""
    r, c = np.indices((200, 160))
    pixels = (r // 2 + c // 2).astype(np.uint8)
    area.show_film(film(radiograph(write_dicom(folder / "film.dcm", pixels, **tags))))
    return pixels


def put_maps(area: FilmArea, *, members: bool = True, plain: bool = True) -> None:
    r, c = np.indices((10, 8))
    hill = np.exp(-(((r - 4) / 2) ** 2 + ((c - 5) / 2) ** 2)).astype(np.float32)
    values = np.stack([np.full_like(hill, -0.2), hill * np.float32(0.6)])
    others = {name: values + np.float32(0.2 * (number + 1)) for number, name in enumerate(MEMBERS)} if members else {}
    maps = Maps(CLASSES, values, np.diag([20.0, 20.0, 1.0]), others, values * 2 if plain else None)
    area.put_maps(maps, "covid", {"covid": "COVID-19", "normal": "Normal"}.__getitem__)


# Letters.


def test_letters_follow_every_turn_of_the_reader(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path, PatientOrientation=["L", "F"])
    assert area.pair.view.letters == Letters(top="H", right="L", bottom="F", left="R")
    press(area, "film.right")
    assert area.pair.view.letters == Letters(top="R", right="H", bottom="L", left="F")
    press(area, "film.right")
    assert area.pair.view.letters == Letters(top="F", right="R", bottom="H", left="L")
    press(area, "film.flip")
    assert area.pair.view.letters == Letters(top="F", right="L", bottom="H", left="R")
    press(area, "film.left")
    assert area.pair.view.letters == Letters(top="L", right="H", bottom="R", left="F")
    press(area, "film.restore")
    assert area.pair.view.letters == Letters(top="H", right="L", bottom="F", left="R")


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", [UPRIGHT, MIRROR])
def test_a_letter_stands_where_its_edge_of_the_film_is_shown(degrees: int, flip: object) -> None:
    turn = clockwise(degrees).then(flip)
    letters = Letters("H", "L", "F", "R").turned(turn)
    edges = np.full((3, 3), " ")
    edges[0, 1], edges[1, 2], edges[2, 1], edges[1, 0] = "H", "L", "F", "R"
    shown = turn.apply(edges)
    assert (letters.top, letters.right, letters.bottom, letters.left) == (
        shown[0, 1], shown[1, 2], shown[2, 1], shown[1, 0]
    )  # fmt: skip


@pytest.mark.parametrize("orientation", [["R", "F"], ["L", "H"], ["F", "L"], ["H", "R"]])
def test_however_a_film_lies_in_its_file_right_is_shown_on_the_left(
    area: FilmArea, tmp_path: Path, orientation: list[str]
) -> None:
    open_film(area, tmp_path, PatientOrientation=orientation)
    assert area.pair.view.letters == Letters(top="H", right="L", bottom="F", left="R")


def test_a_lateral_film_has_front_and_back(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path, PatientOrientation=["P", "H"])
    assert area.pair.view.letters == Letters(top="H", right="P", bottom="F", left="A")


@pytest.mark.parametrize("orientation", [None, ["L", ""], ["L", "R"], ["X", "F"]])
def test_where_the_file_does_not_say_no_letter_is_invented(
    area: FilmArea, tmp_path: Path, orientation: list[str] | None
) -> None:
    open_film(area, tmp_path, PatientOrientation=orientation)
    assert area.pair.view.letters is None
    press(area, "film.right", "film.flip")
    assert area.pair.view.letters is None


def test_a_declared_turn_says_where_the_sides_are_and_the_readers_own_comes_after_it(
    area: FilmArea, tmp_path: Path
) -> None:
    open_film(area, tmp_path, PatientOrientation=["L", "F"])
    area.pair.view.corrected(clockwise(90).then(MIRROR))
    assert area.pair.view.letters == Letters(top="H", right="L", bottom="F", left="R")
    press(area, "film.flip")
    assert area.pair.view.letters == Letters(top="H", right="R", bottom="F", left="L")
    assert area.pair.view.turn == clockwise(90)
    press(area, "film.restore")
    assert area.pair.view.turn == clockwise(90).then(MIRROR), "what was declared stays"


# Turns, windows, the readout.


def test_four_quarters_and_two_exchanges_change_nothing(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    before = area.pair.film_canvas.grey()
    for names in (["film.right"] * 4, ["film.flip"] * 2, ["film.left", "film.right"]):
        press(area, *names)
        assert np.array_equal(area.pair.film_canvas.grey(), before)
    press(area, "film.right")
    assert not np.array_equal(area.pair.film_canvas.grey(), before)


def test_a_turn_keeps_what_is_in_the_middle_there(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    size = area.pair.film_canvas.device_size

    def middle() -> np.ndarray:
        point = (size.height() / 2, size.width() / 2, 1.0)
        return (area.pair.view.placement(size).view_to_film((200, 160)) @ point)[:2]

    area.pair.view.zoom_to(9.0, size)
    area.pair.view.pan(QPoint(300, -200).toPointF(), size)
    before = middle()
    for name in ("film.right", "film.flip", "film.left", "film.left"):
        press(area, name)
        assert middle() == pytest.approx(before, abs=0.2)


def test_restore_brings_back_window_turn_size_and_place(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path, WindowCenter=[60, 90], WindowWidth=[80, 120])
    before = area.pair.film_canvas.grey()
    press(area, "film.right", "film.flip", "film.actual", "film.larger", "film.preset", "film.invert")
    assert not np.array_equal(area.pair.film_canvas.grey(), before)
    press(area, "film.restore")
    assert np.array_equal(area.pair.film_canvas.grey(), before)
    assert area.pair.view.fits


def test_the_files_windows_come_one_after_the_other(area: FilmArea, tmp_path: Path) -> None:
    names = {"WindowCenterWidthExplanation": ["Lung & bone", "Soft"]}
    open_film(area, tmp_path, WindowCenter=[60, 90], WindowWidth=[80, 120], **names)
    offered = [voi.name for voi in area.pair.view.presets]
    assert offered[:2] == ["Lung & bone", "Soft"]
    seen = []
    for _one in range(len(offered) + 1):
        seen.append(area.pair.view.voi.name)
        press(area, "film.preset")
    assert seen == [*offered, offered[0]]
    area.pair.view.use(area.pair.view.presets[1])
    assert "Window: Soft" in area.pair.film_foot.words
    assert "C 90  W 120" in area.pair.film_foot.words
    menu = QMenu()
    area.pair.film_foot._offer_presets(menu)
    assert [action.text() for action in menu.actions()][:2] == ["Lung && bone", "Soft"]
    assert [action.isChecked() for action in menu.actions()][:2] == [False, True]
    menu.actions()[0].trigger()
    assert area.pair.view.voi is area.pair.view.presets[0]


@pytest.mark.parametrize(("tags", "words"), [
    ({"ImagerPixelSpacing": ["0.2", "0.1"], "PixelAspectRatio": ["1", "1"]}, "at 10.1, 40.1 mm at detector"),
    ({"PixelSpacing": ["0.2", "0.2"], "PixelSpacingCalibrationType": "FIDUCIAL"},
     "at 20.1, 40.1 mm, calibrated (FIDUCIAL)"),
    ({"PixelSpacing": ["0.2", "0.2"]}, "at 20.1, 40.1 mm at detector (uncalibrated)"),
    ({"NominalScannedPixelSpacing": ["0.2", "0.2"]}, "at 20.1, 40.1 mm on film"),
    ({"ImagerPixelSpacing": ["0.2", "0.2"], "EstimatedRadiographicMagnificationFactor": "2"},
     "at 10.1, 20.1 mm, estimated"),
    ({}, "at 100, 200 px · spacing unknown"),
])  # fmt: skip
def test_the_foot_says_value_and_place_with_the_kind_of_spacing(
    area: FilmArea, tmp_path: Path, tags: dict[str, object], words: str
) -> None:
    r, c = np.indices((300, 260))
    pixels = ((r + c) % 250).astype(np.uint8)
    area.show_film(film(radiograph(write_dicom(tmp_path / "film.dcm", pixels, RescaleSlope="2", **tags))))
    area.pair.film_foot.point(200.5, 100.5)
    assert f"{pixels[200, 100] * 2} {words}" in area.pair.film_foot.words
    area.pair.film_foot.point(-3.0, 10.0)
    assert "260 × 300 px" in area.pair.film_foot.words, "beside the film it says how large it is"


def test_millimetres_follow_the_film_put_upright(area: FilmArea, tmp_path: Path) -> None:
    """On its side in the file, with pixels twice as long along a stored row: down the film as read."""
    pixels = np.zeros((100, 300), np.uint8)
    tags = {"PatientOrientation": ["F", "L"], "ImagerPixelSpacing": ["0.1", "0.2"], "PixelAspectRatio": ["1", "1"]}
    area.show_film(film(radiograph(write_dicom(tmp_path / "film.dcm", pixels, **tags))))
    assert area.film.shape == (300, 100)
    area.pair.film_foot.point(200.0, 50.0)
    assert "at 5.0, 40.0 mm at detector" in area.pair.film_foot.words


def test_the_pointer_on_either_canvas_is_read(area: FilmArea, tmp_path: Path, qtbot: QtBot) -> None:
    pixels = open_film(area, tmp_path)
    press(area, "film.right")
    for canvas in (area.pair.film_canvas, area.pair.twin):
        placement = area.pair.view.placement(canvas.device_size)
        at = np.linalg.inv(placement.view_to_film((200, 160))) @ (150.5, 20.5, 1.0)
        area.pair.film_foot.point(None, None)
        qtbot.mouseMove(canvas, QPoint(int(at[1]), int(at[0])))
        # The offscreen pointer does not enter: what the move means is asked for.
        canvas._point_at(QPoint(int(at[1]), int(at[0])).toPointF())
        assert f"{pixels[150, 20]} at 20, 150 px" in area.pair.film_foot.words


# Whose film it is.


def test_the_corners_say_what_the_file_says_and_d_hides_it(host: QWidget, tmp_path: Path) -> None:
    preferences = Preferences()
    area = FilmArea(Actions(host), preferences, host)
    tags = {"StudyDate": "20240501", "Manufacturer": "ACME", "PatientSex": "F"}
    open_film(area, tmp_path, **tags)
    assert area.pair.film_canvas.left == ("PHANTOM, TEST", "T1", "50 y, woman")
    assert area.pair.film_canvas.right == ("2024-05-01", "PA", "ACME")
    press(area, "view.patient")
    said = (*area.pair.film_canvas.left, *area.pair.film_canvas.right, *area.pair.twin.left, *area.pair.twin.right)
    assert said == ("Radiograph", "Where the ensemble looked")
    assert preferences.value("overlay") is False
    open_film(area, tmp_path, **tags)
    assert area.pair.film_canvas.left == ("Radiograph",), "the next film too"
    assert not FilmArea(Actions(QWidget(host)), preferences, host)._actions["view.patient"].isChecked()


def test_a_picture_that_states_nothing_has_no_names(area: FilmArea, tmp_path: Path) -> None:
    area.show_film(film(radiograph(write_png(tmp_path / "film.png", np.zeros((90, 80), np.uint8)))))
    assert (area.pair.film_canvas.left, area.pair.film_canvas.right) == (("Radiograph",), ())


@pytest.mark.parametrize(("years", "words"), [(0.02, "7 days"), (0.5, "6 months"), (1.9, "22 months"), (63.7, "63 y")])
def test_a_new_born_is_not_nought_years_old(years: float, words: str) -> None:
    assert corners(Facts("DICOM", age_years=years))[0] == (words,)


# The heatmap's choices.


def test_m_shows_all_together_and_then_each_member(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area)
    seen = []
    for _one in range(4):
        seen.append((area.pair.heatmap.source, area.pair.twin.left[0], float(area.pair.heatmap.layer.values.max())))
        press(area, "findings.member")
    assert [each[0] for each in seen] == ["ensemble", "lite0", "mobile", "ensemble"]
    assert [each[1] for each in seen[:2]] == ["Where the ensemble looked", "Where lite0 looked"]
    assert [each[2] for each in seen[:3]] == pytest.approx([0.6, 0.8, 1.0])
    assert "Speaks for COVID-19 rather than the rest, lite0" in area.pair.meaning


def test_e_shows_the_class_alone_and_says_so(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area)
    press(area, "findings.member", "findings.alone")
    assert float(area.pair.heatmap.layer.values.max()) == pytest.approx(1.2)
    assert "Speaks for COVID-19 taken alone, ensemble" in area.pair.meaning
    press(area, "findings.member")
    assert not area.pair.heatmap._actions["findings.alone"].isChecked(), "members have it against the rest only"
    press(area, "findings.alone", "findings.alone")
    assert "rather than the rest, ensemble" in area.pair.meaning


def test_what_a_bundle_does_not_give_cannot_be_chosen(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area, members=False, plain=False)
    press(area, "findings.member", "findings.alone")
    assert not area.pair.heatmap._actions["findings.alone"].isChecked()
    assert "rather than the rest, ensemble" in area.pair.meaning


def test_a_member_is_forgotten_with_the_bundle_that_had_it(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area)
    press(area, "findings.member")
    open_film(area, tmp_path)
    put_maps(area, members=False)
    assert area.pair.heatmap.source == "ensemble"


def test_why_nothing_is_drawn_is_a_sentence(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area)
    assert area.pair.twin.remark == ""
    press(area, *["findings.less"] * 7)
    assert (area.pair.twin.remark, area.pair.heatmap.layer) == ("No place reaches 70 % of the scale.", None)
    press(area, *["findings.more"] * 9)
    assert area.pair.heatmap.floor == 0
    press(area, "findings.heatmap")
    assert (area.pair.twin.remark, area.pair.heatmap.layer) == ("Heatmap hidden (H)", None)
    press(area, "findings.heatmap", "findings.next")
    assert area.pair.twin.remark == "Nothing in the film speaks for normal rather than the rest."
    assert area.pair.meaning == "Colour bar: no map"


def test_contours_are_named_on_the_bar(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area)
    press(area, "findings.contour")
    assert "lines at 50 % and 80 % of the scale" in area.pair.meaning
    press(area, "findings.contour", "findings.less", "findings.less")
    assert "hidden below 20 % of the scale" in area.pair.meaning


def test_every_choice_of_the_heatmap_is_in_one_menu(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area)
    menu = area.pair.map_foot.menu
    menu.aboutToShow.emit()
    finding, member = menu.actions()[:2]
    assert [action.text() for action in finding.menu().actions()] == ["Normal", "COVID-19"]
    assert [action.text() for action in member.menu().actions()] == ["All members together", *MEMBERS]
    assert [action.isChecked() for action in member.menu().actions()] == [True, False, False]
    member.menu().actions()[2].trigger()
    assert area.pair.heatmap.source == "mobile"
    finding.menu().actions()[0].trigger()
    assert area.chosen == "normal"
    names = {action.objectName() for action in menu.actions()}
    assert {
        f"findings.{verb}" for verb in ("alone", "heatmap", "contour", "fainter", "stronger", "less", "more")
    } <= names


def test_narrow_the_film_lies_under_the_map_and_its_meaning_stays(area: FilmArea, tmp_path: Path) -> None:
    open_film(area, tmp_path)
    put_maps(area)
    area.resize(500, 640)
    assert not area.pair.twin.isVisible()
    assert area.pair.film_canvas._layer is area.pair.heatmap.layer
    assert area.pair.map_foot.isVisible()
    assert area.pair.film_canvas.left[-1] == "Where the ensemble looked"
    area.resize(1201, 640)
    assert area.pair.twin.isVisible()
    assert area.pair.film_canvas._layer is None


def test_no_placard_flashes_up_between_two_films_and_a_slow_one_says_what_it_waits_for(
    qtbot: QtBot, area: FilmArea, tmp_path: Path
) -> None:
    area.show_placard(patient=True)
    assert area.placard.isVisible()  # no film was there
    open_film(area, tmp_path)
    area.show_placard(patient=True)
    assert area.film is None and not area.placard.isVisible()
    # Meanwhile nothing of the film before is seen: the next one may be another patient's.
    seen = area.pair.grab(area.pair.film_canvas.geometry()).toImage()
    assert len({seen.pixel(x, y) for x in range(0, seen.width(), 3) for y in range(0, seen.height(), 3)}) == 1
    open_film(area, tmp_path)
    qtbot.wait(2 * _PATIENCE_MS)
    assert not area.placard.isVisible()
    area.show_placard(patient=True)
    qtbot.waitUntil(area.placard.isVisible)
