"""How good probabilities are against the truth, as numbers that can be resampled.

A metric is built once from the data and gives a `Statistic`: a function of weights (replicates, films), which say
how often each film counts, that gives one value a replicate. All ones give the figure itself; the counts of a
bootstrap over patients give its replicates, thousands at a time. scikit-learn computes one replicate a call, a
hundred times slower; tests/core/evidence proves these equal to it, weights included.

A value that does not exist (no film of the class) is NaN here and null in reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.intp]
Statistic = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Σ w·top / Σ w·bottom over films: accuracy, sensitivity, F1, Brier score are all of this form."""

    top: Floats
    bottom: Floats

    def __call__(self, weights: Floats) -> Floats:
        return divided(weights @ self.top, weights @ self.bottom)

    @property
    def is_share(self) -> bool:
        """Whether it counts films among films, so that a binomial interval makes sense."""
        return bool(np.isin(self.top, (0, 1)).all() and np.isin(self.bottom, (0, 1)).all())


def share(hits: ArrayLike, among: ArrayLike | None = None) -> Ratio:
    """The share of films that are `hits`, among those marked in `among` (all when None); both boolean (films,)."""
    hit = np.asarray(hits, bool)
    base = np.ones(hit.shape, bool) if among is None else np.asarray(among, bool)
    return Ratio((hit & base).astype(np.float64), base.astype(np.float64))


def mean(values: ArrayLike) -> Ratio:
    """The mean of one number a film."""
    numbers = np.asarray(values, np.float64)
    return Ratio(numbers, np.ones_like(numbers))


def auroc(positive: ArrayLike, score: ArrayLike) -> Statistic:
    """Chance that a positive film scores above a negative one, ties counting half. Both (films,)."""
    order, starts, is_positive = _sorted(positive, score)

    def statistic(weights: Floats) -> Floats:
        positives, negatives = _by_score(weights, order, starts, is_positive)
        below = np.cumsum(negatives, axis=1) - negatives / 2
        return divided((positives * below).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))

    return statistic


def pr_area(positive: ArrayLike, score: ArrayLike) -> Statistic:
    """Area under precision and recall, by steps (average precision). Both (films,)."""
    order, starts, is_positive = _sorted(positive, score)

    def statistic(weights: Floats) -> Floats:
        positives, negatives = _by_score(weights, order, starts, is_positive)
        positives, negatives = positives[:, ::-1], negatives[:, ::-1]
        found = np.cumsum(positives, axis=1)
        called = found + np.cumsum(negatives, axis=1)
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        return divided((positives * precision).sum(axis=1), positives.sum(axis=1))

    return statistic


def macro(statistics: Sequence[Statistic]) -> Statistic:
    """The unweighted mean over classes."""

    def statistic(weights: Floats) -> Floats:
        average: Floats = np.mean([each(weights) for each in statistics], axis=0)
        return average

    return statistic


def minus(first: Statistic, second: Statistic) -> Statistic:
    """The difference of two metrics on the same films: both see the same resample, so it is a paired one."""
    return lambda weights: first(weights) - second(weights)


def value(statistic: Statistic, films: int) -> float:
    """The figure itself, every film counting once."""
    return float(statistic(np.ones((1, films)))[0])


