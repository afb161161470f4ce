"""Every metric equals scikit-learn's, also when films count several times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn import metrics as reference

from core.evidence import metrics

CLASSES = ("normal", "pneumonia", "covid")


@pytest.fixture
def films() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, probabilities with many ties, and how often each film counts (some not at all)."""
    chance = np.random.default_rng(4)
    truth = chance.integers(0, 3, 90)
    shares = np.round(chance.dirichlet((1, 1, 1), 90) + 0.5 * np.eye(3)[truth], 1) + 0.01
    return truth, shares / shares.sum(axis=1, keepdims=True), chance.integers(0, 4, 90).astype(float)


def test_ranking_metrics_equal_scikit_learns_with_ties_and_weights(films):
    truth, shares, weights = films
    for index in range(3):
        positive, score = truth == index, shares[:, index]
        assert_allclose(
            metrics.auroc(positive, score)(weights[None])[0],
            reference.roc_auc_score(positive, score, sample_weight=weights),
            rtol=1e-12,
        )
        assert_allclose(
            metrics.pr_area(positive, score)(weights[None])[0],
            reference.average_precision_score(positive, score, sample_weight=weights),
            rtol=1e-12,
        )


def test_class_metrics_equal_scikit_learns_with_weights(films):
    truth, shares, weights = films
    called = shares.argmax(axis=1)
    found = {name: each(weights[None])[0] for name, each in metrics.statistics(truth, shares, CLASSES).items()}
    precision, recall, f1, _ = reference.precision_recall_fscore_support(truth, called, sample_weight=weights)
    for index, name in enumerate(CLASSES):
        assert_allclose(found[f"sensitivity/{name}"], recall[index])
        assert_allclose(found[f"precision/{name}"], precision[index])
        assert_allclose(found[f"f1/{name}"], f1[index])
        rest = truth != index
        specificity = reference.recall_score(rest, called != index, sample_weight=weights)
        assert_allclose(found[f"specificity/{name}"], specificity)
        binary = reference.brier_score_loss(~rest, shares[:, index], sample_weight=weights)
        assert_allclose(found[f"brier/{name}"], binary)
    assert_allclose(found["accuracy"], reference.accuracy_score(truth, called, sample_weight=weights))
    balanced = reference.balanced_accuracy_score(truth, called, sample_weight=weights)
    assert_allclose([found["balanced_accuracy"], found["sensitivity/macro"]], balanced)
    whole = reference.brier_score_loss(truth, shares, sample_weight=weights, scale_by_half=False, labels=[0, 1, 2])
    assert_allclose(found["brier"], whole)
    assert (metrics.confusion(truth, called, 3) == reference.confusion_matrix(truth, called)).all()


def test_macro_auroc_is_the_mean_of_one_against_the_rest(films):
    truth, shares, _ = films
    found = metrics.value(metrics.statistics(truth, shares, CLASSES)["auroc/macro"], len(truth))
    assert_allclose(found, reference.roc_auc_score(truth, shares, multi_class="ovr"))


def test_a_class_that_does_not_occur_has_no_figure_and_does_not_spoil_the_mean():
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    found = metrics.statistics([0, 1, 1], shares, CLASSES)
    assert np.isnan(metrics.value(found["auroc/covid"], 3))
    assert np.isnan(metrics.value(found["sensitivity/covid"], 3))
    assert metrics.value(found["auroc/macro"], 3) == pytest.approx(1.0)
    assert metrics.value(found["balanced_accuracy"], 3) == pytest.approx(0.75)


def test_many_replicates_at_once_give_what_each_gives_alone(films):
    truth, shares, _ = films
    weights = np.random.default_rng(0).integers(0, 3, (7, len(truth))).astype(float)
    for name, statistic in metrics.statistics(truth, shares, CLASSES).items():
        alone = [statistic(row[None])[0] for row in weights]
        assert_allclose(statistic(weights), alone, rtol=1e-12, err_msg=name)


def test_a_film_is_referred_from_the_threshold_on():
    figures = metrics.referral([True, True, False, False], [0.5, 0.4, 0.5, 0.1], 0.5)
    assert {name: metrics.value(each, 4) for name, each in figures.items()} == {
        "sensitivity": 0.5,
        "specificity": 0.5,
        "referred": 0.5,
        "auroc": 0.625,
    }


def test_probabilities_of_the_wrong_shape_or_not_numbers_are_our_mistake():
    with pytest.raises(ValueError, match=r"got \(2, 2\)"):
        metrics.statistics([0, 1], np.full((2, 2), 0.5), CLASSES)
    with pytest.raises(ValueError, match="not a number"):
        metrics.statistics([0, 1], np.full((2, 3), np.nan), CLASSES)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auroc_is_the_share_of_pairs_in_the_right_order(films):
    positive = np.array([each[0] for each in films])
    score = np.array([each[1] for each in films], float)
    pairs = np.sign(score[positive][:, None] - score[~positive][None]) / 2 + 0.5
    found = metrics.value(metrics.auroc(positive, score), len(films))
    if pairs.size:
        assert found == pytest.approx(pairs.mean())
    else:
        assert np.isnan(found)
