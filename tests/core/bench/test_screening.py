"""Screening is held against the slower of its halves, beside an estimate of what sharing the cores leaves."""

from __future__ import annotations

import pytest

from core.bench.screening import Memory, Rates
from core.cli import bench


def test_efficiency_is_taken_turn_by_turn_against_the_slower_half() -> None:
    rates = Rates(screening=(9.0, 16.0, 8.0), decoding=(10.0, 20.0, 10.0), inference=(30.0, 60.0, 30.0))
    assert rates.ratios == (0.9, 0.8, 0.8)
    told = rates.as_json()
    assert told["ratio"] == 0.8
    # Ten films a second of one and thirty of the other on the same cores: 7.5 of both if each alone fills them.
    assert told["if_each_part_filled_the_cores"] == 0.75


def test_memory_is_told_as_what_ten_times_the_files_take() -> None:
    assert Memory(40, 100 * 2**20, 105 * 2**20).as_json() == {"ratio": 1.05, "files": [40, 400], "mib": [100, 105]}


@pytest.mark.parametrize("extent", [bench.WHOLE, bench.QUICK])
def test_every_extent_gives_a_spread(extent: bench.Extent) -> None:
    assert min(extent.pairs, extent.usual_pairs) >= 7
    told = Rates((1.0,) * extent.turns, (2.0,) * extent.turns, (4.0,) * extent.turns).as_json()
    assert told["quartiles"] == [0.5, 0.5]
