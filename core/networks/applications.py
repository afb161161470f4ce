"""Keras's published networks as backbones: built flat on our own input, cut where the whole network passes.

Flat means that their layers are layers of the member itself, so that a cut-off by number counts them. Layers that
Keras names by itself (conv2d_174) are renamed to what they are called in a fresh process (conv2d_80).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import BundleRefused
from core.networks.backend import keras

Range = Literal["caffe", "torch", "-1..1", "lite"]


@dataclass(frozen=True, slots=True)
class Application:
    """One of keras.applications, and the file in which its authors publish ImageNet weights, classifier left out.

    md5: as Keras itself checks it; None where Keras publishes none. range: what the weights want to see.
    smallest: side of the input in pixels. blocks: what the name of a block's layers begins with (a group in it tells
    blocks apart); ends: names of layers after which a block begins.
    """

    name: str
    file: str
    md5: str | None
    range: Range
    licence: str
    blocks: str
    ends: str = "(?!)"
    smallest: int = 32


_FILE = "{}_weights_tf_dim_ordering_tf_kernels_notop.h5"
_RESIDUAL = r"conv\d_block\d+_|conv1_"

APPLICATIONS: dict[str, Application] = {
    f"keras-{row.name.lower()}": row
    for row in (
        Application(
            "VGG16", _FILE.format("vgg16"), "6d6bbae143d832006294945121d1f1fc", "caffe", "CC-BY-4.0", r"block\d_"
        ),
        Application(
            "VGG19", _FILE.format("vgg19"), "253f8cb515780f3b799900260a226db6", "caffe", "CC-BY-4.0", r"block\d_"
        ),
        Application(
            "MobileNet",
            "mobilenet_1_0_224_tf_no_top.h5",
            None,
            "-1..1",
            "Apache-2.0",
            r"conv1|conv_(?:pad|dw|pw)_(\d+)",
        ),
        Application(
            "MobileNetV2",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            None,
            "-1..1",
            "Apache-2.0",
            r"Conv1|Conv_1|expanded_conv_|block_\d+_",
        ),
        Application(
            "InceptionV3",
            _FILE.format("inception_v3"),
            "bcbd6486424b2319ff4ef7d526e38f63",
            "-1..1",
            "Apache-2.0",
            r"conv2d$",
            r"mixed\d$|max_pooling2d_1$",
            75,
        ),
        Application(
            "Xception",
            _FILE.format("xception"),
            "b0042744bf5b25fce3cb969f33bebb97",
            "-1..1",
            "MIT",
            r"block\d+_",
            smallest=71,
        ),
        Application(
            "InceptionResNetV2",
            _FILE.format("inception_resnet_v2"),
            "d19885ff4a710c122648d3b5c3b684e4",
            "-1..1",
            "Apache-2.0",
            r"conv2d$|conv_7b",
            r"mixed_..$|block(?:35|17|8)_\d+_ac$|max_pooling2d_1$",
            75,
        ),
        Application(
            "DenseNet121",
            _FILE.format("densenet121"),
            "30ee3e1110167f948a6b9946edeeb738",
            "torch",
            "BSD-3-Clause",
            rf"{_RESIDUAL}|pool\d_",
        ),
        Application(
            "DenseNet201",
            _FILE.format("densenet201"),
            "c13680b51ded0fb44dff2d8f86ac8bb1",
            "torch",
            "BSD-3-Clause",
            rf"{_RESIDUAL}|pool\d_",
        ),
        Application(
            "ResNet50", _FILE.format("resnet50"), "4d473c1dd8becc155b73f8504c6f6626", "caffe", "MIT", _RESIDUAL
        ),
        Application(
            "ResNet101V2",
            _FILE.format("resnet101v2"),
            "c0ed64b8031c3730f411d2eb4eea35b5",
            "-1..1",
            "BSD-3-Clause",
            _RESIDUAL,
        ),
    )
}


def features(pixels: Any, backbone: str, cut: str | None) -> Any:
    """The feature maps of one of APPLICATIONS for an input tensor (n, rows, columns, 1 or 3), random weights.

    cut: the name of the layer to end with; None keeps the whole network.
    Refuses "architecture-unusable" for a cut that does not divide the network.
    """
    whole = getattr(keras().applications, APPLICATIONS[backbone].name)(
        include_top=False, weights=None, input_tensor=pixels
    )
    _rename(whole.layers)
    if cut is None:
        return whole.output
    return cut_after(whole, cut, backbone)


def cut_after(whole: Any, cut: str, backbone: str) -> Any:
    """The output of the layer named `cut`, through which everything must pass. Refuses "architecture-unusable"."""
    layers = whole.layers
    number = next((number for number, layer in enumerate(layers) if layer.name == cut), None)
    if not number or any(id(x) != id(layers[number].output) for x in _entering_later(layers, number)):
        raise BundleRefused("architecture-unusable", what=f"{backbone} cannot be cut at {cut!r}")
    return layers[number].output


def _entering_later(layers: Sequence[Any], number: int) -> list[Any]:
    """The tensors that layers after this one take from it or from layers before it."""
    made = {id(layer.output) for layer in layers[: number + 1]}
    return [x for layer in layers[number + 1 :] for x in inputs_of(layer) if id(x) in made]


def inputs_of(layer: Any) -> list[Any]:
    """The tensors that enter a layer of a flat model."""
    return list(layer.input) if isinstance(layer.input, list | tuple) else [layer.input]


def _rename(layers: Sequence[Any]) -> None:
    """Give layers that Keras named by counting over the whole process the names of a first network in a process."""
    counted: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for layer in layers:
        prefix, number = re.fullmatch(r"(.*?)(?:_(\d+))?", layer.name, re.DOTALL).groups()  # type: ignore[union-attr]
        if prefix.replace("_", "") == type(layer).__name__.lower() and type(layer).__name__ != "InputLayer":
            counted[prefix].append((int(number or 0), layer))
    for prefix, some in counted.items():
        # Numbers tell the order of creation, which the order in the network does not.
        for index, (_number, layer) in enumerate(sorted(some, key=lambda one: one[0])):
            layer.name = f"{prefix}_{index}" if index else prefix
