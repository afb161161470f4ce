"""An ensemble that is no better than its best member is said to be none."""

from __future__ import annotations

import numpy as np
import pytest

from core.evidence.best_member import against_best
from core.evidence.evaluate import Table

FILMS = 240
TRUTH = np.arange(FILMS) % 2


def _shares(skill: float, seed: int) -> np.ndarray:
    score = np.random.default_rng(seed).normal(0, 1, FILMS) + skill * (2 * TRUTH - 1)
    p = 1 / (1 + np.exp(-score))
    return np.stack([1 - p, p], 1)


def _table(shares: np.ndarray) -> Table:
    names = tuple(f"{number}" for number in range(FILMS))
    groups = tuple(f"g{number // 2}" for number in range(FILMS))
    return Table(("normal", "covid"), TRUTH, shares, groups, ("",) * FILMS, names)


MEMBERS = {"weak": _shares(0.2, 1), "strong": _shares(0.6, 2)}


def test_a_better_ensemble_is_better_and_its_best_member_is_named() -> None:
    found = against_best(_table(_shares(1.6, 3)), MEMBERS, replicates=300)
    assert (found["best"], found["better"], found["chosen_here"]) == ("strong", True, True)
    assert found["compared"]["difference"]["auroc/macro"]["low"] > 0
    assert found["members"]["strong"]["auroc/macro"]["value"] > found["members"]["weak"]["auroc/macro"]["value"]


def test_an_ensemble_that_is_its_best_member_is_not_better() -> None:
    found = against_best(_table(MEMBERS["strong"]), MEMBERS, replicates=300)
    assert found["better"] is None
    assert found["compared"]["difference"]["auroc/macro"]["value"] == pytest.approx(0)


def test_an_ensemble_that_is_worse_is_said_to_be_worse() -> None:
    assert against_best(_table(_shares(-0.5, 4)), MEMBERS, replicates=300)["better"] is False


def test_the_member_that_was_best_elsewhere_stays_the_one_to_beat() -> None:
    found = against_best(_table(MEMBERS["strong"]), MEMBERS, best="weak", replicates=300)
    assert (found["best"], found["chosen_here"], found["better"]) == ("weak", False, True)
