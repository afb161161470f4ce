"""A table of probabilities against the truth: figures with intervals, where they hold, and what shortcuts reach.

Gives plain data, ready for JSON. No pooled figure stands alone: beside it stand the same by source and by group of
patients, classes compared within one source, and the baselines that never saw a lung.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence import baselines, calibration, metrics
from core.evidence.intervals import Figure, intervals
from core.evidence.metrics import Floats, Statistic, Truth

SMALL_FILMS, SMALL_PATIENTS = 100, 30
_OF_BASELINES = ("accuracy", "balanced_accuracy", "f1/macro")
# A network must beat a shortcut's AUROC by more than this, by the lower end of the paired interval.
CLOSE = 0.02
_FEWEST_IN_STRATUM = 10
_FEWEST_OF_A_CLASS = 5
# Baselines that can be asked within one source; its name cannot.
_WITHIN = {"thumbnail", "hog", "file-facts"}
_SHORTCUTS = {
    "thumbnail": ("A 16 × 16 thumbnail alone reaches", "shortcut-thumbnail"),
    "file-facts": ("The facts of the file alone (size, greys, border) reach", "shortcut-file-facts"),
    "source": ("The name of the source alone reaches", "shortcut-source"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """What is judged. Every sequence has one entry a film.

    truth: class numbers. probabilities: (films, classes). groups: films of one group (patient, near duplicates) are
    not independent. sources: "" where unknown. strata: further groupings by name ("view" → values, "" unknown).
    suspicious: classes whose probabilities add up to the suspicion; threshold: the operating point, if any.
    features: "thumbnail", "hog" and "file-facts" → (films, numbers), for the baselines that are wanted.
    others: the baselines' probabilities where they were judged already (on the folds of a training), by name.
    """

    classes: tuple[str, ...]
    truth: Truth
    probabilities: Floats
    groups: tuple[str, ...]
    sources: tuple[str, ...]
    names: tuple[str, ...]
    strata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    suspicious: tuple[str, ...] = ()
    threshold: float | None = None
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    others: Mapping[str, Floats] | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def abnormal(self) -> NDArray[np.bool_]:
        return np.isin(self.truth, [self.classes.index(name) for name in self.suspicious])

    @property
    def suspicion(self) -> Floats:
        total: Floats = self.probabilities[:, [self.classes.index(name) for name in self.suspicious]].sum(axis=1)
        return total


def report(table: Table, replicates: int = 2000) -> dict[str, Any]:
    """Everything that is known of the probabilities, as plain data; figures are {value, low, high, method}.

    Keys: films, patients, by_class, small, figures, confusion (rows: true class, columns: called class), positive
    (the suspicious classes together against the rest, from the same called classes), calibration, referral,
    by_source, called_by_source, by_group, within_source, baselines, findings.
    """
    others = _baselines(table) if table.others is None else dict(table.others)
    compared = _compared(table, others, replicates)
    called = table.probabilities.argmax(axis=1)
    return {
        "films": len(table),
        "patients": len(set(table.groups)),
        "by_class": _by_class(table),
        "small": small(table),
        "figures": _plain(intervals(_metrics(table), table.groups, replicates=replicates)),
        "confusion": metrics.confusion(table.truth, called, len(table.classes)).tolist(),
        "positive": _positive(table, table.probabilities, replicates),
        "calibration": _plain(intervals(_calibration(table), table.groups, replicates=replicates)),
        "referral": _referral(table, replicates),
        "by_source": _strata(table, table.sources, replicates),
        "called_by_source": _called_by_source(table, called),
        "by_group": {name: _strata(table, values, replicates) for name, values in table.strata.items()},
        "within_source": _within_source(table, others, replicates),
        "baselines": compared,
        "findings": _findings(table, compared),
    }


def small(table: Table) -> str | None:
    """The sentence that a small set must carry; None when the set is large enough."""
    lines = []
    for index, name in enumerate(table.classes):
        of_class = np.flatnonzero(table.truth == index)
        patients = len({table.groups[place] for place in of_class})
        if len(of_class) < SMALL_FILMS or patients < SMALL_PATIENTS:
            lines.append(f"{name}: {len(of_class)} films of {patients} patients")
    if not lines:
        return None
    wanted = f"{SMALL_FILMS} films and {SMALL_PATIENTS} patients"
    return f"Fewer than {wanted} in a class ({', '.join(lines)}): no threshold should be taken from this set."


def _metrics(table: Table) -> dict[str, Statistic]:
    return metrics.statistics(table.truth, table.probabilities, table.classes)


def _by_class(table: Table) -> dict[str, int]:
    counts = np.bincount(table.truth, minlength=len(table.classes))
    return {name: int(count) for name, count in zip(table.classes, counts, strict=True)}


def _calibration(table: Table) -> dict[str, Statistic]:
    found: dict[str, Statistic] = {"expected_error": calibration.expected_error(table.truth, table.probabilities)}
    for index, name in enumerate(table.classes):
        positive, p = table.truth == index, table.probabilities[:, index]
        found[f"slope/{name}"] = calibration.calibration_slope(positive, p)
        found[f"intercept/{name}"] = calibration.calibration_intercept(positive, p)
    return found


def _referral(table: Table, replicates: int) -> dict[str, Any] | None:
    if table.threshold is None or not table.suspicious:
        return None
    statistics = metrics.referral(table.abnormal, table.suspicion, table.threshold)
    figures = _plain(intervals(statistics, table.groups, replicates=replicates))
    return {"threshold": table.threshold, "suspicious": list(table.suspicious), **figures}


def _positive(table: Table, probabilities: Floats, replicates: int) -> dict[str, Any] | None:
    if not table.suspicious:
        return None
    wanted = [table.classes.index(name) for name in table.suspicious]
    called = np.isin(probabilities.argmax(axis=1), wanted)
    statistics = metrics.against_rest(table.abnormal, called, probabilities[:, wanted].sum(axis=1))
    figures = _plain(intervals(statistics, table.groups, replicates=replicates))
    return {"classes": list(table.suspicious), **figures}


def _called_by_source(table: Table, called: NDArray[np.intp]) -> dict[str, dict[str, int]]:
    """True source × called class, films. Where it is nearly as square as the matrix of the classes, that was learnt."""
    counts = Counter(zip(table.sources, called.tolist(), strict=True))
    return {
        source or "(unknown)": {name: counts[source, number] for number, name in enumerate(table.classes)}
        for source in sorted(set(table.sources))
    }


def _strata(table: Table, values: Sequence[str], replicates: int) -> dict[str, Any]:
    """Figures of every part of the films, where it is not too small; metrics that do not exist there are left out."""
    found = {}
    for value, count in sorted(Counter(values).items()):
        if count < _FEWEST_IN_STRATUM or (not value and count == len(table)):
            continue
        part = part_of(table, np.array([each == value for each in values]))
        figures = intervals(_metrics(part), part.groups, replicates=replicates)
        # A mean over one class is that class again.
        several = len(set(part.truth.tolist())) > 1
        kept = {
            name: figure
            for name, figure in figures.items()
            if figure.value is not None and _is_headline(name) and (several or not name.endswith(("/macro", "/pooled")))
        }
        found[value or "(unknown)"] = {"films": len(part), "by_class": _by_class(part), "figures": _plain(kept)}
    return found


def _is_headline(metric: str) -> bool:
    return metric == "accuracy" or metric.partition("/")[0] in ("auroc", "sensitivity", "specificity")


def part_of(table: Table, chosen: NDArray[np.bool_]) -> Table:
    """The films where the mask is true, with all that is known of them."""

    def of(values: Sequence[str]) -> tuple[str, ...]:
        return tuple(value for value, taken in zip(values, chosen, strict=True) if taken)

    return replace(
        table,
        truth=table.truth[chosen],
        probabilities=table.probabilities[chosen],
        groups=of(table.groups),
        sources=of(table.sources),
        names=of(table.names),
        strata={name: of(values) for name, values in table.strata.items()},
        features={name: values[chosen] for name, values in table.features.items()},
        others=None if table.others is None else {name: values[chosen] for name, values in table.others.items()},
    )


def _within_source(table: Table, others: Mapping[str, Floats], replicates: int) -> list[dict[str, Any]]:
    """Two classes of one source told apart: the source cannot help here. Beside it the shortcuts on the same films."""
    rows = []
    for source in sorted(set(table.sources) - {""}):
        here = np.array([each == source for each in table.sources])
        for first, second in combinations(range(len(table.classes)), 2):
            chosen = here & np.isin(table.truth, (first, second))
            positive = table.truth[chosen] == second
            if min(positive.sum(), (~positive).sum()) < _FEWEST_OF_A_CLASS:
                continue
            statistics: dict[str, Statistic] = {
                "auroc": metrics.auroc(positive, _between(table.probabilities[chosen], first, second))
            }
            for name in sorted(others.keys() & _WITHIN):
                shortcut = metrics.auroc(positive, _between(others[name][chosen], first, second))
                statistics |= {
                    f"{name}/auroc": shortcut,
                    f"{name}/better_by": metrics.minus(statistics["auroc"], shortcut),
                }
            groups = [group for group, taken in zip(table.groups, chosen, strict=True) if taken]
            rows.append(
                {
                    "source": source,
                    "classes": [table.classes[first], table.classes[second]],
                    "films": int(chosen.sum()),
                    **_plain(intervals(statistics, groups, replicates=replicates)),
                }
            )
    return rows


def _between(probabilities: Floats, first: int, second: int) -> Floats:
    """How much the second class is likelier than the first, whatever the third one takes."""
    odds: Floats = np.log(probabilities[:, second] + 1e-12) - np.log(probabilities[:, first] + 1e-12)
    return odds


def _baselines(table: Table) -> dict[str, Floats]:
    """Probabilities of the baselines, each out of fold over the groups of these films."""
    classes = len(table.classes)
    found = {
        name: baselines.out_of_fold(values, table.truth, table.groups, classes)
        for name, values in table.features.items()
    }
    names = sorted(set(table.sources))
    if len(names) > 1:
        one_hot = np.array([[source == name for name in names] for source in table.sources], np.float64)
        found["source"] = baselines.out_of_fold(one_hot, table.truth, table.groups, classes, model="logistic")
    return found


def _compared(table: Table, others: Mapping[str, Floats], replicates: int) -> dict[str, Any]:
    """Every baseline's headline figures, and how much better the judged probabilities are, in pairs."""
    commonest = int(np.bincount(table.truth, minlength=len(table.classes)).argmax())
    always = np.repeat(np.eye(len(table.classes))[[commonest]], len(table), axis=0)
    all_alike = metrics.statistics(table.truth, always, table.classes)
    found: dict[str, Any] = {
        "majority": {
            "class": table.classes[commonest],
            **_plain(intervals({"accuracy": all_alike["accuracy"]}, table.groups, replicates=replicates)),
            "positive": _positive(table, always, replicates),
        }
    }
    own = _metrics(table)
    for name, probabilities in others.items():
        theirs = metrics.statistics(table.truth, probabilities, table.classes)
        wanted = {metric: statistic for metric, statistic in theirs.items() if metric in _OF_BASELINES}
        wanted |= {metric: statistic for metric, statistic in theirs.items() if metric.startswith("auroc/")}
        wanted["better_by"] = metrics.minus(own["auroc/macro"], theirs["auroc/macro"])
        found[name] = _plain(intervals(wanted, table.groups, replicates=replicates))
        found[name]["positive"] = _positive(table, probabilities, replicates)
    return found


def _findings(table: Table, compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Shortcuts that come close to what is judged; each must be acknowledged before the figures are used."""
    findings = []
    for name, (title, code) in _SHORTCUTS.items():
        if name not in compared:
            continue
        better, theirs = compared[name]["better_by"], compared[name]["auroc/macro"]["value"]
        if better["value"] is None or (better["low"] is not None and better["low"] > CLOSE):
            continue
        own = theirs + better["value"]
        ends = "" if better["low"] is None else f" (95 % interval {better['low']:+.3f} to {better['high']:+.3f})"
        text = (
            f"{title} a mean AUROC of {theirs:.3f} on these films, the bundle {own:.3f}: a difference of "
            f"{better['value']:+.3f}{ends}. What the bundle knows may be where the films come from."
        )
        findings.append({"code": code, "severity": "serious", "text": text, "count": len(table), "images": []})
    return findings


def _plain(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: figure.as_json() for name, figure in figures.items()}
