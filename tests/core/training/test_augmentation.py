"""What training does to a film."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.augmentation import Strength, augmented
from core.training.balance import one_pass, weights


def _film() -> np.ndarray:
    rows, columns = np.mgrid[0:120, 0:100]
    return ((np.sin(rows / 9) + np.cos(columns / 7) + 2) / 4 * 65535).astype(np.uint16)


def test_the_same_seed_pass_and_film_give_the_same_picture() -> None:
    one, again = augmented(_film(), 1, 2, 3), augmented(_film(), 1, 2, 3)
    np.testing.assert_array_equal(one, again)
    others = [augmented(_film(), 2, 2, 3), augmented(_film(), 1, 3, 3), augmented(_film(), 1, 2, 4)]
    assert all(one.shape != other.shape or (one != other).any() for other in others)


def test_the_film_itself_is_left_alone() -> None:
    film = _film()
    film.setflags(write=False)
    augmented(film, 0, 0, 0)


def test_height_and_width_are_cropped_independently_and_never_below_the_share() -> None:
    shapes = np.array([augmented(_film(), 0, 0, index).shape for index in range(200)]) / (120, 100)
    assert shapes.min() >= 0.81
    assert shapes.max() <= 1.0
    assert abs(np.corrcoef(shapes.T)[0, 1]) < 0.2


def test_sides_are_never_exchanged() -> None:
    film = np.zeros((120, 120), np.uint16)
    film[40:80, 20:40] = 65535
    plain = Strength(marks_chance=0)
    for index in range(50):
        picture = augmented(film, 0, 0, index, plain).astype(float)
        columns = np.arange(picture.shape[1])
        bright = np.clip(picture - np.median(picture), 0, None)
        assert (bright * columns).sum() / bright.sum() < picture.shape[1] / 2


def test_without_strength_nothing_happens() -> None:
    none = Strength(1.0, 0, 0, (1, 1), 0, 96, 0, 0, 0, 40, 0)
    np.testing.assert_allclose(augmented(_film(), 0, 0, 0, none).astype(int), _film(), atol=1)


def test_softening_takes_fine_texture_away() -> None:
    draw = np.random.default_rng(0)
    film = (draw.random((200, 200)) * 65535).astype(np.uint16)
    soft = Strength(1.0, 0, 0, (1, 1), 0, 48, 1.0, 0, 0, 40, 0)
    rough = [np.abs(np.diff(augmented(film, 0, 0, index, soft).astype(float))).mean() for index in range(10)]
    assert max(rough) < np.abs(np.diff(film.astype(float))).mean()


def test_classes_count_equally_and_sources_by_the_root_of_their_size() -> None:
    labels = ["normal"] * 100 + ["covid"] * 20
    sources = ["a"] * 81 + ["b"] * 16 + ["c"] * 3 + ["a"] * 20
    weight = weights(labels, sources)
    assert weight.sum() == pytest.approx(120)
    assert weight[:100].sum() == pytest.approx(60)
    assert weight[:81].sum() / weight[81:97].sum() == pytest.approx(9 / 4)


def test_a_pass_sees_films_in_proportion_to_their_weight_and_is_the_same_again() -> None:
    weight = np.array([1.0] * 90 + [9.0] * 10)
    order = one_pass(weight, 180, seed=3, number=0)
    assert (np.bincount(order, minlength=100)[:90] == 1).all()
    assert (np.bincount(order, minlength=100)[90:] == 9).all()
    np.testing.assert_array_equal(order, one_pass(weight, 180, seed=3, number=0))
    assert (order != one_pass(weight, 180, seed=3, number=1)).any()
