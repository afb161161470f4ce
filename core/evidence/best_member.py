"""Is the ensemble better than its best member? The same films, patient by patient, and a plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.evidence import metrics
from core.evidence.comparison import compared
from core.evidence.evaluate import Table
from core.evidence.metrics import Floats

BY = "auroc/macro"


def against_best(
    table: Table, members: Mapping[str, Floats], *, best: str | None = None, replicates: int = 2000
) -> dict[str, Any]:
    """The ensemble's table against every member's probabilities (films, classes) on the same films.

    best: the member that was best where nothing is judged (on validation, when the locked test is judged); when None
    it is taken from these very films, which favours the member. Gives best, chosen_here, members {name: {metric:
    figure}}, compared (as core.evidence.comparison, the best member first and the ensemble second) and better: True,
    False (the member is), or None when the interval of the difference in mean AUROC holds 0.
    """
    scores = {
        name: metrics.value(metrics.statistics(table.truth, shares, table.classes)[BY], len(table))
        for name, shares in members.items()
    }
    first = best if best is not None else max(scores, key=lambda name: scores[name])
    found = {
        name: compared(replace(table, probabilities=shares), table, replicates) for name, shares in members.items()
    }
    gain = found[first]["difference"][BY]
    better = None
    if gain["low"] is not None and not gain["low"] <= 0 <= gain["high"]:
        better = gain["low"] > 0
    return {
        "best": first,
        "chosen_here": best is None,
        "better": better,
        "compared": found[first],
        "members": {name: one["first"] for name, one in found.items()},
        "differences": {name: one["difference"] for name, one in found.items()},
        "ensemble": found[first]["second"],
    }
