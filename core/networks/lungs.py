"""A mask head: from a backbone's feature maps back to a finer grid, one logit of "lung" a cell.

The decoder is that of a U-Net (Ronneberger et al. 2015) out of separable convolutions, on a backbone cut at stride 16:
what lies deep is enlarged twofold and joined with what the backbone had at that size, until half the input's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import BundleRefused
from core.networks.backbones import BATCH_NORM_EPSILON, Architecture
from core.networks.backend import keras

STRIDE = 2  # input pixels a cell of the mask
_DEEPEST = 16
_MOST_CHANNELS = 512


@dataclass(frozen=True, slots=True)
class MaskHead:
    """maps: (n, 1, rows / 2, columns / 2), logits of "this is lung"; summary: (n, 1), their mean, so that a member of
    kind "lungs" answers in the same form as every other."""

    maps: Any
    summary: Any
    layers: tuple[Any, ...]


def build_mask(pixels: Any, feature_maps: Any, architecture: Architecture) -> MaskHead:
    """Put the mask head on a backbone's feature maps (n, rows / 16, columns / 16, k).

    architecture: "mask": {"context": channels at the bottom, "channels": three numbers, from coarse to fine}; sides
    are multiples of 16. Refuses "architecture-unusable" (BundleRefused).
    """
    layers, models = keras().layers, keras().models
    context, channels = _plan(architecture)
    backbone = models.Model(pixels, feature_maps)
    rows, columns = pixels.shape[1:3]
    if rows % _DEEPEST or columns % _DEEPEST or feature_maps.shape[1:3] != (rows // _DEEPEST, columns // _DEEPEST):
        raise BundleRefused("architecture-unusable", what="a mask needs a backbone cut at stride 16")
    known = {id(layer) for layer in backbone.layers}
    x = _context(feature_maps, context)
    for number, width in enumerate(channels):
        stride = _DEEPEST >> (number + 1)
        finer = _last_at(backbone, rows // stride, columns // stride)
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"mask_up{number + 1}")(x)
        side = _normalised(
            layers.Conv2D(width // 2, 1, use_bias=False, name=f"mask_side{number + 1}_conv")(finer),
            f"mask_side{number + 1}",
        )
        x = layers.Concatenate(name=f"mask_join{number + 1}")([x, side])
        x = _separable(x, width, f"mask_up{number + 1}a")
        if stride > STRIDE:  # at the finest size a second one costs as much as all before it
            x = _separable(x, width, f"mask_up{number + 1}b")
    x = layers.Conv2D(1, 3, padding="same", name="mask_conv")(x)
    maps = layers.Permute((3, 1, 2), name="maps")(x)
    summary = layers.GlobalAveragePooling2D(name="logits")(x)
    added = tuple(layer for layer in models.Model(pixels, maps).layers if id(layer) not in known)
    return MaskHead(maps, summary, added)


def _plan(architecture: Architecture) -> tuple[int, tuple[int, ...]]:
    plan = architecture.get("mask")
    plan = plan if isinstance(plan, Mapping) else {}
    context, channels = plan.get("context"), plan.get("channels")
    numbers = [context, *channels] if isinstance(channels, list | tuple) and len(channels) == 3 else []
    if not numbers or not all(isinstance(one, int) and 2 <= one <= _MOST_CHANNELS for one in numbers):
        raise BundleRefused("architecture-unusable", what="mask is a context and three channels, each 2 … 512")
    return int(numbers[0]), tuple(int(one) for one in numbers[1:])


def _context(x: Any, channels: int) -> Any:
    """Look further around, then at the whole film: which side is a lung is not to be seen in a small part of it."""
    layers = keras().layers
    x = _separable(x, channels, "mask_context1", kernel=5)
    x = layers.Add(name="mask_context2_add")([x, _separable(x, channels, "mask_context2", kernel=5)])
    whole = layers.GlobalAveragePooling2D(keepdims=True, name="mask_whole")(x)
    return layers.Add(name="mask_whole_add")([x, layers.Conv2D(channels, 1, name="mask_whole_conv")(whole)])


def _last_at(backbone: Any, rows: int, columns: int) -> Any:
    """The backbone's last tensor of this size."""
    found = [layer.output for layer in backbone.layers if tuple(layer.output.shape[1:3]) == (rows, columns)]
    if not found:
        raise BundleRefused("architecture-unusable", what="a mask needs a backbone with every stride of 2, 4 and 8")
    return found[-1]


def _separable(x: Any, channels: int, name: str, kernel: int = 3) -> Any:
    layers = keras().layers
    x = layers.DepthwiseConv2D(kernel, padding="same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _normalised(layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv")(x), name)
    return layers.Activation("relu6", name=f"{name}_relu6")(x)


def _normalised(x: Any, name: str) -> Any:
    return keras().layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_norm")(x)
