"""Baselines find a shortcut where there is one, and nothing where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from core.evidence import baselines


def _features(seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    chance = np.random.default_rng(seed)
    truth = np.arange(120) % 3
    return chance.normal(0, 1, (120, 4)) + 3 * np.eye(3, 4)[truth], truth, [f"patient-{n // 2}" for n in range(120)]


@pytest.mark.parametrize("model", ["svm", "logistic"])
def test_what_can_be_learnt_is_learnt_out_of_fold(model):
    features, truth, groups = _features()
    shares = baselines.out_of_fold(features, truth, groups, 3, model=model)
    assert_allclose(shares.sum(axis=1), 1)
    assert (shares.argmax(axis=1) == truth).mean() > 0.85
    assert (shares == baselines.out_of_fold(features, truth, groups, 3, model=model)).all()


@pytest.mark.parametrize("model", ["svm", "logistic"])
def test_a_film_is_never_judged_by_a_model_that_saw_its_patient(model):
    # A feature that names the patient, and a label that hangs on nothing else: known only by who saw the patient.
    chance = np.random.default_rng(1)
    names = np.repeat(np.arange(60), 2)
    truth = chance.integers(0, 2, 60)[names]
    features = np.eye(60)[names]
    honest = baselines.out_of_fold(features, truth, [f"patient-{n}" for n in names], 2, model=model)
    leaky = baselines.out_of_fold(features, truth, [f"film-{n}" for n in range(120)], 2, model=model)
    assert (honest.argmax(axis=1) == truth).mean() < 0.65
    assert (leaky.argmax(axis=1) == truth).mean() > 0.75


def test_folds_without_a_class_still_answer():
    features, truth, _ = _features()
    shares = baselines.out_of_fold(features, np.zeros(120, int), [str(n) for n in range(120)], 3)
    assert_allclose(shares, np.eye(3)[np.zeros(120, int)])
    alone = baselines.out_of_fold(features, truth, ["one"] * 120, 3)
    assert_allclose(alone, 1 / 3)


def test_the_majority_is_the_class_mix():
    assert_allclose(baselines.majority([0, 0, 0, 2], 3), np.repeat([[0.75, 0.0, 0.25]], 4, axis=0))


def test_a_thumbnail_is_the_film_in_256_greys():
    film = np.zeros((320, 160), np.uint8)
    film[:, 80:] = 255
    small = baselines.thumbnail(film).reshape(16, 16)
    assert (small[:, :8] == 0).all()
    assert (small[:, 8:] == 1).all()


def test_file_facts_are_what_they_are_called():
    film = np.full((100, 200), 51, np.uint8)
    film[:4] = 0
    facts = dict(zip(baselines.FACT_NAMES, baselines.file_facts(film, 5000).tolist(), strict=True))
    assert facts["aspect"] == 2
    assert facts["size"] == pytest.approx(20000**0.5)
    assert facts["mean"] == pytest.approx(0.2 * 0.96)
    assert facts["spread"] == pytest.approx(0.2 * (0.96 * 0.04) ** 0.5, rel=1e-4)
    border = 20000 - 92 * 184
    assert facts["dark_border_share"] == pytest.approx(800 / border, rel=1e-4)
    assert facts["border_mean"] == pytest.approx(0.2 * (border - 800) / border, rel=1e-4)
    assert facts["bytes_per_pixel"] == pytest.approx(0.25)
