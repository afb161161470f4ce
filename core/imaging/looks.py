"""What a picture looks like to somebody who knows nothing of films: numbers that the gate judges.

Measured in the decoder's process, where the pixels are, so that only these numbers travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.imaging.prepare import Settled
    from core.imaging.radiograph import Radiograph


@dataclass(frozen=True, slots=True)
class Looks:
    """rows, columns: the stored size. aspect: width through height, upright, in square pixels.

    spread: 5th to 95th percentile of the settled film, 0…1. levels: grey levels (of 256) that hold 90 % of the
    pixels. roughness: mean step between neighbours as a share of the spread; noise is near 1, films near 0.02.
    centre_minus_border: mean of the middle minus mean of the outermost 5 %, 0…1.
    symmetry: correlation of the film with its mirror image, -1…1.
    """

    rows: int
    columns: int
    aspect: float
    spread: float
    levels: int
    roughness: float
    centre_minus_border: float
    symmetry: float


def look(radiograph: Radiograph, settled: Settled) -> Looks:
    """Measure a radiograph and its settled form (with the declared corrections)."""
    rows, columns = radiograph.stored.shape
    film = settled.pixels.astype(np.float32) / np.float32(65535)
    height, width = film.shape
    low, high = np.percentile(film, [5, 95])
    spread = float(high - low)
    # Every k-th pixel, never an average: averages invent grey levels that a drawing does not have.
    step = max(1, max(rows, columns) // 512)
    counts = np.sort(np.bincount(radiograph.display()[::step, ::step].ravel(), minlength=256))[::-1].cumsum()
    levels = int(np.searchsorted(counts, 0.9 * counts[-1])) + 1
    steps = [np.abs(np.diff(film, axis=axis)).mean() if film.shape[axis] > 1 else 0.0 for axis in (0, 1)]
    edge = max(1, height // 20), max(1, width // 20)
    border = np.ones(film.shape, bool)
    border[edge[0] : height - edge[0], edge[1] : width - edge[1]] = False
    middle = film[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return Looks(
        rows,
        columns,
        width / height,
        spread,
        levels,
        float(np.mean(steps)) / max(spread, 1e-3),
        float(middle.mean() - film[border].mean()),
        _correlation(film, film[:, ::-1]),
    )


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0
