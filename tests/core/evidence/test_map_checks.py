"""Maps on lungs, maps beside them, maps that never change, and members that do or do not agree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from core.evidence import metrics
from core.evidence.map_checks import (
    change_by_shuffling,
    lung_attention,
    map_agreement,
    probability_agreement,
    rank_correlation,
    shares_inside,
)

INSIDE = np.zeros((20, 16))
INSIDE[4:16, 2:7] = INSIDE[4:16, 9:14] = 1.0
FILMS = 12
GROUPS = [f"g{number}" for number in range(FILMS)]
FINDING = np.arange(FILMS) % 2
INSIDES = [INSIDE] * FILMS
CLASSES = ("normal", "covid")


def _maps(seed: int, where: np.ndarray | None = None) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    made = [draw.normal(0, 1, (2, *INSIDE.shape)) for _film in range(FILMS)]
    return made if where is None else [np.where(where, np.abs(one), -1) for one in made]


def test_a_map_on_the_lungs_is_all_in_them_and_one_beside_them_is_not_at_all() -> None:
    inside = lung_attention(_maps(0, INSIDE > 0), INSIDES, FINDING, GROUPS, CLASSES, suspicious=[1])
    assert inside["all"]["attention"]["value"] == inside["abnormal"]["more_than_lungs"]["value"] == 1
    assert inside["all"]["lungs"]["value"] == pytest.approx(INSIDE.mean())
    assert (inside["abnormal"]["films"], inside["covid"]["films"], inside["normal"]["films"]) == (6, 6, 6)
    outside = lung_attention(_maps(0, INSIDE == 0), INSIDES, FINDING, GROUPS, CLASSES, suspicious=[1])
    assert outside["all"]["attention"]["value"] == outside["all"]["more_than_lungs"]["value"] == 0


def test_a_map_without_preference_has_the_lungs_share() -> None:
    found = lung_attention(_maps(1), INSIDES, FINDING, GROUPS, CLASSES)
    assert found["all"]["attention"]["value"] == pytest.approx(INSIDE.mean(), abs=0.03)
    assert "abnormal" not in found


def test_a_film_where_nothing_speaks_for_the_class_or_without_lungs_does_not_count() -> None:
    maps = [-np.ones((2, *INSIDE.shape)), *_maps(0, INSIDE > 0)[1:]]
    insides = [*INSIDES[:-1], np.zeros_like(INSIDE)]
    assert np.isnan(shares_inside(maps, insides)[[0, -1]]).all()
    assert lung_attention(maps, insides, FINDING, GROUPS, CLASSES)["all"]["films"] == FILMS - 2


def test_a_map_that_shuffled_heads_do_not_change_is_found_out() -> None:
    maps = _maps(2)
    same = change_by_shuffling(maps, [maps, maps], INSIDES, FINDING, GROUPS)
    assert same["correlation"]["value"] == pytest.approx(1)
    assert same["attention_less_by"]["value"] == pytest.approx(0)
    other = change_by_shuffling(maps, [_maps(3), _maps(4)], INSIDES, FINDING, GROUPS)
    assert abs(other["correlation"]["value"]) < 0.1
    assert abs(other["magnitude"]["value"]) < 0.1
    assert (other["films"], other["shufflings"]) == (FILMS, 2)


def test_a_map_turned_into_its_negative_is_the_same_map_without_its_sign() -> None:
    maps = _maps(2)
    found = change_by_shuffling(maps, [[-one for one in maps]], INSIDES, FINDING, GROUPS)
    assert found["correlation"]["value"] == pytest.approx(-1)
    assert found["magnitude"]["value"] == pytest.approx(1)


def test_members_are_compared_inside_the_lungs_only() -> None:
    first = _maps(5)
    second = [np.where(INSIDE > 0, one * 3 + 1, -one) for one in first]
    found = map_agreement({"a": first, "b": second, "c": _maps(6)}, INSIDES, FINDING, GROUPS)
    assert found["pairs"]["a and b"]["value"] == pytest.approx(1)
    assert abs(found["pairs"]["a and c"]["value"]) < 0.1
    assert found["all"]["value"] == pytest.approx(np.mean([one["value"] for one in found["pairs"].values()]))


def test_members_that_rank_alike_and_call_otherwise_are_told_apart() -> None:
    p = np.linspace(0.1, 0.45, FILMS)
    members = {"a": np.stack([1 - p, p], 1), "b": np.stack([0.5 - p, 0.5 + p], 1)}
    found = probability_agreement(members, GROUPS, suspicious=[1])
    assert found["pairs"]["a and b"]["correlation"]["value"] == pytest.approx(1)
    assert found["all_same_finding"]["value"] == 0


def test_the_rank_correlation_is_scipys_ties_and_resamples_included() -> None:
    draw = np.random.default_rng(0)
    one, other = draw.integers(0, 8, 30).astype(float), draw.normal(0, 1, 30)
    other += one
    statistic = rank_correlation(one, other)
    assert metrics.value(statistic, 30) == pytest.approx(spearmanr(one, other).statistic)
    counts = draw.multinomial(30, [1 / 30] * 30)
    drawn = np.repeat(np.arange(30), counts)
    assert statistic(counts[None].astype(float))[0] == pytest.approx(spearmanr(one[drawn], other[drawn]).statistic)
