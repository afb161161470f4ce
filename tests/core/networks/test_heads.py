from __future__ import annotations

import numpy as np
import pytest

from core.errors import BundleRefused
from core.networks.backend import keras
from core.networks.heads import DERIVATIVES
from core.networks.members import build

AVERAGE, MAXIMUM, FLAT = ({"layer": name} for name in ("global-average-pooling", "global-max-pooling", "flatten"))
NORM, DROP, CLASSES = (
    {"layer": "batch-normalisation"},
    {"layer": "dropout", "rate": 0.4},
    {"layer": "dense", "units": 3},
)


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
    **{f"two layers, {name}": [AVERAGE, hidden(16, name), CLASSES] for name in DERIVATIVES if name != "relu"},
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_class_maps_are_what_a_gradient_tape_gives(head, lived_in):
    import tensorflow as tf

    member = lived_in(head=head, seed=3)
    pixels = np.random.default_rng(1).normal(0, 0.7, (3, 64, 64, 1)).astype(np.float32)
    feature_maps = member.with_maps.get_layer("features").input
    backbone = keras().models.Model(member.model.inputs[0], feature_maps)
    after = keras().models.Model(feature_maps, member.model.output)
    entering = tf.constant(backbone(pixels, training=False))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(entering)
        logits = after(entering, training=False)
        each = [logits[:, number] for number in range(logits.shape[1])]
    gradients = [tape.gradient(logit, entering).numpy() for logit in each]
    expected = np.stack([np.einsum("nhwk,nk->nhw", entering, g.mean((1, 2))) for g in gradients], 1)

    found = np.asarray(member.with_maps(pixels, training=False)["maps"])

    scale = np.abs(expected).max()
    assert scale > 1e-4
    assert np.abs(found - expected).max() <= 1e-5 * scale


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
        [hidden(8), AVERAGE, CLASSES],
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
