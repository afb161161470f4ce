"""Intervals equal scipy's where films are independent, and are honest where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.metrics import roc_auc_score

from core.evidence import metrics
from core.evidence.intervals import interval, intervals, resamples, wilson


@given(st.integers(1, 500), st.data())
def test_wilson_equals_scipys(films, data):
    hits = data.draw(st.integers(0, films))
    theirs = stats.binomtest(hits, films).proportion_ci(method="wilson")
    assert_allclose(wilson(hits, films), (theirs.low, theirs.high), atol=1e-12)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_the_bootstrap_of_a_mean_equals_scipys_when_one_film_is_one_patient(method):
    values = np.random.default_rng(1).gamma(2, 1, 40)
    ours = interval(metrics.mean(values), np.arange(40), method=method, replicates=999, seed=7)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=999, method=method, rng=np.random.default_rng(7), vectorized=True
    ).confidence_interval
    assert_allclose((ours.low, ours.high), (theirs.low, theirs.high), rtol=1e-12)
    assert ours.method == method


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_the_bootstrap_of_an_auroc_equals_scipys_when_one_film_is_one_patient(method):
    chance = np.random.default_rng(2)
    positive = chance.random(60) < 0.4
    score = np.round(positive + chance.normal(0, 1.2, 60), 1)
    ours = interval(metrics.auroc(positive, score), np.arange(60), method=method, replicates=300, seed=3)
    theirs = stats.bootstrap(
        (positive, score),
        roc_auc_score,
        n_resamples=300,
        method=method,
        paired=True,
        vectorized=False,
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert_allclose((ours.low, ours.high), (theirs.low, theirs.high), rtol=1e-9)


def test_a_share_takes_wilsons_interval_when_each_film_is_a_patient():
    hits = np.arange(20) < 15
    figure = interval(metrics.share(hits), [f"patient-{n}" for n in range(20)])
    assert (figure.value, figure.method) == (0.75, "wilson")
    assert (figure.low, figure.high) == wilson(15, 20)


def test_copies_of_a_film_do_not_narrow_the_interval():
    chance = np.random.default_rng(5)
    values, patients = chance.random(60), np.arange(60)
    once = interval(metrics.mean(values), patients)
    copied = interval(metrics.mean(np.tile(values, 5)), np.tile(patients, 5))
    assert_allclose((copied.value, copied.low, copied.high), (once.value, once.low, once.high), rtol=1e-12)
    as_if_independent = interval(metrics.mean(np.tile(values, 5)), np.arange(300))
    assert once.high - once.low > 2 * (as_if_independent.high - as_if_independent.low)


def test_all_right_is_never_certain():
    figure = interval(metrics.share(np.ones(12)), np.repeat(np.arange(6), 2))
    assert (figure.value, figure.high, figure.method) == (1.0, 1.0, "wilson-groups")
    assert figure.low == wilson(6, 6)[0] < 0.65


def test_whole_patients_are_drawn():
    codes = np.array([0, 0, 1, 2, 2, 2])
    weights = np.concatenate(list(resamples(codes, 3, 50, 0)))
    assert weights.shape == (50, 6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_a_paired_difference_is_narrower_than_two_intervals_side_by_side():
    chance = np.random.default_rng(6)
    positive = chance.random(200) < 0.5
    score = positive + chance.normal(0, 1.5, 200)
    better = score + 0.1 * positive
    first, second = metrics.auroc(positive, better), metrics.auroc(positive, score)
    found = intervals({"first": first, "second": second, "difference": metrics.minus(first, second)}, np.arange(200))
    difference, alone = found["difference"], found["first"]
    assert difference.value == pytest.approx(alone.value - found["second"].value)
    assert difference.high - difference.low < (alone.high - alone.low) / 5
    assert difference.low > 0


def test_equal_seeds_give_equal_intervals_and_order_of_names_does_not_matter():
    values = np.random.default_rng(8).random(30)
    groups = [f"g{n % 11}" for n in range(30)]
    one = interval(metrics.mean(values), groups, seed=1)
    assert one == interval(metrics.mean(values), groups, seed=1)
    assert one != interval(metrics.mean(values), groups, seed=2)
    assert one == intervals({"x": metrics.mean(values**2), "y": metrics.mean(values)}, groups, seed=1)["y"]


def test_what_does_not_exist_has_no_figure_and_one_patient_no_interval():
    no_negatives = interval(metrics.auroc([True, True], [0.1, 0.2]), [0, 1])
    assert (no_negatives.value, no_negatives.low) == (None, None)
    alone = interval(metrics.mean([0.2, 0.4]), ["same", "same"])
    assert (alone.value, alone.low, alone.high) == (pytest.approx(0.3), None, None)
    assert interval(metrics.mean([]), []).value is None


def test_replicates_without_a_rare_class_are_left_out():
    positive = np.arange(30) == 0
    figure = interval(metrics.auroc(positive, np.linspace(1, 0, 30)), np.arange(30))
    assert (figure.value, figure.low, figure.high) == (1.0, 1.0, 1.0)
