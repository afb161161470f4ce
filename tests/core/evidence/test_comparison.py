"""Two networks are compared film by film, and an interval says whether the difference means anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.evidence.comparison import compared
from core.evidence.evaluate import Table

CLASSES = ("normal", "covid")


def _table(skill: float, seed: int, films: int = 200) -> Table:
    truth = np.arange(films) % 2
    score = np.random.default_rng(seed).normal(0, 1, films) + skill * (2 * truth - 1)
    p = 1 / (1 + np.exp(-score))
    names = tuple(f"{number}" for number in range(films))
    groups = tuple(f"g{number // 2}" for number in range(films))
    return Table(CLASSES, truth, np.stack([1 - p, p], 1), groups, ("",) * films, names)


def test_a_better_network_is_better_by_an_interval_above_nothing() -> None:
    found = compared(_table(0.2, 1), _table(1.5, 2), replicates=300)
    gain = found["difference"]["auroc/macro"]
    assert gain["value"] == pytest.approx(
        found["second"]["auroc/macro"]["value"] - found["first"]["auroc/macro"]["value"]
    )
    assert 0 < gain["low"] < gain["value"] < gain["high"]
    assert found["difference"]["brier"]["high"] < 0
    assert (found["films"], found["patients"]) == (200, 100)


def test_a_network_is_no_better_than_itself_and_only_common_films_count() -> None:
    table = _table(1.0, 3)
    order = np.random.default_rng(0).permutation(150)
    part = Table(
        CLASSES, table.truth[order], table.probabilities[order], tuple(table.groups[n] for n in order), ("",) * 150,
        tuple(table.names[n] for n in order),
    )  # fmt: skip
    found = compared(table, part, replicates=100)
    assert found["films"] == 150
    assert all(figure["value"] == figure["low"] == figure["high"] == 0 for figure in found["difference"].values())


def test_other_classes_or_another_truth_are_our_mistake() -> None:
    table = _table(1.0, 3)
    with pytest.raises(ValueError, match="equal classes"):
        compared(table, replace(table, classes=("a", "b")))
    with pytest.raises(ValueError, match="two truths"):
        compared(table, replace(table, truth=1 - table.truth))
