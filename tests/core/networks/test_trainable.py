from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.errors import RunRefused
from core.networks.backend import keras
from core.networks.members import Member, build
from core.networks.trainable import blocks, choose

HEAD = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}]

# What the five papers freeze, counted from Keras's own layer lists with the classifier left out: network, cut-off,
# last frozen layer, layer at the cut-off, numbers that learn above, numbers frozen below, normalisations that learn.
FACTS = [
    ("keras-vgg19", 22, 18, "block5_conv1", "block5_conv2", 7079424, 12944960, 0),
    ("keras-mobilenet", 86, 10, "conv_pw_1_relu", "conv_pad_2", 3203520, 3712, 24),
    ("keras-inceptionv3", 311, 249, "mixed8", "conv2d_80", 11114880, 10674848, 18),
    ("keras-xception", 132, 120, "block13_sepconv2_act", "block13_sepconv2", 6250392, 14599824, 4),
    ("keras-inceptionresnetv2", 780, 730, "block8_7_ac", "conv2d_192", 9300096, 45028384, 13),
    ("keras-inceptionv3", 311, 311, "mixed10", None, 0, 21802784, 0),
    ("keras-inceptionresnetv2", 780, 780, "conv_7b_ac", None, 0, 54336736, 0),
    ("keras-resnet101v2", 377, 377, "post_relu", None, 0, 42626560, 0),
    ("keras-densenet201", 707, 707, "relu", None, 0, 18321984, 0),
    ("keras-resnet50", 175, 175, "conv5_block3_out", None, 0, 23587712, 0),
    ("keras-resnet50", 175, 165, "conv5_block2_out", "conv5_block3_1_conv", 4465664, 19115904, 3),
    ("keras-resnet50", 175, 143, "conv4_block6_out", "conv5_block1_1_conv", 14976000, 8589184, 10),
    ("keras-vgg16", 19, 15, "block4_pool", "block5_conv1", 7079424, 7635264, 0),
    # Its first kernel of 3 × 3 has 7,680 numbers fewer than that of 7 × 7.
    ("resnet50-3x3", 175, 165, "conv5_block2_out", "conv5_block3_1_conv", 4465664, 19115904 - 7680, 3),
    ("keras-mobilenetv2", 154, 154, "out_relu", None, 0, 2257984, 0),
    ("keras-mobilenetv2", 154, 151, "block_16_project_BN", "Conv_1", 412160, 1843264, 1),
    ("keras-mobilenetv2", 154, 134, "block_14_add", "block_15_expand", 1206080, 1040704, 7),
    ("keras-mobilenetv2", 154, 116, "block_12_add", "block_13_expand", 1681344, 558656, 13),
    ("keras-mobilenetv2", 154, 98, "block_10_project_BN", "block_11_expand", 1917888, 317120, 19),
    ("keras-mobilenetv2", 154, 81, "block_8_add", "block_9_expand", 2038784, 192832, 25),
    ("keras-mobilenetv2", 154, 63, "block_6_project_BN", "block_7_expand", 2147328, 80960, 31),
    ("keras-mobilenetv2", 154, 0, None, "pixels", 2223872, 0, 52),
]


@pytest.mark.parametrize("facts", FACTS, ids=[f"{row[0]} {row[2]}" for row in FACTS])
def test_a_cut_off_freezes_what_the_papers_froze(built, facts):
    backbone, layers, cutoff, after, first, learn, frozen, norms = facts
    member = built(backbone)
    assert len(member.layers) == layers
    assert first is None or member.layers[cutoff].name == first
    learns = choose(member, "cutoff", cutoff=cutoff, after=after)
    assert (learns.parameters - learns.head, learns.frozen, learns.norms) == (learn, frozen, norms)
    assert learns.head == sum(int(np.prod(weight.shape)) for weight in member.head[-1].weights)
    assert choose(member, "cutoff", after=after, cutoff=None if after else 0) == learns


@pytest.mark.parametrize(("count", "cutoff"), [(1, 151), (3, 134), (5, 116), (7, 98), (9, 81), (11, 63)])
def test_blocks_from_the_top_are_those_of_paper_e(built, count, cutoff):
    member = built("keras-mobilenetv2")
    assert choose(member, "last-blocks", count=count) == choose(member, "cutoff", cutoff=cutoff)


# The head of the papers' networks with dense layers of their own.
DENSE = {"layer": "dense", "activation": "relu"}
DROP = {"layer": "dropout", "rate": 0.5}


def test_the_last_eleven_layers_of_paper_c_are_a_block_and_the_layer_of_the_classes(built):
    member = built("keras-resnet50")
    assert choose(member, "last-layers", count=11) == choose(member, "cutoff", cutoff=165, after="conv5_block2_out")


def test_the_small_network_of_paper_c_has_the_assumed_size():
    head = [{"layer": "global-average-pooling"}, {**DENSE, "units": 128}, DROP, {"layer": "dense", "units": 3}]
    member = build({"backbone": "small-cnn", "input": [224, 224, 3], "head": head})
    assert member.parameters == 421699
    learns = choose(member, "last-dense")
    assert (learns.parameters, learns.frozen, learns.first) == (387, 421312, member.head[-1].name)
    assert choose(member, "all").parameters == 421699


