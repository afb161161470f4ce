"""Abstention is worth what it spares: the figures say so when it does, and say so when it does not."""

from __future__ import annotations

import numpy as np
import pytest

from core.evidence import metrics
from core.evidence.risk_coverage import area, risk_coverage

FILMS = 200
GROUPS = [f"g{number // 2}" for number in range(FILMS)]


def _judged(knows: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, probabilities, spread: a fifth of the films are called wrongly, where the spread is large if it knows."""
    draw = np.random.default_rng(0)
    truth = np.arange(FILMS) % 2
    wrong = np.arange(FILMS) % 5 == 0
    called = np.where(wrong, 1 - truth, truth)
    probabilities = np.where(called[:, None] == np.arange(2), 0.8, 0.2)
    spread = draw.uniform(0, 0.1, FILMS) + (0.2 * wrong if knows else 0)
    return truth, probabilities, spread


def test_a_rule_that_knows_its_errors_leaves_them_to_the_reader() -> None:
    truth, probabilities, spread = _judged(knows=True)
    found = risk_coverage(truth, probabilities, spread, GROUPS, max_spread=0.15)
    rule = found["rule"]
    assert rule["coverage"]["value"] == pytest.approx(0.8)
    assert (rule["risk"]["value"], rule["risk_abstained"]["value"]) == (0, 1)
    assert rule["risk_less_by"]["value"] == pytest.approx(0.2)
    assert found["area"]["better_than_chance"]["low"] > 0
    assert found["area"]["better_than_probability"]["low"] > 0
    assert [point["coverage"]["value"] for point in found["points"]] == pytest.approx([1, 0.95, 0.9, 0.8, 0.7, 0.5])
    risks = [point["risk"]["value"] for point in found["points"]]
    assert risks == sorted(risks, reverse=True)


def test_a_rule_that_knows_nothing_spares_nothing() -> None:
    truth, probabilities, spread = _judged(knows=False)
    found = risk_coverage(truth, probabilities, spread, GROUPS, max_spread=0.05)
    assert found["rule"]["risk_less_by"]["low"] < 0 < found["rule"]["risk_less_by"]["high"]
    assert found["area"]["chance"]["value"] == pytest.approx(0.2)
    assert found["area"]["better_than_chance"]["low"] < 0.02


def test_a_bundle_without_a_rule_has_points_and_no_rule() -> None:
    found = risk_coverage(*_judged(knows=True), GROUPS, max_spread=None)
    assert found["rule"] is None
    assert len(found["points"]) == 6


def test_the_operating_point_is_told_on_answered_films_only() -> None:
    truth, probabilities, spread = _judged(knows=True)
    found = risk_coverage(
        truth, probabilities, spread, GROUPS, max_spread=0.15, abnormal=truth == 1, suspicion=probabilities[:, 1],
        threshold=0.5,
    )  # fmt: skip
    assert (found["rule"]["sensitivity"]["value"], found["rule"]["specificity"]["value"]) == (1, 1)


def test_the_area_is_the_mean_risk_over_coverages_and_ties_come_together() -> None:
    wrong, doubt = np.array([False, True, False, True]), np.array([0.1, 0.4, 0.2, 0.3])
    assert metrics.value(area(wrong, doubt), 4) == pytest.approx(np.mean([0, 0, 1 / 3, 1 / 2]))
    tied = metrics.value(area(wrong, np.zeros(4)), 4)
    assert tied == pytest.approx(0.5)


def test_a_film_that_counts_twice_is_two_films() -> None:
    wrong, doubt = np.array([False, True, True]), np.array([0.1, 0.2, 0.3])
    weighted = area(wrong, doubt)(np.array([[2.0, 1.0, 1.0]]))[0]
    # Counted as two films of equal doubt, which come together.
    assert weighted == pytest.approx(
        metrics.value(area(np.array([False, False, True, True]), np.r_[0.1, 0.1, 0.2, 0.3]), 4)
    )
