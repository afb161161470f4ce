"""The part of a member after its feature maps, as data, and its class maps in closed form.

A head is a list of rows such as {"layer": "dense", "units": 64, "activation": "relu"}; the last one is a dense
layer without activation, whose units are the classes' logits. A dense layer may stand before the pooling (it sees
each cell alone), and may have "activity_l1" and "activity_l2", penalties on what it gives. The class maps are
Grad-CAM on the logits, with their sign, all classes at once, without a gradient tape: for these heads the gradient
is a short product of matrices (docs/engines.md). They are ordinary Keras operations, so they survive the conversion
to OpenVINO.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import BundleRefused
from core.networks.backend import keras

MOST_UNITS = 8192
LARGEST_PENALTY = 100.0


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of a built head: its Keras layer, the tensor that enters it, and z before its activation."""

    kind: str
    layer: Any
    entering: Any
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
    layer, and for a last layer that is not dense and linear.
    """
    rows = list(head) if isinstance(head, list | tuple) else []
    if not all(isinstance(row, Mapping) for row in rows):
        raise BundleRefused("architecture-unusable", what="a head is a list of its layers")
    if not rows or rows[-1].get("layer") != "dense" or rows[-1].get("activation", "linear") != "linear":
        raise BundleRefused("architecture-unusable", what="a head ends in a dense layer without activation")
    x = feature_maps
    steps = []
    for number, row in enumerate(rows, 1):
        kind = row.get("layer")
        if not isinstance(kind, str) or kind not in _LAYERS:
            raise BundleRefused("architecture-unusable", what=f"there is no head layer {kind!r}")
        settings, make = _LAYERS[kind]
        if unknown := set(row) - {"layer"} - settings:
            raise BundleRefused("architecture-unusable", what=f"the head layer {kind} has no {sorted(unknown)[0]!r}")
        if len(x.shape) == 2 and kind in _POOLING:
            raise BundleRefused("architecture-unusable", what=f"the head layer {kind} cannot stand at place {number}")
        # The penalty of the last layer is on its softmax, which the member itself does not compute.
        x, step = make(x, {**row, "last": number == len(rows)}, f"head{number}_{kind.replace('-', '_')}")
        steps.append(step)
    if len(x.shape) != 2:
        raise BundleRefused("architecture-unusable", what="a head needs a pooling or flatten layer")
    return Head(x, tuple(steps))


def class_maps(feature_maps: Any, head: Head) -> Any:
    """Signed class maps (n, classes, h, w) of the logits, from feature maps (n, h, w, k) and their head.

    map[c] = Σ_k α[c, k]·A[…, k], α the mean over all cells of ∂logit[c]/∂A: Grad-CAM before its ReLU
    (Selvaraju et al. 2017), exact for every head that `build_head` accepts.
    """
    seen = _seen(head.steps)
    # A Lambda keeps its hands off the head's layers: a layer that held them would save their weights twice.
    maps = keras().layers.Lambda(lambda tensors: _maps(tensors[0], head.steps, tensors[1:]), name="class_maps")
    return maps([feature_maps, *seen])


def _seen(steps: Sequence[Step]) -> list[Any]:
    """The tensors inside the head on which the gradient depends, in the head's order."""
    found = []
    bent = False  # before the pooling: then the cell that was the largest must be known
    for step in steps:
        if step.before_activation is not None:
            found.append(step.before_activation)
            bent = True
        elif step.kind == "global-max-pooling" and bent:
            found.append(step.entering)
    return found


def _maps(feature_maps: Any, steps: Sequence[Step], seen: Sequence[Any]) -> Any:
    ops = keras().ops
    _n, height, width, channels = feature_maps.shape
    cells = height * width
    waiting = list(seen)
    bent = sum(step.before_activation is not None for step in steps)
    # ∂logit/∂ what enters the layer at hand: (n or 1, classes, cells or 1, units). One cell stands for all that are
    # alike: after an average always; after a maximum because only the mean over the cells is asked for in the end.
    weights = ops.transpose(ops.convert_to_tensor(steps[-1].layer.kernel))[None, :, None, :]
    for step in reversed(steps[:-1]):
        if step.before_activation is not None:
            bent -= 1
            z = waiting.pop()
            weights = weights * ops.reshape(
                DERIVATIVES[step.activation](z), (-1, 1, math.prod(z.shape[1:-1]), z.shape[-1])
            )
        if step.kind == "dense":
            weights = ops.matmul(weights, ops.transpose(ops.convert_to_tensor(step.layer.kernel)))
        elif step.kind == "batch-normalisation":
            layer = step.layer
            weights = weights * (layer.gamma * ops.rsqrt(layer.moving_variance + layer.epsilon))
        elif step.kind == "flatten":
            weights = ops.reshape(weights, (-1, weights.shape[1], cells, step.entering.shape[-1]))
        elif step.kind == "global-max-pooling" and bent:
            weights = weights * _share_of_largest(waiting.pop(), cells)
        elif step.kind in _POOLING:
            # Average: each cell's share. Maximum: one cell has it all, the mean over the cells is the same.
            weights = weights / cells
    weights = ops.mean(weights, axis=2)
    maps = ops.matmul(ops.reshape(feature_maps, (-1, cells, channels)), ops.transpose(weights, (0, 2, 1)))
    return ops.transpose(ops.reshape(maps, (-1, height, width, weights.shape[1])), (0, 3, 1, 2))


