"""There and back gives the same point, for every way to lay a picture down."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.imaging.geometry import MIRROR, Turn, clockwise, moved

TURNS = [Turn(*flags) for flags in itertools.product((False, True), repeat=3)]
PICTURE = np.arange(15).reshape(3, 5)


def pixel_centres(shape: tuple[int, int]) -> np.ndarray:
    return np.stack(np.mgrid[: shape[0], : shape[1]], axis=-1).reshape(-1, 2) + 0.5


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_every_pixel_of_a_turned_picture_is_found_again_in_the_original(turn: Turn) -> None:
    turned = turn.apply(PICTURE)
    places = moved(turn.turned_to_original(PICTURE.shape), pixel_centres(turned.shape))
    rows, columns = np.floor(places).astype(int).T
    assert (PICTURE[rows, columns] == turned.ravel()).all()


@pytest.mark.parametrize(("first", "second"), list(itertools.product(TURNS, TURNS)))
def test_two_turns_in_a_row_are_one_turn(first: Turn, second: Turn) -> None:
    assert (first.then(second).apply(PICTURE) == second.apply(first.apply(PICTURE))).all()


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_declared_turn_is_clockwise(degrees: int) -> None:
    assert (clockwise(degrees).apply(PICTURE) == np.rot90(PICTURE, -degrees // 90)).all()


def test_a_mirror_exchanges_left_and_right() -> None:
    assert (MIRROR.apply(PICTURE) == PICTURE[:, ::-1]).all()
