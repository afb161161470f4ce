from __future__ import annotations

import numpy as np
import pytest

from core.errors import BundleRefused
from core.networks.backbones import INVERTED, cuts, features, lite_plan, mobile_plan
from core.networks.backend import keras
from core.networks.members import build

HEAD = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}]


def described(**changes: object) -> dict[str, object]:
    return {"backbone": "efficientnet-lite0", "cut": "stem", "input": [64, 64, 1], "head": HEAD, **changes}


def test_the_lite_networks_have_their_published_sizes():
    # Parameters with the ImageNet classifier, moving statistics not counted: 4.65, 5.42 and 6.09 million.
    for backbone, published in (
        ("efficientnet-lite0", 4652008),
        ("efficientnet-lite1", 5416680),
        ("efficientnet-lite2", 6092072),
    ):
        head = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 1000}]
        model = build(described(backbone=backbone, cut="top", input=[32, 32, 3], head=head)).model
        assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == published


def test_mobilenetv2_has_the_size_of_the_published_one():
    head = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 1000}]
    model = build(described(backbone="mobilenetv2", cut="top", input=[32, 32, 3], head=head)).model
    assert model.count_params() == 3538984


@pytest.mark.parametrize("backbone", INVERTED)
def test_every_inverted_residual_network_can_be_cut_after_its_stem_any_stage_and_its_top(backbone):
    assert cuts(backbone) == ("stem", *(f"stage{number}" for number in range(1, 8)), "top")
    whole = keras().layers.Input((96, 64, 3))
    last = features(whole, {"backbone": backbone, "width": 0.5})
    names = [layer.name for layer in keras().models.Model(whole, last).layers]
    for cut in ("stem", "stage1", "stage3") if "lite" in backbone else cuts(backbone):
        pixels = keras().layers.Input((96, 64, 3))
        cut_off = keras().models.Model(pixels, features(pixels, {"backbone": backbone, "cut": cut, "width": 0.5}))
        # What is left is the beginning of the whole network, and all of the stage.
        left = [layer.name for layer in cut_off.layers][1:]
        assert left == names[1 : len(left) + 1]
        assert left[-1].startswith(cut)
        assert cut == "top" or not names[len(left) + 1].startswith(cut)
    assert tuple(last.shape[1:]) == (3, 2, 1280)


def test_the_stage_at_stride_16_has_the_channels_that_the_recipes_count_on():
    assert [lite_plan(size).stages[4].channels for size in range(3)] == [112, 112, 120]
    assert [stage.channels for stage in mobile_plan(0.35).stages] == [8, 8, 16, 24, 32, 56, 112]


def test_a_member_answers_in_the_stated_shapes():
    member = build(described(cut="stage5", input=[96, 64, 1]))
    output = member.with_maps.predict_on_batch(np.zeros((2, 96, 64, 1), np.float32))
    assert {name: values.shape for name, values in output.items()} == {
        "logits": (2, 3),
        "features": (2, 112),
        "maps": (2, 3, 6, 4),
    }
    assert member.classes == 3
    assert member.parameters == member.model.count_params()


def test_the_models_of_a_member_share_their_weights():
    member = build(described())
    before = member.with_maps.predict_on_batch(np.ones((1, 64, 64, 1), np.float32))["logits"]
    member.head[-1].set_weights([weight + 1 for weight in member.head[-1].get_weights()])
    after = member.with_maps.predict_on_batch(np.ones((1, 64, 64, 1), np.float32))["logits"]
    assert np.abs(after - before).min() > 0.5
    assert len(member.with_maps.weights) == len(member.model.weights)


@pytest.mark.parametrize(
    "changes",
    [
        {"backbone": "resnet1000"},
        {"backbone": None},
        {"backbone": ["efficientnet-lite0"]},
        {"cut": "stage8"},
        {"cut": 5},
        {"backbone": "mobilenetv2", "width": 100},
        {"backbone": "mobilenetv2", "width": "wide"},
        {"norms": True},
        {"backbone": "vgg16-3x3", "cut": None, "norms": "yes"},
        {"backbone": "keras-vgg16", "cut": None, "norms": True},
        {"backbone": "small-cnn", "cut": "conv5"},
        {"backbone": "keras-inceptionv3", "cut": None},
        {"backbone": "alexnet-3x3", "cut": None, "input": [52, 64, 1]},
        {"input": [64, 64]},
        {"input": [64, 64, 2]},
        {"input": [100000, 64, 1]},
        {"input": [8, 64, 1]},
        {"input": ["64", 64, 1]},
        {"input": None},
        {"head": None},
        {"head": "dense"},
    ],
)
def test_an_architecture_outside_the_table_is_refused(changes):
    with pytest.raises(BundleRefused) as refused:
        build(described(**changes))
    assert refused.value.code == "architecture-unusable"
