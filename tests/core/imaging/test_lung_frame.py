"""The lung frame: what is kept of a film, and that a point is found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BundleRefused
from core.imaging.geometry import moved
from core.imaging.prepare import Settled, fit, needs_lungs

FRAME = {"name": "lung-frame", "version": 1, "margin": 0.06}
CROP = {"name": "border-crop", "version": 1, "fraction": 0.04}
STRETCH = {"name": "stretch", "version": 1, "rows": 32, "columns": 48}


def ramp(rows: int, columns: int) -> Settled:
    """A film whose grey says where a pixel was: row in one, column in the other."""
    return Settled(np.arange(rows * columns, dtype=np.uint16).reshape(rows, columns), np.eye(3))


def test_the_frame_is_the_box_and_its_margin() -> None:
    found = fit(ramp(200, 250), [FRAME], (50, 100, 150, 200))
    assert found.pixels.shape == (112, 112)
    assert moved(found.fitted_to_settled, np.array([[0.0, 0.0]])).tolist() == [[44, 94]]


def test_the_frame_ends_where_the_film_ends() -> None:
    assert fit(ramp(200, 250), [FRAME], (1, 2, 199, 249)).pixels.shape == (200, 250)


@pytest.mark.parametrize("box", [None, [np.nan] * 4])
def test_without_lungs_the_frame_is_the_whole_film(box: object) -> None:
    assert fit(ramp(90, 80), [FRAME], box).pixels.shape == (90, 80)  # type: ignore[arg-type]


def test_a_frame_too_small_for_lungs_is_not_taken() -> None:
    assert fit(ramp(90, 80), [FRAME], (10, 10, 12, 70)).pixels.shape == (90, 80)


@settings(deadline=None, max_examples=150)
@given(
    st.integers(40, 200),
    st.integers(40, 200),
    st.tuples(*[st.floats(0, 1)] * 4),
    st.sampled_from([[FRAME], [CROP, FRAME], [FRAME, CROP]]),
)
def test_every_pixel_of_the_frame_lies_where_the_affine_says(
    rows: int, columns: int, shares: tuple[float, ...], steps: list[dict[str, object]]
) -> None:
    (top, bottom), (left, right) = sorted(shares[:2]), sorted(shares[2:])
    settled = ramp(rows, columns)
    found = fit(settled, steps, (top * rows, left * columns, bottom * rows, right * columns))
    height, width = found.pixels.shape
    centres = np.array([[0.5, 0.5], [height - 0.5, width - 0.5]])
    for value, place in zip(found.pixels[[0, -1], [0, -1]], moved(found.fitted_to_settled, centres), strict=True):
        row, column = np.floor(place).astype(int)
        assert value == settled.pixels[row, column] / np.float32(65535)


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 80), st.floats(0, 60), st.floats(20, 100), st.floats(20, 100), st.floats(0, 0.5))
def test_the_frame_holds_the_box_and_its_margin(
    top: float, left: float, high: float, wide: float, margin: float
) -> None:
    rows, columns = 160, 150
    box = np.array([top, left, min(top + high, rows), min(left + wide, columns)])
    steps = [{**FRAME, "margin": margin}, STRETCH]
    corners = moved(fit(ramp(rows, columns), steps, box).fitted_to_settled, np.array([[0.0, 0.0], [32.0, 48.0]]))
    room = margin * (box[2:] - box[:2])
    wanted = np.clip([box[:2] - room, box[2:] + room], 0, (rows, columns))
    assert (corners[0] <= wanted[0] + 1e-5).all() and (corners[0] >= wanted[0] - 1.001).all()
    assert (corners[1] >= wanted[1] - 1e-5).all() and (corners[1] <= wanted[1] + 1.001).all()


@pytest.mark.parametrize("change", [{"version": 2}, {"name": "lungs-frame"}])
def test_a_frame_that_is_not_known_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BundleRefused) as caught:
        fit(ramp(40, 40), [{**FRAME, **change}])
    assert caught.value.code == "bundle-step"


def test_a_margin_is_from_0_to_1() -> None:
    with pytest.raises(ValueError, match="margin"):
        fit(ramp(40, 40), [{**FRAME, "margin": -0.1}], (5, 5, 30, 30))


def test_steps_say_whether_they_need_the_lungs() -> None:
    assert needs_lungs([CROP, FRAME]) and not needs_lungs([CROP, STRETCH])
