"""A probe finds the source where features tell it, finds nothing where they do not, and is not fooled by large ones."""

from __future__ import annotations

import numpy as np
import pytest

from core.evidence.source_probe import probed, source_probe

SOURCES = ["large"] * 160 + ["small"] * 40
GROUPS = [f"g{number // 2}" for number in range(200)]
LABELS = (["normal"] * 80 + ["covid"] * 80) + ["covid"] * 40


def _features(tells: float, seed: int = 0) -> np.ndarray:
    features = np.random.default_rng(seed).normal(0, 1, (200, 6))
    features[160:, 0] += tells
    return features.astype(np.float32)


def test_features_that_tell_the_source_are_found_out() -> None:
    found = source_probe(_features(6), SOURCES, GROUPS)
    assert found is not None
    assert found["balanced_accuracy"]["value"] > 0.97
    assert found["auroc"]["value"] > 0.99
    assert (found["films"], found["chance"]) == (200, 0.5)
    assert found["sources"] == {"large": 160, "small": 40}


def test_features_that_tell_nothing_come_to_chance_also_when_one_source_is_large() -> None:
    found = source_probe(_features(0), SOURCES, GROUPS)
    assert found is not None
    assert found["balanced_accuracy"]["value"] == pytest.approx(0.5, abs=0.12)
    assert found["balanced_accuracy"]["low"] < 0.5 + 0.12


def test_a_weak_hint_of_a_small_source_counts() -> None:
    """Always guessing the large source would reach 0.5 here, and hide what the features tell."""
    found = source_probe(_features(1.5), SOURCES, GROUPS)
    assert found is not None
    assert found["balanced_accuracy"]["value"] > 0.68


def test_a_patient_never_helps_to_guess_itself() -> None:
    draw = np.random.default_rng(1)
    own = np.repeat(draw.normal(0, 1, (100, 40)), 2, axis=0)  # two films of a patient look alike
    found = source_probe(own, SOURCES, GROUPS)
    assert found is not None
    assert found["balanced_accuracy"]["value"] == pytest.approx(0.5, abs=0.15)


def test_before_and_after_stand_side_by_side_within_each_class_too() -> None:
    rows = probed({"lite0": {"before": _features(6), "after": _features(0, 5)}}, SOURCES, LABELS, GROUPS)
    told = {row["among"]: row for row in rows}
    assert set(told) == {"", "covid"}  # all normals are of one source
    for row in rows:
        assert row["before"]["balanced_accuracy"]["value"] > row["after"]["balanced_accuracy"]["value"]
        assert row["less_by"]["low"] > 0.2
    assert told["covid"]["after"]["films"] == 120


def test_a_member_without_a_start_has_no_before() -> None:
    [row, _covid] = probed({"mobile": {"after": _features(3)}}, SOURCES, LABELS, GROUPS)
    assert "before" not in row
    assert row["less_by"] is None


def test_too_few_films_of_a_second_source_are_no_question() -> None:
    assert source_probe(_features(0)[:170], SOURCES[:170], GROUPS[:170]) is None
