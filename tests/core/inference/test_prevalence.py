"""Probabilities move with the site's prevalence, and only with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.prevalence import reweighted, stated_mix

NAMES = ("normal", "pneumonia", "covid")
counts = st.fixed_dictionaries({name: st.floats(0.001, 1e6) for name in NAMES})
with_zeros = st.fixed_dictionaries({name: st.just(0.0) | st.floats(0.001, 1.0) for name in NAMES}).filter(
    lambda shares: any(shares.values())
)


@st.composite
def probabilities(draw: st.DrawFn) -> dict[str, float]:
    numbers = draw(st.fixed_dictionaries({name: st.floats(1e-6, 1.0) for name in NAMES}))
    return {name: number / sum(numbers.values()) for name, number in numbers.items()}


@given(probabilities(), counts, with_zeros)
def test_they_add_up_to_one_and_a_class_that_does_not_occur_gets_nothing(
    told: dict[str, float], mix: dict[str, float], site: dict[str, float]
) -> None:
    here = reweighted(told, mix, site)
    assert sum(here.values()) == pytest.approx(1)
    assert all(0 <= value <= 1 for value in here.values())
    assert all(here[name] == 0 for name in NAMES if site[name] == 0)


@given(probabilities(), counts, st.floats(0.01, 100))
def test_at_the_same_mix_they_stay_in_counts_or_shares(
    told: dict[str, float], mix: dict[str, float], factor: float
) -> None:
    assert reweighted(told, mix, {name: number * factor for name, number in mix.items()}) == pytest.approx(told)


@given(probabilities(), counts, counts, st.sampled_from(NAMES), st.floats(1.0, 1000))
def test_the_more_frequent_a_class_is_the_more_probable_it_is_and_the_others_less(
    told: dict[str, float], mix: dict[str, float], site: dict[str, float], name: str, factor: float
) -> None:
    before = reweighted(told, mix, site)
    after = reweighted(told, mix, {**site, name: site[name] * factor})
    assert after[name] >= before[name] - 1e-12
    assert all(after[other] <= before[other] + 1e-12 for other in NAMES if other != name)


@given(probabilities(), counts, counts)
def test_there_and_back_gives_the_same(told: dict[str, float], mix: dict[str, float], site: dict[str, float]) -> None:
    assert reweighted(reweighted(told, mix, site), site, mix) == pytest.approx(told, rel=1e-6, abs=1e-12)


def test_it_is_bayes_rule() -> None:
    # Likelihood ratio 9 at even odds; at 1 in 100 the odds are 9/99.
    here = reweighted({"covid": 0.9, "normal": 0.1}, {"covid": 50, "normal": 50}, {"covid": 1, "normal": 99})
    assert here == pytest.approx({"covid": 9 / 108, "normal": 99 / 108})


def test_where_only_classes_without_any_probability_occur_the_site_is_all_that_is_known() -> None:
    here = reweighted({"a": 1.0, "b": 0.0, "c": 0.0}, {"a": 1, "b": 1, "c": 1}, {"a": 0, "b": 3, "c": 1})
    assert here == {"a": 0.0, "b": 0.75, "c": 0.25}


@pytest.mark.parametrize(
    ("mix", "site", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 1}, "classes differ"),
        ({"a": 0, "b": 1}, {"a": 1, "b": 1}, "had no films"),
        ({"a": 1, "b": 1}, {"a": 0, "b": 0}, "prevalence 0"),
        ({"a": 1, "b": 1}, {"a": -1, "b": 2}, "at least 0"),
        ({"a": 1, "b": 1}, {"a": float("nan"), "b": 2}, "at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(mix: dict[str, float], site: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        reweighted({"a": 0.5, "b": 0.5}, mix, site)


def test_the_mix_is_that_of_the_films_that_calibrated_the_probabilities() -> None:
    mixes = {"training": {"a": 1}, "validation": {"a": 2}, "test": {"a": 3}}
    assert stated_mix(mixes) == {"a": 2}
    assert stated_mix({"training": {"a": 1}, "test": {"a": 3}}) == {"a": 3}
    assert stated_mix({}) is None
