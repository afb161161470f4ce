"""Splits by a keyed hash of the group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.cohort.splits import (
    SHARES,
    SHARES_WITHOUT_TEST,
    Place,
    fold_of,
    group_mark,
    kept_splits,
    read_places,
    split_of,
    write_places,
)
from core.errors import RunRefused

GROUPS = [f"patient-{number}" for number in range(4000)]


def test_shares_are_kept_within_chance() -> None:
    splits = [split_of(group, "key") for group in GROUPS]
    for name, share in zip(("train", "validation", "test"), SHARES, strict=True):
        assert splits.count(name) / len(GROUPS) == pytest.approx(share, abs=0.025)


def test_later_groups_never_move_earlier_ones() -> None:
    assert split_of("patient-7", "key") == split_of("patient-7", "key")
    # Fixed for good: a change of the hash would mix the sides of every shipped bundle.
    assert [split_of(group, "adult-covid 1") for group in GROUPS[:6]] == EXPECTED_SPLITS
    assert [fold_of(group, "adult-covid 1") for group in GROUPS[:6]] == EXPECTED_FOLDS


EXPECTED_SPLITS = ["train", "test", "train", "train", "train", "validation"]
EXPECTED_FOLDS = [4, 2, 4, 3, 1, 2]


def test_sources_without_patient_numbers_never_test() -> None:
    splits = {split_of(group, "key", SHARES_WITHOUT_TEST) for group in GROUPS}
    assert splits == {"train", "validation"}


def test_another_key_gives_another_split_and_folds_do_not_follow_splits() -> None:
    one, other = ([split_of(group, key) for group in GROUPS] for key in ("a", "b"))
    assert 0.3 < np.mean([x == y for x, y in zip(one, other, strict=True)]) < 0.7
    folds = np.array([fold_of(group, "a") for group in GROUPS])
    assert set(folds) == {0, 1, 2, 3, 4}
    in_test = np.array([split == "test" for split in one])
    for fold in range(5):
        assert in_test[folds == fold].mean() == pytest.approx(0.15, abs=0.05)


def test_marks_do_not_show_the_patient_and_depend_on_the_key() -> None:
    assert "patient" not in group_mark("patient-1", "a")
    assert group_mark("patient-1", "a") != group_mark("patient-1", "b")


def test_films_placed_before_keep_their_side_and_take_their_group_along() -> None:
    before = [Place("f1", "-", "test"), Place("f2", "-", "train")]
    splits = kept_splits(["f1", "f3", "f2", "f4", "f5"], ["a", "a", "b", "b", "c"], ["train"] * 5, before)
    assert splits == ["test", "test", "train", "train", "train"]


def test_a_film_that_joins_two_sides_is_left_out() -> None:
    before = [Place("f1", "-", "test"), Place("f2", "-", "train")]
    assert kept_splits(["f1", "f2", "f3"], ["a", "a", "a"], ["train"] * 3, before) == ["test", "train", ""]


def test_the_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [Place("b", "2", "train"), Place("a", "1", "test")]
    write_places(tmp_path / "splits.csv", rows)
    assert read_places(tmp_path / "splits.csv") == (rows[1], rows[0])
    (tmp_path / "splits.csv").write_text("film,group,split\na,1,elsewhere\n")
    with pytest.raises(RunRefused, match="unknown split"):
        read_places(tmp_path / "splits.csv")


def test_shares_that_do_not_add_up_are_our_mistake() -> None:
    with pytest.raises(ValueError, match="add up"):
        split_of("a", "key", (0.5, 0.1, 0.1))
