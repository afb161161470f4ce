"""What is no patient is changed, and nothing else; a network that looks at it is found out, by the kind of change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from core.evidence import nuisance
from core.evidence.nuisance import CHANGES, Film, nuisances

ROWS, COLUMNS = 300, 260


def _film(seed: int = 0) -> Film:
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    wave = 0.5 + 0.2 * np.sin(rows / 23 + seed) + 0.2 * np.cos(columns / 31)
    noise = np.random.default_rng(seed).normal(0, 0.02, (ROWS, COLUMNS))
    return np.round(np.clip(wave + noise, 0.1, 1) * 65535).astype(np.uint16)


FILMS = [_film(seed) for seed in range(6)]
GROUPS = [f"g{number // 2}" for number in range(6)]


def _by(reading: Callable[[Film], float]) -> nuisance.Assess:
    """Probabilities of two classes from one number a film, 0…1."""

    def assess(films: Sequence[Film]) -> np.ndarray:
        assert len(films) > 0
        p = np.array([reading(film) for film in films])
        return np.stack([1 - p, p], 1)

    return assess


def test_a_network_that_looks_at_the_middle_only_keeps_every_limit() -> None:
    found = nuisances(FILMS, _by(lambda film: 0.5), GROUPS)
    assert all(kind["holds"] and kind["moved"]["value"] == 0 for kind in found["kinds"].values())
    assert set(found["kinds"]) == {"padding", "edge", "text", "resolution", "encoding"}
    assert all(kind["finding_changed"]["value"] == 0 for kind in found["kinds"].values())


def test_a_network_that_reads_the_shape_is_found_by_bars_and_not_by_letters() -> None:
    found = nuisances(FILMS, _by(lambda film: 0.4 * film.shape[1] / film.shape[0]), GROUPS)
    assert found["kinds"]["padding"]["holds"] is False
    assert found["kinds"]["padding"]["worst_change"]["name"].startswith("black bars left and right")
    assert found["kinds"]["text"]["moved"]["value"] == found["kinds"]["encoding"]["moved"]["value"] == 0


def test_a_network_that_reads_letters_is_found_by_letters_and_not_by_bars() -> None:
    found = nuisances(FILMS, _by(lambda film: float(film.max() > 64000)), GROUPS)
    assert found["kinds"]["text"]["moved"]["value"] == 1
    assert found["kinds"]["text"]["finding_changed"]["value"] == 1
    assert found["kinds"]["padding"]["moved"]["value"] == found["kinds"]["resolution"]["moved"]["value"] == 0


def test_a_network_that_reads_fine_texture_is_found_by_resolution_and_encoding() -> None:
    def texture(film: Film) -> float:
        return float(np.clip(np.abs(np.diff(film / 65535.0, axis=0)).mean() * 20, 0, 1))

    found = nuisances(FILMS, _by(texture), GROUPS)
    assert found["kinds"]["resolution"]["holds"] is found["kinds"]["encoding"]["holds"] is False
    rows = {row["name"]: row["moved"]["value"] for row in found["changes"] if row["kind"] == "resolution"}
    assert rows["160 pixels and up again"] > rows["224 pixels and up again"] > 0


def test_the_mean_is_over_films_and_classes_and_its_interval_over_patients() -> None:
    half = nuisance.Change("edge", "all", np.zeros_like)
    found = nuisances(FILMS, _by(lambda film: 0.2 if film.any() else 0.5), GROUPS, changes=[half])
    moved = found["kinds"]["edge"]["moved"]
    assert moved["value"] == pytest.approx(0.3)
    assert moved["low"] == pytest.approx(0.3)
    assert found["kinds"]["edge"]["films"] == 6


def test_a_third_class_that_stays_where_it_was_counts_too() -> None:
    def assess(films: Sequence[Film]) -> np.ndarray:
        return np.array([[0.6, 0.2, 0.2] if film.any() else [0.3, 0.5, 0.2] for film in films])

    black = nuisance.Change("edge", "all", np.zeros_like)
    found = nuisances(FILMS, assess, GROUPS, changes=[black])
    assert found["kinds"]["edge"]["moved"]["value"] == pytest.approx(0.2)
    assert found["kinds"]["edge"]["finding_changed"]["value"] == 1


def test_films_that_a_change_leaves_as_they_are_do_not_make_it_look_harmless() -> None:
    barred = [nuisance.with_bars(FILMS[0], columns=0.1), *FILMS[1:]]
    removing = [change for change in CHANGES if change.apply is nuisance.without_bars]
    found = nuisances(barred, _by(lambda film: film.shape[1] / 400), GROUPS, changes=removing)
    [row] = found["changes"]
    assert (row["films"], row["moved"]["value"]) == (1, pytest.approx(52 / 400))
    untouched = nuisances(FILMS, _by(lambda film: 0.5), GROUPS, changes=removing)
    assert untouched["kinds"]["padding"]["moved"] is None
    assert untouched["kinds"]["padding"]["holds"] is None


def test_bars_added_are_removed_again_to_the_pixel() -> None:
    film = FILMS[0]
    barred = nuisance.with_bars(film, rows=0.1, columns=0.1)
    assert barred.shape == (360, 312)
    assert barred[:30].max() == barred[:, -26:].max() == 0
    back = nuisance.without_bars(barred)
    assert back is not None
    np.testing.assert_array_equal(back, film)
    assert nuisance.without_bars(film) is None


def test_a_film_with_bars_is_no_larger_than_any_settled_film() -> None:
    film = np.full((500, 400), 30000, np.uint16)
    assert nuisance.with_bars(film, rows=0.1).shape == (512, 341)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_is_repeatable_and_leaves_the_middle_of_the_film_where_it_is(change: nuisance.Change) -> None:
    film = FILMS[0]
    one, two = change.apply(film.copy()), change.apply(film.copy())
    if one is None:
        assert two is None
        return
    assert two is not None
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.uint16
    if one.shape == film.shape:
        middle = np.s_[60:240, 60:200]
        assert np.abs(one[middle].astype(float) - film[middle]).mean() < 0.02 * 65535


def test_no_more_than_five_percent_of_a_side_is_touched_at_the_edge() -> None:
    film = FILMS[0]
    assert nuisance.edge_cut(film).shape == (270, 234)
    painted = nuisance.edge_painted(film, 1.0)
    np.testing.assert_array_equal(painted[15:-15, 13:-13], film[15:-15, 13:-13])
    assert (painted[:15] == 65535).all()
