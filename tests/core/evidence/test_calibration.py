"""Calibration finds what was put in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import special
from sklearn.linear_model import LogisticRegression

from core.evidence import calibration as cal
from core.evidence.metrics import value
from core.inference.ensemble import softmax


def _drawn(temperature: float, films: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sharp by this temperature, and truths drawn from what they ought to say."""
    chance = np.random.default_rng(3)
    logits = chance.normal(0, 2, (films, 3))
    honest = softmax(logits)
    truth = (honest.cumsum(axis=1) < chance.random((films, 1))).sum(axis=1)
    return logits * temperature, truth


def test_log_loss_equals_scipys():
    logits = np.array([[1000.0, 0.0, -1000.0], [1.0, 2.0, 3.0]])
    assert_allclose(cal.log_loss(logits, [0, 1], 2), -special.log_softmax(logits / 2, axis=1)[[0, 1], [0, 1]].mean())


@pytest.mark.parametrize("put_in", [0.5, 1.0, 2.5])
def test_temperature_finds_the_one_that_was_put_in(put_in):
    logits, truth = _drawn(put_in)
    found = cal.temperature(logits, truth)
    assert found == pytest.approx(put_in, rel=0.06)
    assert cal.log_loss(logits, truth, found) <= min(cal.log_loss(logits, truth, found * f) for f in (0.97, 1.03))


def test_the_calibration_line_equals_an_unpenalised_logistic_regression():
    logits, truth = _drawn(2.0)
    p = softmax(logits)[:, 0]
    x = special.logit(np.clip(p, 1e-7, 1 - 1e-7))[:, None]
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(x, truth == 0)
    slope = value(cal.calibration_slope(truth == 0, p), len(p))
    assert slope == pytest.approx(theirs.coef_[0, 0], abs=1e-5)
    assert slope < 0.9  # too sure of itself


def test_the_intercept_is_zero_when_the_rate_is_right_and_says_which_way_it_is_wrong():
    logits, truth = _drawn(1.0)
    p = softmax(logits)[:, 0]
    assert value(cal.calibration_intercept(truth == 0, p), len(p)) == pytest.approx(0, abs=0.1)
    lowered = special.expit(special.logit(p) - 1)
    assert value(cal.calibration_intercept(truth == 0, lowered), len(p)) == pytest.approx(1, abs=0.1)


def test_a_line_is_fitted_for_every_replicate_and_absent_where_classes_are_separate():
    logits, truth = _drawn(1.0, 300)
    slope = cal.calibration_slope(truth == 0, softmax(logits)[:, 0])
    weights = np.random.default_rng(0).integers(0, 3, (5, 300)).astype(float)
    assert_allclose(slope(weights), [slope(row[None])[0] for row in weights], rtol=1e-9)
    separate = cal.calibration_slope([False, False, True, True], [0.1, 0.2, 0.8, 0.9])
    assert np.isnan(separate(np.ones((1, 4)))[0])
    assert np.isnan(cal.calibration_intercept([True, True], [0.1, 0.2])(np.ones((1, 2)))[0])


def test_expected_error_is_the_gap_between_confidence_and_accuracy():
    shares = np.repeat([[0.9, 0.1], [0.6, 0.4]], 50, axis=0)
    truth = np.r_[np.arange(50) >= 40, np.arange(50) >= 30].astype(int)
    # Right 40 of 50 at 0.9, 30 of 50 at 0.6.
    assert value(cal.expected_error(truth, shares), 100) == pytest.approx(0.05)
    assert value(cal.expected_error(truth, shares[:, ::-1]), 100) == pytest.approx((0.7 + 0.2) / 2)
    assert value(cal.expected_error([0], [[1.0, 0.0]]), 1) == 0


_SETS = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=50).filter(
    lambda films: len({positive for positive, _ in films}) == 2
)


@given(_SETS, st.floats(0.01, 1))
def test_the_point_for_a_specificity_is_the_lowest_that_keeps_it(films, wanted):
    abnormal = np.array([each[0] for each in films])
    suspicion = np.array([each[1] for each in films]) / 10
    point = cal.point_for_specificity(abnormal, suspicion, wanted)
    assert value(point.specificity, len(films)) >= wanted - 1e-9
    normals = suspicion[~abnormal]
    lower = normals[normals < point.threshold].max(initial=-1)
    assert (normals < lower).mean() < wanted - 1e-12


@given(_SETS, st.floats(0.01, 1))
def test_the_point_for_a_sensitivity_is_the_highest_that_keeps_it(films, wanted):
    abnormal = np.array([each[0] for each in films])
    suspicion = np.array([each[1] for each in films]) / 10
    point = cal.point_for_sensitivity(abnormal, suspicion, wanted)
    assert value(point.sensitivity, len(films)) >= wanted - 1e-9
    assert (suspicion[abnormal] > point.threshold).mean() < wanted


def test_a_point_needs_films_to_be_picked_on():
    with pytest.raises(ValueError, match="normal films"):
        cal.point_for_specificity([True], [0.5], 0.9)
    with pytest.raises(ValueError, match="abnormal films"):
        cal.point_for_sensitivity([False], [0.5], 0.9)
