"""Groups: films that must stay on one side of a split, because they share a patient or are nearly the same film."""

from __future__ import annotations

from collections.abc import Sequence

from core.cohort.labels import LabelledFilm


def group_names(films: Sequence[LabelledFilm], pairs: Sequence[tuple[int, int]] = ()) -> list[str]:
    """A name for the group of every film: joined by patient, by near-duplicate group, and by the given pairs.

    pairs: numbers of films found to be nearly the same. The name is the least patient of the group (without one, the
    least near-duplicate group, then path), so that it does not depend on the order of the films. Patient numbers
    are taken as they stand: labels that join several hospitals prefix them with the source.
    """
    parent = list(range(len(films)))
    first: dict[tuple[str, str], int] = {}
    for place, film in enumerate(films):
        for kind, value in (("patient", film.patient), ("group", film.group)):
            if value:
                _join(parent, first.setdefault((kind, value), place), place)
    for one, other in pairs:
        _join(parent, one, other)
    names: dict[int, tuple[int, str]] = {}
    for place, film in enumerate(films):
        rank = (0, film.patient) if film.patient else (1, film.group) if film.group else (2, film.path.as_posix())
        root = _root(parent, place)
        names[root] = min(names.get(root, rank), rank)
    return [names[_root(parent, place)][1] for place in range(len(films))]


def _root(parent: list[int], place: int) -> int:
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


def _join(parent: list[int], one: int, other: int) -> None:
    parent[_root(parent, other)] = _root(parent, one)