def test_the_alexnet_of_paper_d_has_the_assumed_size():
    # 64 pixels a side leave one cell: the first dense layer is smaller than at 224 pixels, where there are 6 × 6.
    head = [{"layer": "flatten"}, {**DENSE, "units": 4096}, DROP, {**DENSE, "units": 4096}, DROP]
    member = build({"backbone": "alexnet-3x3", "input": [64, 64, 3], "head": [*head, {"layer": "dense", "units": 4}]})
    assert member.parameters == 57872260 - (6 * 6 - 1) * 256 * 4096
    learns = choose(member, "cutoff", cutoff=7, after="conv4")
    assert (learns.frozen, learns.first) == (2436736, "conv5")
    whole = build({"backbone": "alexnet-3x3", "input": [224, 224, 3], "head": HEAD})
    assert tuple(whole.layers[-1].output.shape[1:]) == (6, 6, 256)


@pytest.fixture
def small() -> Callable[..., Member]:
    head = [
        {"layer": "global-average-pooling"},
        {**DENSE, "units": 8},
        {"layer": "batch-normalisation"},
        DROP,
        {"layer": "dense", "units": 2},
    ]
    return lambda **changes: build(
        {"backbone": "mobilenetv2", "width": 0.25, "cut": "stage3", "input": [32, 32, 1], "head": head} | changes
    )


def learning(member: Member) -> list[str]:
    return [layer.name for layer in member.model.layers if layer.trainable_weights]


def test_every_choice_lets_learn_what_it_says(small):
    member = small()
    head = ["head2_dense", "head3_batch_normalisation", "head5_dense"]
    choose(member, "head")
    assert learning(member) == head
    choose(member, "last-dense")
    assert learning(member) == head[-1:]
    choose(member, "last-layers", count=2)
    assert learning(member) == head[1:]
    choose(member, "last-layers", count=6)
    assert learning(member) == ["stage3_block3_project_conv", "stage3_block3_project_norm", *head]
    choose(member, "last-blocks", count=1)
    assert learning(member)[0] == "stage3_block3_expand_conv"
    choose(member, "all")
    assert len(member.model.trainable_weights) + 2 * sum("norm" in name for name in learning(member)) == len(
        member.model.weights
    )


def test_blocks_of_an_inverted_residual_network_go_from_its_top_to_its_stem(small):
    found = blocks(small(cut="top"))
    assert found[:2] == ["top_conv", "stage7_block1_expand_conv"]
    assert found[-2:] == ["stage1_block1_depthwise_conv", "stem_conv"]
    assert len(found) == 19


def test_blocks_of_other_networks_begin_where_their_figures_draw_them(built):
    expected = {
        "keras-vgg19": (5, "block5_conv1", "block1_conv1"),
        "keras-mobilenet": (14, "conv_dw_13", "conv1"),
        "keras-inceptionv3": (12, "conv2d_89", "conv2d"),
        "keras-resnet50": (17, "conv5_block3_1_conv", "conv1_pad"),
        "keras-xception": (14, "block14_sepconv1", "block1_conv1"),
    }
    for backbone, (count, top, stem) in expected.items():
        found = blocks(built(backbone))
        assert (len(found), found[0], found[-1]) == (count, top, stem)


def test_frozen_normalisations_stay_as_they_are_while_all_else_learns(small):
    member = small()
    learns = choose(member, "all", norms="frozen")
    assert learns.norms == 0
    assert not any("norm" in name for name in learning(member))
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 1)).astype(np.float32)
    before = {layer.name: layer.get_weights() for layer in member.model.layers if layer.weights}
    member.model.compile("sgd", "mse")
    member.model.train_on_batch(x, np.ones((4, 2), np.float32))
    for layer in member.model.layers:
        if layer.weights:
            same = all(np.array_equal(a, b) for a, b in zip(before[layer.name], layer.get_weights(), strict=True))
            assert same == isinstance(layer, keras().layers.BatchNormalization), layer.name


def test_a_frozen_layer_stays_bit_equal_in_training_its_statistics_too(small):
    member = small()
    choose(member, "last-blocks", count=1)
    frozen = [layer for layer in member.layers if layer.weights and not layer.trainable_weights]
    before = [weight for layer in frozen for weight in layer.get_weights()]
    member.model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 1)).astype(np.float32)
    member.model.train_on_batch(x, np.ones((4, 2), np.float32))
    after = [weight for layer in frozen for weight in layer.get_weights()]
    assert any("norm" in layer.name for layer in frozen)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"trainable": "cutoff", "cutoff": 4, "after": "stem_conv"}, "stem_relu6, not stem_conv"),
        ({"trainable": "cutoff", "cutoff": 0, "after": "stem_conv"}, "none, not stem_conv"),
        ({"trainable": "cutoff", "after": "conv2d_80"}, "no layer conv2d_80"),
        ({"trainable": "cutoff", "cutoff": 1000}, "a cut-off of 1000"),
        ({"trainable": "cutoff", "cutoff": -1}, "a cut-off of -1"),
        ({"trainable": "cutoff"}, "neither"),
        ({"trainable": "last-layers", "count": 1000}, "the last 1000 layers"),
        ({"trainable": "last-blocks", "count": 8}, "the last 8 blocks of 7"),
        ({"trainable": "last-blocks"}, "how many"),
        ({"trainable": "last-layers", "count": 0}, "how many"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused_in_one_sentence(small, choice, named):
    member = small()
    choose(member, "head")
    with pytest.raises(RunRefused, match=named) as refused:
        choose(member, **choice)
    assert refused.value.code == "trainable-unusable"
    assert learning(member) == ["head2_dense", "head3_batch_normalisation", "head5_dense"]
