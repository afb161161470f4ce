"""The ensemble's arithmetic, for any logits that members may give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import ImageFailed
from core.inference.description import Abstention
from core.inference.ensemble import abstention, joined, reweighted, softmax

LOGITS = arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32))
WEIGHTS = (0.5, 0.3, 0.2)
ROUNDING = 1e-9  # float64 sums of a few terms


@given(LOGITS, st.floats(0.05, 20))
def test_probabilities_are_a_distribution_and_the_finding_is_its_largest(logits: np.ndarray, heat: float) -> None:
    opinion = joined(logits, WEIGHTS, heat, [1, 2])
    for p in (opinion.probabilities, *opinion.members):
        assert (p >= 0).all()
        assert abs(p.sum() - 1) < ROUNDING
    assert opinion.probabilities[opinion.finding] == opinion.probabilities.max()
    assert opinion.suspicion == pytest.approx(opinion.probabilities[1] + opinion.probabilities[2], abs=ROUNDING)
    assert 0 <= opinion.suspicion <= 1
    assert 0 <= opinion.spread <= 0.5


@given(LOGITS, st.floats(0.05, 20))
def test_logits_are_joined_by_weight_and_divided_by_the_temperature_once(logits: np.ndarray, heat: float) -> None:
    opinion = joined(logits, WEIGHTS, heat, [1])
    z = sum(weight * own.astype(np.float64) for weight, own in zip(WEIGHTS, logits, strict=True))
    assert np.allclose(opinion.probabilities, softmax(z / heat), atol=ROUNDING)
    assert np.allclose(opinion.members, softmax(logits.astype(np.float64) / heat), atol=ROUNDING)


@given(LOGITS, st.floats(-100, 100))
def test_a_constant_added_to_all_logits_of_a_member_changes_nothing(logits: np.ndarray, constant: float) -> None:
    moved = logits.astype(np.float64)
    moved[1] += constant
    before, after = joined(logits, WEIGHTS, 1.0, [1]), joined(moved, WEIGHTS, 1.0, [1])
    assert np.allclose(before.probabilities, after.probabilities, atol=1e-9)


def test_members_that_agree_have_no_spread() -> None:
    opinion = joined([[1, 2, 3]] * 3, WEIGHTS, 1.3, [1])
    assert opinion.spread == pytest.approx(0, abs=1e-15)
    assert np.allclose(opinion.probabilities, opinion.members[0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_member_that_gives_no_number_is_never_averaged_away(value: float) -> None:
    logits = np.zeros((3, 4))
    logits[2, 0] = value
    with pytest.raises(ImageFailed) as caught:
        joined(logits, WEIGHTS, 1.0, [1])
    assert caught.value.code == "not-finite"


@pytest.mark.parametrize(
    ("rule", "threshold", "codes"),
    [
        (Abstention("Never."), 0.5, []),
        (Abstention("", max_spread=0.05), 0.5, ["members-disagree"]),
        (Abstention("", max_spread=0.45), 0.5, []),
        (Abstention("", margin=0.1), 0.55, ["near-the-threshold"]),
        (Abstention("", margin=0.1), 0.9, []),
        (Abstention("", max_spread=0.05, margin=0.1), 0.55, ["members-disagree", "near-the-threshold"]),
    ],
)
def test_the_ensemble_abstains_by_the_rule_of_its_bundle(rule: Abstention, threshold: float, codes: list[str]) -> None:
    opinion = joined([[0, 2.0], [0, -2.0], [0, 0.5]], (1 / 3, 1 / 3, 1 / 3), 1.0, [1])
    assert 0.05 < opinion.spread < 0.45
    assert abs(opinion.suspicion - 0.54) < 0.01
    assert [reason.code for reason in abstention(rule, opinion, threshold)] == codes


SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)


@given(SHARES, SHARES, SHARES)
def test_reweighting_to_another_mix_and_back_gives_the_same(
    p: list[float], mix: list[float], here: list[float]
) -> None:
    names = ("a", "b", "c")
    given_ = {name: value / sum(p) for name, value in zip(names, p, strict=True)}
    mixes = dict(zip(names, mix, strict=True)), dict(zip(names, here, strict=True))
    there = reweighted(given_, *mixes)
    assert sum(there.values()) == pytest.approx(1)
    assert reweighted(there, *mixes[::-1]) == pytest.approx(given_)
    assert reweighted(given_, mixes[0], mixes[0]) == pytest.approx(given_)


def test_a_rarer_disease_becomes_less_probable_by_bayes_rule() -> None:
    # Odds 0.8 / 0.2 = 4 in a balanced mix; where one in ten has it, the odds are 4 / 9.
    found = reweighted({"ill": 0.8, "well": 0.2}, {"ill": 50, "well": 50}, {"ill": 0.1, "well": 0.9})
    assert found["ill"] == pytest.approx((4 / 9) / (1 + 4 / 9))


@pytest.mark.parametrize(("mix", "here"), [({"a": 0, "b": 1}, {"a": 1, "b": 1}), ({"a": 1, "b": 1}, {"a": 0, "b": 0})])
def test_reweighting_says_nothing_of_classes_that_it_knows_nothing_of(mix: dict, here: dict) -> None:
    with pytest.raises(ValueError, match=r"every class|all 0"):
        reweighted({"a": 0.5, "b": 0.5}, mix, here)
