"""Statistics of features: known films pass, hospital by hospital; other pictures do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.imaging.prepare import Settled
from core.inference.novelty import Novelty, learnt, score, spoiled, unknown_scores

SIZE = 20
SEED = np.random.default_rng(5)
MIXING = SEED.normal(size=(6, SIZE))


def films(count: int, seed: int, offset: float = 0.0) -> dict[str, np.ndarray]:
    """Features of two members in which films differ in six directions, and a little in all."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 6)) @ MIXING + 0.2 * rng.normal(size=(count, SIZE)) + offset
    return {"b": values[:, :12].astype(np.float32), "a": values[:, 12:].astype(np.float32)}


def others(count: int, seed: int) -> dict[str, np.ndarray]:
    values = np.random.default_rng(seed).normal(size=(count, SIZE)) + 4
    return {"b": values[:, :12].astype(np.float32), "a": values[:, 12:].astype(np.float32)}


@pytest.fixture(scope="module")
def novelty() -> Novelty:
    return learnt(films(600, 1), others(40, 2), groups=["one"] * 400 + ["other"] * 200, passing=0.98)


def test_new_films_of_the_same_kind_pass(novelty: Novelty) -> None:
    assert (score(novelty, films(2000, 3)) <= novelty.threshold).mean() > 0.96


def test_other_pictures_are_refused(novelty: Novelty) -> None:
    assert (score(novelty, others(500, 4)) > novelty.threshold).mean() > 0.99


def test_pictures_like_none_that_was_shown_are_refused(novelty: Novelty) -> None:
    rng = np.random.default_rng(6)
    strange = films(300, 7)
    strange = {name: values + 3 * rng.normal(size=values.shape).astype(np.float32) for name, values in strange.items()}
    assert (score(novelty, strange) > novelty.threshold).mean() > 0.99


def test_every_hospital_passes_not_only_all_together() -> None:
    known = films(600, 1)
    rough = np.random.default_rng(8)
    for values in known.values():
        values[:60] += 0.6 * rough.normal(size=values[:60].shape).astype(np.float32)
    groups = ["rough"] * 60 + ["smooth"] * 540
    found = learnt(known, others(40, 2), groups=groups, passing=0.97)
    assert (score(found, known)[:60] <= found.threshold).mean() >= 0.95


def test_films_are_scored_by_statistics_that_know_nothing_of_their_hospital() -> None:
    known, elsewhere = films(600, 1), np.random.default_rng(9).normal(size=SIZE).astype(np.float32)
    for name, part in (("b", slice(0, 12)), ("a", slice(12, None))):
        known[name][:100] += 3 * elsewhere[part]  # films of one hospital differ from all others
    groups = ["elsewhere"] * 100 + ["here"] * 250 + ["there"] * 250
    scores = unknown_scores(known, others(40, 2), groups)
    assert (scores[:100] > 1).mean() > 0.9
    assert (score(learnt(known, others(40, 2), groups=groups), known)[:100] <= 1).mean() > 0.9
    with pytest.raises(ValueError, match="one hospital"):
        unknown_scores(known, others(40, 2), ["here"] * 600)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused(novelty: Novelty, value: float) -> None:
    broken = films(2, 3)
    broken["a"][0, 0] = value
    scores = score(novelty, broken)
    assert scores[0] == np.inf
    assert np.isfinite(scores[1])


def test_the_same_films_give_the_same_statistics_and_scores(novelty: Novelty, tmp_path: Path) -> None:
    again = learnt(films(600, 1), others(40, 2), groups=["one"] * 400 + ["other"] * 200, passing=0.98)
    np.savez_compressed(tmp_path / "novelty.npz", **again.arrays)
    with np.load(tmp_path / "novelty.npz", allow_pickle=False) as file:
        read = Novelty({name: file[name] for name in file.files})
    assert np.array_equal(score(read, films(50, 3)), score(novelty, films(50, 3)))
    alone = [score(read, {name: values[i : i + 1] for name, values in films(50, 3).items()})[0] for i in range(50)]
    assert np.allclose(alone, score(read, films(50, 3)), rtol=1e-9)


def test_a_spoiled_film_is_never_the_film() -> None:
    pixels = np.arange(60 * 80, dtype=np.uint16).reshape(60, 80)
    made = [one.pixels for one in spoiled(Settled(pixels, np.eye(3)))]
    assert len(made) == 9
    assert all(one.shape != pixels.shape or not np.array_equal(one, pixels) for one in made)
    assert np.array_equal(made[0], 65535 - pixels)
    assert {one.shape for one in made} == {(60, 80), (80, 60), (60, 40), (30, 80), (30, 40)}
