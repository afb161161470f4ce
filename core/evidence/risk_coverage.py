"""What abstention buys: of how many films the ensemble still speaks (coverage), and how often it is wrong there (risk).

A rule is worth having when the films it leaves to the reader are wrong more often than the others. Sources: El-Yaniv &
Wiener, JMLR 2010 (selective classification); Geifman et al., ICLR 2019 (area under the risk–coverage curve).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence import metrics
from core.evidence.intervals import intervals
from core.evidence.metrics import Floats, Statistic

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)


def risk_coverage(
    truth: NDArray[np.intp],
    probabilities: Floats,
    spread: Floats,
    groups: Sequence[str],
    *,
    max_spread: float | None,
    abnormal: NDArray[np.bool_] | None = None,
    suspicion: Floats | None = None,
    threshold: float | None = None,
    coverages: Sequence[float] = COVERAGES,
) -> dict[str, Any]:
    """The rule of the bundle, points along the curve, and the areas under it; plain data, intervals over groups.

    probabilities: (films, classes); spread: (films,) of the members; max_spread: the bundle's limit, None when it has
    none. abnormal, suspicion, threshold: with them the rule also tells how the operating point does on answered films.
    Gives rule {coverage, risk, risk_abstained, risk_less_by, sensitivity, specificity} (None without a limit); points,
    one a coverage {wanted, max_spread, coverage, risk, risk_by_probability}; area {spread, probability, chance,
    better_than_chance, better_than_probability}, lower is better, better is positive. "probability" orders films by
    their largest probability instead of by spread: what a single network could do as well.
    """
    wrong = np.asarray(probabilities).argmax(axis=1) != truth
    doubt = 1 - np.asarray(probabilities, np.float64).max(axis=1)
    statistics: dict[str, Statistic] = {}
    names = []
    for wanted in coverages:
        limit = _limit(spread, wanted)
        among, by_doubt = spread <= limit, doubt <= _limit(doubt, wanted)
        names.append((wanted, limit))
        statistics |= {
            f"{wanted}/coverage": metrics.share(among),
            f"{wanted}/risk": metrics.share(wrong, among),
            f"{wanted}/risk_by_probability": metrics.share(wrong, by_doubt),
        }
    if max_spread is not None:
        statistics |= {f"rule/{name}": one for name, one in _rule(wrong, spread <= max_spread).items()}
        if abnormal is not None and suspicion is not None and threshold is not None:
            answered, referred = spread <= max_spread, suspicion >= threshold
            statistics["rule/sensitivity"] = metrics.share(referred, abnormal & answered)
            statistics["rule/specificity"] = metrics.share(~referred, ~abnormal & answered)
    own, other, chance = area(wrong, spread), area(wrong, doubt), metrics.share(wrong)
    statistics |= {
        "area/spread": own,
        "area/probability": other,
        "area/chance": chance,
        "area/better_than_chance": metrics.minus(chance, own),
        "area/better_than_probability": metrics.minus(other, own),
    }
    figures = {name: figure.as_json() for name, figure in intervals(statistics, groups).items()}
    points = [{"wanted": wanted, "max_spread": float(limit), **_of(figures, f"{wanted}/")} for wanted, limit in names]
    rule = None if max_spread is None else {"max_spread": max_spread, **_of(figures, "rule/")}
    return {"films": len(truth), "rule": rule, "points": points, "area": _of(figures, "area/")}


def area(wrong: NDArray[np.bool_], doubt: Floats) -> Statistic:
    """Area under risk against coverage: the mean risk when films are answered from the least doubt on, 0…1.

    wrong: (films,); doubt: (films,), the larger the sooner a film is left to the reader. Films of equal doubt come
    together. An order that says nothing has the share of wrong films.
    """
    order = np.argsort(doubt, kind="stable")
    ranked = np.asarray(doubt)[order]
    last = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True]) if len(ranked) else np.zeros(0, np.intp)
    is_wrong = wrong[order].astype(np.float64)

    def statistic(weights: Floats) -> Floats:
        own = weights[:, order]
        answered = np.cumsum(own, axis=1)[:, last]
        errors = np.cumsum(own * is_wrong, axis=1)[:, last]
        risk = np.divide(errors, answered, out=np.zeros_like(errors), where=answered > 0)
        steps = np.diff(answered, axis=1, prepend=0.0)
        return metrics.divided((risk * steps).sum(axis=1), own.sum(axis=1))

    return statistic


def _rule(wrong: NDArray[np.bool_], answered: NDArray[np.bool_]) -> dict[str, Statistic]:
    every, among = metrics.share(wrong), metrics.share(wrong, answered)
    return {
        "coverage": metrics.share(answered),
        "risk": among,
        "risk_abstained": metrics.share(wrong, ~answered),
        "risk_less_by": metrics.minus(every, among),
    }


def _limit(doubt: Floats, coverage: float) -> float:
    """The doubt up to which at least this share of the films is answered."""
    if not len(doubt):
        return float("inf")
    ranked = np.sort(doubt)
    return float(ranked[max(0, int(np.ceil(coverage * len(ranked) - 1e-9)) - 1)])


def _of(figures: dict[str, dict[str, Any]], start: str) -> dict[str, Any]:
    return {name.removeprefix(start): figure for name, figure in figures.items() if name.startswith(start)}
