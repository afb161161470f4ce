"""What a network sees: settle (the same for all bundles), then fit (the bundle's own steps).

One implementation serves training, screening, the window and the tests: same bytes in, same floats out.
Every step has a name and a version; a bundle states both, so that an old bundle keeps its old steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import BundleRefused
from core.imaging.geometry import MIRROR, Affine, clockwise, inverse, moved, scaling, shift
from core.imaging.radiograph import Radiograph

SETTLED_SIDE = 512
SETTLE_VERSION = 1
_LEAST_FRAME = 8  # pixels; a smaller frame is no pair of lungs
_ROUNDING = 1e-6

Step = Mapping[str, Any]
Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""Where both lungs lie: top, left, bottom, right; continuous (row, column) of the settled film."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a user declares about a picture; it is stored in the result. turned: degrees clockwise to apply."""

    negative: bool = False
    turned: int = 0
    mirrored: bool = False

    def __bool__(self) -> bool:
        return self.negative or self.mirrored or self.turned != 0


@dataclass(frozen=True, slots=True)
class Settled:
    """A film put upright, square in its pixels, at most 512 on its longest side, in uint16, bone white."""

    pixels: NDArray[np.uint16]
    settled_to_stored: Affine
    masked_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network's input: (rows, columns, channels) float32, and where it lies in the settled film."""

    pixels: Floats
    fitted_to_settled: Affine = field(default_factory=lambda: np.eye(3))


def settle(radiograph: Radiograph, corrections: Corrections | None = None) -> Settled:
    """Bring a radiograph into the form that training caches and every bundle starts from.

    Takes the file's own default display at float precision, never the user's window (PS3.4 N.2; design.md
    section 2). Padding and what lies outside a shutter become the minimum, also in a declared negative.
    """
    corrections = corrections or Corrections()
    film = radiograph.display_float()
    if corrections.negative:
        film = 1.0 - film
    masked = radiograph.masked
    if masked is not None:
        film = np.where(masked, np.float32(0), film)
    share = float(masked.mean()) if masked is not None else 0.0

    to_stored = radiograph.upright.turned_to_original(film.shape)
    film = radiograph.upright.apply(film)
    aspect = radiograph.pixel_aspect
    if radiograph.upright.transpose:
        aspect = 1 / aspect

    # The declared turn is the reader's, on the upright film.
    turn = clockwise(corrections.turned)
    if corrections.mirrored:
        turn = turn.then(MIRROR)
    to_stored = to_stored @ turn.turned_to_original(film.shape)
    film = turn.apply(film)
    if turn.transpose:
        aspect = 1 / aspect

    rows, columns = film.shape
    height, width = rows * max(aspect, 1.0), columns * max(1 / aspect, 1.0)
    shrink = min(1.0, SETTLED_SIDE / max(height, width))
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    pixels = resized(film, *size)
    to_stored = to_stored @ scaling(rows / size[0], columns / size[1])
    return Settled(np.round(np.clip(pixels, 0, 1) * 65535).astype(np.uint16), to_stored, share)


def fit(settled: Settled, steps: Sequence[Step], box: Sequence[float] | NDArray[np.float64] | None = None) -> Fitted:
    """Apply a bundle's steps to a settled film. Refuses "bundle-step" for a step or version unknown here.

    box: where both lungs lie (`Box`), for the step lung-frame; None, or a row of NaN, when none were found.
    """
    fitted = Fitted(settled.pixels.astype(np.float32) / np.float32(65535))
    found = None if box is None or not np.isfinite(box).all() else np.asarray(box, np.float64)
    for step in steps:
        fitted = _step(step, found)(fitted, step)
    return fitted


def needs_lungs(steps: Sequence[Step]) -> bool:
    """Whether these steps want to know where the lungs are."""
    return any(step.get("name") == "lung-frame" for step in steps)


