"""Two ways to do the same job, measured in turn in one run, and how many times one takes of the other."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LEAST_PAIRS = 7


@dataclass(frozen=True, slots=True)
class Pairs:
    """Seconds (or any other amount) of both sides, pair by pair. ratio: other / ours, its median over the pairs.

    The median of ratios, not the ratio of medians: both sides of a pair meet the same neighbours on a busy PC.
    """

    ours: tuple[float, ...]
    other: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(theirs / own for own, theirs in zip(self.ours, self.other, strict=True))

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    def as_json(self, unit: str = "ms", factor: float = 1000.0) -> dict[str, Any]:
        """The ratio with its spread (quartiles and ends) and the medians of both sides."""
        low, _middle, high = statistics.quantiles(self.ratios, n=4, method="inclusive")
        return {
            "ratio": round(self.ratio, 4),
            "quartiles": [round(low, 4), round(high, 4)],
            "ends": [round(min(self.ratios), 4), round(max(self.ratios), 4)],
            "pairs": len(self.ratios),
            f"ours_{unit}": round(statistics.median(self.ours) * factor, 4),
            f"other_{unit}": round(statistics.median(self.other) * factor, 4),
        }


def interleaved(ours: Callable[[int], float], other: Callable[[int], float], pairs: int) -> Pairs:
    """Measure both sides in turn, `pairs` times; every second pair the other way round, so that drift cancels.

    ours, other: called with the number of the pair, give what they measured.
    """
    if pairs < LEAST_PAIRS:
        raise ValueError(f"a ratio is a median of at least {LEAST_PAIRS} pairs, got {pairs}")
    own: list[float] = []
    theirs: list[float] = []
    for number in range(pairs):
        first, second = ((ours, own), (other, theirs))[:: 1 if number % 2 == 0 else -1]
        for measure, found in (first, second):
            found.append(measure(number))
    return Pairs(tuple(own), tuple(theirs))
