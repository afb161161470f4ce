"""Masks compared: overlap and the distance between edges, checked against drawings whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from core.evidence.masks import compared


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros((100, 200), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_equal_masks_are_without_error() -> None:
    found = compared(box(20, 30, 60, 90), box(20, 30, 60, 90))
    assert (found.dice, found.surface, found.hausdorff95) == (1, 0, 0)


def test_the_dice_is_twice_the_overlap_through_the_sum() -> None:
    assert compared(box(0, 0, 40, 50), box(0, 25, 40, 75)).dice == pytest.approx(0.5)


def test_distances_are_in_percent_of_the_width() -> None:
    # Two thin columns, ten pixels of 200 apart.
    found = compared(box(0, 50, 100, 51), box(0, 60, 100, 61))
    assert (found.surface, found.hausdorff95) == pytest.approx((5, 5))


def test_a_far_spot_moves_the_mean_and_not_the_95_percent() -> None:
    spotted = box(20, 30, 80, 130)
    spotted[5, 195] = True
    found = compared(spotted, box(20, 30, 80, 130))
    assert 0 < found.surface < 0.5
    assert found.hausdorff95 == 0


def test_an_empty_mask_has_no_distance() -> None:
    found = compared(box(0, 0, 0, 0), box(20, 30, 60, 90))
    assert found.dice == 0
    assert np.isnan([found.surface, found.hausdorff95]).all()
    assert compared(box(0, 0, 0, 0), box(0, 0, 0, 0)).dice == 1


def test_masks_of_different_films_are_not_compared() -> None:
    with pytest.raises(ValueError, match="one size"):
        compared(np.zeros((4, 4), bool), np.zeros((4, 5), bool))
