"""How well the hospital can be read from a network's features: a linear probe that is asked for the source.

What the features do not tell, the classes cannot be guessed by. Within one class the probe has no disease to go by.
Features that tell nothing reach a balanced accuracy of one part in the number of sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence import baselines, metrics
from core.evidence.intervals import interval, intervals
from core.evidence.metrics import Floats, Statistic

_FEWEST = 20  # films a source; fewer cannot be learnt over five folds


def source_probe(
    features: NDArray[Any], sources: Sequence[str], groups: Sequence[str], *, c: float = 1.0
) -> dict[str, Any] | None:
    """Balanced accuracy and mean AUROC of a logistic regression that is asked for the source, out of fold by group.

    features: (films, numbers). c: the inverse of the penalty, on features of unit variance. Sources of fewer than 20
    films are left out; None when fewer than two are left.
    Gives films, sources (name → films), chance, balanced_accuracy and auroc, both with intervals over groups.
    """
    guess = _guess(np.asarray(features), sources, groups, c)
    return None if guess is None else guess.as_json()


def probed(
    features: Mapping[str, Mapping[str, NDArray[Any]]],
    sources: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[str],
) -> list[dict[str, Any]]:
    """The probe for every member before and after, over all films and within each class.

    features: member → {"before": (films, numbers), "after": …}: what it saw, and how, before anything was done against
    sources, and what ships. labels: the class, "" for none.
    One row a member and class: member, among ("" for all films), before, after (as from source_probe), and less_by,
    what the balanced accuracy lost, in pairs. Classes of one source only have no row.
    """
    label, rows = np.asarray(labels), []
    for among in ("", *sorted(set(labels) - {""})):
        here = np.flatnonzero(label == among) if among else np.arange(len(label))
        own_sources, own_groups = np.asarray(sources)[here].tolist(), np.asarray(groups)[here].tolist()
        for member, states in features.items():
            guesses = {
                state: guess
                for state, values in states.items()
                if (guess := _guess(np.asarray(values)[here], own_sources, own_groups, 1.0)) is not None
            }
            if guesses:
                told = {state: guess.as_json() for state, guess in guesses.items()}
                rows.append({"member": member, "among": among, **told, "less_by": _less_by(guesses)})
    return rows


@dataclass(frozen=True, slots=True)
class _Guess:
    """The sources' names, the true one of each film, and the probe's probabilities (films, sources)."""

    names: tuple[str, ...]
    truth: NDArray[np.intp]
    shares: Floats
    groups: tuple[str, ...]

    def statistics(self) -> dict[str, Statistic]:
        every = metrics.statistics(self.truth, self.shares, self.names)
        return {"balanced_accuracy": every["balanced_accuracy"], "auroc": every["auroc/macro"]}

    def as_json(self) -> dict[str, Any]:
        counts = np.bincount(self.truth, minlength=len(self.names))
        return {
            "films": len(self.truth),
            "sources": {name: int(count) for name, count in zip(self.names, counts, strict=True)},
            "chance": 1 / len(self.names),
            **{name: figure.as_json() for name, figure in intervals(self.statistics(), self.groups).items()},
        }


def _less_by(guesses: Mapping[str, _Guess]) -> dict[str, Any] | None:
    if not {"before", "after"} <= guesses.keys():
        return None
    before, after = (guesses[state].statistics()["balanced_accuracy"] for state in ("before", "after"))
    return interval(metrics.minus(before, after), guesses["after"].groups).as_json()


def _guess(features: NDArray[Any], sources: Sequence[str], groups: Sequence[str], c: float) -> _Guess | None:
    all_of = np.asarray(sources)
    found, counts = np.unique(all_of, return_counts=True)
    names = tuple(str(name) for name, count in zip(found, counts, strict=True) if count >= _FEWEST and name)
    if len(names) < 2:
        return None
    kept = np.flatnonzero(np.isin(all_of, names))
    truth = np.array([names.index(str(name)) for name in all_of[kept]], np.intp)
    own = tuple(np.asarray(groups)[kept].tolist())
    shares = baselines.out_of_fold(features[kept], truth, own, len(names), model="logistic", key="source", c=c)
    # Sources count equally in a balanced accuracy, so the guess must not lean towards the large ones.
    shares = shares / np.bincount(truth, minlength=len(names))
    return _Guess(names, truth, shares / shares.sum(axis=1, keepdims=True), own)