def _share_of_largest(entering: Any, cells: int) -> Any:
    """Where the maximum of each channel lies, (n, 1, cells, units); equal ones share."""
    ops = keras().ops
    entering = ops.reshape(entering, (-1, 1, cells, entering.shape[-1]))
    largest = _ones_where(entering == ops.max(entering, axis=2, keepdims=True))
    return largest / ops.sum(largest, axis=2, keepdims=True)


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
    layers = keras().layers
    if activation == "linear":
        layer = layers.Dense(units, name=name, activity_regularizer=_penalty(row))
        z = layer(x)
        return z, Step("dense", layer, x)
    if activation not in DERIVATIVES:
        raise BundleRefused("architecture-unusable", what=f"there is no activation {activation!r}")
    layer = layers.Dense(units, name=name)
    z = layer(x)
    bend = layers.Activation(activation, name=f"{name}_{activation}", activity_regularizer=_penalty(row))
    return bend(z), Step("dense", layer, x, activation, z)


def _penalty(row: _Row) -> Callable[[Any], Any] | None:
    """Σ l1·|a| + l2·a² over what a dense layer gives, by default nothing; Keras divides it by the batch's size.

    On the classes' layer a is the softmax of the logits, as where a network ends in one (of a single logit the two
    probabilities). Its l1 part is then a constant.
    """
    l1, l2 = (row.get(f"activity_{kind}", 0.0) for kind in ("l1", "l2"))
    if not all(isinstance(factor, int | float) and 0 <= factor <= LARGEST_PENALTY for factor in (l1, l2)):
        raise BundleRefused("architecture-unusable", what=f"an activity regulariser of {l1!r} and {l2!r}")
    if not l1 and not l2:
        return None

    def penalty(values: Any) -> Any:
        ops = keras().ops
        values = ops.cast(values, "float32")
        if row["last"]:
            if values.shape[-1] == 1:
                values = ops.concatenate([ops.zeros_like(values), values], axis=-1)
            values = ops.softmax(values)
        return l1 * ops.sum(ops.abs(values)) + l2 * ops.sum(ops.square(values))

    return penalty


def _dropout(x: Any, row: _Row, name: str) -> tuple[Any, Step]:
    rate = row.get("rate")
    if not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise BundleRefused("architecture-unusable", what=f"a dropout layer cannot have the rate {rate!r}")
    layer = keras().layers.Dropout(rate, name=name)
    return layer(x), Step("dropout", layer, x)


def _plain(kind: str, make: Callable[[str], Any]) -> Callable[[Any, _Row, str], tuple[Any, Step]]:
    def build(x: Any, row: _Row, name: str) -> tuple[Any, Step]:
        layer = make(name)
        return layer(x), Step(kind, layer, x)

    return build


_POOLING = {"global-average-pooling", "global-max-pooling", "flatten"}
# For each kind of row: the settings it may have, and what builds it.
_LAYERS: dict[str, tuple[set[str], Callable[[Any, _Row, str], tuple[Any, Step]]]] = {
    "dense": ({"units", "activation", "activity_l1", "activity_l2"}, _dense),
    "dropout": ({"rate"}, _dropout),
    "flatten": (set(), _plain("flatten", lambda name: keras().layers.Flatten(name=name))),
    "global-average-pooling": (
        set(),
        _plain("global-average-pooling", lambda name: keras().layers.GlobalAveragePooling2D(name=name)),
    ),
    "global-max-pooling": (
        set(),
        _plain("global-max-pooling", lambda name: keras().layers.GlobalMaxPooling2D(name=name)),
    ),
    "batch-normalisation": (
        set(),
        _plain("batch-normalisation", lambda name: keras().layers.BatchNormalization(epsilon=1e-3, name=name)),
    ),
}
