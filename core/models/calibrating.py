"""Whether a bundle's probabilities mean what they say at this site, and the bundle that says it better."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.cohort.splits import fold_of
from core.errors import RunRefused
from core.evidence import calibration as lines
from core.evidence import evaluate, metrics
from core.evidence.evaluate import Table
from core.evidence.intervals import intervals, wilson
from core.inference.bundles import Bundle
from core.inference.description import OperatingPoint
from core.models.adopting import chosen_by, plain_figures
from core.models.asking import Answers, span
from core.models.state import Bin, Calibrated, Point, Reliability, Span
from core.models.weighing import log_loss
from core.training.ensembling import spreads

Floats = NDArray[np.float64]
Kind = Literal["specificity", "sensitivity"]
_BINS, _FEWEST_IN_BIN = 10, 5
_FOLDS, _KEY = 5, "calibration"
_USUAL_SPREAD = 0.95


def calibrated(answers: Answers) -> Calibrated:
    """Reliability with the bundle's own temperature, and with one fitted on the films of other patients."""
    own = answers.bundles[0].description.temperature
    logits = answers.joined()
    before, after = answers.table(logits, own), answers.table(_out_of_fold(answers, logits), 1.0)
    better = metrics.minus(log_loss(before), log_loss(after))
    found = intervals({"better_by": better}, answers.groups)
    return Calibrated(
        answers.films(),
        own,
        lines.temperature(logits, answers.truth),
        _reliability(before),
        _reliability(after),
        span(found["better_by"]),
        why_not(answers),
    )


def why_not(answers: Answers) -> str | None:
    """Why these films may set no temperature and no operating point; None when they may."""
    counts = np.bincount(answers.truth, minlength=len(answers.classes))
    missing = [name for name, count in zip(answers.classes, counts, strict=True) if not count]
    if missing:
        return (
            f"There is no film of {' or '.join(missing)} among them. A temperature that was fitted without a class "
            "would say nothing of it; nothing is adopted."
        )
    small = evaluate.small(answers.table(answers.joined(), 1.0))
    if small is None:
        return None
    return (
        f"{small} So few films would move the temperature and the operating point by chance more than they would "
        "correct them; the bundle keeps its own."
    )


def point(answers: Answers, heat: float, kind: Kind, wanted: float) -> Point:
    """The operating point for a specificity or sensitivity wanted, at a temperature, on these films."""
    table = answers.table(answers.joined(), heat)
    pick = lines.point_for_specificity if kind == "specificity" else lines.point_for_sensitivity
    # Where the suspicion of some normal films is 1, so is the threshold.
    threshold = min(pick(table.abnormal, table.suspicion, wanted).threshold, 1.0)
    found = intervals(dict(metrics.referral(table.abnormal, table.suspicion, threshold)), answers.groups)
    return Point(kind, wanted, threshold, span(found["sensitivity"]), span(found["specificity"]))


