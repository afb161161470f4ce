"""The feed of films with masks: the mask follows the film, and everything is a function of seed, epoch and film."""

from __future__ import annotations

import numpy as np
import pytest

from core.networks.backend import keras
from core.training import masks
from core.training.masks import MaskFeed, mask_loss
from core.training.recipe import Augmentation

STEPS = (
    {"name": "stretch", "version": 1, "rows": 64, "columns": 64},
    {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 1},
)
MOVES = Augmentation(least_crop=0.8, rotation=15.0, zoom=0.2, shift=0.05, mirror=True)
STRONG = Augmentation(least_crop=0.8, rotation=15.0, mirror=True, gamma=0.5, contrast=0.4, noise=5.0, marks_chance=0.5)


def disc(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """A film whose bright disc is its mask."""
    r, c = np.indices((rows, columns)) + 0.5
    mask = (r - 0.45 * rows) ** 2 + (c - 0.6 * columns) ** 2 < (0.22 * rows) ** 2
    return np.where(mask, 60000, 4000).astype(np.uint16), mask


FILMS, MASKS = zip(disc(120, 150), disc(90, 80), disc(200, 200), strict=True)


def feed(augmentation: Augmentation | None = None, **options: object) -> MaskFeed:
    return MaskFeed(FILMS, MASKS, STEPS, augmentation=augmentation, **options)  # type: ignore[arg-type]


def test_a_batch_has_films_and_masks_of_half_their_size() -> None:
    pixels, targets, counts = feed().batch(np.array([2, 0]), 0)
    assert (pixels.shape, targets.shape, counts.tolist()) == ((2, 64, 64, 1), (2, 1, 32, 32), [1, 1])
    assert pixels.dtype == targets.dtype == np.float32
    assert targets.min() >= 0
    assert targets.max() <= 1
    assert targets[0].mean() == pytest.approx(MASKS[2].mean(), abs=0.01)


@pytest.mark.parametrize("epoch", range(6))
def test_the_mask_follows_what_the_augmentation_moves(epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Moves alone: what is bright is the mask, wherever it went.
    monkeypatch.setattr(masks, "_unlike", lambda pixels, mask, draw: pixels)
    own = feed(MOVES, seed=4)
    for number in range(3):
        pixels, targets, _counts = own.batch(np.array([number]), epoch)
        bright = (pixels[0, ..., 0] > 0).reshape(32, 2, 32, 2).mean((1, 3))
        found, wanted = bright > 0.5, targets[0, 0] > 0.5
        assert 2 * (found & wanted).sum() >= 0.95 * (found.sum() + wanted.sum())


def test_a_film_looks_the_same_for_the_same_seed_epoch_and_number_only() -> None:
    one = feed(STRONG, seed=1).batch(np.array([0, 1, 2]), 3)
    again = feed(STRONG, seed=1).batch(np.array([2, 1, 0]), 3)
    assert np.array_equal(one[0], again[0][::-1]) and np.array_equal(one[1], again[1][::-1])
    assert not np.array_equal(one[0], feed(STRONG, seed=2).batch(np.array([0, 1, 2]), 3)[0])
    assert not np.array_equal(one[0], feed(STRONG, seed=1).batch(np.array([0, 1, 2]), 4)[0])


def test_an_epoch_has_its_number_of_films_by_their_weights() -> None:
    own = feed(weights=np.array([2.0, 1.0, 1.0]), an_epoch=40, seed=5)
    assert np.bincount(own.order(0)).tolist() == [20, 10, 10]
    assert own.order(0).tolist() == own.order(0).tolist() != own.order(1).tolist()


def test_films_as_they_are_do_not_change() -> None:
    own = feed()
    assert not own.changes and feed(STRONG).changes
    assert np.array_equal(own.batch(np.array([1]), 0)[0], own.batch(np.array([1]), 7)[0])


def test_the_loss_is_least_for_the_mask_itself() -> None:
    targets = feed().batch(np.array([0, 1]), 0)[1]

    def loss(logits: np.ndarray) -> np.ndarray:
        return np.asarray(keras().ops.convert_to_numpy(mask_loss(targets, logits.astype(np.float32))))

    sure = 12 * (targets - 0.5) * 2
    assert loss(sure).shape == (2,)
    assert (loss(sure) < 0.1).all()
    assert (loss(-sure) > loss(np.zeros_like(targets))).all()
    assert (loss(np.zeros_like(targets)) > loss(sure)).all()
