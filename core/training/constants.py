"""What turns the networks' logits into answers: offsets, temperature, operating point, and when nobody decides.

They come from films that did not train the networks that judge them: after k-fold from all films, each judged by the
networks of its fold; after a single split from the validation part. A small set sets none of them (design.md section
7): then the start bundle's are kept, or 1, 0.5 and never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.evidence.calibration import point_for_specificity, temperature
from core.evidence.intervals import wilson
from core.inference.description import Abstention, Figure, OperatingPoint
from core.inference.ensemble import softmax
from core.training.ensembling import USUAL_SPREAD, fitted_to_mix, spreads
from core.training.outcome import positives
from core.training.run import Task
from core.training.splitting import Numbers, small_classes

SPECIFICITY = 0.90
ALONE = Abstention("Never: a single network has nobody to disagree with.")
UNMEASURED = Abstention("Never: how far the members usually disagree was not measured on these films.")


@dataclass(frozen=True, slots=True)
class Constants:
    """offsets: (classes,), added to the logits before the temperature divides. words: how they were found, or why they
    were not; adopted: whether these films set them."""

    offsets: NDArray[np.float64]
    temperature: float
    point: OperatingPoint
    abstention: Abstention
    words: str
    adopted: bool = False

    def shares(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        return softmax((logits + self.offsets) / self.temperature)


def constants_of(tasks: Sequence[Task], numbers: Numbers, logits: NDArray[np.float32], where: str) -> Constants:
    """From the ensemble's logits (films, classes) of films of these numbers; where: what they are, in words.

    When members disagree more than usual is left to `measured`.
    """
    task = tasks[0]
    material, classes = task.material, task.material.classes
    labels = material.cohort.labels[numbers].tolist()
    groups = material.cohort.groups[numbers].tolist()
    few = small_classes(labels, groups)
    if few or set(labels) != set(classes):
        return _kept(tasks, few)
    truth = material.truth[numbers]
    offsets, heat, balanced = np.zeros(len(classes)), temperature(logits, truth), ""
    balance = task.recipe.balance
    if balance.sampling != "as-is" or balance.class_weights or balance.undersample or balance.smote != "none":
        offsets, heat = fitted_to_mix(logits, truth)
        balanced = " and offsets that put the classes' mix back"
    suspicious = [classes.index(name) for name in positives(task.recipe, classes)]
    suspicion = softmax((logits + offsets) / heat)[:, suspicious].sum(axis=1)
    words = f"Temperature {heat:.3f}{balanced} fitted on {len(numbers)} films ({where})."
    point = _point(np.isin(truth, suspicious), suspicion, where)
    return Constants(offsets, heat, point, ALONE if len(tasks) == 1 else UNMEASURED, words, adopted=True)


def measured(constants: Constants, answers: Sequence[NDArray[np.float32]], weights: Sequence[float]) -> Constants:
    """With the members' usual disagreement on films that did not train them, where these films may set it.

    answers: each member's logits (films, classes), offsets included.
    """
    if len(answers) == 1 or not constants.adopted:
        return constants
    most = float(np.quantile(spreads(answers, weights, constants.temperature), USUAL_SPREAD))
    words = (
        f"The members disagree: their probabilities of the finding have a standard deviation above {most:.2f}, as in "
        f"{100 * (1 - USUAL_SPREAD):.0f} of 100 films of the validation part."
    )
    return replace(constants, abstention=Abstention(words, max_spread=most))


def _point(abnormal: NDArray[np.bool_], suspicion: NDArray[np.float64], where: str) -> OperatingPoint:
    point = point_for_specificity(abnormal, suspicion, SPECIFICITY)
    rows = (
        ("specificity", suspicion[~abnormal] < point.threshold),
        ("sensitivity", suspicion[abnormal] >= point.threshold),
    )
    figures = tuple(
        Figure(name, float(hit.mean()), *wilson(int(hit.sum()), len(hit)), where, len(hit)) for name, hit in rows
    )
    words = f"specificity {SPECIFICITY:.2f} on {where}; its figures are of the same films"
    # Where the suspicion of some normal films is 1, so is the threshold.
    return OperatingPoint("specificity-90", min(point.threshold, 1.0), words, figures)


def _kept(tasks: Sequence[Task], few: Mapping[str, tuple[int, int]]) -> Constants:
    """A small set sets nothing: the start's constants where it tells the same classes apart, else 1 and 0.5."""
    task = tasks[0]
    counted = ", ".join(f"{name}: {films} films of {patients} patients" for name, (films, patients) in few.items())
    why = f"under 100 films or 30 patients in a class ({counted})" if few else "a class is missing among them"
    bundle = task.start.bundle
    nothing = np.zeros(len(task.material.classes))
    suspicious = positives(task.recipe, task.material.classes)
    if (
        bundle is not None
        and set(bundle.classes) == set(task.material.classes)
        and set(bundle.description.suspicion) == set(suspicious)
    ):
        point = _reworded(bundle.description.operating_points[0], f"as in {bundle.name} {bundle.version}; {why}")
        words = f"Temperature and operating point are those of {bundle.name} {bundle.version}: {why}."
        whole = len(tasks) == len(bundle.members) > 1
        rule = bundle.description.abstention if whole else ALONE if len(tasks) == 1 else UNMEASURED
        return Constants(nothing, bundle.description.temperature, point, rule, words)
    point = OperatingPoint("undecided", 0.5, f"nothing: {why}")
    rule = ALONE if len(tasks) == 1 else UNMEASURED
    return Constants(nothing, 1.0, point, rule, f"No temperature and no operating point were adopted: {why}.")


def _reworded(point: OperatingPoint, words: str) -> OperatingPoint:
    """The same threshold with other words; figures of other films are left behind."""
    return OperatingPoint(point.name, point.threshold, words)
