"""How members are judged, chosen and joined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.cohort.cache import Films
from core.cohort.cohort import Cohort
from core.cohort.splits import group_mark
from core.inference.description import Figure, IntendedUse
from core.training.protocol import (
    folds,
    gentlest,
    hard,
    member_weights,
    ranking,
    softened,
    within_sources,
)
from core.training.report import Section, card

CLASSES = ("normal", "covid")


def _cohort(labels: list[str], sources: list[str]) -> Cohort:
    count = len(labels)
    names = np.array([str(number) for number in range(count)])
    return Cohort(
        Films(Path("nowhere"), tuple((0, 1, 1) for _ in labels)), np.array(labels), np.array(sources), names,
        np.array([group_mark(str(number // 2), "k") for number in range(count)]), np.array(["train"] * count), names,
        np.zeros((count, 32), np.uint8),
    )  # fmt: skip


def _mixed() -> Cohort:
    labels = ["normal"] * 40 + ["covid"] * 40 + ["covid"] * 30
    return _cohort(labels, ["home"] * 80 + ["web"] * 30)


def test_every_film_is_held_out_once_with_its_whole_group() -> None:
    cohort = _mixed()
    held = np.stack([mask for _number, mask in folds(cohort, "k")])
    assert (held.sum(0) == 1).all()
    for group in set(cohort.groups.tolist()):
        assert len({int(fold) for fold in held[:, cohort.groups == group].argmax(0)}) == 1


def test_only_sources_with_both_classes_are_compared_within() -> None:
    assert within_sources(_mixed(), CLASSES) == [("home", 1, 0)]


def test_knowing_the_source_is_worth_less_than_seeing_the_disease() -> None:
    cohort = _mixed()
    web = (cohort.sources == "web").astype(float)
    ill = (cohort.labels == "covid").astype(float)
    noise = np.random.default_rng(0).normal(size=len(cohort)) * 1e-3
    knows_source = np.stack([np.zeros(len(cohort)), web + noise], 1)
    sees_disease = np.stack([np.zeros(len(cohort)), ill + noise], 1)
    assert ranking(cohort, CLASSES, sees_disease) == pytest.approx(1.0)
    assert ranking(cohort, CLASSES, knows_source) < 0.75


def test_fine_tuning_has_to_earn_its_share() -> None:
    assert gentlest({0.0: 0.80, 0.5: 0.845, 1.0: 0.85}) == 0.5
    assert gentlest({0.0: 0.85, 0.5: 0.84, 1.0: 0.80}) == 0.0


def test_weights_of_members_add_up_and_a_useless_member_counts_least() -> None:
    draw = np.random.default_rng(1)
    truth = draw.integers(0, 2, 200)
    good = [draw.normal(size=(200, 2)) + 2 * np.eye(2)[truth] for _ in range(2)]
    useless = draw.normal(size=(200, 2)) * 3
    weights = member_weights([*good, useless], truth)
    assert sum(weights) == pytest.approx(1)
    assert weights[2] == pytest.approx(0.1)
    assert member_weights([good[0], good[0]], truth) == (0.5, 0.5)


def test_a_pupil_hears_its_teacher_and_its_label() -> None:
    cohort = _cohort(["normal", "", "covid"], ["a", "b", "a"])
    taught = softened(cohort, CLASSES, np.full((3, 2), 0.5), trust=0.5)
    np.testing.assert_allclose(taught, [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]])
    assert hard(cohort.chosen(cohort.labels != ""), CLASSES).tolist() == [[1, 0], [0, 1]]


def test_a_card_states_every_figure_with_its_interval_and_where_it_comes_from() -> None:
    use = IntendedUse((16, 120), ("PA",), (), "Adults. Research use only.")
    figures = [Figure("auroc/covid", 0.91, 0.88, 0.94, "locked test", 345)]
    text = card(
        "b", use, "Non-commercial.", mixes={"test": {"covid": 3}}, figures=figures, sections=[Section("X", ["y"])]
    )
    assert "| auroc/covid | 0.910 | 0.880 to 0.940 | 345 | locked test |" in text
    for part in ("Research use only", "Non-commercial.", "## X", "| test | 3 |"):
        assert part in text
