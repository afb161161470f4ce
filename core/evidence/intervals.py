"""95 % intervals on every figure: Wilson when one film is one patient, bootstrap over patients otherwise.

Two films of one patient are not two witnesses: whole groups (patients, near duplicates) are drawn, never films.
The resamples of one call are the same for all its metrics, so differences between metrics are paired.
With one film a group the bootstrap equals scipy.stats.bootstrap to the last digit (proved in the tests);
scipy itself knows no groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.evidence.metrics import Floats, Ratio, Statistic, value

Method = Literal["percentile", "bca"]
_CHUNK_CELLS = 4_000_000  # weights held at a time: 32 MB


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its interval; None where it does not exist. method: how low and high were found."""

    value: float | None
    low: float | None
    high: float | None
    method: Literal["wilson", "wilson-groups", "percentile", "bca", "none"]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


NO_FIGURE = Figure(None, None, None, "none")


def wilson(hits: float, of: float, level: float = 0.95) -> tuple[float, float]:
    """The Wilson interval of a share (E. B. Wilson, JASA 22, 1927), `hits` of `of` films."""
    from scipy.special import ndtri

    if of <= 0:
        raise ValueError("a share of nothing has no interval")
    z = float(ndtri(0.5 + level / 2))
    rate = hits / of
    centre = (rate + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))
    # At 0 and 1 the formula is exact and its float result is not.
    return (0.0 if hits == 0 else max(0.0, centre - half)), (1.0 if hits == of else min(1.0, centre + half))


def interval(
    statistic: Statistic,
    groups: ArrayLike,
    *,
    method: Method = "percentile",
    replicates: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Figure:
    """One figure with its interval. groups: (films,) one name or number a film."""
    found = intervals({"": statistic}, groups, method=method, replicates=replicates, seed=seed, level=level)
    return found[""]


def intervals(
    statistics: Mapping[str, Statistic],
    groups: ArrayLike,
    *,
    method: Method = "percentile",
    replicates: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Figure]:
    """Figures with intervals for many metrics of the same films, all from the same resamples.

    Shares of films take Wilson's interval where each film counted is a group of its own. A share of 0 or 1 takes it
    too, on the number of groups: all its resamples are alike, and a bootstrap would claim certainty.
    """
    codes = _codes(groups)
    films, count = len(codes), int(codes.max(initial=-1)) + 1
    figures: dict[str, Figure] = {}
    drawn: dict[str, Statistic] = {}
    for name, statistic in statistics.items():
        figure = value(statistic, films) if films else math.nan
        if not math.isfinite(figure):
            figures[name] = NO_FIGURE
        elif (by_counting := _counted(statistic, codes, figure, level)) is not None:
            figures[name] = by_counting
        elif count < 2:
            figures[name] = Figure(figure, None, None, "none")
        else:
            drawn[name] = statistic
            figures[name] = Figure(figure, None, None, method)
    if drawn:
        replicas = _replicas(drawn, resamples(codes, count, replicates, seed), replicates)
        left_out = _replicas(drawn, _jackknife(codes, count), count) if method == "bca" else {}
        for name in drawn:
            low, high = _ends(figures[name].value, replicas[name], left_out.get(name), level)
            figures[name] = Figure(figures[name].value, low, high, method)
    return {name: figures[name] for name in statistics}


def resamples(codes: NDArray[np.intp], count: int, replicates: int, seed: int) -> Iterator[Floats]:
    """Weights of bootstrap replicates, some rows at a time: (rows, films), how often each film was drawn.

    codes: (films,) the group of each film, 0…count - 1.
    """
    # The order of drawing is scipy's: equal seeds give equal resamples when each film is a group.
    chance = np.random.default_rng(seed)
    rows = max(1, _CHUNK_CELLS // max(len(codes), 1))
    for start in range(0, replicates, rows):
        size = min(rows, replicates - start)
        draws = chance.integers(0, count, (size, count))
        flat = (draws + np.arange(size)[:, None] * count).ravel()
        counts = np.bincount(flat, minlength=size * count).reshape(size, count)
        yield counts[:, codes].astype(np.float64)


def _jackknife(codes: NDArray[np.intp], count: int) -> Iterator[Floats]:
    rows = max(1, _CHUNK_CELLS // max(len(codes), 1))
    for start in range(0, count, rows):
        yield (codes != np.arange(start, min(start + rows, count))[:, None]).astype(np.float64)


def _replicas(statistics: Mapping[str, Statistic], weights: Iterator[Floats], count: int) -> dict[str, Floats]:
    found = {name: np.empty(count) for name in statistics}
    place = 0
    for chunk in weights:
        for name, statistic in statistics.items():
            found[name][place : place + len(chunk)] = statistic(chunk)
        place += len(chunk)
    return found


def _counted(statistic: Statistic, codes: NDArray[np.intp], figure: float, level: float) -> Figure | None:
    """The binomial interval, where the figure is a share and films are independent (or all alike)."""
    if not isinstance(statistic, Ratio) or not statistic.is_share:
        return None
    hits, of = float(statistic.top.sum()), float(statistic.bottom.sum())
    counted = codes[statistic.bottom > 0]
    distinct = len(np.unique(counted))
    if distinct == len(counted):
        return Figure(figure, *wilson(hits, of, level), "wilson")
    if hits in (0.0, of):
        return Figure(figure, *wilson(figure * distinct, distinct, level), "wilson-groups")
    return None


def _ends(
    figure: float | None, replicas: Floats, left_out: Floats | None, level: float
) -> tuple[float | None, float | None]:
    """Percentile ends, or BCa's (Efron and Tibshirani 1993, equations 14.10 and 14.15).

    Replicates in which the figure does not exist (a rare class was not drawn) are left out.
    """
    assert figure is not None
    replicas = replicas[np.isfinite(replicas)]
    if not len(replicas):
        return None, None
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if left_out is not None:
        tails = _bca_tails(figure, replicas, left_out[np.isfinite(left_out)], tails)
    low, high = np.quantile(replicas, tails)
    return float(low), float(high)


def _bca_tails(figure: float, replicas: Floats, left_out: Floats, tails: Floats) -> Floats:
    from scipy.special import ndtr, ndtri

    below = (np.count_nonzero(replicas < figure) + np.count_nonzero(replicas <= figure)) / (2 * len(replicas))
    influence = (len(left_out) - 1) * (left_out.mean() - left_out)
    spread = float((influence**2).sum())
    if spread == 0 or not 0 < below < 1:
        return tails
    bias = ndtri(below)
    acceleration = float((influence**3).sum()) / (6 * spread**1.5)
    shifted = bias + ndtri(tails)
    corrected: Floats = ndtr(bias + shifted / (1 - acceleration * shifted))
    return corrected


def _codes(groups: ArrayLike) -> NDArray[np.intp]:
    return np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1).astype(np.intp)
