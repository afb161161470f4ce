"""The convolutional part of a member, built from a table: EfficientNet-Lite0 to 2 and a MobileNetV2 of ours.

Keras's published networks and those of the papers stand in modules of their own; here are their names. Both
families here are inverted residuals without squeeze-and-excitation: TensorFlow's `same` padding, batch
normalisation with epsilon 1e-3, ReLU6. A backbone can be cut after its stem, after any stage, or left whole.
Sources: Tan & Le 2019 (EfficientNet) and TensorFlow's own Lite variants; Sandler et al. 2018 (MobileNetV2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import BundleRefused
from core.networks import applications, papers
from core.networks.backend import keras

Architecture = Mapping[str, Any]
BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True, slots=True)
class Stage:
    """Inverted residual blocks of one resolution; only the first of them has the stride."""

    kernel: int
    expansion: int
    channels: int
    stride: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole network of such stages, widths and repeats already scaled."""

    stem: int
    stages: tuple[Stage, ...]
    top: int


def cuts(backbone: str) -> tuple[str, ...]:
    """Where one of INVERTED may be cut, from the finest features to the whole network; () for all other backbones,
    which end with the layer that is named, if the whole network passes through it."""
    if backbone not in INVERTED:
        return ()
    return ("stem", *(f"stage{number + 1}" for number in range(7)), "top")


def features(pixels: Any, architecture: Architecture) -> Any:
    """The feature maps (n, h, w, k) that the architecture's backbone gives for an input tensor.

    Refuses "architecture-unusable" for a backbone, cut, width or norms that is not in the table, or too small an input.
    """
    name = architecture.get("backbone")
    if not isinstance(name, str) or name not in BACKBONES:
        raise BundleRefused("architecture-unusable", what=f"there is no backbone {name!r}")
    norms = architecture.get("norms", False)
    if norms is not False and (norms is not True or name != "vgg16-3x3"):
        raise BundleRefused("architecture-unusable", what=f"{name} cannot have norms {norms!r}")
    cut = architecture.get("cut")
    if name in INVERTED:
        cut = cut or "top"
        if cut not in cuts(name):
            raise BundleRefused("architecture-unusable", what=f"{name} cannot be cut at {cut!r}")
        return INVERTED[name](pixels, cut, architecture)
    side = _smallest(name)
    if min(pixels.shape[1:3]) < side:
        raise BundleRefused("architecture-unusable", what=f"{name} needs at least {side} × {side} pixels")
    if name in applications.APPLICATIONS:
        return applications.features(pixels, name, cut)
    return papers.features(pixels, name, cut, norms=norms)


def _smallest(backbone: str) -> int:
    if backbone in applications.APPLICATIONS:
        return applications.APPLICATIONS[backbone].smallest
    return papers.SMALLEST.get(backbone, 32)


def block_names(plan: Plan) -> list[tuple[str, bool]]:
    """The name of every block in order, and whether it expands: what the start weights are carried along."""
    names = []
    for number, stage in enumerate(plan.stages, 1):
        names += [(f"stage{number}_block{repeat + 1}", stage.expansion != 1) for repeat in range(stage.repeats)]
    return names


def lite_plan(size: int) -> Plan:
    """EfficientNet-Lite `size`: stem, top and the repeats of the first and last stage are not scaled."""
    width, depth = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}[size]
    last = len(_LITE) - 1
    return Plan(
        stem=32,
        stages=tuple(
            Stage(
                stage.kernel,
                stage.expansion,
                _rounded(stage.channels, width),
                stage.stride,
                stage.repeats if index in (0, last) else math.ceil(depth * stage.repeats),
            )
            for index, stage in enumerate(_LITE)
        ),
        top=1280,
    )


def mobile_plan(width: float) -> Plan:
    """MobileNetV2 with every channel number times `width`; the top keeps 1280, as published."""
    stages = (Stage(s.kernel, s.expansion, _rounded(s.channels, width), s.stride, s.repeats) for s in _MOBILE)
    return Plan(_rounded(32, width), tuple(stages), 1280)


_LITE = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 6, 24, 2, 2),
    Stage(5, 6, 40, 2, 2),
    Stage(3, 6, 80, 2, 3),
    Stage(5, 6, 112, 1, 3),
    Stage(5, 6, 192, 2, 4),
    Stage(3, 6, 320, 1, 1),
)
_MOBILE = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 6, 24, 2, 2),
    Stage(3, 6, 32, 2, 3),
    Stage(3, 6, 64, 2, 4),
    Stage(3, 6, 96, 1, 3),
    Stage(3, 6, 160, 2, 3),
    Stage(3, 6, 320, 1, 1),
)


def _rounded(channels: int, width: float) -> int:
    """Scaled to the nearest multiple of 8, never more than a tenth below."""
    scaled = channels * width
    nearest = max(8, int(scaled + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * scaled else nearest


def _lite(size: int) -> Callable[[Any, str, Architecture], Any]:
    return lambda pixels, cut, architecture: _inverted_residuals(pixels, cut, lite_plan(size))


def _mobile(pixels: Any, cut: str, architecture: Architecture) -> Any:
    width = architecture.get("width", 1.0)
    if not isinstance(width, int | float) or not 0.1 <= width <= 2:
        raise BundleRefused("architecture-unusable", what=f"mobilenetv2 cannot have the width {width!r}")
    return _inverted_residuals(pixels, cut, mobile_plan(float(width)))


# One row a backbone: (input tensor, cut, architecture) → feature maps.
INVERTED: dict[str, Callable[[Any, str, Architecture], Any]] = {
    "efficientnet-lite0": _lite(0),
    "efficientnet-lite1": _lite(1),
    "efficientnet-lite2": _lite(2),
    "mobilenetv2": _mobile,
}
BACKBONES = (*INVERTED, *applications.APPLICATIONS, *papers.BLOCKS)


def _inverted_residuals(x: Any, cut: str, plan: Plan) -> Any:
    layers = keras().layers
    x = _normalised(layers.Conv2D(plan.stem, 3, 2, "same", use_bias=False, name="stem_conv")(x), "stem", relu6=True)
    if cut == "stem":
        return x
    for number, stage in enumerate(plan.stages, 1):
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _block(x, stage, stride, f"stage{number}_block{repeat + 1}")
        if cut == f"stage{number}":
            return x
    return _normalised(layers.Conv2D(plan.top, 1, use_bias=False, name="top_conv")(x), "top", relu6=True)


def _block(x: Any, stage: Stage, stride: int, name: str) -> Any:
    """Expand, filter each channel, project without an activation; add the input where the shapes agree."""
    layers = keras().layers
    entering, channels = x, x.shape[-1]
    if stage.expansion != 1:
        x = layers.Conv2D(channels * stage.expansion, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _normalised(x, f"{name}_expand", relu6=True)
    x = layers.DepthwiseConv2D(stage.kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _normalised(x, f"{name}_depthwise", relu6=True)
    x = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _normalised(x, f"{name}_project", relu6=False)
    if stride == 1 and channels == stage.channels:
        x = layers.Add(name=f"{name}_add")([entering, x])
    return x


def _normalised(x: Any, name: str, *, relu6: bool) -> Any:
    layers = keras().layers
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_norm")(x)
    return layers.Activation("relu6", name=f"{name}_relu6")(x) if relu6 else x
