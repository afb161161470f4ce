"""A radiograph: the stored values, how to show them, and what the file says about them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import Reason
from core.imaging.facts import Facts, Spacing
from core.imaging.geometry import UPRIGHT, Affine, Turn, scaling
from core.imaging.grayscale import (
    FullRange,
    Mask,
    Modality,
    Rescale,
    Stored,
    Voi,
    Window,
    every_value,
    grey_table,
    looked_up,
    rounded,
)
from core.imaging.sources import ImageRef
from core.imaging.square import stretched

__all__ = ["Facts", "FullRange", "Overlay", "Radiograph", "Spacing", "Voi", "Window"]

_READ_PIXELS = 100_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A graphic of group 60xx. bits: (rows, columns) bool; its first pixel lies at (row, column) of the radiograph."""

    name: str
    row: int
    column: int
    bits: Mask

    def mask(self, shape: tuple[int, ...]) -> Mask:
        """The overlay on a picture of this shape; what reaches outside is cut off."""
        result = np.zeros(shape[:2], bool)
        top, left = max(0, self.row), max(0, self.column)
        bottom = min(shape[0], self.row + self.bits.shape[0])
        right = min(shape[1], self.column + self.bits.shape[1])
        if top < bottom and left < right:
            result[top:bottom, left:right] = self.bits[
                top - self.row : bottom - self.row, left - self.column : right - self.column
            ]
        return result


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One frame, immutable; arrays are read-only.

    stored: (rows, columns) integers of 8 or 16 bits as in the file. voi: the ways to show it, the default first.
    inverted: whether low values are light (MONOCHROME1). padding: True where there is no picture.
    shutter: True outside the collimated field. upright: what puts the film right by Patient Orientation.
    sides: whether the file says where left and right are. pixel_aspect: height / width of a pixel.
    """

    ref: ImageRef
    stored: Stored
    facts: Facts
    sha256: str
    frame: int = 1
    frames: int = 1
    modality: Modality = field(default_factory=Rescale)
    voi: tuple[Voi, ...] = (FullRange(0.0, 255.0),)
    inverted: bool = False
    padding: Mask | None = None
    shutter: Mask | None = None
    overlays: tuple[Overlay, ...] = ()
    upright: Turn = UPRIGHT
    sides: Literal["stated", "unknown"] = "unknown"
    pixel_aspect: float = 1.0
    decoder: str = ""
    reasons: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        if self.stored.ndim != 2 or self.stored.dtype.kind not in "ui" or self.stored.dtype.itemsize > 2:
            raise ValueError(f"stored is (rows, columns) of 8 or 16 bits, got {self.stored.shape} {self.stored.dtype}")
        for array in (self.stored, self.padding, self.shutter):
            if array is not None:
                array.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, one.name) for one in fields(self))

    @property
    def shape(self) -> tuple[int, int]:
        return self.stored.shape[0], self.stored.shape[1]

    @property
    def modality_values(self) -> NDArray[np.float32]:
        """(rows, columns) float32, after the modality step."""
        table = self.modality.values(every_value(self.stored.dtype)).astype(np.float32)
        return looked_up(table, self.stored)

    @cached_property
    def masked(self) -> Mask | None:
        """True in padding or outside the shutter; None where there is neither."""
        if self.padding is None or self.shutter is None:
            return self.shutter if self.padding is None else self.padding
        both: Mask = self.padding | self.shutter
        both.flags.writeable = False
        return both

    def display(self, voi: Voi | None = None) -> NDArray[np.uint8]:
        """(rows, columns) uint8 at stored size and orientation, before overlays and shutters, padding black."""
        picture: NDArray[np.uint8] = looked_up(rounded(self._grey(voi)), self.stored)
        return self._without_padding(picture)

    def display_float(self) -> NDArray[np.float32]:
        """The default display as float32 in 0…1, unrounded."""
        picture: NDArray[np.float32] = looked_up((self._grey(None) / 255.0).astype(np.float32), self.stored)
        return self._without_padding(picture)

    def as_read(self, voi: Voi | None = None) -> NDArray[np.uint8]:
        """What the canvas shows: the display behind its shutter, put right by its tag, with square pixels."""
        picture = self.display(voi)
        if self.shutter is not None:
            picture[self.shutter] = 0
        picture = self.upright.apply(picture)
        return stretched(picture, self.read_shape)

    @property
    def read_to_stored(self) -> Affine:
        """From what `as_read` gives to the stored pixels."""
        rows, columns = self.shape[::-1] if self.upright.transpose else self.shape
        height, width = self.read_shape
        return self.upright.turned_to_original(self.shape) @ scaling(rows / height, columns / width)

    @property
    def read_shape(self) -> tuple[int, int]:
        """Rows and columns of what `as_read` gives."""
        rows, columns = self.shape
        tall = self.pixel_aspect
        if self.upright.transpose:
            rows, columns, tall = columns, rows, 1 / tall
        # The coarser direction is refined, unless that would make a giant of it.
        stretch = max(tall, 1 / tall)
        grow = stretch if rows * columns * stretch <= _READ_PIXELS else 1.0
        height, width = (rows * grow, columns * grow / stretch) if tall > 1 else (rows * grow / stretch, columns * grow)
        return max(1, round(height)), max(1, round(width))

    def _grey(self, voi: Voi | None) -> NDArray[np.float64]:
        return grey_table(self.stored.dtype, self.modality, voi or self.voi[0], self.inverted)

    def _without_padding(self, picture: NDArray[Any]) -> NDArray[Any]:
        if self.padding is not None:
            picture[self.padding] = 0
        return picture
