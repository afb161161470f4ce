"""What a picture looks like to somebody who knows nothing of films: numbers that the gate judges.

Measured in the decoder's process, where the pixels are, so that only these numbers travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.imaging.prepare import Settled
    from core.imaging.radiograph import Radiograph

# The mean of 24 simulated frontal films on 8 × 8 cells, made symmetrical; the left half, in standard deviations.
_LEFT_HALF = (
    (-2.2, -1.8, -0.8, -0.1),
    (-0.6, 0.2, 0.2, 0.3),
    (-0.5, 0.7, -0.1, 0.5),
    (-0.9, 0.4, -0.4, 0.6),
    (-1.0, 0.2, -0.4, 1.0),
    (-1.1, 0.1, 0.1, 1.4),
    (-1.2, 0.3, 0.8, 1.4),
    (-1.2, 0.7, 1.4, 1.7),
)
FRONTAL = np.hstack([np.array(_LEFT_HALF), np.array(_LEFT_HALF)[:, ::-1]])


@dataclass(frozen=True, slots=True)
class Looks:
    """rows, columns: the stored size. aspect: width through height, upright, in square pixels.

    spread: 5th to 95th percentile of the settled film, 0…1. levels: grey levels (of 256) that hold 90 % of the
    pixels. roughness: mean step between neighbours as a share of the spread; noise is near 0.4, films near 0.02.
    frontal: correlation with a coarse frontal film, -1…1; a negative has about the opposite of its film's.
    """

    rows: int
    columns: int
    aspect: float
    spread: float
    levels: int
    roughness: float
    frontal: float


def look(radiograph: Radiograph, settled: Settled) -> Looks:
    """Measure a radiograph and its settled form (with the declared corrections)."""
    from core.imaging.prepare import resized

    rows, columns = radiograph.stored.shape
    film = settled.pixels.astype(np.float32) / np.float32(65535)
    spread = _spread(settled.pixels)
    # Every k-th pixel, never an average: averages invent grey levels that a drawing does not have.
    step = max(1, max(rows, columns) // 512)
    counts = np.sort(np.bincount(radiograph.display()[::step, ::step].ravel(), minlength=256))[::-1].cumsum()
    steps = [float(np.abs(np.diff(film, axis=axis)).mean()) for axis in (0, 1) if film.shape[axis] > 1]
    return Looks(
        rows=rows,
        columns=columns,
        aspect=film.shape[1] / film.shape[0],
        spread=spread,
        levels=int(np.searchsorted(counts, 0.9 * counts[-1])) + 1,
        roughness=float(np.mean(steps or [0.0])) / max(spread, 1e-3),
        frontal=_correlation(resized(film, *FRONTAL.shape), FRONTAL),
    )


def _spread(pixels: np.ndarray) -> float:
    """From the 5th to the 95th percentile, 0…1; by counting, four times as fast as by partition."""
    counts = np.bincount(pixels.ravel(), minlength=65536).cumsum()
    places = (pixels.size - 1) * np.array([0.05, 0.95])
    below = np.searchsorted(counts, np.floor(places), "right")
    above = np.searchsorted(counts, np.ceil(places), "right")
    low, high = below + (above - below) * (places - np.floor(places))
    return float(high - low) / 65535


def _correlation(one: NDArray[np.float32], other: NDArray[np.float64]) -> float:
    """Pearson's, and 0 for a picture without any contrast."""
    a, b = one - one.mean(dtype=np.float64), other - other.mean()
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / scale if scale > 1e-9 else 0.0
