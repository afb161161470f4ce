"""Phases of training, on pictures small enough to learn in a second."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow")

from core.errors import RunRefused
from core.inference.ensemble import softmax
from core.networks.members import Member
from core.progress import Progress, Stop
from core.training.fit import Fitted, averaged, fit
from core.training.recipe import Phase
from core.training.stretch import surprise
from tests.core.training.small import DROPOUT, SIDE, feed, member

QUICK = Phase(epochs=3, rate=3e-3, batch=8, optimiser="adamw")


def _trained(folder: Path, *phases: Phase, own: Member | None = None, **options: Any) -> tuple[Member, Fitted]:
    own = own or member()
    found = fit(own, options.pop("films", feed()), feed(8, 1), phases or (QUICK,), seed=5, folder=folder, **options)
    assert found is not None
    return own, found


def _weights(own: Member) -> dict[str, list[np.ndarray]]:
    return {layer.name: layer.get_weights() for layer in own.model.layers if layer.weights}


def _changed(before: dict[str, list[np.ndarray]], own: Member) -> set[str]:
    after = _weights(own)
    return {
        name
        for name, values in before.items()
        if not all(np.array_equal(one, other) for one, other in zip(values, after[name], strict=True))
    }


def test_a_phase_learns_and_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[Progress] = []
    _own, found = _trained(tmp_path, report=told.append)
    assert [(row["phase"], row["epoch"]) for row in found.curves] == [("train", 1), ("train", 2), ("train", 3)]
    assert found.curves[-1]["loss"] < found.curves[0]["loss"]
    assert 0 <= found.curves[-1]["validation_accuracy"] <= 1
    assert told[-1].done == told[-1].total == 9
    assert "epoch 2 of 3, loss" in told[4].note


def test_frozen_normalisations_stay_and_everything_else_learns(tmp_path: Path) -> None:
    own = member()
    before = _weights(own)
    _trained(tmp_path, Phase(epochs=1, rate=3e-3, batch=8, norms="frozen"), own=own)
    assert _changed(before, own) == {name for name in before if not name.endswith("_norm")}


def test_phases_come_one_after_the_other_each_with_its_own_layers(tmp_path: Path) -> None:
    own = member()
    before = _weights(own)
    phases = (
        Phase(name="head", trainable="head", epochs=2, rate=1e-2, batch=8),
        Phase(name="tail", trainable="cutoff", after="stem_relu6", epochs=1, rate=1e-3, batch=8),
    )
    _own, found = _trained(tmp_path, *phases, own=own)
    assert [row["phase"] for row in found.curves] == ["head", "head", "tail"]
    assert found.kept == (("head", 2), ("tail", 1))
    changed = _changed(before, own)
    assert changed == {name for name in before if name.startswith(("stage1", "head"))}


def test_the_member_that_was_trained_saves_weights_only(tmp_path: Path) -> None:
    import h5py

    own, _found = _trained(tmp_path)
    own.model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5") as file:
        assert "optimizer" not in file


def test_a_loss_that_is_no_number_ends_in_a_sentence_and_keeps_what_was(tmp_path: Path) -> None:
    own = member()
    kernel, bias = own.head[-1].get_weights()
    own.head[-1].set_weights([np.full_like(kernel, 3e38), bias])
    with pytest.raises(RunRefused) as refused:
        _trained(tmp_path, Phase(name="wild", batch=8), own=own)
    assert refused.value.code == "loss-not-finite"
    assert "rate below" in str(refused.value)
    with np.load(tmp_path / "checkpoint.npz") as kept:
        assert all(np.isfinite(kept[name]).all() for name in kept.files)


def test_random_weights_are_not_frozen_unseen(tmp_path: Path) -> None:
    with pytest.raises(RunRefused) as refused:
        _trained(tmp_path, Phase(trainable="head", batch=8), start="random")
    assert refused.value.code == "frozen-random"
    with pytest.raises(RunRefused):
        hidden = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 4}, {"layer": "dense", "units": 2}]
        _trained(tmp_path, Phase(trainable="last-dense", batch=8), start="imagenet", own=member(head=hidden))
    both = (Phase(epochs=1, batch=8), Phase(epochs=1, trainable="head", batch=8))
    _trained(tmp_path, *both, start="random")


def test_binary_loss_is_for_two_classes_only(tmp_path: Path) -> None:
    three = member(head=[{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}])
    with pytest.raises(RunRefused) as refused:
        _trained(tmp_path, Phase(loss="binary", batch=8), own=three)
    assert refused.value.code == "binary-loss"


def test_binary_loss_on_two_softmax_units_is_the_categorical_one() -> None:
    import keras

    logits = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    targets = np.eye(2, dtype=np.float32)[[0, 1, 1, 0, 1, 0]]
    for smoothing in (0.0, 0.1):
        ours = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)(targets, logits)
        binary = keras.losses.BinaryCrossentropy(label_smoothing=smoothing)(targets, softmax(logits))
        assert float(ours) == pytest.approx(float(binary), rel=1e-5)


def test_the_best_epoch_is_kept_and_a_phase_ends_early(tmp_path: Path) -> None:
    own, found = _trained(
        tmp_path, Phase(epochs=30, rate=0.03, batch=8, optimiser="sgd", keep="best-loss", early_stop=2)
    )
    losses = [row["validation_loss"] for row in found.curves]
    best = int(np.argmin(losses))
    assert found.kept == (("train", best + 1),)
    assert len(losses) == min(30, best + 3)
    judged = feed(8, 1)
    pixels, targets, _counts = judged.batch(np.arange(8), 0)
    logits = np.asarray(own.model.predict_on_batch(pixels))
    assert surprise(targets, logits).mean() == pytest.approx(losses[best], rel=1e-4)


def test_epochs_are_judged_by_the_moving_average_of_the_weights(tmp_path: Path) -> None:
    phase = Phase(epochs=3, rate=3e-3, batch=8, average=0.9)
    own, found = _trained(tmp_path, phase)
    pixels, targets, _counts = feed(8, 1).batch(np.arange(8), 0)
    loss = surprise(targets, np.asarray(own.model.predict_on_batch(pixels))).mean()
    assert loss == pytest.approx(found.curves[-1]["validation_loss"], rel=1e-4)
    plain, _found = _trained(tmp_path / "plain", Phase(epochs=3, rate=3e-3, batch=8))
    assert not np.allclose(plain.head[-1].get_weights()[0], own.head[-1].get_weights()[0], atol=1e-4)


def test_what_watches_validation_films_needs_some(tmp_path: Path) -> None:
    with pytest.raises(RunRefused) as refused:
        fit(member(), feed(), None, [Phase(early_stop=2)], seed=0, folder=tmp_path)
    assert refused.value.code == "validation-needed"
    assert fit(member(), feed(), None, [Phase(epochs=1, batch=8)], seed=0, folder=tmp_path) is not None


def test_an_activity_regulariser_counts_in_the_loss(tmp_path: Path) -> None:
    import keras

    plain, regular = member(), member()
    layer = regular.head[-1]
    layer.activity_regularizer = keras.regularizers.L2(10.0)
    phase = Phase(epochs=1, rate=1e-9, batch=24, optimiser="sgd")
    _own, without = _trained(tmp_path / "a", phase, own=plain)
    _own, found = _trained(tmp_path / "b", phase, own=regular)
    assert found.curves[0]["loss"] > without.curves[0]["loss"] + 1e-3
    assert found.curves[0]["validation_loss"] == pytest.approx(without.curves[0]["validation_loss"], rel=1e-5)


def test_a_network_that_draws_masks_learns_by_a_loss_of_its_own(tmp_path: Path) -> None:
    import keras

    pixels = keras.layers.Input((SIDE, SIDE, 1))
    drawn = keras.layers.Permute((3, 1, 2))(keras.layers.Conv2D(1, 3, 2, "same")(pixels))
    model = keras.models.Model(pixels, drawn)
    own = dataclasses.replace(member(), model=model, head=tuple(model.layers))

    class Masks:
        changes = False
        films = feed(8)

        def __len__(self) -> int:
            return 8

        def order(self, epoch: int) -> np.ndarray:
            return np.arange(8)

        def batch(self, numbers: np.ndarray, epoch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            pixels, _targets, counts = self.films.batch(numbers, epoch)
            return pixels, (pixels[:, ::2, ::2, 0] > 0)[:, None].astype(np.float32), counts

    def loss(targets: Any, answers: Any) -> Any:
        each = keras.losses.binary_crossentropy(targets, answers, from_logits=True)
        return keras.ops.mean(each, axis=(1, 2))

    found = fit(own, Masks(), Masks(), [Phase(epochs=8, rate=0.1, batch=4)], seed=0, folder=tmp_path, loss=loss)
    assert found is not None
    assert found.curves[-1]["loss"] < found.curves[0]["loss"]
    assert 0.8 < found.curves[-1]["accuracy"] <= 1
    assert found.curves[-1]["validation_accuracy"] > 0.8


def test_kept_features_give_the_curves_of_the_long_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.training import features

    phases = (
        Phase(name="head", trainable="head", epochs=3, rate=1e-2, batch=8),
        Phase(name="tail", trainable="cutoff", after="stem_relu6", epochs=2, rate=1e-3, batch=8),
    )
    short, found = _trained(tmp_path / "short", *phases)
    monkeypatch.setattr(features, "worth", lambda *_arguments: False)
    long, expected = _trained(tmp_path / "long", *phases)
    for one, other in zip(found.curves, expected.curves, strict=True):
        for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
            assert one[name] == pytest.approx(other[name], abs=2e-4), name
    for one, other in zip(short.model.get_weights(), long.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_averaged_weights_lie_between() -> None:
    one, other = [np.zeros(3, np.float32)], [np.ones(3, np.float32)]
    np.testing.assert_allclose(averaged(one, other, 0.25)[0], 0.75)
    np.testing.assert_allclose(averaged(one, other, 1.0)[0], 0.0)


def test_surprise_is_the_logarithm_of_what_was_expected() -> None:
    targets = np.eye(2, dtype=np.float32)
    assert surprise(targets, np.zeros((2, 2))) == pytest.approx(np.log(2))
    assert surprise(targets, np.array([[50.0, 0], [0, 50]])) == pytest.approx(0, abs=1e-9)


def _stops_after(steps: int) -> tuple[Stop, Any]:
    stop = Stop()

    def report(progress: Progress) -> None:
        if progress.done == steps:
            stop.ask()

    return stop, report


def _same(curves: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> None:
    assert [{**row, "seconds": 0} for row in curves] == [{**row, "seconds": 0} for row in others]


def test_a_folder_of_another_training_is_refused(tmp_path: Path) -> None:
    _trained(tmp_path)
    with pytest.raises(RunRefused) as refused:
        _trained(tmp_path, Phase(epochs=4, batch=8))
    assert refused.value.code == "run-differs"


def test_a_training_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    stop, report = _stops_after(5)
    own = member(head=DROPOUT)
    assert fit(own, feed(), feed(8, 1), [QUICK], seed=5, folder=tmp_path, report=report, stop=stop) is None
    told: list[Progress] = []
    own, found = _trained(tmp_path, own=member(2, head=DROPOUT), report=told.append)
    assert told[0].done == 6
    assert [row["epoch"] for row in found.curves] == [1, 2, 3]
    again, finished = _trained(tmp_path, own=member(3, head=DROPOUT))
    _same(finished.curves, found.curves)
    for one, other in zip(again.model.get_weights(), own.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_full_disk_is_told_in_a_sentence_and_the_run_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, count = os.fsync, [0]

    def full(handle: int) -> None:
        count[0] += 1
        if count[0] >= 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunRefused) as refused:
        _trained(tmp_path, every=0)
    assert refused.value.code == "disk-full"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]
    monkeypatch.setattr(os, "fsync", flush)
    told: list[Progress] = []
    _own, found = _trained(tmp_path, report=told.append)
    assert told[0].done == 3
    assert len(found.curves) == 3
