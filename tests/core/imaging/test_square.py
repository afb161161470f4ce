"""Square pixels: parts are the whole to the grey level."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.imaging.square import grown, needed, stretched

PICTURE = np.random.default_rng(3).integers(0, 256, (41, 37)).astype(np.uint8)


@given(axis=st.sampled_from([0, 1]), factor=st.floats(1.0, 9.0), ends=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@settings(max_examples=200, deadline=None)
def test_a_part_is_the_whole_to_the_grey_level(axis: int, factor: float, ends: tuple[float, float]) -> None:
    before = PICTURE.shape[axis]
    after = round(before * factor)
    first, last = sorted(int(one * (after - 1)) for one in ends)
    part = (first, last + 1)
    shape = (after, PICTURE.shape[1]) if axis == 0 else (PICTURE.shape[0], after)
    whole = stretched(PICTURE, shape)
    window = slice(*needed((before, after), part))
    piece = PICTURE[window] if axis == 0 else PICTURE[:, window]
    found = grown(np.ascontiguousarray(piece), axis, (before, after), part)
    assert np.array_equal(found, whole[first : last + 1] if axis == 0 else whole[:, first : last + 1])


@pytest.mark.parametrize("shape", [(82, 37), (41, 100), (60, 37)])
def test_it_is_linear_between_the_centres_of_pixels(shape: tuple[int, int]) -> None:
    expected = cv2.resize(PICTURE.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    # Weights have 8 bits, and the result is rounded: at most one grey level.
    assert np.abs(stretched(PICTURE, shape).astype(float) - expected).max() <= 1.0


def test_a_giant_is_made_smaller_by_means() -> None:
    assert np.array_equal(stretched(np.tile(np.uint8([[0], [200]]), (20, 30)), (20, 30)), np.full((20, 30), 100))


def test_the_same_shape_is_the_same_picture() -> None:
    assert np.array_equal(stretched(PICTURE, (41, 37)), PICTURE)
