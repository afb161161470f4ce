"""Where a cell of a feature map lies in the network's input: strides and paddings, added up along the graph.

With TensorFlow's `same` padding the centre of a stride-32 cell lies up to 16 pixels from 32·(i + ½), and an
odd input size moves it the other way; so the place is computed for the very input size (design.md section 4).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.imaging.geometry import Affine
from core.networks.applications import inputs_of

# (stride, offset): a coordinate c of this tensor lies at stride·c + offset in the input; rows, then columns.
_Axis = tuple[float, float]
_Place = tuple[_Axis, _Axis]


def cell_to_square(model: Any, feature_maps: Any) -> Affine:
    """The affine from continuous (row, column) of a feature map's cells to continuous input pixels.

    model: a flat functional Keras model with one input (n, rows, columns, channels) of known size.
    feature_maps: a tensor of that model. Cell i covers [i, i+1); its centre goes to the centre of what it sees.
    Raises ValueError for a layer between them whose geometry is not known here.
    """
    places: dict[int, _Place] = {id(model.inputs[0]): ((1.0, 0.0), (1.0, 0.0))}
    for layer in model.layers:
        entering = inputs_of(layer)
        if id(layer.output) not in places:
            places[id(layer.output)] = _through(layer, [(places[id(t)], tuple(t.shape[1:3])) for t in entering])
        if layer.output is feature_maps:
            (row_stride, row_offset), (column_stride, column_offset) = places[id(layer.output)]
            return np.array([[row_stride, 0, row_offset], [0, column_stride, column_offset], [0, 0, 1]], np.float64)
    raise ValueError("the feature maps are not a tensor of this model")


def _through(layer: Any, entering: list[tuple[_Place, tuple[int, int]]]) -> _Place:
    kind = type(layer).__name__
    if kind in _SAME_PLACE:
        # Where branches meet (a sum, a concatenation), their centres may differ by half a cell: take the middle.
        rows, columns = ([place[axis] for place, _size in entering] for axis in (0, 1))
        return _middle(rows), _middle(columns)
    place, size = entering[0]
    if kind == "ZeroPadding2D":
        (top, _bottom), (left, _right) = layer.padding
        return _step(place[0], 1, -top), _step(place[1], 1, -left)
    if kind in _CONVOLUTIONS:
        windows = zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    elif kind in _POOLINGS:
        windows = zip(layer.pool_size, layer.strides, (1, 1), strict=True)
    else:
        raise ValueError(f"where a cell lies after a layer {kind} is not known")
    row, column = (
        _step(axis, stride, _offset(length, (kernel - 1) * dilation + 1, stride, layer.padding))
        for axis, length, (kernel, stride, dilation) in zip(place, size, windows, strict=True)
    )
    return row, column


def _offset(length: int, kernel: int, stride: int, padding: str) -> float:
    """How far the centre of a window lies from the centre of the stride·[i, i+1) that it stands for."""
    before = 0
    if padding == "same":
        before = max((-(-length // stride) - 1) * stride + kernel - length, 0) // 2
    return (kernel - stride) / 2 - before


def _step(axis: _Axis, stride: float, offset: float) -> _Axis:
    return axis[0] * stride, axis[0] * offset + axis[1]


def _middle(axes: list[_Axis]) -> _Axis:
    strides = {stride for stride, _offset in axes}
    if len(strides) != 1:
        raise ValueError(f"branches of strides {sorted(strides)} meet")
    return axes[0][0], sum(offset for _stride, offset in axes) / len(axes)


_SAME_PLACE = {
    "Add",
    "Concatenate",
    "BatchNormalization",
    "Activation",
    "ReLU",
    "Dropout",
    "Rescaling",
    "Normalization",
    "CustomScaleLayer",  # InceptionResNetV2's: one branch plus a share of the other
}
_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D"}
_POOLINGS = {"MaxPooling2D", "AveragePooling2D"}
