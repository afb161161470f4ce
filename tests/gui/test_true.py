"""True to the grey level: what is grabbed from the screen is what `render --as-read` writes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from core.imaging.geometry import MIRROR, UPRIGHT, Turn, clockwise
from core.imaging.radiograph import Radiograph
from core.imaging.rendering import Rendering, rendered
from gui import theme
from gui.commands import Actions
from gui.reading.film_area import FilmArea
from gui.widgets.canvas import Canvas
from gui.widgets.film import film
from gui.widgets.view import View
from tests.films import radiograph, write_dicom

ROOT = Path(__file__).resolve().parents[2]
TURNS = [clockwise(degrees).then(flip) for degrees in (0, 90, 180, 270) for flip in (UPRIGHT, MIRROR)]
SIXTEEN = {"BitsAllocated": 16, "BitsStored": 16, "HighBit": 15}
SHUTTER = {
    "ShutterShape": "RECTANGULAR",
    "ShutterLeftVerticalEdge": 31,
    "ShutterRightVerticalEdge": 480,
    "ShutterUpperHorizontalEdge": 45,
    "ShutterLowerHorizontalEdge": 590,
}


def grabbed(widget: QWidget) -> np.ndarray:
    """(rows, columns, 3) uint8, in device pixels."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def drawn_film(folder: Path, tags: dict[str, object]) -> Radiograph:
    """Noise: a picture that is off by a pixel or a rounding is nowhere like itself."""
    bits = int(str(tags.get("BitsStored", 8)))
    kind = np.uint16 if tags.get("BitsAllocated") == 16 else np.uint8
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if tags.get("PixelRepresentation") else (0, 2**bits)
    pixels = np.random.default_rng(5).integers(low, high, (620, 530)).astype(kind)
    return radiograph(write_dicom(folder / "film.dcm", pixels, **tags))


def written(one: Radiograph) -> np.ndarray:
    """The pixels of the PNG that `render --as-read` writes."""
    return cv2.imdecode(np.frombuffer(rendered(one, Rendering(as_read=True)), np.uint8), cv2.IMREAD_UNCHANGED)


FILES = {
    "8 bits": {},
    "16 bits": SIXTEEN,
    "12 of 16 bits, windowed": {**SIXTEEN, "BitsStored": 12, "HighBit": 11, "WindowCenter": 1800, "WindowWidth": 900},
    "16 bits, signed": {**SIXTEEN, "PixelRepresentation": 1, "WindowCenter": -300, "WindowWidth": 9000},
    "low is light": {**SIXTEEN, "PhotometricInterpretation": "MONOCHROME1"},
    "behind a shutter": SHUTTER,
    "behind a shutter, low is light": {**SHUTTER, "PhotometricInterpretation": "MONOCHROME1"},
    "padded": {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 40},
    "mirrored in the file": {"PatientOrientation": ["R", "F"]},
    "on its side in the file": {**SIXTEEN, "PatientOrientation": ["F", "L"]},
    "tall pixels": {**SIXTEEN, "PixelAspectRatio": ["2", "1"]},
    "wide pixels behind a shutter": {**SHUTTER, "PixelAspectRatio": ["10", "13"], "WindowWidth": 60, "WindowCenter": 9},
    "tall pixels, on its side, padded": {
        "PixelAspectRatio": ["3", "2"], "PatientOrientation": ["H", "R"], "PixelPaddingValue": 7,
    },
    "rescaled": {**SIXTEEN, "RescaleSlope": "0.5", "RescaleIntercept": "-1024", "WindowCenter": 0, "WindowWidth": 4000},
}  # fmt: skip


@pytest.mark.parametrize("tags", FILES.values(), ids=FILES)
def test_the_screen_shows_what_render_as_read_writes(
    qapp: QApplication, tmp_path: Path, tags: dict[str, object]
) -> None:
    one = drawn_film(tmp_path, tags)
    expected = written(one)
    view = View()
    canvas = Canvas(view, "film")
    canvas.lettered = False
    # Smaller than the film: it is scrolled to all its corners.
    canvas.resize(301, 244)
    view.show(film(one))
    view.zoom_to(1.0, canvas.device_size)
    seen = np.zeros(expected.shape, bool)
    height, width = expected.shape
    for top, left in itertools.product(range(13, -height, -190), range(29, -width, -230)):
        here = view.placement(canvas.device_size)
        view.pan(QPointF(left - here.left, top - here.top), canvas.device_size)
        picture = grabbed(canvas)
        placement = view.placement(canvas.device_size)
        rows, columns = placement.box(expected.shape)
        part = picture[rows, columns]
        from_row, from_column = rows.start - placement.top, columns.start - placement.left
        there = slice(from_row, from_row + part.shape[0]), slice(from_column, from_column + part.shape[1])
        assert np.array_equal(part, np.repeat(expected[there][..., None], 3, axis=2))
        assert int(picture.sum()) == int(part.sum()), "beyond the film it is black"
        seen[there] = True
    assert seen.mean() > 0.95


@pytest.mark.parametrize("turn", TURNS)
def test_it_does_so_through_every_turn_of_the_reader(qapp: QApplication, tmp_path: Path, turn: Turn) -> None:
    one = drawn_film(tmp_path, {**SIXTEEN, **SHUTTER})
    expected = turn.apply(written(one))
    view = View()
    canvas = Canvas(view, "film")
    canvas.lettered = False
    canvas.resize(expected.shape[1], expected.shape[0])
    view.show(film(one))
    view.turn_by(turn)
    view.zoom_to(1.0, canvas.device_size)
    assert np.array_equal(grabbed(canvas)[..., 0], expected)


def test_words_stand_at_the_edges_and_change_no_other_grey_level(qapp: QApplication, tmp_path: Path) -> None:
    one = drawn_film(tmp_path, {"Manufacturer": "ACME", "StudyDate": "20240501"})
    expected = written(one)
    theme.apply(qapp, theme.DARK)
    host = QWidget()
    area = FilmArea(Actions(host), parent=host)
    area.resize(2 * expected.shape[1] + 1, expected.shape[0] + area.pair.film_foot.height())
    area.show_film(film(one))
    host.resize(area.size())
    host.show()
    for canvas in (area.pair.film_canvas, area.pair.twin):
        area.pair.view.zoom_to(1.0, canvas.device_size)
        picture = grabbed(canvas)
        assert picture.shape[:2] == expected.shape
        rows, columns = np.nonzero((picture != expected[..., None]).any(axis=2))
        assert len(rows), "there are words"
        height, width = expected.shape
        from_edge = np.minimum(np.minimum(rows, height - 1 - rows), np.minimum(columns, width - 1 - columns))
        assert from_edge.max() < 70, "never over the lungs' middle"


@pytest.mark.parametrize("scale", ["2", "1.5"])
def test_on_a_screen_with_smaller_pixels_too(tmp_path: Path, scale: str) -> None:
    """In a process of its own: the scale of the screen can be set only before Qt starts."""
    one = drawn_film(tmp_path, SIXTEEN)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.gui.true_probe", str(tmp_path / "film.dcm")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["ratio"] == float(scale)
    assert told["differs"] == 0
    assert told["compared"] > one.stored.size / 3
