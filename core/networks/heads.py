"""The part of a member after its feature maps, as data, and its class maps in closed form.

A head is a list of rows such as {"layer": "dense", "units": 64, "activation": "relu"}; the last one is a dense
layer without activation, whose units are the classes' logits. The class maps are Grad-CAM on the logits, with
their sign, all classes at once, without a gradient tape: for these heads the gradient is a short product of
matrices (docs/engines.md). They are ordinary Keras operations, so they survive the conversion to OpenVINO.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import BundleRefused
from core.networks.backend import keras

MOST_UNITS = 8192


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of a built head: its Keras layer, the shape that enters it, and z before its activation."""

    kind: str
    layer: Any
    entering: tuple[int, ...]
    activation: str = "linear"
    before_activation: Any = None


@dataclass(frozen=True, slots=True)
class Head:
    logits: Any
    steps: tuple[Step, ...]

    @property
    def layers(self) -> tuple[Any, ...]:
        return tuple(step.layer for step in self.steps)


def build_head(feature_maps: Any, head: Any) -> Head:
    """Put a head on feature maps (n, h, w, k); its logits are (n, classes). head: the list of its rows.

    Refuses "architecture-unusable" for what is not in the table, for more or fewer than one pooling or flatten
    layer, for a dense layer before it, and for a last layer that is not dense and linear.
    """
    rows = list(head) if isinstance(head, list | tuple) else []
    if not all(isinstance(row, Mapping) for row in rows):
        raise BundleRefused("architecture-unusable", what="a head is a list of its layers")
    if not rows or rows[-1].get("layer") != "dense" or rows[-1].get("activation", "linear") != "linear":
        raise BundleRefused("architecture-unusable", what="a head ends in a dense layer without activation")
    x = feature_maps
    steps = []
    for number, row in enumerate(rows):
        kind = row.get("layer")
        if not isinstance(kind, str) or kind not in _LAYERS:
            raise BundleRefused("architecture-unusable", what=f"there is no head layer {kind!r}")
        flat = len(x.shape) == 2
        if (flat and kind in _POOLING) or (kind == "dense" and not flat):
            raise BundleRefused(
                "architecture-unusable", what=f"the head layer {kind} cannot stand at place {number + 1}"
            )
        x, step = _LAYERS[kind](x, row, f"head{number + 1}_{kind.replace('-', '_')}")
        steps.append(step)
    return Head(x, tuple(steps))


def class_maps(feature_maps: Any, head: Head) -> Any:
    """Signed class maps (n, classes, h, w) of the logits, from feature maps (n, h, w, k) and their head.

    map[c] = Σ_k α[c, k]·A[…, k], α the mean over all cells of ∂logit[c]/∂A: Grad-CAM before its ReLU
    (Selvaraju et al. 2017), exact for every head that `build_head` accepts.
    """
    bent = [step for step in head.steps if step.before_activation is not None]
    # A Lambda keeps its hands off the head's layers: a layer that held them would save their weights twice.
    maps = keras().layers.Lambda(lambda tensors: _maps(tensors[0], head.steps, tensors[1:]), name="class_maps")
    return maps([feature_maps, *(step.before_activation for step in bent)])


