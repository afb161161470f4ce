"""Labelled films, decoded, hashed, grouped and split: what every training, audit and evaluation starts from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cohort.cache import Cached, FilmCache, Films, fill
from core.cohort.groups import group_names
from core.cohort.hashes import Hashes, both_hashes, near_pairs
from core.cohort.labels import LabelledFilm
from core.cohort.splits import Place, group_mark, kept_splits
from core.progress import Progress

Read = Callable[[FilmCache, Sequence[Path], Callable[[Progress], None]], list[Cached]]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Films in a fixed order, one entry a film in every field.

    labels: the class, or "" for a film that belongs to none. patients: "" where the labels give no number.
    hashes: (n, 32) perceptual. splits: train, validation, test, or "" when a film may stand on no side.
    """

    films: Films
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]
    groups: NDArray[np.str_]
    splits: NDArray[np.str_]
    sha256s: NDArray[np.str_]
    hashes: Hashes

    def __len__(self) -> int:
        return len(self.films)

    def chosen(self, which: NDArray[np.bool_]) -> Cohort:
        """The films where the mask is true."""
        places = np.flatnonzero(which)
        return Cohort(
            self.films.chosen(places),
            self.labels[places], self.sources[places], self.patients[places], self.groups[places],
            self.splits[places], self.sha256s[places], self.hashes[places],
        )  # fmt: skip

    def part(self, split: str, *, labelled: bool = True) -> Cohort:
        """The films of one split; with labelled=False those of no class too."""
        return self.chosen((self.splits == split) & ((self.labels != "") | (not labelled)))

    def targets(self, classes: Sequence[str]) -> NDArray[np.intp]:
        """The class number of every film; raises KeyError for a film of no class."""
        number = {name: place for place, name in enumerate(classes)}
        return np.array([number[str(label)] for label in self.labels], np.intp)

    def mix(self, classes: Sequence[str]) -> dict[str, int]:
        """Films a class."""
        count = Counter(self.labels.tolist())
        return {name: count[name] for name in classes}


def gathered(
    films: Sequence[LabelledFilm],
    classes: Sequence[str],
    cache: FilmCache,
    *,
    key: str,
    split_for: Callable[[LabelledFilm, str], str],
    before: Iterable[Place] = (),
    report: Callable[[Progress], None] = lambda progress: None,
    read: Read = fill,
) -> tuple[Cohort, tuple[Cached, ...]]:
    """Decode, hash, group and split films; gives them with those that could not be read.

    split_for: the split of a film, given its group's name; the same for all films of a group (the first one's word
    counts). before: films that were placed earlier and never move. read: what brings films into the cache.
    Of films with equal bytes the first stays.
    """
    cached = read(cache, [film.path for film in films], report)
    unread = tuple(answer for answer in cached if answer.sha256 is None)
    first: dict[str, LabelledFilm] = {}
    for film, answer in zip(films, cached, strict=True):
        if answer.sha256 is not None:
            first.setdefault(answer.sha256, film)
    sha256s, kept = list(first), list(first.values())
    pixels = cache.films(sha256s)
    hashes, mirrored = (np.stack(one) for one in zip(*(both_hashes(film) for film in pixels), strict=True))
    groups = group_names(kept, near_pairs(hashes, mirrored))
    asked: dict[str, str] = {}
    for film, group in zip(kept, groups, strict=True):
        asked.setdefault(group, split_for(film, group))
    marks = [film_mark(sha256) for sha256 in sha256s]
    splits = kept_splits(marks, groups, [asked[group] for group in groups], before)
    known = set(classes)
    cohort = Cohort(
        films=pixels,
        labels=np.array([film.label if film.label in known else "" for film in kept]),
        sources=np.array([film.source for film in kept]),
        patients=np.array([film.patient for film in kept]),
        groups=np.array([group_mark(group, key) for group in groups]),
        splits=np.array(splits),
        sha256s=np.array(sha256s),
        hashes=hashes,
    )
    return cohort, unread


def film_mark(sha256: str) -> str:
    """How a committed list names a film: the start of its file's hash."""
    return sha256[:16]


def places(cohort: Cohort) -> list[Place]:
    """The committed list of a cohort."""
    rows = zip(cohort.sha256s.tolist(), cohort.groups.tolist(), cohort.splits.tolist(), strict=True)
    return [Place(film_mark(sha256), group, split) for sha256, group, split in rows if split]


def counts(cohort: Cohort) -> Mapping[tuple[str, str, str], int]:
    """Films by (split, source, label)."""
    rows = zip(cohort.splits.tolist(), cohort.sources.tolist(), cohort.labels.tolist(), strict=True)
    return Counter(rows)
