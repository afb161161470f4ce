"""How well something that is no finding tells classes apart: kinds (sex, view, maker) and amounts (age, size)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

NOT_STATED = "not stated"
# Where a training on real films showed a shortcut, these were passed by far; by chance, with ten films a class, hardly.
_STRONG_V = 0.4
_STRONG_SHARE, _SURE_SHARE = 0.75, 0.60
_MOST_KINDS = 8
_LEAST_FILMS = 5  # of a class, before an amount is said to tell it apart


@dataclass(frozen=True, slots=True)
class Association:
    """words: one sentence with the number in it. places: the films that show it most. table: its first row heads it."""

    strong: bool
    words: str
    places: tuple[int, ...]
    table: tuple[tuple[str, ...], ...]


def by_kind(values: Sequence[str], classes: Sequence[str]) -> Association | None:
    """Cramér's V without its bias (Bergsma 2013, J. Korean Stat. Soc. 42), and the kind that is most of one class.

    None when there is one kind or one class. What is not stated is a kind of its own: it tells classes apart too.
    """
    said = [value or NOT_STATED for value in values]
    kinds, names = [kind for kind, _n in Counter(said).most_common()], sorted(set(classes))
    if len(kinds) < 2 or len(names) < 2:
        return None
    counts = Counter(zip(said, classes, strict=True))
    table = np.array([[counts[kind, name] for name in names] for kind in kinds], np.float64)
    v = _cramers_v(table)
    shares = table / table.sum(0)  # of each class
    spread = shares.max(1) - shares.min(1)
    kind, name = kinds[int(spread.argmax())], names[int(shares[int(spread.argmax())].argmax())]
    other = names[int(shares[int(spread.argmax())].argmin())]
    row = shares[int(spread.argmax())]
    words = (
        f"“{kind}” holds for {row.max():.0%} of the films of {name} and for {row.min():.0%} of those of {other} "
        f"(Cramér's V {v:.2f}; 0 is nothing, 1 is everything)."
    )
    places = tuple(n for n, pair in enumerate(zip(said, classes, strict=True)) if pair == (kind, name))
    head = ("", *names)
    rows = tuple((kind, *(f"{int(one)}" for one in line)) for kind, line in zip(kinds, table, strict=True))
    return Association(v >= _STRONG_V, words, places, (head, *rows[:_MOST_KINDS]))


def by_amount(values: Sequence[float | None], classes: Sequence[str]) -> Association | None:
    """The pair of classes that the amount tells apart best: how often the higher of two films is of the one class.

    That is the area under the ROC curve; strong when also its lower 95 % bound is well above chance (Hanley & McNeil
    1982, Radiology 143). None when fewer than two classes have films of a stated amount.
    """
    of_class: dict[str, NDArray[np.float64]] = {}
    for name in sorted(set(classes)):
        own = [v for v, one in zip(values, classes, strict=True) if v is not None and one == name]
        if own:
            of_class[name] = np.array(own, np.float64)
    if len(of_class) < 2:
        return None
    pairs = [(name, other, _area(of_class[name], of_class[other])) for name, other in combinations(of_class, 2)]
    name, other, area = max(pairs, key=lambda pair: abs(pair[2] - 0.5))
    if area < 0.5:
        name, other, area = other, name, 1 - area
    low = area - 1.96 * _error(area, len(of_class[name]), len(of_class[other]))
    words = (
        f"Of a film of {name} and one of {other}, the one of {name} has the higher value in {area:.0%} of all pairs "
        "(50 % is chance)."
    )
    middle = float(np.median(np.concatenate([of_class[name], of_class[other]])))
    places = tuple(
        n
        for n, (value, one) in enumerate(zip(values, classes, strict=True))
        if one == name and value is not None and value >= middle
    )
    rows = tuple(
        (one, f"{len(own)}", *(f"{p:.4g}" for p in np.percentile(own, (25, 50, 75)))) for one, own in of_class.items()
    )
    head = ("Class", "Films", "Lower quarter", "Middle", "Upper quarter")
    enough = min(len(of_class[name]), len(of_class[other])) >= _LEAST_FILMS
    strong = enough and area >= _STRONG_SHARE and low >= _SURE_SHARE
    return Association(strong, words, places, (head, *rows))


def _cramers_v(table: NDArray[np.float64]) -> float:
    n, (rows, columns) = table.sum(), table.shape
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi = float((((table - expected) ** 2) / expected).sum() / n)
    if n < 2:
        return 0.0
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    rows_left, columns_left = rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)
    least = min(rows_left, columns_left) - 1
    return float(min(1.0, (phi / least) ** 0.5)) if least > 0 else 0.0


def _area(some: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """The share of pairs in which the first is higher; a tie counts half."""
    ordered = np.sort(others)
    below, upto = np.searchsorted(ordered, some, "left"), np.searchsorted(ordered, some, "right")
    return float((below + upto).mean() / (2 * len(others)))


def _error(area: float, some: int, others: int) -> float:
    """The standard error of an area."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (some - 1) * (q1 - area**2) + (others - 1) * (q2 - area**2)
    return float((max(variance, 0.0) / (some * others)) ** 0.5)