def _maps(feature_maps: Any, steps: Sequence[Step], before_activation: Sequence[Any]) -> Any:
    ops = keras().ops
    _n, height, width, channels = feature_maps.shape
    waiting = list(before_activation)
    weights = ops.expand_dims(ops.transpose(ops.convert_to_tensor(steps[-1].layer.kernel)), 0)  # (1, classes, units)
    for step in reversed(steps[:-1]):
        if step.before_activation is not None:
            weights = weights * ops.expand_dims(DERIVATIVES[step.activation](waiting.pop()), 1)
        if step.kind == "dense":
            weights = ops.matmul(weights, ops.transpose(ops.convert_to_tensor(step.layer.kernel)))
        elif step.kind == "batch-normalisation":
            layer = step.layer
            weights = weights * (layer.gamma * ops.rsqrt(layer.moving_variance + layer.epsilon))
        elif step.kind == "flatten":
            weights = ops.mean(ops.reshape(weights, (-1, weights.shape[1], height * width, channels)), axis=2)
        elif step.kind in _POOLING:
            # Average: each cell's share. Maximum: one cell has it all, the mean over the cells is the same.
            weights = weights / (height * width)
    cells = ops.reshape(feature_maps, (-1, height * width, channels))
    maps = ops.matmul(cells, ops.transpose(weights, (0, 2, 1)))
    return ops.transpose(ops.reshape(maps, (-1, height, width, weights.shape[1])), (0, 3, 1, 2))


def _ones_where(condition: Any) -> Any:
    return keras().ops.cast(condition, "float32")


def _of_relu6(z: Any) -> Any:
    return _ones_where(z > 0) * _ones_where(z < 6)


def _of_sigmoid(z: Any) -> Any:
    value = keras().ops.sigmoid(z)
    return value * (1 - value)


def _of_silu(z: Any) -> Any:
    value = keras().ops.sigmoid(z)
    return value * (1 + z * (1 - value))


# f'(z) of every activation that a head may use.
DERIVATIVES: dict[str, Callable[[Any], Any]] = {
    "relu": lambda z: _ones_where(z > 0),
    "relu6": _of_relu6,
    "sigmoid": _of_sigmoid,
    "tanh": lambda z: 1 - keras().ops.square(keras().ops.tanh(z)),
    "silu": _of_silu,
}

_Row = Mapping[str, Any]


def _dense(x: Any, row: _Row, name: str) -> tuple[Any, Step]:
    units, activation = row.get("units"), row.get("activation", "linear")
    if not isinstance(units, int) or not 1 <= units <= MOST_UNITS:
        raise BundleRefused("architecture-unusable", what=f"a dense layer cannot have {units!r} units")
    layer = keras().layers.Dense(units, name=name)
    z = layer(x)
    if activation == "linear":
        return z, Step("dense", layer, tuple(x.shape[1:]))
    if activation not in DERIVATIVES:
        raise BundleRefused("architecture-unusable", what=f"there is no activation {activation!r}")
    bent = keras().layers.Activation(activation, name=f"{name}_{activation}")(z)
    return bent, Step("dense", layer, tuple(x.shape[1:]), activation, z)


def _dropout(x: Any, row: _Row, name: str) -> tuple[Any, Step]:
    rate = row.get("rate")
    if not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise BundleRefused("architecture-unusable", what=f"a dropout layer cannot have the rate {rate!r}")
    layer = keras().layers.Dropout(rate, name=name)
    return layer(x), Step("dropout", layer, tuple(x.shape[1:]))


def _plain(kind: str, make: Callable[[str], Any]) -> Callable[[Any, _Row, str], tuple[Any, Step]]:
    def build(x: Any, row: _Row, name: str) -> tuple[Any, Step]:
        layer = make(name)
        return layer(x), Step(kind, layer, tuple(x.shape[1:]))

    return build


_POOLING = {"global-average-pooling", "global-max-pooling", "flatten"}
_LAYERS: dict[str, Callable[[Any, _Row, str], tuple[Any, Step]]] = {
    "dense": _dense,
    "dropout": _dropout,
    "flatten": _plain("flatten", lambda name: keras().layers.Flatten(name=name)),
    "global-average-pooling": _plain(
        "global-average-pooling", lambda name: keras().layers.GlobalAveragePooling2D(name=name)
    ),
    "global-max-pooling": _plain("global-max-pooling", lambda name: keras().layers.GlobalMaxPooling2D(name=name)),
    "batch-normalisation": _plain(
        "batch-normalisation", lambda name: keras().layers.BatchNormalization(epsilon=1e-3, name=name)
    ),
}
