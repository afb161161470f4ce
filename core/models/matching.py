"""Which network of our table a Keras network is, and the same one as a member by data, with its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleRefused
from core.inference.ensemble import softmax
from core.networks.backbones import INVERTED
from core.networks.convert import LIMIT, check_images
from core.networks.heads import DERIVATIVES
from core.networks.members import Member, build

# Backbones by how many convolutions and batch normalisations they have, the likelier first; tests/core/models keeps
# the figures. Keras's InceptionResNetV2 has a layer of its own making and cannot be read back as plain data.
_BY_COUNT: Final[dict[tuple[int, int], tuple[dict[str, Any], ...]]] = {
    (13, 0): ({"backbone": "keras-vgg16"},),
    (16, 0): ({"backbone": "keras-vgg19"},),
    (27, 27): ({"backbone": "keras-mobilenet"},),
    (52, 52): ({"backbone": "keras-mobilenetv2"}, {"backbone": "mobilenetv2"}),
    (94, 94): ({"backbone": "keras-inceptionv3"},),
    (40, 40): ({"backbone": "keras-xception"},),
    (120, 121): ({"backbone": "keras-densenet121"},),
    (200, 201): ({"backbone": "keras-densenet201"},),
    (53, 53): ({"backbone": "keras-resnet50"}, {"backbone": "resnet50-3x3"}),
    (104, 100): ({"backbone": "keras-resnet101v2"},),
    (49, 49): ({"backbone": "efficientnet-lite0"},),
    (64, 64): ({"backbone": "efficientnet-lite1"}, {"backbone": "efficientnet-lite2"}),
    (5, 0): ({"backbone": "alexnet-3x3"},),
    (13, 13): ({"backbone": "vgg16-3x3", "norms": True},),
    (4, 0): ({"backbone": "small-cnn"},),
}
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D")
_POOLING = {
    "GlobalAveragePooling2D": "global-average-pooling", "GlobalMaxPooling2D": "global-max-pooling",
    "Flatten": "flatten",
}  # fmt: skip
# One unit with a sigmoid is the second of two classes with a softmax: softmax([0, z]) = [1 - σ(z), σ(z)].
_ENDS = ("softmax", "sigmoid", "linear")


@dataclass(frozen=True, slots=True)
class Matched:
    """The member, and how the Keras network gives its answer: "softmax", "sigmoid" (one unit) or "linear"."""

    member: Member
    ends: str

    @property
    def backbone(self) -> str:
        return str(self.member.architecture["backbone"])


def matched(model: Any, name: str) -> Matched:
    """The member that is this Keras network, proven on random pictures.

    name: of its file. Refuses (BundleRefused) "legacy-unknown" where the network is none of our table, and
    "legacy-differs" where it has the same layers and gives other answers.
    """
    sides = _sides(model, name)
    layers = _flat(model)
    place = max((number for number, layer in enumerate(layers) if _kind(layer) in _POOLING), default=None)
    if place is None:
        raise BundleRefused("legacy-unknown", what=name, why="it has no pooling or flatten layer before its classes")
    body, head = layers[:place], layers[place:]
    rows, ends = _head(head, name)
    counts = sum(_kind(one) in _CONVOLUTIONS for one in body), sum(_kind(one) == "BatchNormalization" for one in body)
    weighty = [layer for layer in layers if layer.weights]
    for candidate in _BY_COUNT.get(counts, ()):
        member = _built({**candidate, "input": list(sides), "head": rows})
        if member is not None and _filled(member, weighty, ends):
            found = Matched(member, ends)
            _prove(model, found, name)
            return found
    convolutions, norms = counts
    why = f"none of its networks has these {convolutions} convolutions and {norms} batch normalisations"
    raise BundleRefused("legacy-unknown", what=name, why=why)


def probabilities(values: NDArray[Any], ends: str) -> NDArray[np.float64]:
    """What the Keras network gives as probabilities of the classes, (n, classes)."""
    given = np.asarray(values, np.float64)
    if ends == "softmax":
        return given
    if ends == "sigmoid":
        return np.concatenate([1 - given, given], axis=1)
    if given.shape[1] == 1:
        given = np.concatenate([np.zeros_like(given), given], axis=1)
    return softmax(given)


def _sides(model: Any, name: str) -> tuple[int, int, int]:
    shapes = [tuple(one.shape) for one in model.inputs]
    if len(shapes) != 1 or len(model.outputs) != 1:
        raise BundleRefused("legacy-unknown", what=name, why="it has several inputs or outputs")
    shape = shapes[0][1:]
    if len(shape) != 3 or None in shape or shape[2] not in (1, 3):
        why = f"its input is {' × '.join(str(side) for side in shape)}, not pixels of a fixed size in 1 or 3 channels"
        raise BundleRefused("legacy-unknown", what=name, why=why)
    return int(shape[0]), int(shape[1]), int(shape[2])


def _flat(model: Any) -> list[Any]:
    """The layers in Keras's order, those of a nested model in its place, inputs left out."""
    found = []
    for layer in model.layers:
        if hasattr(layer, "layers"):
            found += _flat(layer)
        elif _kind(layer) != "InputLayer":
            found.append(layer)
    return found


