"""Probe, fine-tuning and averaging, on pictures small enough to learn in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow")

from core.networks.members import Member, build
from core.progress import Progress, Stop
from core.training.balance import weights
from core.training.feed import batches, fitted, outputs
from core.training.fit import Lesson, Schedule, averaged, cross_entropy, fine_tune
from core.training.probe import linear_probe, put_probe

SIDE = 32
STEPS = (
    {"name": "stretch", "version": 1, "rows": SIDE, "columns": SIDE},
    {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 1},
)
ARCHITECTURE = {
    "backbone": "mobilenetv2",
    "width": 0.25,
    "cut": "stage2",
    "input": [SIDE, SIDE, 1],
    "head": [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 2}],
}
QUICK = Schedule(passes=3, rate=3e-3, batch=8, seed=5)


def _member() -> Member:
    import keras

    keras.utils.set_random_seed(1)
    return build(ARCHITECTURE)


def _lesson(count: int = 24, seed: int = 0) -> Lesson:
    """Films with a bright upper or lower half."""
    draw = np.random.default_rng(seed)
    truth = np.arange(count) % 2
    films = []
    for lower in truth:
        film = draw.uniform(0, 0.4, (48, 40))
        film[24:] += 0.4 * lower
        film[:24] += 0.4 * (1 - lower)
        films.append((film * 65535).astype(np.uint16))
    targets = np.eye(2, dtype=np.float32)[truth]
    return Lesson(films, targets, weights([str(one) for one in truth], ["a"] * count))


def test_what_training_feeds_is_what_live_use_fits() -> None:
    lesson = _lesson()
    pairs = list(batches(lesson.films, STEPS, [3, 1, 2, 0, 4], 2))
    assert [numbers.tolist() for _pixels, numbers in pairs] == [[3, 1], [2, 0], [4]]
    np.testing.assert_array_equal(pairs[0][0][1], fitted(lesson.films[1], STEPS))


def test_a_probe_in_the_head_gives_what_the_regression_gives() -> None:
    member, lesson = _member(), _lesson()
    features = outputs(member.features, lesson.films, STEPS)
    truth = lesson.targets.argmax(1)
    kernel, bias = linear_probe(features, truth, lesson.weights)
    put_probe(member.head, kernel, bias)
    logits = outputs(member.model, lesson.films, STEPS)
    np.testing.assert_allclose(logits, features @ kernel + bias, atol=1e-3)
    assert (logits.argmax(1) == truth).mean() > 0.9


def test_a_probe_needs_films_of_every_class() -> None:
    with pytest.raises(ValueError, match="every class"):
        linear_probe(np.ones((4, 2)), np.array([0, 2, 2, 0]), np.ones(4))


def test_fine_tuning_learns_and_leaves_normalisations_alone(tmp_path: Path) -> None:
    member = _member()
    before = {layer.name: layer.get_weights() for layer in member.model.layers}
    told: list[Progress] = []
    fit = fine_tune(member, _lesson(), _lesson(8, 1), STEPS, QUICK, folder=tmp_path, report=told.append)
    assert fit is not None
    assert fit.log[-1]["training"] < fit.log[0]["training"]
    assert told[-1].done == told[-1].total == 9
    for layer in member.model.layers:
        same = all(
            np.array_equal(one, other) for one, other in zip(layer.get_weights(), before[layer.name], strict=True)
        )
        is_kept = type(layer).__name__ == "BatchNormalization" or not layer.weights
        assert same == is_kept, layer.name


def test_layers_before_the_first_that_learns_are_kept(tmp_path: Path) -> None:
    member = _member()
    stem = member.model.get_layer("stem_conv").get_weights()[0]
    schedule = Schedule(passes=1, rate=3e-3, batch=8, first="stage2", norms=True)
    fine_tune(member, _lesson(), _lesson(8, 1), STEPS, schedule, folder=tmp_path)
    np.testing.assert_array_equal(member.model.get_layer("stem_conv").get_weights()[0], stem)


def test_a_training_that_was_stopped_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed = _member()
    fine_tune(undisturbed, _lesson(), _lesson(8, 1), STEPS, QUICK, folder=tmp_path / "a")
    stop = Stop()

    def stop_in_the_second_pass(progress: Progress) -> None:
        if progress.done == 5:
            stop.ask()

    first = _member()
    arguments = (_lesson(), _lesson(8, 1), STEPS, QUICK)
    assert fine_tune(first, *arguments, folder=tmp_path / "b", report=stop_in_the_second_pass, stop=stop) is None
    again = _member()
    fit = fine_tune(again, *arguments, folder=tmp_path / "b")
    assert fit is not None
    assert [line["pass"] for line in fit.log] == [0, 1, 2]
    # The threads of TensorFlow may add in another order: equal but for the last digits of f32.
    for one, other in zip(again.model.get_weights(), undisturbed.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_averaged_weights_lie_between() -> None:
    one, other = [np.zeros(3, np.float32)], [np.ones(3, np.float32)]
    np.testing.assert_allclose(averaged(one, other, 0.25)[0], 0.75)
    np.testing.assert_allclose(averaged(one, other, 1.0)[0], 0.0)


def test_cross_entropy_is_the_mean_surprise() -> None:
    lesson = Lesson([], np.eye(2, dtype=np.float32), np.ones(2))
    assert cross_entropy(lesson, np.zeros((2, 2))) == pytest.approx(np.log(2))
    assert cross_entropy(lesson, np.array([[50.0, 0], [0, 50]])) == pytest.approx(0, abs=1e-9)
