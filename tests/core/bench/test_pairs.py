"""A ratio is the median over pairs that were measured in turn."""

from __future__ import annotations

import pytest

from core.bench.pairs import Pairs, interleaved


def test_sides_are_measured_in_turn_and_every_second_pair_the_other_way_round():
    order = []
    pairs = interleaved(
        lambda number: order.append(("ours", number)) or 2.0, lambda number: order.append(("other", number)) or 6.0, 7
    )
    assert order[:4] == [("ours", 0), ("other", 0), ("other", 1), ("ours", 1)]
    assert pairs == Pairs((2.0,) * 7, (6.0,) * 7)
    assert pairs.ratio == 3.0


def test_a_neighbour_that_slows_both_sides_of_a_pair_does_not_move_the_ratio():
    slow = [1, 1, 9, 1, 9, 1, 1]
    pairs = Pairs(tuple(2.0 * each for each in slow), tuple(5.0 * each for each in slow))
    assert pairs.ratio == 2.5
    told = pairs.as_json()
    assert (told["quartiles"], told["ends"], told["pairs"]) == ([2.5, 2.5], [2.5, 2.5], 7)
    assert (told["ours_ms"], told["other_ms"]) == (2000.0, 5000.0)


def test_fewer_than_seven_pairs_are_no_figure():
    with pytest.raises(ValueError, match="at least 7"):
        interleaved(lambda _: 1.0, lambda _: 1.0, 6)
