"""Films that must stay together."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.cohort.groups import group_names
from core.cohort.labels import LabelledFilm


def _film(name: str, patient: str = "", group: str = "") -> LabelledFilm:
    return LabelledFilm(Path(name), "normal", patient, group)


def test_patient_and_near_duplicates_join_films_in_a_chain() -> None:
    films = [_film("a", "p1"), _film("b", "p1", "g1"), _film("c", "p2", "g1"), _film("d", "p2"), _film("e", "p3")]
    names = group_names(films)
    assert names == ["p1", "p1", "p1", "p1", "p3"]


def test_found_pairs_join_groups() -> None:
    assert group_names([_film("a", "p1"), _film("b", "p2"), _film("c", "p3")], [(2, 0)]) == ["p1", "p2", "p1"]


def test_a_film_of_nobody_is_a_group_of_its_own() -> None:
    names = group_names([_film("a"), _film("b"), _film("c", group="g")])
    assert names == ["a", "b", "g"]


_films = st.lists(st.tuples(st.sampled_from(["", "p1", "p2", "p3"]), st.sampled_from(["", "g1", "g2"])), max_size=8)


@given(_films, st.randoms(use_true_random=False))
def test_the_order_of_the_films_does_not_matter(rows: list[tuple[str, str]], chance: object) -> None:
    films = [_film(str(number), patient, group) for number, (patient, group) in enumerate(rows)]
    named = dict(zip([film.path for film in films], group_names(films), strict=True))
    shuffled = list(films)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert dict(zip([film.path for film in shuffled], group_names(shuffled), strict=True)) == named
