"""Figures of hospitals that were left out come from networks that never saw them, and from nobody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.evidence.unseen import (
    Films,
    LeftOut,
    carried_point,
    flagged_when_left_out,
    own_logits,
    read_apart,
    unseen_pairs,
    unseen_together,
    within,
)

CLASSES = ("normal", "pneumonia", "covid")
# nih has normals and pneumonias and is always seen; rsna has normals; cohen and bimcv have covid, cohen pneumonia too.
_PARTS = (("nih", 0, 60), ("nih", 1, 40), ("rsna", 0, 40), ("cohen", 2, 30), ("cohen", 1, 20), ("bimcv", 2, 30))
SOURCES = np.array([source for source, _label, count in _PARTS for _film in range(count)])
TRUTH = np.array([label for _source, label, count in _PARTS for _film in range(count)], np.intp)
GROUPS = np.array([f"g{number // 2}" for number in range(len(TRUTH))])
FILMS = Films(TRUTH, SOURCES, GROUPS, CLASSES)


def _logits(skill: float, seed: int = 0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(0, 1, (len(TRUTH), 3))
    logits[np.arange(len(TRUTH)), TRUTH] += skill
    return logits


def _left(name: str, skill: float, seed: int = 0) -> LeftOut:
    return LeftOut(tuple(name.split("+")), _logits(skill, seed))


def test_two_classes_are_told_apart_within_one_source() -> None:
    found = within(FILMS, _logits(6), "nih", "pneumonia", "normal")
    assert found is not None
    assert (found["name"], found["films"]) == ("pneumonia against normal within nih", 100)
    assert found["auroc"]["value"] > 0.99
    assert within(FILMS, _logits(6), "rsna", "pneumonia", "normal") is None


def test_films_that_no_fold_answered_do_not_count() -> None:
    logits = _logits(6)
    logits[:10] = np.nan
    found = within(FILMS, logits, "nih", "pneumonia", "normal")
    assert found is not None
    assert found["films"] == 90


def test_both_classes_come_from_hospitals_left_out_together() -> None:
    sets = [_left("bimcv+rsna", 6), _left("cohen", 6)]
    [row] = unseen_pairs(FILMS, sets, "covid", "normal")
    assert (row["left_out"], row["films"]) == ("bimcv+rsna", 70)
    [other] = unseen_pairs(FILMS, sets, "covid", "pneumonia")
    assert (other["left_out"], other["films"]) == ("cohen", 50)


def test_every_film_is_judged_by_the_networks_that_left_its_source_out() -> None:
    sets = [_left("bimcv", 6), _left("rsna", 6, 1), _left("cohen", 6, 2), _left("bimcv+rsna", 0, 3)]
    own = own_logits(FILMS, sets)
    np.testing.assert_array_equal(own[SOURCES == "rsna"], sets[1].logits[SOURCES == "rsna"])
    np.testing.assert_array_equal(own[SOURCES == "bimcv"], sets[0].logits[SOURCES == "bimcv"])
    assert np.isnan(own[SOURCES == "nih"]).all()
    found = unseen_together(FILMS, sets, ["covid"], by="pair", name="covid")
    assert found is not None
    assert (found["films"], found["auroc"]["value"] > 0.99) == (100, True)
    assert unseen_together(FILMS, [sets[2]], ["covid"], by="pair", name="") is None  # no unseen normals


def test_all_abnormal_films_are_ranked_by_what_is_not_normal() -> None:
    """A network that takes every covid for pneumonia is still right about what is not normal."""
    logits = _logits(0)
    logits[:, 0] = np.where(TRUTH == 0, 6, -6)
    sets = [LeftOut(("rsna",), logits), LeftOut(("cohen",), logits), LeftOut(("bimcv",), logits)]
    found = unseen_together(FILMS, sets, ["pneumonia", "covid"], by="rest", name="all abnormal")
    assert found is not None
    assert (found["name"], found["films"], found["auroc"]["value"]) == ("all abnormal", 120, 1)
    with pytest.raises(ValueError, match="one ill class"):
        unseen_together(FILMS, sets, ["pneumonia", "covid"], by="pair", name="")


def test_an_operating_point_is_picked_where_nothing_was_left_out() -> None:
    picking = SOURCES == "nih"
    sets = [_left("rsna", 4), _left("bimcv", 4, 1), _left("cohen", 4, 2)]
    found = carried_point(FILMS, sets, picking, suspicious=["pneumonia", "covid"])
    assert {row["left_out"] for row in found["rows"]} == {"rsna", "bimcv", "cohen"}
    together = found["together"]
    assert together["normal"]["films"] == 40
    assert together["covid"]["sources"] == {"bimcv": 30, "cohen": 30}
    assert together["normal"]["below"]["value"] > 0.8
    assert together["covid"]["above"]["value"] > 0.8


def test_a_hospital_whose_normals_look_ill_is_said_to_exceed_the_point() -> None:
    logits = _logits(4)
    logits[SOURCES == "rsna", 0] -= 10
    found = carried_point(FILMS, [LeftOut(("rsna",), logits)], SOURCES == "nih", suspicious=["pneumonia", "covid"])
    assert found["together"]["normal"]["below"]["value"] == 0


def test_a_set_that_leaves_nobody_to_pick_has_no_point() -> None:
    found = carried_point(FILMS, [_left("nih", 4)], SOURCES == "nih", suspicious=["pneumonia", "covid"])
    assert (found["rows"], found["together"]) == ([], {})


def test_a_runs_file_is_read_in_the_order_of_the_films(tmp_path: Path) -> None:
    path = tmp_path / "apart.npz"
    np.savez(
        path,
        **{
            "sha": np.array(["c", "a"]),
            "oof": np.array([[3.0, 0], [1, 0]]),
            "loso/bimcv+rsna": np.array([[30.0, 0], [10, 0]]),
        },
    )
    folds, [left] = read_apart(path, ["a", "b", "c"])
    assert folds is not None
    np.testing.assert_array_equal(folds, [[1, 0], [np.nan, np.nan], [3, 0]])
    assert left.sources == ("bimcv", "rsna")
    np.testing.assert_array_equal(left.logits[:, 0], [10, np.nan, 30])


def test_a_source_that_looks_like_no_other_would_have_been_flagged() -> None:
    draw = np.random.default_rng(0)
    features = draw.normal(0, 1, (600, 12)).astype(np.float32)
    sources = ["a"] * 250 + ["b"] * 250 + ["odd"] * 100
    features[500:, 11] += 40
    others = draw.normal(0, 1, (60, 12)).astype(np.float32)
    others[:, 0] += 12
    groups = [f"g{number // 2}" for number in range(600)]
    found = flagged_when_left_out({"lite0": features}, {"lite0": others}, sources, groups)
    assert found["odd"]["flagged"]["value"] == 1
    assert found["a"]["flagged"]["value"] < 0.1
    assert found["odd"]["films"] == 100
    assert found["odd"]["flagged"]["low"] == pytest.approx(0.93, abs=0.02)
