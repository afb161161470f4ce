"""What a network is fed: as the recipe says, from the disk, and nothing made up before the split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest

pytest.importorskip("keras", reason="training needs Keras")

from core.errors import RunRefused
from core.training import smote
from core.training.balance import class_weights, undersampled
from core.training.feed import FilmFeed, ahead, fitted, outputs
from core.training.fit import fit
from core.training.probe import linear_probe, put_probe
from core.training.recipe import Augmentation, Balance, Phase
from tests.core.training.small import DROPOUT, SIDE, STEPS, feed, films, member


def _rare(balance: Balance, common: int = 20, rare: int = 6, **options: object) -> FilmFeed:
    """Films of a common and a rare class."""
    made, _truth = films(common + rare)
    targets = np.eye(2, dtype=np.float32)[[0] * common + [1] * rare]
    return FilmFeed(made, targets, STEPS, balance=balance, seed=3, **options)  # type: ignore[arg-type]


def _classes(some: FilmFeed, epoch: int = 0) -> list[int]:
    return np.bincount(some.targets[some.order(epoch)].argmax(1), minlength=2).tolist()


def test_what_training_feeds_is_what_live_use_fits() -> None:
    some = feed(6)
    parts = list(ahead(some, np.array([3, 1, 2, 0, 4]), 2, 0))
    assert [len(pixels) for pixels, _targets, _counts in parts] == [2, 2, 1]
    np.testing.assert_array_equal(parts[0][0][1], fitted(some.films[1], STEPS))
    np.testing.assert_array_equal(parts[0][1], some.targets[[3, 1]])


def test_an_epoch_sees_every_film_once_and_in_an_order_of_its_own() -> None:
    some = feed(10)
    assert sorted(some.order(0).tolist()) == list(range(10))
    np.testing.assert_array_equal(some.order(1), feed(10).order(1))
    assert (some.order(0) != some.order(1)).any()


def test_sampling_shows_classes_equally_often() -> None:
    assert _classes(_rare(Balance())) == [20, 6]
    assert _classes(_rare(Balance(sampling="classes"))) == [13, 13]
    sources = ["a"] * 26
    assert _classes(_rare(Balance(sampling="classes-and-sources"), sources=sources)) == [13, 13]


def test_undersampling_leaves_the_same_films_in_every_epoch() -> None:
    some = _rare(Balance(undersample=True))
    assert _classes(some) == [6, 6]
    assert set(some.order(0)) == set(some.order(1))
    classes = np.array([0] * 20 + [1] * 6)
    np.testing.assert_array_equal(undersampled(classes, 3), undersampled(classes, 3))
    assert (undersampled(classes, 3) != undersampled(classes, 4)).any()


def test_class_weights_give_every_class_the_same_say() -> None:
    some = _rare(Balance(class_weights=True))
    _pixels, targets, counts = some.batch(np.arange(26), 0)
    sums = counts @ targets
    np.testing.assert_allclose(sums, 13, rtol=1e-5)
    np.testing.assert_allclose(class_weights(np.array([0, 0, 0, 1])), [2 / 3] * 3 + [2])


def test_made_up_films_lie_between_films_of_their_class_that_are_in_the_feed() -> None:
    some = _rare(Balance(smote="pixels", smote_neighbours=3))
    assert _classes(some) == [20, 20]
    assert len(some) == 40
    made, targets, _counts = some.batch(np.arange(26, 40), 0)
    assert (targets.argmax(1) == 1).all()
    rare = some.batch(np.arange(20, 26), 0)[0].reshape(6, -1)
    for picture in made.reshape(14, -1):
        # On the line between two of the six: the best mixture of some pair gives it back.
        left = []
        for one in range(6):
            for other in range(one):
                line = rare[other] - rare[one]
                share = np.clip((picture - rare[one]) @ line / (line @ line), 0, 1)
                left.append(np.abs(rare[one] + share * line - picture).max())
        assert min(left) < 1e-3


def test_smote_that_needs_more_memory_than_is_free_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Untouched(Sequence):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return 26

        def __getitem__(self, place: object) -> None:
            raise AssertionError("a film was read")

    free = psutil.virtual_memory()._replace(available=100_000)
    monkeypatch.setattr(smote.psutil, "virtual_memory", lambda: free)
    targets = np.eye(2, dtype=np.float32)[[0] * 20 + [1] * 6]
    with pytest.raises(RunRefused) as refused:
        FilmFeed(Untouched(), targets, STEPS, balance=Balance(smote="pixels"))
    assert refused.value.code == "smote-memory"
    assert "class weights" in str(refused.value)


def test_smote_on_features_enlarges_what_the_frozen_part_says(tmp_path: Path) -> None:
    some = _rare(Balance(smote="features"))
    told = []
    phase = Phase(trainable="head", epochs=2, batch=8, rate=1e-2)
    own = member(head=DROPOUT)
    assert fit(own, some, None, [phase], seed=0, folder=tmp_path, report=told.append) is not None
    assert sum("epoch 1 of 2" in one.note for one in told) == 5  # 40 films by 8, of 26
    with pytest.raises(RunRefused) as refused:
        fit(member(), some, None, [Phase(epochs=2, batch=8)], seed=0, folder=tmp_path / "all")
    assert refused.value.code == "smote-features"


class _Counting(Sequence):  # type: ignore[type-arg]
    """A hundred thousand films of which none exists before it is asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __len__(self) -> int:
        return 100_000

    def __getitem__(self, place: object) -> np.ndarray:
        self.asked += 1
        return np.full((8, 8), self.asked % 65536, np.uint16)


def test_a_hundred_thousand_films_stay_where_they_are() -> None:
    some = _Counting()
    targets = np.eye(2, dtype=np.float32)[np.arange(100_000) % 2]
    balance = Balance(sampling="classes-and-sources", class_weights=True)
    told = FilmFeed(some, targets, STEPS, balance=balance, augmentation=Augmentation(rotation=5))
    order = told.order(0)
    assert some.asked == 0
    assert len(order) == 100_000
    batches = ahead(told, order, 32, 0)
    next(batches)
    batches.close()
    assert some.asked <= 32 * 8  # the batches ahead, not the epoch


def test_batches_that_nobody_takes_are_not_made() -> None:
    some = _Counting()
    told = FilmFeed(some, np.ones((100_000, 1), np.float32), STEPS)
    assert next(ahead(told, np.arange(100), 10, 0))[0].shape == (10, SIDE, SIDE, 1)


def test_a_probe_in_the_head_gives_what_the_regression_gives() -> None:
    own, some = member(), feed()
    features = outputs(own.features, some.films, STEPS)
    truth = some.targets.argmax(1)
    kernel, bias = linear_probe(features, truth, np.ones(len(truth)))
    put_probe(own.head, kernel, bias)
    logits = outputs(own.model, some.films, STEPS)
    np.testing.assert_allclose(logits, features @ kernel + bias, atol=1e-3)
    assert (logits.argmax(1) == truth).mean() > 0.9


def test_a_probe_needs_films_of_every_class() -> None:
    with pytest.raises(ValueError, match="every class"):
        linear_probe(np.ones((4, 2)), np.array([0, 2, 2, 0]), np.ones(4))