def resized(pixels: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Area averages where it shrinks, linear where it grows: no aliasing either way."""
    if pixels.shape[:2] == (rows, columns):
        return pixels
    shrinks = rows <= pixels.shape[0] and columns <= pixels.shape[1]
    if not shrinks and (rows < pixels.shape[0] or columns < pixels.shape[1]):
        # One axis shrinks and one grows: INTER_AREA would fall back to linear for both.
        pixels = resized(pixels, min(rows, pixels.shape[0]), min(columns, pixels.shape[1]))
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    result: NDArray[Any] = cv2.resize(pixels, (columns, rows), interpolation=method)
    return result


def _border_crop(fitted: Fitted, step: Step) -> Fitted:
    """Take `fraction` off every side: letters, collimator edges and scanner borders live there."""
    rows, columns = fitted.pixels.shape[:2]
    top, left = int(rows * step["fraction"]), int(columns * step["fraction"])
    pixels = fitted.pixels[top : rows - top, left : columns - left]
    return Fitted(np.ascontiguousarray(pixels), fitted.fitted_to_settled @ shift(top, left))


def _lung_frame(fitted: Fitted, step: Step, box: NDArray[np.float64] | None) -> Fitted:
    """Crop to the box of both lungs and `margin` of its size on every side, to whole pixels, within the film.

    What lies further out was not lung and told hospitals apart (docs/lungs.md). Without a box: the whole film.
    """
    margin = float(step["margin"])
    if not 0 <= margin <= 1:
        raise ValueError("the margin of a lung frame is from 0 to 1")
    if box is None:
        return fitted
    corners = moved(inverse(fitted.fitted_to_settled), box.reshape(2, 2))
    room = margin * (corners[1] - corners[0])
    # What is a whole number but for rounding must not become the next one.
    top, left = np.maximum(np.floor(corners[0] - room + _ROUNDING), 0).astype(int)
    bottom, right = np.minimum(np.ceil(corners[1] + room - _ROUNDING), fitted.pixels.shape[:2]).astype(int)
    if bottom - top < _LEAST_FRAME or right - left < _LEAST_FRAME:
        return fitted
    pixels = np.ascontiguousarray(fitted.pixels[top:bottom, left:right])
    return Fitted(pixels, fitted.fitted_to_settled @ shift(top, left))


def _stretch(fitted: Fitted, step: Step) -> Fitted:
    """Bring to rows × columns without keeping proportions."""
    rows, columns = fitted.pixels.shape[:2]
    affine = fitted.fitted_to_settled @ scaling(rows / step["rows"], columns / step["columns"])
    return Fitted(resized(fitted.pixels, step["rows"], step["columns"]), affine)


def _letterbox(fitted: Fitted, step: Step) -> Fitted:
    """Bring into rows × columns keeping proportions, with black bars."""
    rows, columns = fitted.pixels.shape[:2]
    factor = min(step["rows"] / rows, step["columns"] / columns)
    height, width = max(1, round(rows * factor)), max(1, round(columns * factor))
    top, left = (step["rows"] - height) // 2, (step["columns"] - width) // 2
    pixels = np.zeros((step["rows"], step["columns"]), np.float32)
    pixels[top : top + height, left : left + width] = resized(fitted.pixels, height, width)
    affine = fitted.fitted_to_settled @ scaling(rows / height, columns / width) @ shift(-top, -left)
    return Fitted(pixels, affine)


def _levels(fitted: Fitted, step: Step) -> Fitted:
    """Stretch grey linearly so that the percentiles `low` and `high` become 0 and 1, then clip."""
    low, high = np.percentile(fitted.pixels, [step["low"], step["high"]])
    spread = max(float(high - low), 1e-3)
    pixels = np.clip((fitted.pixels - np.float32(low)) / np.float32(spread), 0, 1)
    return Fitted(pixels, fitted.fitted_to_settled)


def _scale(fitted: Fitted, step: Step) -> Fitted:
    """0…1 to what the network was built for: (255·x - offset) / divisor, on `channels` equal channels."""
    pixels = (fitted.pixels * np.float32(255) - np.float32(step["offset"])) / np.float32(step["divisor"])
    return Fitted(np.repeat(pixels[..., None], step["channels"], axis=2), fitted.fitted_to_settled)


def _scale_each(fitted: Fitted, step: Step) -> Fitted:
    """0…1 to (255·x - offset) / divisor of each channel: the ranges called caffe and torch.

    offsets, divisors: one a channel, in the channels' own `order`, "rgb" or "bgr"; a film is equally red, green and
    blue, so the order says what the numbers stand for and changes nothing.
    """
    offsets, divisors = (np.asarray(step[name], np.float32) for name in ("offsets", "divisors"))
    pixels = (fitted.pixels[..., None] * np.float32(255) - offsets) / divisors
    return Fitted(pixels.astype(np.float32, copy=False), fitted.fitted_to_settled)


_STEPS: dict[tuple[str, int], Callable[[Fitted, Step], Fitted]] = {
    ("border-crop", 1): _border_crop,
    ("stretch", 1): _stretch,
    ("letterbox", 1): _letterbox,
    ("levels", 1): _levels,
    ("scale", 1): _scale,
    ("scale", 2): _scale_each,
}


# Those that must know where the lungs are.
_FRAMES: dict[tuple[str, int], Callable[[Fitted, Step, NDArray[np.float64] | None], Fitted]] = {
    ("lung-frame", 1): _lung_frame,
}


def _step(step: Step, box: NDArray[np.float64] | None) -> Callable[[Fitted, Step], Fitted]:
    key = step.get("name", ""), step.get("version", 0)
    if frame := _FRAMES.get(key):
        return lambda fitted, step: frame(fitted, step, box)
    if change := _STEPS.get(key):
        return change
    raise BundleRefused("bundle-step", what=f"{key[0]} {key[1]}")
