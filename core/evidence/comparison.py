"""Is one network better than another? Both judged the same films, so the difference is taken film by film."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evidence import metrics
from core.evidence.evaluate import Table
from core.evidence.intervals import intervals
from core.evidence.metrics import Statistic

_COMPARED = ("accuracy", "balanced_accuracy", "f1/macro", "auroc/macro", "pr_area/macro", "brier")


def compared(first: Table, second: Table, replicates: int = 2000) -> dict[str, Any]:
    """Second minus first on the films that both judged, with intervals of a paired bootstrap over patients.

    Films are known by their names (Table.names); a film that one of them lacks is left out. Gives plain data: films,
    patients, figures of "first" and of "second", and "difference" by metric; brier is better when it is lower.
    Raises ValueError for other classes or for a film with two truths.
    """
    if first.classes != second.classes:
        raise ValueError(f"only equal classes can be compared, got {first.classes} and {second.classes}")
    place = {name: number for number, name in enumerate(second.names)}
    mine = np.array([number for number, name in enumerate(first.names) if name in place], np.intp)
    theirs = np.array([place[first.names[number]] for number in mine], np.intp)
    truth = first.truth[mine]
    if (truth != second.truth[theirs]).any():
        raise ValueError("a film has two truths")
    groups = np.array(first.groups)[mine]
    if not len(mine):
        return {"films": 0, "patients": 0, "first": {}, "second": {}, "difference": {}}
    some = metrics.statistics(truth, first.probabilities[mine], first.classes)
    others = metrics.statistics(truth, second.probabilities[theirs], first.classes)
    wanted = [*_COMPARED, *(f"auroc/{name}" for name in first.classes)]
    asked: dict[str, dict[str, Statistic]] = {
        "first": {name: some[name] for name in wanted},
        "second": {name: others[name] for name in wanted},
        "difference": {name: metrics.minus(others[name], some[name]) for name in wanted},
    }
    figures = {
        what: {name: figure.as_json() for name, figure in intervals(statistics, groups, replicates=replicates).items()}
        for what, statistics in asked.items()
    }
    return {"films": len(mine), "patients": len(set(groups.tolist())), **figures}
