"""A bright disc is followed from the file through a network to the heatmap and back to the file's pixels."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.imaging import paint
from core.imaging.film import film_of
from core.imaging.geometry import inverse, moved
from core.imaging.prepare import Corrections
from core.inference.assessing import Assessor
from core.inference.assessment import Maps
from core.inference.bundles import Bundle
from tests.films import disc, radiograph, write_dicom, write_png

NETWORK_PIXELS = 2.0


@pytest.fixture(scope="module")
def assessor(small_bundle: Bundle) -> Assessor:
    return Assessor(small_bundle, "openvino", "cpu")


def centre(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where the map of a class speaks for it: the middle of its stronger half."""
    strong = np.clip(values - 0.5 * values.max(), 0, None).astype(np.float64)
    rows, columns = np.indices(values.shape) + 0.5
    return np.array([[(rows * strong).sum(), (columns * strong).sum()]]) / strong.sum()


def found(maps: Maps, member: str) -> NDArray[np.float64]:
    """The disc by this member's map of "bright", in stored (row, column)."""
    values = maps.members[member][maps.classes.index("bright")]
    return moved(maps.grid_to_stored, centre(values))[0]


def tolerance(maps: Maps, bundle: Bundle, member: str, shape: tuple[int, int]) -> float:
    """Two pixels of the member's input, in stored pixels, along the axis where they are largest."""
    entry = next(one for one in bundle.members if one.name == member)
    taken = bundle.input(entry)
    shorter, longer = sorted((taken.rows, taken.columns))
    return NETWORK_PIXELS * max(shape[0] / shorter, shape[1] / shorter, max(shape) / longer)


PLACES = [(0.3, 0.28), (0.35, 0.7), (0.72, 0.6)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("orientation", [r"L\F", r"R\F", r"L\H", r"R\H", r"F\L", r"F\R", r"H\L", r"H\R"])
def test_a_disc_is_found_where_it_lies_however_the_film_is_stored(
    tmp_path: Path, assessor: Assessor, orientation: str, place: tuple[float, float]
) -> None:
    rows, columns = 600, 500
    row, column = place[0] * rows, place[1] * columns
    film = write_dicom(
        tmp_path / "disc.dcm", disc((rows, columns), (row, column), 40), PatientOrientation=orientation.split("\\")
    )
    row_, maps = assessor.assess(radiograph(film), override="a drawing")
    assert row_.override == "a drawing" or row_.status == "assessed"
    assert maps is not None
    for member in ("stretched", "boxed"):
        assert np.abs(found(maps, member) - (row, column)).max() <= tolerance(
            maps, assessor.bundle, member, (rows, columns)
        )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("ratio", "aspect"), [([2, 1], 2.0), ([1, 2], 0.5)])
def test_a_disc_is_found_on_a_film_with_pixels_that_are_not_square(
    tmp_path: Path, assessor: Assessor, ratio: list[int], aspect: float, place: tuple[float, float]
) -> None:
    rows, columns = (300, 560) if aspect == 2.0 else (560, 300)
    row, column = place[0] * rows, place[1] * columns
    pixels = disc((rows, columns), (row, column), 40 if aspect == 2.0 else 20, aspect)
    film = write_dicom(tmp_path / "disc.dcm", pixels, PixelAspectRatio=ratio)
    _row, maps = assessor.assess(radiograph(film), override="a drawing")
    assert maps is not None
    for member in ("stretched", "boxed"):
        assert np.abs(found(maps, member) - (row, column)).max() <= tolerance(
            maps, assessor.bundle, member, (rows, columns)
        )


@pytest.mark.parametrize(("turned", "mirrored"), list(itertools.product([0, 90, 180, 270], [False, True])))
def test_a_disc_is_found_on_a_film_that_is_declared_turned_or_mirrored(
    tmp_path: Path, assessor: Assessor, turned: int, mirrored: bool
) -> None:
    rows, columns, row, column = 480, 640, 150, 470
    film = radiograph(write_png(tmp_path / "disc.png", disc((rows, columns), (row, column), 40)))
    _row, maps = assessor.assess(film_of(film, Corrections(turned=turned, mirrored=mirrored)), override="a drawing")
    assert maps is not None
    for member in ("stretched", "boxed"):
        assert np.abs(found(maps, member) - (row, column)).max() <= tolerance(
            maps, assessor.bundle, member, (rows, columns)
        )


def test_a_disc_is_found_on_a_photograph_that_is_turned_by_its_exif_note(tmp_path: Path, assessor: Assessor) -> None:
    rows, columns, row, column = 600, 480, 180, 340
    picture = Image.fromarray(disc((rows, columns), (row, column), 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90° clockwise
    picture.save(tmp_path / "disc.png", exif=exif)
    film = radiograph(tmp_path / "disc.png")
    _row, maps = assessor.assess(film, override="a drawing")
    assert maps is not None
    # Where the disc is in the picture that a reader sees.
    shown = film.as_read()
    centroid = np.argwhere(shown > 240).mean(axis=0) + 0.5
    values = maps.members["boxed"][maps.classes.index("bright")]
    in_shown = moved(inverse(film.read_to_stored) @ maps.grid_to_stored, centre(values))[0]
    assert np.abs(in_shown - centroid).max() <= tolerance(maps, assessor.bundle, "boxed", shown.shape[:2])


def test_the_drawn_heatmap_lies_on_the_disc(tmp_path: Path, assessor: Assessor) -> None:
    film = radiograph(
        write_dicom(tmp_path / "disc.dcm", disc((600, 500), (200, 330), 40), PatientOrientation=["R", "F"])
    )
    _row, maps = assessor.assess(film, override="a drawing")
    assert maps is not None
    shown = film.as_read()
    values = maps.members["stretched"][1] / maps.members["stretched"][1].max()
    drawn = paint.spread_over(values, inverse(film.read_to_stored) @ maps.grid_to_stored, shown.shape)
    rgba = paint.painted(drawn)
    over = paint.overlaid(shown, rgba)
    on_disc = cv2.erode((shown > 240).astype(np.uint8), np.ones((31, 31))) > 0
    assert rgba[on_disc, 3].min() > 100, "the disc is covered with colour"
    far = cv2.dilate((shown > 240).astype(np.uint8), np.ones((121, 121))) == 0
    assert rgba[far, 3].max() == 0, "nothing is drawn far from it"
    assert np.array_equal(over[far], np.repeat(shown[far][:, None], 3, axis=1))
