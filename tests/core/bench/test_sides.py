"""All sides of a comparison do the same job on the same nets and inputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose

from core.bench import held, ours, usual
from core.bench.networks import _agreement
from core.bench.side import Answer, Side, fitted
from core.imaging.prepare import Settled
from core.inference.bundles import Bundle


@pytest.fixture(scope="module")
def films() -> list[Settled]:
    chance = np.random.default_rng(2)
    return [Settled(chance.integers(0, 65536, (90, 70)).astype(np.uint16), np.eye(3)) for _ in range(2)]


@pytest.mark.parametrize("other", [usual.Usual, held.Held, partial(held.Held, joint=False)])
def test_a_baseline_finds_what_we_find(
    small_bundle: Bundle, films: list[Settled], other: Callable[[Bundle], Side]
) -> None:
    own, theirs = ours.Ours(small_bundle, maps=True), other(small_bundle)
    for film in films:
        prepared = fitted(small_bundle, film)
        found, wanted = own.answer(prepared), theirs.answer(prepared)
        assert_allclose(found.probabilities, wanted.probabilities, atol=1e-4)
        for member in small_bundle.members:
            scale = max(float(np.abs(wanted.maps[member.name]).max()), 1e-6)
            assert_allclose(found.maps[member.name], wanted.maps[member.name], atol=1e-3 * scale)


def test_a_side_is_loaded_asked_and_timed_by_its_handler(small_bundle: Bundle, films: list[Settled]) -> None:
    handle = ours.serve(str(small_bundle.folder))
    assert handle(("load", films)) == 2
    assert handle(("time", 5, 3)) > 0
    assert set(handle(("answer", 1)).maps) == {"stretched", "boxed", "random"}
    with pytest.raises(TypeError, match="not a request"):
        handle(("sleep",))


def test_without_maps_the_answer_is_the_same_and_nothing_is_drawn(small_bundle: Bundle, films: list[Settled]) -> None:
    film = fitted(small_bundle, films[0])
    bare, whole = ours.Ours(small_bundle, maps=False), ours.Ours(small_bundle, maps=True)
    assert (bare.answer(film).probabilities == whole.answer(film).probabilities).all()
    assert bare.answer(film).maps["random"].size == 0


def test_sides_that_find_different_things_are_not_compared() -> None:
    one = Answer(np.array([0.5, 0.5]), {"net": np.ones((2, 3, 3), np.float32)})
    other = Answer(np.array([0.5, 0.5]), {"net": np.full((2, 3, 3), 1.1, np.float32)})
    assert _agreement(one, one) == {"probability": 0.0, "map": 0.0}
    with pytest.raises(ValueError, match="sides differ"):
        _agreement(one, other)
