"""The heatmap lies where `assess` says: a bright square on the film, and the map of one that saw only brightness."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication, QWidget

from core.imaging.geometry import MIRROR, UPRIGHT, Turn, clockwise, moved
from core.imaging.paint import spread_over
from core.imaging.prepare import Corrections, resized, settle
from core.inference.assessment import Maps
from core.inference.heatmap import grid
from gui import theme
from gui.commands import Actions
from gui.reading.film_area import FilmArea
from gui.widgets import heat
from gui.widgets.film import film
from tests.films import radiograph, write_dicom
from tests.gui.test_true import grabbed

TURNS = [clockwise(degrees).then(flip) for degrees in (0, 90, 180, 270) for flip in (UPRIGHT, MIRROR)]
CORRECTIONS = [Corrections(turned=degrees, mirrored=flip) for degrees in (0, 90, 180, 270) for flip in (False, True)]
TAGS = {"PatientOrientation": ["R", "F"], "Manufacturer": None}
SQUARE = slice(140, 220), slice(330, 410)


@pytest.fixture(scope="module")
def only(qapp: QApplication) -> Iterator[FilmArea]:
    theme.apply(qapp, theme.DARK)
    host = QWidget()
    area = FilmArea(Actions(host), parent=host)
    area.resize(901, 560)
    host.resize(area.size())
    host.show()
    for canvas in (area.pair.film_canvas, area.pair.twin):
        canvas.lettered = False
    yield area
    host.close()
    shiboken6.delete(host)


@pytest.fixture
def area(only: FilmArea) -> FilmArea:
    only.pair.heatmap._actions["findings.contour"].setChecked(False)
    only.pair.heatmap.set_floor(0)
    return only


def show(area: FilmArea, folder: Path, tags: dict[str, object], corrections: Corrections) -> None:
    """The film under corrections, with the map of a network that finds brightness."""
    pixels = np.full((620, 530), 40, np.uint8)
    pixels[SQUARE] = 200
    one = radiograph(write_dicom(folder / "film.dcm", pixels, **tags))
    settled = settle(one, corrections)
    shape, grid_to_settled = grid(settled)
    values = resized(settled.pixels.astype(np.float32) / 65535, *shape) - 0.4
    area.show_film(film(one))
    area.pair.view.corrected(clockwise(corrections.turned).then(MIRROR if corrections.mirrored else UPRIGHT))
    area.put_maps(Maps(("it",), values[None] * 2.5, settled.settled_to_stored @ grid_to_settled), "it", str)
    area.remark("")


def put_hill(area: FilmArea) -> None:
    """A map with one smooth hill a little off the middle of the film."""
    r, c = np.indices((31, 26))
    values = np.exp(-(((r - 13) / 8) ** 2 + ((c - 15) / 7) ** 2)).astype(np.float32)[None]
    area.put_maps(Maps(("it",), values, np.diag([20.0, 530 / 26, 1.0])), "it", str)
    area.remark("")


def centre(weight: np.ndarray) -> np.ndarray:
    """The centre of gravity, (row, column) of the middle of a pixel."""
    r, c = np.indices(weight.shape) + 0.5
    return np.array([(r * weight).sum(), (c * weight).sum()]) / weight.sum()


def square_and_heat(area: FilmArea) -> tuple[np.ndarray, np.ndarray]:
    """Where on the screen the radiograph is bright, and where its twin is coloured."""
    for canvas in (area.pair.film_canvas, area.pair.twin):
        canvas.write()
    bright = grabbed(area.pair.film_canvas)[..., 0] > 120
    seen = grabbed(area.pair.twin).astype(int)
    coloured = np.ptp(seen, axis=2).astype(float)
    assert bright.sum() > 1500 and coloured.max() > 20
    return centre(bright.astype(float)), centre(coloured)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("tags", [{}, TAGS, {"PatientOrientation": ["F", "L"]}, {"PixelAspectRatio": ["2", "1"]}])
def test_it_lies_on_the_square_however_the_reader_turns_the_film(
    area: FilmArea, tmp_path: Path, turn: Turn, tags: dict[str, object]
) -> None:
    show(area, tmp_path, tags, Corrections())
    area.pair.view.turn_by(turn)
    square, coloured = square_and_heat(area)
    # Half a cell of the map on the screen: its values are those of cells, the square ends between them.
    assert coloured == pytest.approx(square, abs=4)


@pytest.mark.parametrize("corrections", CORRECTIONS)
def test_it_lies_on_the_square_under_declared_corrections(
    area: FilmArea, tmp_path: Path, corrections: Corrections
) -> None:
    for turn in (UPRIGHT, TURNS[3]):
        show(area, tmp_path, TAGS, corrections)
        area.pair.view.turn_by(turn)
        square, coloured = square_and_heat(area)
        assert coloured == pytest.approx(square, abs=4)


def test_turned_films_show_the_square_at_eight_places(area: FilmArea, tmp_path: Path) -> None:
    """That the two tests above can fail: the square is not where all turns meet."""
    places = set()
    for turn in TURNS:
        show(area, tmp_path, {}, Corrections())
        area.pair.view.turn_by(turn)
        places.add(tuple(square_and_heat(area)[0].round()))
    assert len(places) == 8
    for one, other in itertools.combinations(places, 2):
        assert np.hypot(*np.subtract(one, other)) > 20


def test_zoomed_and_moved_it_stays_on_the_square(area: FilmArea, tmp_path: Path) -> None:
    show(area, tmp_path, {}, Corrections())
    size = area.pair.twin.device_size
    area.pair.view.turn_by(clockwise(90))
    area.pair.view.zoom_to(1.7, size)
    row, column, _one = np.linalg.inv(area.pair.view.placement(size).view_to_film((620, 530))) @ (180, 370, 1)
    area.pair.view.pan(QPointF(size.width() / 2 - column + 31, size.height() / 2 - row - 17), size)
    square, coloured = square_and_heat(area)
    assert coloured == pytest.approx(square, abs=8)


def test_beyond_the_film_nothing_is_coloured(area: FilmArea, tmp_path: Path) -> None:
    show(area, tmp_path, {}, Corrections())
    maps = area.pair.heatmap.maps
    area.put_maps(Maps(("it",), np.ones_like(maps.values), maps.grid_to_stored), "it", str)
    area.remark("")
    seen = grabbed(area.pair.twin)
    rows, columns = area.pair.view.placement(area.pair.twin.device_size).box((620, 530))
    inside = np.zeros(seen.shape[:2], bool)
    inside[rows, columns] = True
    coloured = np.ptp(seen.astype(int), axis=2) > 4
    assert not coloured[~inside].any()
    assert coloured[inside].mean() > 0.98, "and to its very edge it is"


def test_a_contour_runs_where_the_wash_has_its_value(area: FilmArea, tmp_path: Path) -> None:
    show(area, tmp_path, {}, Corrections())
    put_hill(area)
    area.pair.view.turn_by(TURNS[5])
    layer, placement = area.pair.heatmap.layer, area.pair.view.placement(area.pair.twin.device_size)
    to_view = heat.grid_to_view(layer, area.film, placement)
    spread = spread_over(layer.values, to_view, (placement.rows, placement.columns))
    found = heat.contours(layer)
    assert [share for share, _lines in found] == [0.5, 0.8]
    for share, lines in found:
        assert lines
        for row, column in moved(to_view, lines[0]):
            assert spread[int(row), int(column)] == pytest.approx(share, abs=0.06)


def test_contours_are_light_in_a_dark_casing(area: FilmArea, tmp_path: Path) -> None:
    show(area, tmp_path, {}, Corrections())
    put_hill(area)
    area.pair.view.zoom_to(1.5, area.pair.twin.device_size)
    area.pair.view.pan(QPointF(-100, 0), area.pair.twin.device_size)
    area.pair.twin.put(None)
    before = grabbed(area.pair.twin).astype(int)
    area.pair.heatmap._actions["findings.contour"].trigger()
    seen = grabbed(area.pair.twin).astype(int)
    assert ((seen.max(axis=2) > 230) & (before.max(axis=2) < 50)).sum() > 100, "light on the dark film"
    assert ((seen.max(axis=2) < 40) & (before.max(axis=2) > 150)).sum() > 20, "dark on the bright square"


def test_weak_places_can_be_hidden_and_the_rest_keeps_its_colours(area: FilmArea, tmp_path: Path) -> None:
    show(area, tmp_path, {}, Corrections())
    put_hill(area)
    before = grabbed(area.pair.twin).astype(int)
    area.pair.heatmap.set_floor(60)
    after = grabbed(area.pair.twin).astype(int)
    coloured = [np.ptp(seen, axis=2) > 8 for seen in (before, after)]
    assert 0.05 < coloured[1].mean() < 0.6 * coloured[0].mean()
    middle = tuple(centre(coloured[1].astype(float)).astype(int))
    assert np.abs(before[middle] - after[middle]).max() <= 1
