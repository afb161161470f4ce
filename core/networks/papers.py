"""Networks that the published systems C and D describe in words; what the words leave open is our assumption.

The dense layers that the papers have after these belong to a member's head.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.networks.applications import cut_after
from core.networks.backend import keras

# A pattern each that begins a block, as in core.networks.applications.
BLOCKS = {
    "alexnet-3x3": r"conv(\d)",
    "vgg16-3x3": r"block\d_",
    "resnet50-3x3": r"conv\d_block\d+_|conv1_",
    "small-cnn": r"conv(\d)",
}
# AlexNet's last maximum still has three cells to look at with so many pixels.
SMALLEST = {"alexnet-3x3": 53}


def features(pixels: Any, backbone: str, cut: str | None, *, norms: bool = False) -> Any:
    """The feature maps of one of BLOCKS for an input tensor (n, rows, columns, 1 or 3), random weights.

    cut: the name of the layer to end with; None keeps the whole network. norms: for vgg16-3x3.
    Refuses "architecture-unusable" for a cut that does not divide the network.
    """
    output = _vgg16(pixels, norms) if backbone == "vgg16-3x3" else _BUILDERS[backbone](pixels)
    return output if cut is None else cut_after(keras().models.Model(pixels, output), cut, backbone)


def _alexnet(x: Any) -> Any:
    """AlexNet's convolutional part with 3 × 3 kernels (paper D).

    ASSUMPTION: the paper says "AlexNet" and "3x3 kernels". Widths, pooling and activation are Krizhevsky's (2012);
    two convolutions of stride 2 replace his one of stride 4, which would skip pixels with so small a kernel. 224
    pixels give his 6 × 6 × 256.
    """
    layers = keras().layers
    for number, (filters, stride) in enumerate(((96, 2), (256, 2), (384, 1), (384, 1), (256, 1)), 1):
        x = layers.Conv2D(filters, 3, stride, "same", activation="relu", name=f"conv{number}")(x)
        if number in (1, 2, 5):
            x = layers.MaxPooling2D(3, 2, name=f"pool{number}")(x)
    return x


def _small_cnn(x: Any) -> Any:
    """The small network of paper C.

    ASSUMPTION: the paper shows it in a figure only, and neither code nor a description is published. Four times a
    3 × 3 convolution with 32, 64, 128 and 256 filters and a maximum over 2 × 2.
    """
    layers = keras().layers
    for number, filters in enumerate((32, 64, 128, 256), 1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    return x


def _vgg16(x: Any, norms: bool) -> Any:
    """VGG16's convolutional part (Simonyan & Zisserman 2015), layer by layer keras-vgg16's; its kernels are 3 × 3.

    norms: A CHANGE to what paper D names: batch normalisation after every convolution, without which Adam at 0.001
    may leave the network at chance.
    """
    layers = keras().layers
    for block, (filters, repeats) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
        for repeat in range(1, repeats + 1):
            name = f"block{block}_conv{repeat}"
            if norms:
                x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
                x = layers.BatchNormalization(name=f"{name}_bn")(x)
                x = layers.Activation("relu", name=f"{name}_relu")(x)
            else:
                x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return x


def _resnet50(x: Any) -> Any:
    """ResNet-50 (He et al. 2016), layer by layer keras-resnet50's but for its first kernel, 3 × 3 instead of 7 × 7.

    ASSUMPTION: paper D says "3x3 kernels"; all others in a ResNet-50 are 3 × 3 or 1 × 1 already.
    """
    layers = keras().layers
    x = layers.ZeroPadding2D(1, name="conv1_pad")(x)
    x = _normalised(layers.Conv2D(64, 3, 2, name="conv1_conv")(x), "conv1", relu="conv1_relu")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1_pool")(x)
    for stage, (filters, repeats) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 2):
        for block in range(1, repeats + 1):
            stride = 2 if block == 1 and stage > 2 else 1
            x = _residual(x, filters, stride, f"conv{stage}_block{block}", project=block == 1)
    return x


def _residual(x: Any, filters: int, stride: int, name: str, *, project: bool) -> Any:
    layers = keras().layers
    kept = _normalised(layers.Conv2D(4 * filters, 1, stride, name=f"{name}_0_conv")(x), f"{name}_0") if project else x
    x = _normalised(layers.Conv2D(filters, 1, stride, name=f"{name}_1_conv")(x), f"{name}_1", relu=f"{name}_1_relu")
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = _normalised(x, f"{name}_2", relu=f"{name}_2_relu")
    x = _normalised(layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x), f"{name}_3")
    return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([kept, x]))


def _normalised(x: Any, name: str, relu: str | None = None) -> Any:
    layers = keras().layers
    x = layers.BatchNormalization(epsilon=1.001e-5, name=f"{name}_bn")(x)
    return layers.Activation("relu", name=relu)(x) if relu else x


_BUILDERS: dict[str, Callable[[Any], Any]] = {
    "alexnet-3x3": _alexnet,
    "resnet50-3x3": _resnet50,
    "small-cnn": _small_cnn,
}
