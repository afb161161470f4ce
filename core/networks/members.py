"""One network of an ensemble, built from plain data: what it is trained with, and what it is asked with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import BundleRefused
from core.imaging.geometry import Affine, scaling
from core.networks import backbones, heads, lungs
from core.networks.backbones import Architecture
from core.networks.backend import keras
from core.networks.placement import cell_to_square

SMALLEST_SIDE, LARGEST_SIDE = 32, 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A built member; its three models share their weights.

    model: (n, rows, columns, channels) → logits (n, classes); this one is trained and saved.
    features: the same → (n, k), the feature maps' mean over all cells; what a linear probe and novelty use.
    with_maps: the same → {"logits": (n, classes), "features": (n, k), "maps": (n, classes, h, w) with their sign}.
    head: the Keras layers after the feature maps that do something, in order (activations stand apart).
    layers: the backbone's layers as Keras orders them; the input is layer 0 (what a cut-off counts).
    cell_to_square: continuous (row, column) of a map's cell → continuous pixels of the network's input.
    """

    architecture: Architecture
    model: Any
    features: Any
    with_maps: Any
    head: tuple[Any, ...]
    layers: tuple[Any, ...]
    cell_to_square: Affine

    @property
    def classes(self) -> int:
        return int(self.model.output.shape[1])

    @property
    def parameters(self) -> int:
        return int(self.model.count_params())


def build(architecture: Architecture) -> Member:
    """The member that the data describe, with random weights (see core.networks.start).

    architecture: {"backbone": "efficientnet-lite0", "cut": "stage5", "input": [rows, columns, channels],
    "head": [rows of core.networks.heads]}; "cut" may be left out, "width" belongs to mobilenetv2, "norms" to
    vgg16-3x3. With "mask" (core.networks.lungs) in place of "head", `model` gives (n, 1, rows / 2, columns / 2)
    logits of a mask.
    Refuses "architecture-unusable" (BundleRefused).
    """
    layers, models = keras().layers, keras().models
    pixels = layers.Input(_input_shape(architecture), name="pixels")
    feature_maps = backbones.features(pixels, architecture)
    pooled = layers.GlobalAveragePooling2D(name="features")(feature_maps)
    if "mask" in architecture:
        return _mask_member(architecture, pixels, feature_maps, pooled)
    # The pooling is the last layer of this model.
    features = models.Model(pixels, pooled, name="member_features")
    head = heads.build_head(feature_maps, architecture.get("head"))
    model = models.Model(pixels, head.logits, name="member")
    maps = heads.class_maps(feature_maps, head)
    return Member(
        architecture=architecture,
        model=model,
        features=features,
        with_maps=models.Model(
            pixels, {"logits": head.logits, "features": pooled, "maps": maps}, name="member_with_maps"
        ),
        head=head.layers,
        layers=tuple(features.layers[:-1]),
        cell_to_square=cell_to_square(model, feature_maps),
    )


def _mask_member(architecture: Architecture, pixels: Any, feature_maps: Any, pooled: Any) -> Member:
    """A member that finds where something is: what it is trained for are its maps, one logit a cell."""
    models = keras().models
    mask = lungs.build_mask(pixels, feature_maps, architecture)
    features = models.Model(pixels, pooled, name="member_features")
    return Member(
        architecture=architecture,
        model=models.Model(pixels, mask.maps, name="member"),
        features=features,
        with_maps=models.Model(
            pixels, {"logits": mask.summary, "features": pooled, "maps": mask.maps}, name="member_with_maps"
        ),
        head=mask.layers,
        layers=tuple(features.layers[:-1]),
        # Its targets lie cell by cell on the input's own grid, whatever the backbone's cells see.
        cell_to_square=scaling(lungs.STRIDE, lungs.STRIDE),
    )


def _input_shape(architecture: Architecture) -> tuple[int, int, int]:
    shape = architecture.get("input")
    if not isinstance(shape, list | tuple) or len(shape) != 3 or not all(isinstance(side, int) for side in shape):
        raise BundleRefused("architecture-unusable", what="input is [rows, columns, channels]")
    rows, columns, channels = shape
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (rows, columns)) or channels not in (1, 3):
        raise BundleRefused("architecture-unusable", what=f"an input of {rows} × {columns} × {channels}")
    return rows, columns, channels