def confusion(truth: ArrayLike, called: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Counts (true class, called class)."""
    pairs = np.asarray(truth, np.int64) * classes + np.asarray(called, np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def statistics(truth: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]) -> dict[str, Statistic]:
    """Every metric of n-class probabilities, by name: "accuracy", "auroc/covid", "auroc/macro", ….

    truth: (films,) indices into classes; probabilities: (films, classes). The called class is the likeliest one.
    One-vs-rest metrics come as "metric/class", "accuracy/class" too, from the same called classes; macro means run
    over the classes that occur in truth, and "metric/pooled" adds up the counts of all classes first (micro average).
    "brier" sums over the classes (0…2); "brier/class" is the binary one (0…1).
    """
    true, shares = _checked(truth, probabilities, len(classes))
    called = shares.argmax(axis=1)
    is_class = true[:, None] == np.arange(len(classes))
    found: dict[str, Statistic] = {
        "accuracy": share(called == true),
        "brier": mean(((shares - is_class) ** 2).sum(axis=1)),
    }
    per_class: dict[str, dict[int, Statistic]] = {name: {} for name in _PER_CLASS}
    for index in range(len(classes)):
        for name, build in _PER_CLASS.items():
            per_class[name][index] = build(is_class[:, index], called == index, shares[:, index])
    for name, by_class in per_class.items():
        present = [by_class[index] for index in range(len(classes)) if is_class[:, index].any()]
        found[f"{name}/macro"] = macro(present)
        ratios = [statistic for statistic in by_class.values() if isinstance(statistic, Ratio)]
        if name in _POOLED:
            found[f"{name}/pooled"] = Ratio(
                np.sum([ratio.top for ratio in ratios], axis=0), np.sum([ratio.bottom for ratio in ratios], axis=0)
            )
        found |= {f"{name}/{classes[index]}": statistic for index, statistic in by_class.items()}
    # The macro mean of sensitivities has a name of its own everywhere else.
    found["balanced_accuracy"] = found["sensitivity/macro"]
    return found


def referral(abnormal: ArrayLike, suspicion: ArrayLike, threshold: float) -> Mapping[str, Statistic]:
    """How an operating point does: a film is referred when its suspicion reaches the threshold."""
    is_abnormal = np.asarray(abnormal, bool)
    referred = np.asarray(suspicion, np.float64) >= threshold
    return {
        "sensitivity": share(referred, is_abnormal),
        "specificity": share(~referred, ~is_abnormal),
        "referred": share(referred),
        "auroc": auroc(is_abnormal, suspicion),
    }


def against_rest(true: ArrayLike, called: ArrayLike, score: ArrayLike) -> dict[str, Statistic]:
    """Some classes together against the rest, from called classes: true, called (films,) boolean, score (films,)."""
    is_true, is_called = np.asarray(true, bool), np.asarray(called, bool)
    scores = np.asarray(score, np.float64)
    return {name: build(is_true, is_called, scores) for name, build in _PER_CLASS.items() if name != "brier"}


def divided(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, NaN where the bottom is nothing."""
    quotient: Floats = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=bottom > 0)
    return quotient


_PER_CLASS: dict[str, Callable[[NDArray[np.bool_], NDArray[np.bool_], Floats], Statistic]] = {
    "accuracy": lambda true, called, _p: share(called == true),
    "sensitivity": lambda true, called, _p: share(called, true),
    "specificity": lambda true, called, _p: share(~called, ~true),
    "precision": lambda true, called, _p: share(true, called),
    "f1": lambda true, called, _p: Ratio(2 * (true & called).astype(np.float64), true.astype(np.float64) + called),
    "auroc": lambda true, _called, p: auroc(true, p),
    "pr_area": lambda true, _called, p: pr_area(true, p),
    "brier": lambda true, _called, p: mean((p - true) ** 2),
}

_POOLED = ("sensitivity", "specificity", "precision", "f1")


def _checked(truth: ArrayLike, probabilities: ArrayLike, classes: int) -> tuple[Truth, Floats]:
    true, shares = np.asarray(truth, np.intp), np.asarray(probabilities, np.float64)
    if shares.shape != (len(true), classes):
        raise ValueError(f"probabilities are (films, classes), here ({len(true)}, {classes}), got {shares.shape}")
    if not np.isfinite(shares).all():
        raise ValueError("a probability is not a number")
    return true, shares


def _sorted(positive: ArrayLike, score: ArrayLike) -> tuple[Truth, Truth, NDArray[np.bool_]]:
    """The order by score, where each distinct score starts in it, and who is positive there."""
    scores = np.asarray(score, np.float64)
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(ranked) else np.zeros(0, np.intp)
    return order, starts, np.asarray(positive, bool)[order]


def _by_score(weights: Floats, order: Truth, starts: Truth, positive: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Weight of positives and of negatives at each distinct score: (replicates, distinct scores) each."""
    if not len(starts):
        nothing = np.zeros((len(weights), 0))
        return nothing, nothing
    ranked = weights[:, order]
    positives = np.add.reduceat(ranked * positive, starts, axis=1)
    return positives, np.add.reduceat(ranked, starts, axis=1) - positives
