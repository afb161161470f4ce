"""Where a point of one picture lies in another.

Points are continuous (row, column); pixel (r, c) covers [r, r+1) × [c, c+1). An affine is a 3×3 float64
matrix on (row, column, 1) and is named `from_to`: `settled_to_stored @ point_in_settled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]
Pixels = NDArray[Any]


def scaling(row_factor: float, column_factor: float) -> Affine:
    return np.diag([row_factor, column_factor, 1.0])


def shift(rows: float, columns: float) -> Affine:
    affine = np.eye(3)
    affine[:2, 2] = rows, columns
    return affine


def inverse(affine: Affine) -> Affine:
    """The affine back: to_from of from_to."""
    return np.asarray(np.linalg.inv(affine), np.float64)


def moved(affine: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) in (row, column), carried by the affine."""
    return points @ affine[:2, :2].T + affine[:2, 2]


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the eight ways to lay a picture down: transpose first, then flip rows, then columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def __bool__(self) -> bool:
        return self.transpose or self.flip_rows or self.flip_columns

    @property
    def mirrors(self) -> bool:
        """Whether it exchanges the sides, as no turning on a light box does."""
        return (self.transpose + self.flip_rows + self.flip_columns) % 2 == 1

    def then(self, other: Turn) -> Turn:
        """This turn, followed by another one, as a single turn."""
        rows, columns = self.flip_rows, self.flip_columns
        if other.transpose:
            rows, columns = columns, rows
        return Turn(self.transpose != other.transpose, rows != other.flip_rows, columns != other.flip_columns)

    def apply(self, pixels: Pixels) -> Pixels:
        """A contiguous copy of (rows, columns), turned."""
        if self.transpose:
            pixels = pixels.T
        if self.flip_rows:
            pixels = pixels[::-1]
        if self.flip_columns:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(pixels)

    def turned_to_original(self, shape: tuple[int, ...]) -> Affine:
        """The affine from the turned picture back to the original of this shape (rows, columns)."""
        rows, columns = shape[:2]
        if self.transpose:
            rows, columns = columns, rows
        affine = np.eye(3)
        if self.flip_rows:
            affine[0] = -1, 0, rows
        if self.flip_columns:
            affine[1] = 0, -1, columns
        if self.transpose:
            affine = affine[[1, 0, 2]]
        return affine


UPRIGHT = Turn()
_CLOCKWISE = {0: Turn(), 90: Turn(True, False, True), 180: Turn(False, True, True), 270: Turn(True, True, False)}


def clockwise(degrees: int) -> Turn:
    """The turn by 0, 90, 180 or 270 degrees clockwise."""
    return _CLOCKWISE[degrees]


MIRROR = Turn(flip_columns=True)
