"""The arithmetic of the canvas: what is cut out and how it is turned, zoomed and windowed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSize
from PySide6.QtWidgets import QApplication

from core.imaging.geometry import MIRROR, UPRIGHT, Turn, clockwise
from core.imaging.radiograph import Radiograph
from gui.widgets.canvas import Canvas
from gui.widgets.film import film
from gui.widgets.heat import Layer, Style
from gui.widgets.view import View
from tests.films import radiograph, write_dicom

TURNS = [clockwise(degrees).then(flip) for degrees in (0, 90, 180, 270) for flip in (UPRIGHT, MIRROR)]


def film_file(path: Path, **tags: object) -> Radiograph:
    rng = np.random.default_rng(5)
    return radiograph(write_dicom(path / "film.dcm", rng.integers(0, 256, (620, 530)).astype(np.uint8), **tags))


@pytest.mark.parametrize("tags", [
    {},
    {"PhotometricInterpretation": "MONOCHROME1"},
    {"PatientOrientation": ["R", "F"]},
    {"PatientOrientation": ["F", "L"]},
    {"PixelAspectRatio": ["2", "1"]},
    {"PixelPaddingValue": 7},
    {"WindowCenter": 100, "WindowWidth": 60},
])  # fmt: skip
@pytest.mark.parametrize("turn", TURNS)
def test_at_one_film_pixel_a_screen_pixel_the_canvas_is_the_film_as_read(
    qapp: QApplication, tmp_path: Path, tags: dict[str, object], turn: Turn
) -> None:
    one = film_file(tmp_path, **tags)
    shown = turn.apply(one.as_read())
    view = View()
    view.show(film(one))
    view.corrected(turn)
    size = QSize(shown.shape[1] + 11, shown.shape[0] + 6)
    view.zoom_to(1.0, size)
    placement = view.placement(size)
    drawn = view.film.drawn(placement, view.voi, inverted=False)
    top, left = placement.top, placement.left
    assert np.array_equal(drawn[top : top + shown.shape[0], left : left + shown.shape[1]], shown)
    assert int(drawn.sum()) == int(shown.sum()), "beyond the film it is black"


def test_signed_values_are_shown_as_read(qapp: QApplication, tmp_path: Path) -> None:
    values = np.linspace(-2000, 2000, 300 * 300).reshape(300, 300).astype("<i2")
    one = film_file_16(tmp_path, values)
    view = View()
    view.show(film(one))
    view.zoom_to(1.0, QSize(300, 300))
    assert np.array_equal(view.film.drawn(view.placement(QSize(300, 300)), view.voi, False), one.as_read())


def film_file_16(path: Path, values: np.ndarray) -> Radiograph:
    from dataclasses import replace

    from core.imaging.grayscale import FullRange

    return replace(film_file(path), stored=values, voi=(FullRange(float(values.min()), float(values.max())),))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("zoom", [0.31, 1.0, 2.7])
def test_a_film_point_is_drawn_where_the_placement_says(
    qapp: QApplication, tmp_path: Path, turn: Turn, zoom: float
) -> None:
    pixels = np.full((620, 530), 10, np.uint8)
    pixels[400:440, 90:130] = 250
    one = radiograph(write_dicom(tmp_path / "film.dcm", pixels))
    view = View()
    view.show(film(one))
    view.corrected(turn)
    size = QSize(1800, 1800)
    view.zoom_to(zoom, size)
    placement = view.placement(size)
    drawn = view.film.drawn(placement, view.voi, False)
    bright = np.argwhere(drawn > 128).mean(axis=0) + 0.5
    back = placement.view_to_film(view.film.shape) @ (*bright, 1.0)
    assert back[:2] == pytest.approx((420, 110), abs=1.0 / min(zoom, 1.0))


def test_the_window_drag_goes_the_same_way_for_both_polarities(qapp: QApplication, tmp_path: Path) -> None:
    for index, polarity in enumerate(("MONOCHROME2", "MONOCHROME1")):
        (tmp_path / str(index)).mkdir()
        view = View()
        view.show(film(film_file(tmp_path / str(index), PhotometricInterpretation=polarity)))
        placement = view.placement(QSize(500, 600))
        before = view.film.drawn(placement, view.voi, False).mean()
        view.drag_window(QPointF(0, 60))
        assert view.film.drawn(placement, view.voi, False).mean() < before, "down is darker"


def test_zooming_keeps_the_point_under_the_pointer(qapp: QApplication, tmp_path: Path) -> None:
    view = View()
    view.show(film(film_file(tmp_path)))
    size, at = QSize(800, 600), QPointF(300, 220)

    def under() -> np.ndarray:
        return (view.placement(size).view_to_film(view.film.shape) @ (at.y(), at.x(), 1.0))[:2]

    before = under()
    for factor in (1.7, 1.7, 0.4):
        view.zoom_by(factor, size, at)
        assert under() == pytest.approx(before, abs=1.5)


def test_both_canvases_show_the_same_place(qapp: QApplication, tmp_path: Path) -> None:
    view = View()
    one, twin = Canvas(view, "one"), Canvas(view, "two")
    for canvas in (one, twin):
        canvas.resize(400, 500)
    view.show(film(film_file(tmp_path)))
    twin.put(Layer(np.ones((4, 4), np.float32), np.diag([155, 132.5, 1.0])), Style(0.5))
    view.zoom_by(3, one.device_size)
    view.pan(QPointF(40, -25), twin.device_size)
    assert np.array_equal(one.grey(), twin.grey())
    assert one.grab().toImage() != twin.grab().toImage()
