from __future__ import annotations

import numpy as np
import pytest

from core.errors import BundleRefused
from core.networks.backend import keras
from core.networks.heads import DERIVATIVES
from core.networks.members import build
from tests.core.networks.conftest import on_cpu

AVERAGE, MAXIMUM, FLAT = ({"layer": name} for name in ("global-average-pooling", "global-max-pooling", "flatten"))
NORM, DROP, CLASSES = (
    {"layer": "batch-normalisation"},
    {"layer": "dropout", "rate": 0.4},
    {"layer": "dense", "units": 3},
)
PENALISED = {"layer": "dense", "units": 2, "activity_l1": 1e-3, "activity_l2": 1e-3}


def hidden(units: int, activation: str = "relu") -> dict[str, object]:
    return {"layer": "dense", "units": units, "activation": activation}


HEADS = {
    "average": [AVERAGE, CLASSES],
    "maximum": [MAXIMUM, CLASSES],
    "flat": [FLAT, CLASSES],
    "one logit": [AVERAGE, {"layer": "dense", "units": 1}],
    "dropped out": [DROP, AVERAGE, DROP, CLASSES],
    "normalised": [AVERAGE, NORM, CLASSES],
    "normalised before pooling": [NORM, AVERAGE, CLASSES],
    "normalised before the maximum": [NORM, MAXIMUM, CLASSES],
    "two layers": [AVERAGE, hidden(16), DROP, CLASSES],
    "linear in between": [AVERAGE, {"layer": "dense", "units": 8}, NORM, CLASSES],
    "three layers": [AVERAGE, NORM, hidden(16), NORM, DROP, hidden(8, "tanh"), CLASSES],
    "flat, two layers": [FLAT, NORM, hidden(16), NORM, CLASSES],
    "dense on every cell": [hidden(8), AVERAGE, CLASSES],
    "dense on every cell, maximum": [NORM, hidden(8), DROP, hidden(6, "tanh"), NORM, MAXIMUM, hidden(5), CLASSES],
    "linear on every cell, maximum": [{"layer": "dense", "units": 6}, MAXIMUM, CLASSES],
    "dense on every cell, flat": [hidden(4, "sigmoid"), FLAT, CLASSES],
    # Paper B's and, with small sizes, paper D's and E's.
    "paper b": [DROP, AVERAGE, {**hidden(16), "activity_l1": 1e-3, "activity_l2": 1e-3}, NORM, PENALISED],
    "paper d": [FLAT, hidden(24), DROP, hidden(16), DROP, CLASSES],
    "paper e": [AVERAGE, {"layer": "dense", "units": 25}, NORM, DROP, {"layer": "dense", "units": 7}],
    **{f"two layers, {name}": [AVERAGE, hidden(16, name), CLASSES] for name in DERIVATIVES if name != "relu"},
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_class_maps_are_what_differentiation_gives(head, lived_in, gradient):
    member = lived_in(head=head, seed=3)
    pixels = np.random.default_rng(1).normal(0, 0.7, (3, 64, 64, 1)).astype(np.float32)
    feature_maps = member.with_maps.get_layer("features").input
    backbone = keras().models.Model(member.model.inputs[0], feature_maps)
    after = keras().models.Model(feature_maps, member.model.output)
    entering = on_cpu(backbone(pixels, training=False))
    expected = np.stack(
        [
            np.einsum("nhwk,nk->nhw", entering, gradient(after, entering, lambda y, c=c: y[:, c]).mean((1, 2)))
            for c in range(member.classes)
        ],
        1,
    )

    found = on_cpu(member.with_maps(pixels, training=False)["maps"])

    scale = np.abs(expected).max()
    assert scale > 1e-4
    assert np.abs(found - expected).max() <= 1e-5 * scale


def test_activity_regularisers_are_sums_over_what_a_layer_gives_divided_by_the_batch(lived_in):
    penalised = {**hidden(16), "activity_l1": 2e-3, "activity_l2": 5e-3}
    member = lived_in(head=[AVERAGE, penalised, {**PENALISED, "activity_l1": 3e-3, "activity_l2": 7e-3}], seed=4)
    pixels = np.random.default_rng(0).normal(size=(5, 64, 64, 1)).astype(np.float32)
    z = member.model.get_layer("head2_dense").output
    activity = on_cpu(keras().models.Model(member.model.inputs[0], z)(pixels)).clip(0)
    logits = on_cpu(member.model(pixels)).astype(np.float64)
    losses = sorted(float(on_cpu(loss)) for loss in member.model.losses)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    # On probabilities the first part is the same whatever they are.
    expected = [
        (2e-3 * activity.sum() + 5e-3 * (activity**2).sum()) / 5,
        3e-3 + 7e-3 * (p**2).sum() / 5,
    ]
    np.testing.assert_allclose(losses, sorted(expected), rtol=1e-5)


def test_the_penalty_on_a_single_logit_is_on_both_its_probabilities(lived_in):
    member = lived_in(head=[AVERAGE, {**PENALISED, "units": 1, "activity_l1": 0.5, "activity_l2": 0.25}], seed=4)
    pixels = np.ones((2, 64, 64, 1), np.float32)
    p = 1 / (1 + np.exp(-on_cpu(member.model(pixels)).astype(np.float64)))
    (loss,) = member.model.losses
    np.testing.assert_allclose(on_cpu(loss), 0.5 + 0.25 * (p**2 + (1 - p) ** 2).sum() / 2, rtol=1e-5)


def test_penalties_count_in_training_and_nowhere_else(lived_in):
    pixels = np.random.default_rng(0).normal(size=(4, 64, 64, 1)).astype(np.float32)
    losses, logits = [], []
    for factor in (0.0, 1.0):
        row = {**hidden(16), "activity_l2": factor}
        member = lived_in(head=[AVERAGE, row, CLASSES], seed=4)
        logits.append(member.model.predict_on_batch(pixels))
        member.model.compile("sgd", "mse")
        losses.append(float(member.model.test_on_batch(pixels, np.zeros((4, 3), np.float32))))
    np.testing.assert_array_equal(*logits)
    assert losses[1] > losses[0] + 0.01


def test_class_maps_keep_their_sign(lived_in):
    member = lived_in(seed=1)
    maps = np.asarray(member.with_maps(np.ones((1, 64, 64, 1), np.float32), training=False)["maps"])
    assert maps.min() < 0 < maps.max()


def test_a_linear_head_gives_maps_that_sum_to_the_logit_without_its_bias(lived_in):
    member = lived_in(seed=2)
    pixels = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).astype(np.float32)
    output = member.with_maps.predict_on_batch(pixels)
    bias = np.asarray(member.head[-1].bias)
    np.testing.assert_allclose(output["maps"].sum((2, 3)), output["logits"] - bias, rtol=1e-4, atol=1e-5)


