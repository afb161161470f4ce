"""What training does to a film."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.imaging.geometry import moved
from core.training.augmentation import Shown, augmented, changes
from core.training.balance import one_pass, weights
from core.training.recipe import Augmentation


def _film() -> np.ndarray:
    rows, columns = np.mgrid[0:120, 0:100]
    return ((np.sin(rows / 9) + np.cos(columns / 7) + 2) / 4 * 65535).astype(np.uint16)


SHOWN = Shown(64, 64)
STRONG = Augmentation(
    least_crop=0.82, rotation=8.0, fill="either", gamma=0.35, contrast=0.3, brightness=25.0, noise=6.0, softest=96,
    marks_chance=0.5, jpeg=40,
)  # fmt: skip


def _seen(film: np.ndarray, index: int = 0, augmentation: Augmentation = STRONG, **options: Any) -> np.ndarray:
    return augmented(film, 0, 0, index, augmentation, shown=SHOWN, **options).film


def test_the_same_seed_epoch_and_film_give_the_same_picture() -> None:
    def seen(*draw: int) -> np.ndarray:
        return augmented(_film(), *draw, STRONG, shown=SHOWN).film

    one = seen(1, 2, 3)
    np.testing.assert_array_equal(one, seen(1, 2, 3))
    others = [seen(2, 2, 3), seen(1, 3, 3), seen(1, 2, 4)]
    assert all(one.shape != other.shape or (one != other).any() for other in others)


def test_the_film_itself_is_left_alone() -> None:
    film = _film()
    film.setflags(write=False)
    _seen(film)


def test_height_and_width_are_cropped_independently_and_never_below_the_share() -> None:
    shapes = np.array([_seen(_film(), index).shape for index in range(200)]) / (120, 100)
    assert shapes.min() >= 0.81
    assert shapes.max() <= 1.0
    assert abs(np.corrcoef(shapes.T)[0, 1]) < 0.2


def _centre(picture: np.ndarray) -> np.ndarray:
    """(row, column) of what is bright, continuous."""
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]] + 0.5
    light = picture.astype(float)
    return np.array([(light * rows).sum(), (light * columns).sum()]) / light.sum()


def _square() -> np.ndarray:
    film = np.zeros((120, 120), np.uint16)
    film[40:80, 20:40] = 65535
    return film


def test_sides_are_exchanged_only_where_a_recipe_asks_for_it() -> None:
    plain = Augmentation(least_crop=0.82, rotation=8.0)
    assert all(_centre(_seen(_square(), index, plain))[1] < 60 for index in range(50))
    mirrored = [_centre(_seen(_square(), index, Augmentation(mirror=True)))[1] for index in range(60)]
    assert sorted({round(place, 3) for place in mirrored}) == [30.0, 90.0]


def test_a_shift_is_counted_in_pixels_of_the_input() -> None:
    # 120 film pixels are 60 of the input: 20 pixels of the input are 40 of the film.
    places = [
        augmented(_square(), 0, 0, index, Augmentation(shift_pixels=10), shown=Shown(60, 60)) for index in range(80)
    ]
    moves = np.array([_centre(seen.film) - (60, 30) for seen in places])
    assert np.abs(moves).max() == pytest.approx(20, abs=1)
    assert np.abs(moves).max(0) == pytest.approx([20, 20], abs=2)


def test_zoom_makes_larger_and_smaller_by_its_share() -> None:
    sizes = [(_seen(_square(), index, Augmentation(zoom=0.2)) > 32767).sum() / 800 for index in range(60)]
    assert min(sizes) == pytest.approx(0.8**2, abs=0.05)
    assert max(sizes) == pytest.approx(1.2**2, abs=0.08)


def test_a_turn_goes_either_way_and_no_further_than_its_degrees() -> None:
    film = np.zeros((101, 101), np.uint16)
    film[48:53, 5:96] = 65535
    angles = []
    for index in range(60):
        rows, columns = np.nonzero(_seen(film, index, Augmentation(rotation=10.0)) > 32767)
        angles.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
    assert -10.5 < min(angles) < -8
    assert 8 < max(angles) < 10.5


def test_what_comes_in_from_outside_is_black_or_the_edge() -> None:
    white = np.full((80, 80), 65535, np.uint16)
    turned = [_seen(white, index, Augmentation(rotation=30, fill="black")).min() for index in range(5)]
    assert max(turned) == 0
    assert min(_seen(white, index, Augmentation(rotation=30, fill="edge")).min() for index in range(5)) == 65535


def test_a_lung_box_follows_the_turn_and_is_itself_moved_and_cropped() -> None:
    film, box = _square(), np.array([40.0, 20.0, 80.0, 40.0])
    for index in range(20):
        seen = augmented(film, 0, 0, index, Augmentation(rotation=20, mirror=True), shown=SHOWN, box=box)
        rows, columns = np.nonzero(seen.film > 32767)
        found = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        np.testing.assert_allclose(seen.box, found, atol=1.5)
    moved = augmented(film, 0, 0, 1, Augmentation(least_crop=0.5, shift=0.1), shown=SHOWN, box=box)
    np.testing.assert_array_equal(moved.film, film)
    assert moved.box is not None
    size = (moved.box[2:] - moved.box[:2]) / (40, 20)
    assert ((size >= 0.5) & (size < 1)).all()


def test_where_it_lies_in_the_film_is_told() -> None:
    film = np.zeros((120, 100), np.uint16)
    film[50:70, 40:50] = 65535
    for index in range(10):
        seen = augmented(film, 0, 0, index, Augmentation(least_crop=0.7, rotation=15, zoom=0.1), shown=SHOWN)
        centre = moved(seen.seen_to_film, _centre(seen.film)[None])[0]
        np.testing.assert_allclose(centre, (60, 45), atol=0.3)


def test_where_nothing_is_asked_for_nothing_happens() -> None:
    assert not changes(Augmentation())
    assert not changes(Augmentation(softening_chance=1.0, jpeg_chance=1.0))
    np.testing.assert_array_equal(_seen(_film(), 0, Augmentation()), _film())
    assert all(changes(one) for one in (STRONG, Augmentation(mirror=True), Augmentation(noise=1), Augmentation(jpeg=9)))


def test_softening_takes_fine_texture_away() -> None:
    draw = np.random.default_rng(0)
    film = (draw.random((200, 200)) * 65535).astype(np.uint16)
    soft = Augmentation(softest=48, softening_chance=1.0)
    rough = [np.abs(np.diff(_seen(film, index, soft).astype(float))).mean() for index in range(10)]
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
