from __future__ import annotations

import numpy as np
import pytest

from core.networks.backbones import INVERTED
from core.networks.backend import keras
from core.networks.members import build
from core.networks.placement import cell_to_square

HEAD = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 2}]


def make_even(network) -> None:
    """Give every position of every kernel the same weight: a linear network for small positive pictures, in which
    nothing but strides and paddings decides where a cell looks, and branches that meet count alike."""
    for layer in network.layers:
        if isinstance(layer, keras().layers.BatchNormalization):
            layer.set_weights(
                [np.full(w.shape, float("gamma" in w.name or "variance" in w.name)) for w in layer.weights]
            )
        elif layer.weights:
            shapes = [tuple(weight.shape) for weight in layer.weights]
            # A separable convolution filters each channel alone first, and has branches beside it.
            alone = isinstance(layer, keras().layers.SeparableConv2D)
            entering = [shape[: 2 if alone and not number else -1] for number, shape in enumerate(shapes)]
            layer.set_weights([np.full(x, 1 / np.prod(y)) for x, y in zip(shapes, entering, strict=True)])


def with_means_for_maxima(network):
    """The same network, in which every maximum is a mean over the same cells: of equal cells a maximum takes one."""
    layers = keras().layers

    def copied(layer):
        kind = layers.AveragePooling2D if isinstance(layer, layers.MaxPooling2D) else type(layer)
        return kind.from_config(layer.get_config())

    return keras().models.clone_model(network, clone_function=copied)


@pytest.fixture
def centroids(gradient):
    """For the middle cell of every tensor: its own centre, and the centroid of |∂cell/∂input|, (row, column)."""

    def measured(network, tensors, pixels) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        found = {}
        for name, tensor in tensors.items():
            row, column = tensor.shape[1] // 2, tensor.shape[2] // 2
            outputs = keras().models.Model(network.inputs[0], tensor)
            slope = gradient(outputs, pixels, lambda maps, row=row, column=column: maps[:, row, column])
            weight = np.abs(slope).sum((0, 3), dtype=np.float64)
            assert weight.sum() > 0
            places = np.indices(weight.shape) + 0.5
            found[name] = np.array([row, column]) + 0.5, (places * weight).sum((1, 2)) / weight.sum()
        return found

    return measured


# An even and an odd side in one picture: `same` pads them differently.
@pytest.mark.parametrize("backbone", INVERTED)
def test_a_cell_lies_at_the_centroid_of_what_moves_it(backbone, centroids):
    shape = (288, 291)
    member = build({"backbone": backbone, "width": 0.35, "input": [*shape, 1], "head": HEAD})
    make_even(member.model)
    last = {layer.name.split("_")[0]: layer.output for layer in member.model.layers if len(layer.output.shape) == 4}
    tensors = {cut: last[cut] for cut in ("stem", "stage2", "stage5", "top")}
    found = centroids(member.model, tensors, np.full((1, *shape, 1), 1e-3, np.float32))
    for cut, (cell, measured) in found.items():
        stated = cell_to_square(member.model, tensors[cut])[:2] @ [*cell, 1]
        # 2 pixels is what was promised; what is left here is the deepest cells' field beyond the picture's edge.
        assert np.abs(stated - measured).max() <= 0.1, cut


@pytest.mark.parametrize(
    ("backbone", "cut", "shape"),
    [
        ("small-cnn", None, (96, 109)),
        ("alexnet-3x3", "conv5", (192, 209)),
        ("keras-mobilenet", "conv_pw_11_relu", (224, 239)),
        ("keras-resnet50", "conv3_block4_out", (160, 177)),
        ("keras-inceptionv3", "mixed2", (160, 179)),
        # Of even sides its branches lie half a cell apart, twice; of odd ones nowhere.
        ("keras-xception", "add_2", (208, 221)),
    ],
)
def test_a_cell_of_a_published_network_lies_at_the_centroid_of_what_moves_it(backbone, cut, shape, centroids):
    member = build({"backbone": backbone, "cut": cut, "input": [*shape, 1], "head": HEAD})
    network = with_means_for_maxima(keras().models.Model(member.model.inputs[0], member.layers[-1].output))
    make_even(network)
    found = centroids(network, {"cells": network.output}, np.full((1, *shape, 1), 1e-3, np.float32))
    cell, measured = found["cells"]
    assert np.abs(member.cell_to_square[:2] @ [*cell, 1] - measured).max() <= 0.5


@pytest.mark.parametrize("cut", ["stem", "stage2", "stage3", "stage5"])
def test_a_member_states_the_place_of_the_cells_it_was_cut_at(cut, centroids):
    keras().utils.set_random_seed(7)
    shape = (192, 225)
    member = build({"backbone": "mobilenetv2", "width": 0.35, "cut": cut, "input": [*shape, 1], "head": HEAD})
    tensor = member.with_maps.get_layer("features").input
    pixels = np.random.default_rng(0).normal(size=(2, *shape, 1)).astype(np.float32)
    cell, measured = centroids(member.model, {"cut": tensor}, pixels)["cut"]
    assert np.abs(member.cell_to_square[:2] @ [*cell, 1] - measured).max() <= 2


def test_same_padding_moves_the_centre_off_the_naive_place():
    data = {"backbone": "efficientnet-lite0", "cut": "stage5", "input": [192, 193, 1], "head": HEAD}
    # Four strides of 2: on even sides all padding comes after, on odd sides (193, 97, 49, 25) it is shared.
    expected = [[16, 0, 7.5], [0, 16, -7.5], [0, 0, 1]]
    np.testing.assert_allclose(build(data).cell_to_square, expected)


def test_paddings_and_poolings_of_other_architectures_are_counted():
    layers = keras().layers
    pixels = layers.Input((64, 64, 1))
    x = layers.ZeroPadding2D(((2, 1), (0, 3)))(pixels)
    x = layers.Conv2D(4, 3, dilation_rate=2)(x)
    branches = [layers.MaxPooling2D(3, 2, "same")(x), layers.Conv2D(4, 1, 2)(x)]
    x = layers.Concatenate()(branches)
    model = keras().models.Model(pixels, x)
    # The convolution centres cell i on i + 2 + ½, less the padding; then the branches: centres ½ and -½ off 2·i + 1.
    # 63 rows: `same` pads one row before (offset -½, like the 1 × 1 convolution's); 63 columns likewise.
    np.testing.assert_allclose(cell_to_square(model, x), [[2, 0, 2 - 2 - 0.5], [0, 2, 2 - 0 - 0.5], [0, 0, 1]])


def test_a_layer_of_unknown_geometry_is_our_own_mistake():
    pixels = keras().layers.Input((16, 16, 1))
    x = keras().layers.UpSampling2D()(pixels)
    with pytest.raises(ValueError, match="UpSampling2D"):
        cell_to_square(keras().models.Model(pixels, x), x)
