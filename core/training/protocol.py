"""How members are judged and joined without fooling ourselves: folds by group, figures within a source, weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from core.cohort.cohort import Cohort
from core.cohort.splits import fold_of
from core.evidence.calibration import log_loss, temperature
from core.evidence.metrics import Statistic, auroc, value
from core.training.balance import weights
from core.training.checkpoint import Arrays
from core.training.fit import averaged

Floats = NDArray[np.floating]
_FEWEST = 15  # films a class, below which a figure within a source would be chance


def hard(cohort: Cohort, classes: Sequence[str]) -> NDArray[np.float32]:
    """Targets (films, classes): the label, and nothing else."""
    return np.eye(len(classes), dtype=np.float32)[cohort.targets(classes)]


def softened(cohort: Cohort, classes: Sequence[str], teacher: Floats, trust: float = 0.5) -> NDArray[np.float32]:
    """What a pupil learns: the teacher's probabilities (films, classes), mixed with the label where there is one.

    Films of no class have the teacher's word alone.
    """
    known = cohort.labels != ""
    targets = np.asarray(teacher, np.float32).copy()
    targets[known] = trust * targets[known] + (1 - trust) * hard(cohort.chosen(known), classes)
    return targets


def balanced(cohort: Cohort) -> NDArray[np.float64]:
    """What each film counts: classes equally, sources by the root of their size; no class is a class of its own."""
    return weights(cohort.labels.tolist(), cohort.sources.tolist())


def folds(cohort: Cohort, key: str, count: int = 5) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Every fold's number with the mask of the films that it holds out, whole groups at a time."""
    fold = np.array([fold_of(str(group), key, count) for group in cohort.groups])
    for number in range(count):
        yield number, fold == number


def pair(logits: Floats, truth: NDArray[np.intp], one: int, other: int) -> tuple[NDArray[np.bool_], Statistic]:
    """AUROC of class `one` against `other` by the difference of their logits, on the films of these two classes.

    Gives the mask of these films, and the metric on them.
    """
    among = (truth == one) | (truth == other)
    return among, auroc(truth[among] == one, logits[among, one] - logits[among, other])


def within_sources(cohort: Cohort, classes: Sequence[str]) -> list[tuple[str, int, int]]:
    """(source, class, other class) wherever a source has enough films of both: no change of source hides in them."""
    truth = cohort.targets(classes)
    found = []
    for source in sorted(set(cohort.sources.tolist())):
        have = np.bincount(truth[cohort.sources == source], minlength=len(classes))
        found += [(source, b, a) for a, b in combinations(range(len(classes)), 2) if min(have[a], have[b]) >= _FEWEST]
    return found


def ranking(cohort: Cohort, classes: Sequence[str], logits: Floats) -> float:
    """Mean AUROC over the pairs of classes, and over the pairs within a source; no threshold, no calibration.

    Within-source pairs count as much as the pooled ones together: the pooled ones reward knowing the source.
    """
    truth = cohort.targets(classes)
    pooled = []
    for a, b in combinations(range(len(classes)), 2):
        among, metric = pair(logits, truth, b, a)
        pooled.append(value(metric, int(among.sum())))
    within = []
    for source, b, a in within_sources(cohort, classes):
        own = cohort.sources == source
        among, metric = pair(logits[own], truth[own], b, a)
        within.append(value(metric, int(among.sum())))
    return float(np.mean([np.mean(pooled), np.mean(within)]) if within else np.mean(pooled))


def gentlest(scores: dict[float, float], slack: float = 0.01) -> float:
    """The smallest share of fine-tuning whose score is within `slack` of the best.

    Inside, fine-tuned weights look better; in hospitals nobody here had, weights near the probe did
    (docs/ensemble.md). So fine-tuning has to earn its share.
    """
    best = max(scores.values())
    return min(share for share, score in scores.items() if score >= best - slack)


def shares_between(probe: Arrays, tuned: Arrays, shares: Sequence[float]) -> Iterator[tuple[float, Arrays]]:
    """Weights from the probe's to the fine-tuned ones."""
    for share in shares:
        yield share, averaged(tuned, probe, share)


def member_weights(
    logits: Sequence[Floats], truth: NDArray[np.intp], least: float = 0.1, slack: float = 0.005
) -> tuple[float, ...]:
    """How much each member counts: of all tenths with nearly the least log loss, the most equal ones.

    logits: one array (films, classes) a member. The log loss is taken at the temperature that fits best.
    """
    count = len(logits)
    steps = [number / 10 for number in range(round(least * 10), 11)]
    mixes = [mix for mix in product(steps, repeat=count) if abs(sum(mix) - 1) < 1e-9]
    losses = []
    for mix in mixes:
        joined = sum(share * np.asarray(own, np.float64) for share, own in zip(mix, logits, strict=True))
        losses.append(log_loss(joined, truth, temperature(joined, truth)))
    good = [mix for mix, loss in zip(mixes, losses, strict=True) if loss <= min(losses) + slack]
    return min(good, key=lambda mix: (float(np.var(mix)), mix))
