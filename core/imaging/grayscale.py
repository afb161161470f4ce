"""From stored values to grey: the pipeline of PS3.4 N.2, by tables.

Stored values have at most 16 bits, so every step is worked out once for each possible value (256 or 65,536 of
them) and looked up for each pixel: exact, fast, and never in the file's own integer type.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Stored = NDArray[Any]
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]

_HISTOGRAM_BLOCK = 4_000_000
MISSED_SHARE = 0.995


@dataclass(frozen=True, slots=True)
class Window:
    """A window of PS3.3 C.11.2.1.2: centre and width in modality values. LINEAR needs a width of at least 1."""

    center: float
    width: float
    name: str = "Window"
    function: Function = "LINEAR"

    @property
    def is_usable(self) -> bool:
        least = 1.0 if self.function == "LINEAR" else np.finfo(np.float32).tiny
        return bool(abs(self.center) <= 1e9 and least <= self.width <= 1e9)

    def grey(self, values: Values) -> Values:
        """Modality values as 0…255, unrounded."""
        if self.function == "SIGMOID":
            # Beyond ±700 exp overflows, and the curve has long been flat.
            grey: Values = 255.0 / (1.0 + np.exp(np.clip(-4.0 * (values - self.center) / self.width, -700, 700)))
            return grey
        if self.function == "LINEAR_EXACT":
            center, width = self.center, self.width
        else:
            center, width = self.center - 0.5, self.width - 1.0
        low, high = center - width / 2, center + width / 2
        ramp = ((values - center) / width + 0.5) * 255.0 if width > 0 else np.zeros_like(values)
        clipped: Values = np.where(values <= low, 0.0, np.where(values > high, 255.0, ramp))
        return clipped


@dataclass(frozen=True, slots=True, eq=False)
class VoiTable:
    """An item of the VOI LUT Sequence, PS3.3 C.11.2.1.1: below the first value entry 0, above the end the last."""

    first: int
    entries: NDArray[np.uint16]
    bits: int
    name: str = "Table"

    def grey(self, values: Values) -> Values:
        place = np.clip(np.floor(values + 0.5) - self.first, 0, len(self.entries) - 1).astype(np.intp)
        grey: Values = self.entries[place].astype(np.float64) * (255.0 / (2**self.bits - 1))
        return np.minimum(grey, 255.0)


@dataclass(frozen=True, slots=True)
class FullRange:
    """From the lowest to the highest value, as modality values."""

    low: float
    high: float
    name: str = "Full range"

    def grey(self, values: Values) -> Values:
        span = self.high - self.low
        return np.clip((values - self.low) / span, 0.0, 1.0) * 255.0 if span > 0 else np.zeros_like(values)


Voi = Window | VoiTable | FullRange


@dataclass(frozen=True, slots=True)
class Rescale:
    """The linear modality step, PS3.3 C.11.1."""

    slope: float = 1.0
    intercept: float = 0.0

    def values(self, stored: Values) -> Values:
        return stored * self.slope + self.intercept


@dataclass(frozen=True, slots=True, eq=False)
class ModalityTable:
    """The modality step as a table, PS3.3 C.11.1.1."""

    first: int
    entries: NDArray[np.uint16]

    def values(self, stored: Values) -> Values:
        return self.entries[np.clip(stored - self.first, 0, len(self.entries) - 1).astype(np.intp)].astype(np.float64)


Modality = Rescale | ModalityTable


@lru_cache(maxsize=8)
def every_value(dtype: np.dtype[Any]) -> Values:
    """All values that an integer type of 8 or 16 bits can hold, in the order of its bits read as unsigned."""
    bits = dtype.itemsize * 8
    values = np.arange(2**bits, dtype=f"u{dtype.itemsize}").view(dtype).astype(np.float64)
    values.flags.writeable = False
    return values


def places(stored: Stored) -> NDArray[Any]:
    """Where each stored value stands in a table made from `every_value`."""
    return stored.view(f"u{stored.dtype.itemsize}")


def looked_up(table: NDArray[Any], stored: Stored) -> NDArray[Any]:
    return np.take(table, places(stored))


def histogram(stored: Stored, left_out: Mask | None = None) -> NDArray[np.int64]:
    """How often each value occurs, in the order of `every_value`, without the pixels left out."""
    size = 2 ** (stored.dtype.itemsize * 8)
    counts = np.zeros(size, np.int64)
    rows = max(1, _HISTOGRAM_BLOCK // max(1, stored.shape[1]))
    # In blocks: bincount works on 8 bytes a pixel.
    for top in range(0, stored.shape[0], rows):
        block = places(stored[top : top + rows])
        picked = block.ravel() if left_out is None else block[~left_out[top : top + rows]]
        counts += np.bincount(picked, minlength=size)
    return counts


def full_range(modality: Modality, counts: NDArray[np.int64], dtype: np.dtype[Any]) -> FullRange:
    """The range of the modality values that occur."""
    present = modality.values(every_value(dtype)[counts > 0])
    return FullRange(float(present.min()), float(present.max())) if present.size else FullRange(0.0, 0.0)


def misses(voi: Voi, modality: Modality, counts: NDArray[np.int64], dtype: np.dtype[Any]) -> bool:
    """Whether a window puts more than 99.5 % of the pixels at one end although the pixels differ."""
    present = counts > 0
    if np.count_nonzero(present) < 2:
        return False
    grey = np.floor(voi.grey(modality.values(every_value(dtype)[present])) + 0.5)
    weights = counts[present]
    at_ends = max(weights[grey <= 0].sum(), weights[grey >= 255].sum())
    return bool(at_ends > MISSED_SHARE * weights.sum())


def grey_table(dtype: np.dtype[Any], modality: Modality, voi: Voi, inverted: bool) -> Values:
    """0…255, unrounded, for every stored value: modality, VOI, and the polarity last and once."""
    grey = voi.grey(modality.values(every_value(dtype)))
    return 255.0 - grey if inverted else grey


def rounded(grey: Values) -> NDArray[np.uint8]:
    """Half up to 8 bits."""
    return np.floor(grey + 0.5).astype(np.uint8)