def test_features_are_the_mean_of_the_feature_maps_whatever_the_head(lived_in):
    pixels = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).astype(np.float32)
    for head in (HEADS["average"], HEADS["maximum"], HEADS["flat"]):
        member = lived_in(seed=5, head=head)
        feature_maps = keras().models.Model(member.model.inputs[0], member.with_maps.get_layer("features").input)
        expected = np.asarray(feature_maps(pixels, training=False)).mean((1, 2))
        for found in (member.features(pixels, training=False), member.with_maps(pixels, training=False)["features"]):
            np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "head",
    [
        [],
        [AVERAGE],
        [CLASSES],
        [AVERAGE, FLAT, CLASSES],
        [hidden(8), CLASSES],
        [NORM, DROP, CLASSES],
        [AVERAGE, {**CLASSES, "activity_l1": -1e-3}],
        [AVERAGE, {**CLASSES, "activity_l2": "0.001"}],
        [AVERAGE, {**CLASSES, "activity_l1": float("nan")}],
        [AVERAGE, {**CLASSES, "use_bias": False}],
        [{**AVERAGE, "name": "pooling"}, CLASSES],
        [AVERAGE, hidden(3)],
        [AVERAGE, {"layer": "dense", "units": 0}],
        [AVERAGE, {"layer": "dense", "units": 10**9}],
        [AVERAGE, {"layer": "dense", "units": "3"}],
        [AVERAGE, hidden(8, "exec"), CLASSES],
        [AVERAGE, {"layer": "dropout", "rate": 1.5}, CLASSES],
        [AVERAGE, {"layer": "lambda"}, CLASSES],
        [AVERAGE, {}, CLASSES],
    ],
)
def test_a_head_outside_the_table_is_refused(head):
    with pytest.raises(BundleRefused) as refused:
        build({"backbone": "efficientnet-lite0", "cut": "stem", "input": [64, 64, 1], "head": head})
    assert refused.value.code == "architecture-unusable"