def adopted(answers: Answers, kind: Kind, wanted: float, name: str) -> Bundle:
    """The bundle with the temperature and an operating point of these films, on the shelf.

    Refuses "too-few-to-calibrate" (RunRefused) where `why_not` has something to say.
    """
    if why := why_not(answers):
        raise RunRefused("too-few-to-calibrate", what=why)
    parent = answers.bundles[0]
    heat = lines.temperature(answers.joined(), answers.truth)
    chosen = point(answers, heat, kind, wanted)
    counts = np.bincount(answers.truth, minlength=len(answers.classes))
    mix = {one: int(count) for one, count in zip(answers.classes, counts, strict=True)}
    of = f"{len(answers)} films of {len(set(answers.groups))} patients of this site"
    figures = [
        one
        for kind_, span_ in (("specificity", chosen.specificity), ("sensitivity", chosen.sensitivity))
        for one in plain_figures({kind_: _dict(span_)}, f"the same {of}", len(answers))
    ]
    picked = f"{kind} {wanted:.2f} on {of}; its figures are of the same films"
    own = OperatingPoint(f"{kind}-{round(100 * wanted)}", chosen.threshold, picked)
    changes: dict[str, Any] = {
        "temperature": heat,
        "operating_points": [{**msgspec.to_builtins(own), "figures": figures}],
        "class_mix": {**dict(parent.raw["class_mix"]), "validation": mix},
        "abstention": _abstention(answers, heat),
    }
    mixed = ", ".join(f"{count} {one}" for one, count in mix.items())
    told = [
        f"Made from {parent.name} {parent.version} ({parent.digest[:12]}): the same members with another temperature, "
        f"{heat:.3f} instead of {parent.description.temperature:.3f}, fitted on {of} ({mixed}). Probabilities hold "
        "for this mix.",
        "",
        f"Operating point: refer from a suspicion of {chosen.threshold:.3f}, picked for {kind} {wanted:.2f} on the "
        f"same films, which gives sensitivity {_words(chosen.sensitivity)} and specificity "
        f"{_words(chosen.specificity)} there. What follows is the card of {parent.name} {parent.version}; the "
        "temperature does not change which class is likeliest, so its figures of ranking and of classes hold, those "
        "of its operating point do not.",
    ]
    return chosen_by(answers, name, "Calibrated at this site", told, changes)


def _out_of_fold(answers: Answers, logits: Floats) -> Floats:
    """Each film's logits divided by the temperature that the films of other groups give."""
    folds = np.array([fold_of(group, _KEY, _FOLDS) for group in answers.groups])
    scaled = logits / answers.bundles[0].description.temperature
    for fold in np.unique(folds):
        others = folds != fold
        # With one group alone there is nobody else to learn from.
        if others.any():
            heat = lines.temperature(logits[others], answers.truth[others])
            scaled[~others] = logits[~others] / heat
    return scaled


def _reliability(table: Table) -> Reliability:
    curves = {"suspicion": _bins(table.suspicion, table.abnormal)}
    curves |= {
        name: _bins(table.probabilities[:, number], table.truth == number) for number, name in enumerate(table.classes)
    }
    found = intervals(
        {
            "log_loss": log_loss(table),
            "expected_error": lines.expected_error(table.truth, table.probabilities),
            "slope": lines.calibration_slope(table.abnormal, table.suspicion),
        },
        table.groups,
    )
    return Reliability(curves, span(found["log_loss"]), span(found["expected_error"]), span(found["slope"]))


def _bins(said: Floats, had: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Bins of equally many films, in the order of what was said of them."""
    order = np.argsort(said, kind="stable")
    count = max(1, min(_BINS, len(order) // _FEWEST_IN_BIN))
    bins = []
    for part in np.array_split(order, count):
        hits = int(had[part].sum())
        bins.append(Bin(float(said[part].mean()), hits / len(part), *wilson(hits, len(part)), len(part)))
    return tuple(bins)


def _abstention(answers: Answers, heat: float) -> Any:
    """The rule to abstain, where it is by spread, anew: the spread of probabilities changes with the temperature."""
    parent = answers.bundles[0]
    rule = msgspec.to_builtins(parent.description.abstention)
    if rule["max_spread"] is None:
        return rule
    members = [answers.logits[0][:, place] for place in range(len(parent.members))]
    found = spreads(members, [member.weight for member in parent.members], heat)
    limit = float(np.quantile(found, _USUAL_SPREAD))
    words = (
        f"The members disagree: their probabilities of the finding have a standard deviation above {limit:.2f}, as in "
        "5 of 100 films that the temperature was fitted on."
    )
    return {**rule, "max_spread": limit, "words": words}


def _dict(value: Span) -> dict[str, float | None]:
    return {"value": value.value, "low": value.low, "high": value.high}


def _words(value: Span) -> str:
    if value.value is None:
        return "unknown"
    if value.low is None or value.high is None:
        return f"{value.value:.2f}"
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})"
