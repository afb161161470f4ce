"""Class maps as colour on a film: the only place where negative values are dropped.

The window, `--maps` and `demo` draw with this one table; the colours mean the same everywhere.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import Affine, inverse

Bytes = NDArray[np.uint8]
_STRONGEST_ALPHA = 0.62
_FULL_FROM = 0.5


@cache
def colours() -> Bytes:
    """256 sRGB colours, (256, 3), from violet over red to pale yellow, in even steps of lightness.

    Computed in Oklab (Ottosson 2020), so that equal steps of a map look equal, also to colour-blind readers and
    in a grey print.
    """
    t = np.linspace(0, 1, 256)
    lightness = 0.42 + 0.53 * t
    hue = np.radians(-55 + 160 * t)
    chroma = 0.19 * np.sin(np.pi * (0.12 + 0.7 * t)) ** 0.8
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    roots = np.stack([lightness, a, b], 1) @ _OKLAB_TO_ROOTS.T
    linear = np.clip((roots**3) @ _CONES_TO_RGB.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    table: Bytes = np.round(encoded * 255).astype(np.uint8)
    table.flags.writeable = False
    return table


_OKLAB_TO_ROOTS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_CONES_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def spread_over(values: NDArray[np.float32], grid_to_picture: Affine, shape: tuple[int, int]) -> NDArray[np.float32]:
    """One map (rows, columns) at the size of a picture, linear between the centres of its cells; 0 beyond its grid."""
    rows, columns = shape
    # OpenCV speaks (x, y) and puts 0 at the middle of the first pixel.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    swap = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])
    picture_to_grid = swap @ inverse(half) @ inverse(grid_to_picture) @ half @ swap
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(
        values.astype(np.float32), picture_to_grid[:2], (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    inside = np.ones(values.shape, np.uint8)
    covered = cv2.warpAffine(
        inside, picture_to_grid[:2], (columns, rows), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    result: NDArray[np.float32] = np.where(covered > 0, drawn, np.float32(0))
    return result


def painted(values: NDArray[np.float32], strength: float = 1.0) -> Bytes:
    """RGBA (rows, columns, 4), not premultiplied: transparent at 0 and below, the strongest colour from 1 on."""
    positive = np.clip(values, 0, 1)
    rgba = np.empty((*values.shape, 4), np.uint8)
    rgba[..., :3] = colours()[np.round(positive * 255).astype(np.uint8)]
    alpha = np.clip(positive / _FULL_FROM, 0, 1) * (_STRONGEST_ALPHA * strength)
    rgba[..., 3] = np.round(alpha * 255).astype(np.uint8)
    return rgba


def overlaid(film: Bytes, rgba: Bytes) -> Bytes:
    """A grey film (rows, columns) with the colours on it: RGB (rows, columns, 3)."""
    alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
    blended = film[..., None].astype(np.float32) * (1 - alpha) + rgba[..., :3].astype(np.float32) * alpha
    return np.round(blended).astype(np.uint8)