def _kind(layer: Any) -> str:
    return type(layer).__name__


def _head(layers: list[Any], name: str) -> tuple[list[dict[str, Any]], str]:
    """The rows of core.networks.heads, and how the network gives its answer."""
    rows: list[dict[str, Any]] = []
    for layer in layers:
        kind = _kind(layer)
        activation = _activation(layer)
        if kind in _POOLING:
            rows.append({"layer": _POOLING[kind]})
        elif kind == "Dense" and layer.use_bias:
            rows.append({"layer": "dense", "units": int(layer.units), "activation": activation})
        elif kind == "Dropout":
            rows.append({"layer": "dropout", "rate": float(layer.rate)})
        elif kind == "BatchNormalization":
            rows.append({"layer": "batch-normalisation"})
        elif kind in ("Activation", "ReLU", "Softmax") and rows and rows[-1].get("activation") == "linear":
            rows[-1]["activation"] = activation
        elif kind != "Activation" or activation != "linear":
            why = f"after its pooling it has a layer {kind}" + (" without bias" if kind == "Dense" else "")
            raise BundleRefused("legacy-unknown", what=name, why=why)
    while rows and rows[-1]["layer"] == "dropout":
        rows.pop()
    if not rows or rows[-1]["layer"] != "dense":
        raise BundleRefused("legacy-unknown", what=name, why="it does not end in a dense layer")
    ends, units = rows[-1]["activation"], rows[-1]["units"]
    if ends not in _ENDS or (ends == "sigmoid" and units != 1) or (ends == "softmax" and units == 1):
        why = f"it ends in {units} units with {ends}, which are no probabilities of classes that exclude each other"
        raise BundleRefused("legacy-unknown", what=name, why=why)
    for row in rows[:-1]:
        if row["layer"] == "dense" and row["activation"] not in ("linear", *DERIVATIVES):
            raise BundleRefused("legacy-unknown", what=name, why=f"its head has the activation {row['activation']}")
    rows[-1] = {"layer": "dense", "units": max(2, units)}
    return [{key: value for key, value in row.items() if value != "linear"} for row in rows], ends


def _activation(layer: Any) -> str:
    kind = _kind(layer)
    if kind == "Softmax":
        return "softmax"
    if kind == "ReLU":
        return {None: "relu", 6.0: "relu6"}.get(layer.max_value, "a bent ReLU")
    given = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return "silu" if given == "swish" else str(given)


def _built(architecture: dict[str, Any]) -> Member | None:
    try:
        if architecture["backbone"] in INVERTED:
            architecture["cut"] = "top"
        return build(architecture)
    except BundleRefused:
        return None


def _filled(member: Member, weighty: list[Any], ends: str) -> bool:
    """Give the member the network's weights, layer by layer; False, and nothing done, where one does not fit."""
    ours = [layer for layer in member.model.layers if layer.weights]
    if len(ours) != len(weighty):
        return False
    values = [[np.asarray(weight) for weight in layer.get_weights()] for layer in weighty]
    if values[-1][-1].shape == (1,) and ends in ("sigmoid", "linear"):
        kernel, bias = values[-1]
        values[-1] = [np.concatenate([np.zeros_like(kernel), kernel], 1), np.concatenate([np.zeros_like(bias), bias])]
    # In its own order first; where Keras orders branches otherwise than the file, the names tell which is which.
    by_name = {layer.name: found for layer, found in zip(weighty, values, strict=True)}
    for order in (values, [by_name.get(layer.name, values[-1]) for layer in ours[:-1]] + values[-1:]):
        shapes = [[tuple(weight.shape) for weight in layer.weights] for layer in ours]
        if shapes == [[value.shape for value in found] for found in order]:
            for layer, found in zip(ours, order, strict=True):
                layer.set_weights(found)
            return True
    return False


def _prove(model: Any, found: Matched, name: str) -> None:
    images = check_images(found.member)
    theirs = probabilities(np.asarray(model.predict_on_batch(images)), found.ends)
    ours = softmax(np.asarray(found.member.model.predict_on_batch(images), np.float64))
    worst = float(np.abs(theirs - ours).max())
    if not worst <= LIMIT:  # also when a probability is not a number
        raise BundleRefused("legacy-differs", what=name, present=f"{worst:.2g}", limit=LIMIT)
