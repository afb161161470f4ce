"""Class maps on one grid: signed until they are drawn, and unmoved by what logits leave open."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.imaging import paint
from core.imaging.geometry import moved, scaling, shift
from core.imaging.prepare import Settled
from core.inference import heatmap
from core.inference.ensemble import joined, softmax

MAPS = arrays(np.float32, (3, 5, 6), elements=st.floats(-10, 10, width=32))
LOGITS = arrays(np.float64, 3, elements=st.floats(-8, 8))
ROUNDING = 1e-4  # float32 maps of up to 10


@given(MAPS, LOGITS)
def test_a_class_against_the_rest_is_the_formula_of_the_design(maps: np.ndarray, logits: np.ndarray) -> None:
    p = softmax(logits)
    found = heatmap.against_the_rest(maps, logits)
    for c in range(3):
        rest = sum(p[j] * maps[j].astype(np.float64) for j in range(3) if j != c) / (1 - p[c])
        assert np.abs(found[c] - (maps[c] - rest)).max() < ROUNDING


@given(MAPS, LOGITS, st.floats(-5, 5))
def test_what_is_added_to_the_maps_of_all_classes_is_not_seen(
    maps: np.ndarray, logits: np.ndarray, constant: float
) -> None:
    found = heatmap.against_the_rest(maps + np.float32(constant), logits)
    assert np.abs(found - heatmap.against_the_rest(maps, logits)).max() < ROUNDING


@pytest.mark.parametrize("distance", [40.0, 1e3, 1e6])
def test_a_class_that_is_certain_has_a_map_too(distance: float) -> None:
    maps = np.array([np.full((2, 2), 4.0), np.full((2, 2), 1.0), np.full((2, 2), -1.0)], np.float32)
    found = heatmap.against_the_rest(maps, np.array([distance, 1.0, 1.0]))
    assert np.allclose(found[0], 4.0), "4 − (½·1 − ½·1), although p of the others is lost in rounding"
    assert np.isfinite(found).all()


def test_two_classes_are_each_others_opposite() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 4, 4)).astype(np.float32)
    found = heatmap.against_the_rest(maps, np.array([0.3, 2.0]))
    assert np.allclose(found[0], maps[0] - maps[1])
    assert np.allclose(found[0], -found[1])


def settled(rows: int, columns: int) -> Settled:
    return Settled(np.zeros((rows, columns), np.uint16), np.eye(3))


@pytest.mark.parametrize(
    ("rows", "columns", "shape"), [(512, 512, (64, 64)), (512, 256, (64, 32)), (100, 400, (16, 64))]
)
def test_the_grid_covers_the_settled_film(rows: int, columns: int, shape: tuple[int, int]) -> None:
    found, grid_to_settled = heatmap.grid(settled(rows, columns))
    assert found == shape
    assert np.allclose(moved(grid_to_settled, np.array([[0.0, 0.0], shape])), [[0, 0], [rows, columns]])


def test_a_slope_keeps_its_values_on_the_common_grid() -> None:
    # Cells of 16 pixels whose centres lie 3 pixels from the naive place; the input is the film without a border.
    cell_to_square = shift(3, -2) @ scaling(16, 16)
    square_to_settled = shift(20, 10) @ scaling(2, 1.5)
    rows, columns = np.indices((8, 10)) + 0.5
    where = moved(square_to_settled @ cell_to_square, np.stack([rows.ravel(), columns.ravel()], 1))
    values = (where @ [0.5, -0.25]).reshape(1, 8, 10).astype(np.float32)
    member = heatmap.MemberMaps(values, (128, 160), cell_to_square, square_to_settled)
    film = settled(320, 270)
    shape, grid_to_settled = heatmap.grid(film)
    found = heatmap.resampled(member, shape, grid_to_settled)[0]
    rows, columns = np.indices(shape) + 0.5
    places = moved(grid_to_settled, np.stack([rows.ravel(), columns.ravel()], 1))
    wanted = (places @ [0.5, -0.25]).reshape(shape)
    inner = _between_centres(places, where).reshape(shape)
    assert inner.mean() > 0.4
    assert np.abs(found - wanted)[inner].max() < 1e-3
    outside = ((places < [20, 10]) | (places > [276, 250])).any(axis=1).reshape(shape)
    assert (found[outside] == 0).all(), "where a member saw nothing it says nothing"


def _between_centres(places: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((places >= centres.min(axis=0)) & (places <= centres.max(axis=0))).all(axis=1)


def test_the_ensemble_is_the_weighted_sum_of_signed_maps_over_the_bundles_scale() -> None:
    film = settled(64, 64)
    same = {"cell_to_square": scaling(8, 8), "square_to_settled": np.eye(3)}
    plus = np.stack([np.full((8, 8), 2.0), np.zeros((8, 8))]).astype(np.float32)
    members = {
        "one": heatmap.MemberMaps(plus, (64, 64), **same),
        "other": heatmap.MemberMaps(-plus, (64, 64), **same),
    }
    opinion = joined([[0, 0], [0, 0]], (0.75, 0.25), 1.0, [0])
    scale = np.array([4.0, 2.0], np.float32)
    maps = heatmap.combined(members, opinion, film, weights=(0.75, 0.25), classes=("a", "b"), map_scale=scale)
    assert np.allclose(maps.values[0], (0.75 * 2 - 0.25 * 2) / 4), "a member that speaks against it counts against it"
    assert np.allclose(maps.values[1], -(0.75 * 2 - 0.25 * 2) / 2)
    assert maps.plain is not None
    assert np.allclose(maps.plain[1], 0)
    assert np.allclose(maps.members["other"][0], -0.5)


# Drawing


def test_colours_grow_lighter_in_even_steps() -> None:
    linear = (paint.colours() / 255.0) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(luminance) - 16
    steps = np.diff(lightness[::16])
    assert (steps > 0).all()
    assert steps.max() / steps.min() < 2.5


def test_what_speaks_against_a_class_is_not_drawn() -> None:
    rgba = paint.painted(np.array([[-3.0, 0.0, 0.25, 1.0, 7.0]], np.float32))[0]
    assert list(rgba[:2, 3]) == [0, 0]
    assert 0 < rgba[2, 3] < rgba[3, 3] == rgba[4, 3]
    assert np.array_equal(rgba[3], rgba[4]), "the scale is the bundle's, not the film's own maximum"


def test_a_film_without_anything_positive_is_drawn_as_it_is() -> None:
    film = np.random.default_rng(1).integers(0, 256, (40, 50), dtype=np.uint8)
    drawn = paint.overlaid(film, paint.painted(np.full((40, 50), -0.5, np.float32)))
    assert np.array_equal(drawn, np.repeat(film[..., None], 3, axis=2))
