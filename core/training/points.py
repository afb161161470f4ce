"""Numbers of a result as points that can be drawn: curves, reliability, groups, thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence import metrics
from core.evidence.calibration import point_for_sensitivity, point_for_specificity
from core.evidence.evaluate import Table
from core.evidence.intervals import intervals, wilson
from core.training.state import Bin, Group, Kind, Line, Threshold

Floats = NDArray[np.float64]
SUSPICION = "suspicion"
# More points than a plot has pixels for tell nothing.
_MOST = 200
_BINS, _FEWEST_IN_BIN = 10, 5


def roc(table: Table, report: Mapping[str, Any]) -> tuple[Line, ...]:
    """False positives against true ones: of every class against the rest, and of the suspicion."""
    from sklearn.metrics import roc_curve

    return tuple(
        Line(name, *_thin(*roc_curve(positive, score)[:2]), area=_area(report, "auroc", name))
        for name, positive, score in _against_rest(table)
    )


def precision_recall(table: Table, report: Mapping[str, Any]) -> tuple[Line, ...]:
    """Recall against precision: of every class against the rest, and of the suspicion."""
    from sklearn.metrics import precision_recall_curve

    lines = []
    for name, positive, score in _against_rest(table):
        precision, recall, _thresholds = precision_recall_curve(positive, score)
        lines.append(Line(name, *_thin(recall[::-1], precision[::-1]), area=_area(report, "pr_area", name)))
    return tuple(lines)


def reliability(table: Table) -> dict[str, tuple[Bin, ...]]:
    """What was said and what was so, of every class, in bins of equally many films; 95 % after Wilson."""
    return {
        name: tuple(_bins(table.truth == number, table.probabilities[:, number]))
        for number, name in enumerate(table.classes)
    }


def operating(abnormal: NDArray[np.bool_], suspicion: Floats) -> tuple[Threshold, ...]:
    """Sensitivity and specificity at every threshold that changes one of them, 95 % after Wilson; empty where one does
    not exist."""
    if not abnormal.any() or abnormal.all():
        return ()
    found = np.unique(np.concatenate([[0.0], suspicion, [1.0]]))
    thresholds = found[np.linspace(0, len(found) - 1, min(_MOST, len(found))).round().astype(int)]
    with_finding, without = suspicion[abnormal], suspicion[~abnormal]
    counts = [(float(one), int((with_finding >= one).sum()), int((without < one).sum())) for one in thresholds]
    return tuple(
        Threshold(one, found / len(with_finding), passed / len(without),
                  wilson(found, len(with_finding)), wilson(passed, len(without)))
        for one, found, passed in counts
    )  # fmt: skip


def picked_point(abnormal: NDArray[np.bool_], suspicion: Floats, kind: Kind, wanted: float) -> tuple[str, float]:
    """The name and the threshold of the point that gives this sensitivity or specificity.

    Raises ValueError where there is no film to pick it by.
    """
    pick = point_for_sensitivity if kind == "sensitivity" else point_for_specificity
    return f"{kind}-{100 * wanted:g}".replace(".", "-"), min(pick(abnormal, suspicion, wanted).threshold, 1.0)


def given_by(abnormal: NDArray[np.bool_], suspicion: Floats, groups: Sequence[str], threshold: float) -> dict[str, Any]:
    """Sensitivity and specificity of a threshold, as figures with intervals over groups, and how many films."""
    statistics = metrics.referral(abnormal, suspicion, threshold)
    wanted = {name: statistics[name] for name in ("sensitivity", "specificity")}
    return {name: one.as_json() for name, one in intervals(wanted, groups).items()} | {"films": len(suspicion)}


def confusion_by_source(table: Table) -> dict[str, tuple[tuple[int, ...], ...]]:
    """A matrix a source, rows: true class."""
    called = table.probabilities.argmax(axis=1)
    found = {}
    for source in sorted(set(table.sources)):
        here = np.array([one == source for one in table.sources])
        found[source or "(unknown)"] = matrix(metrics.confusion(table.truth[here], called[here], len(table.classes)))
    return found


def matrix(counts: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(one) for one in row) for row in np.asarray(counts))


def groups(report: Mapping[str, Any]) -> tuple[Group, ...]:
    """Every group of films that is not too small, the one with the least accuracy first."""
    kinds = {"source": report["by_source"], **report["by_group"]}
    found = [
        Group(kind, name, row["films"], row["figures"]["accuracy"], row["figures"].get("auroc/macro"))
        for kind, rows in kinds.items()
        if len(rows) > 1
        for name, row in rows.items()
        if "accuracy" in row["figures"]
    ]
    return tuple(sorted(found, key=lambda one: float(one.accuracy["value"])))


def shortcuts(report: Mapping[str, Any]) -> tuple[str, bool]:
    """What the baselines mean, in words, and whether the networks have shown nothing beside them."""
    close = [str(one["text"]).replace("the bundle", "the networks") for one in report["findings"]]
    if close:
        told = " ".join(close).replace(" What the networks knows may be where the films come from.", "")
        return f"These networks have shown nothing yet: what needs no lungs does nearly as well. {told}", True
    names = {
        "thumbnail": "a 16 × 16 thumbnail",
        "file-facts": "the facts of the file",
        "source": "the name of the source",
    }
    better = [
        f"than {words} by {row['better_by']['value']:.3f}"
        for name, words in names.items()
        if (row := report["baselines"].get(name)) is not None and row["better_by"]["value"] is not None
    ]
    if not better:
        return "There was nothing that needs no lungs to compare with.", False
    return f"Better than what needs no lungs, in mean AUROC: {', '.join(better)}.", False


def _against_rest(table: Table) -> Iterator[tuple[str, NDArray[np.bool_], Floats]]:
    for number, name in enumerate(table.classes):
        positive = table.truth == number
        if positive.any() and not positive.all():
            yield name, positive, table.probabilities[:, number]
    abnormal = table.abnormal
    if table.suspicious and abnormal.any() and not abnormal.all():
        yield SUSPICION, abnormal, table.suspicion


def _area(report: Mapping[str, Any], metric: str, name: str) -> Mapping[str, Any]:
    found = (report["positive"] or {}).get(metric) if name == SUSPICION else report["figures"].get(f"{metric}/{name}")
    return found or {"value": None, "low": None, "high": None, "method": "none"}


def _thin(x: NDArray[Any], y: NDArray[Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    kept = np.unique(np.linspace(0, len(x) - 1, min(_MOST, len(x))).round().astype(int))
    return tuple(float(one) for one in x[kept]), tuple(float(one) for one in y[kept])


def _bins(had: NDArray[np.bool_], said: Floats) -> Iterator[Bin]:
    order = np.argsort(said, kind="stable")
    for part in np.array_split(order, max(1, min(_BINS, len(order) // _FEWEST_IN_BIN))):
        if len(part):
            low, high = wilson(int(had[part].sum()), len(part))
            yield Bin(float(said[part].mean()), float(had[part].mean()), low, high, len(part))
