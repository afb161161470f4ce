"""The films that a finished bundle is judged on, by the splits that were written when it was made."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cohort.cache import FilmCache, Films, fill
from core.cohort.cohort import film_mark
from core.cohort.labels import LabelledFilm, read_labels
from core.cohort.splits import read_places
from core.errors import ImageFailed, ImageRefused
from core.evidence import unseen
from core.evidence.baselines import file_facts, thumbnail
from core.evidence.evaluate import Table
from core.evidence.strata import banded
from core.files import sha256_of
from core.imaging.prepare import settle
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.training.evidence_summary import Aims
from core.training.finishing import spoilt

GATE_NAMES = Path(__file__).resolve().parent.parent / "tests" / "core" / "inference" / "gate_names.csv"
_SPOILT_EVERY = 40


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a bundle. folders: of the data. within: (source, class, other class) to tell apart within one
    source; unseen: (class, other class) between sources left out; picking: the sources whose normals pick an operating
    point; ages: years at which a band begins."""

    folders: tuple[str, ...]
    within: tuple[tuple[str, str, str], ...]
    unseen: tuple[tuple[str, str], ...]
    ages: tuple[float, ...]
    aims: Aims
    picking: tuple[str, ...] = ()
    sizes: tuple[float, ...] = (300, 600, 1200)


QUESTIONS: Mapping[str, Question] = {
    "adult-covid": Question(
        ("adult-cxr", "adult-other"),
        (("nih", "pneumonia", "normal"), ("cohen", "covid", "pneumonia")),
        (("covid", "normal"), ("covid", "pneumonia")),
        (40, 60, 75),
        Aims(
            within={"pneumonia against normal within nih": 0.82, "covid against pneumonia within cohen": 0.80},
            # The second is meant as the table of earlier measurements means it: covid films ranked by 1 - p(normal).
            unseen={
                "covid against normal, both unseen": 0.95,
                "covid, as anything abnormal, against normal, both unseen": 0.97,
            },
            below={"normal": 0.85},
            above={"covid": 0.93},
        ),
        # As for the bundle's own point: normals of a whole hospital, whose patients are known.
        picking=("nih",),
    ),
    "paediatric-pneumonia": Question(
        ("paediatric-pneumonia",),
        (
            ("kermany", "bacterial", "normal"),
            ("kermany", "viral", "normal"),
            ("kermany", "bacterial", "viral"),
        ),
        (),
        (1, 3, 6),
        Aims(),
        # Of that hospital larger pictures are more often normal: bands that hold films of every class.
        sizes=(1000, 1400, 1800),
    ),
}


@dataclass(frozen=True, slots=True)
class JudgedFilms:
    """Films and what is known of them, one entry each. truth: class numbers, -1 for none; numbered: whether the
    source knows its patients; sizes: pixels on the longer side before the data were made small, NaN if unknown."""

    pixels: Films
    truth: NDArray[np.intp]
    sources: NDArray[np.str_]
    groups: NDArray[np.str_]
    splits: NDArray[np.str_]
    sha256s: NDArray[np.str_]
    numbered: NDArray[np.bool_]
    file_bytes: NDArray[np.int64]
    strata: Mapping[str, NDArray[np.str_]]

    def __len__(self) -> int:
        return len(self.truth)

    def chosen(self, which: NDArray[np.bool_]) -> JudgedFilms:
        """The films where the mask is true."""
        return JudgedFilms(
            self.pixels.chosen(np.flatnonzero(which)), self.truth[which], self.sources[which], self.groups[which],
            self.splits[which], self.sha256s[which], self.numbered[which], self.file_bytes[which],
            {name: values[which] for name, values in self.strata.items()},
        )  # fmt: skip

    def first(self, limit: int | None) -> JudgedFilms:
        """At most so many, spread evenly over all; all without a limit."""
        if limit is None or len(self) <= limit:
            return self
        which = np.zeros(len(self), bool)
        which[np.linspace(0, len(self) - 1, limit).round().astype(int)] = True
        return self.chosen(which)

    def as_films(self, classes: Sequence[str]) -> unseen.Films:
        return unseen.Films(self.truth, self.sources, self.groups, tuple(classes))

    def table(
        self, shares: NDArray[np.float64], classes: Sequence[str], suspicion: Sequence[str], threshold: float
    ) -> Table:
        """What `report` judges, with the strata and what shortcuts see."""
        shown = [(np.asarray(film) >> 8).astype(np.uint8) for film in self.pixels]
        facts = [file_facts(film, int(size)) for film, size in zip(shown, self.file_bytes, strict=True)]
        return Table(
            tuple(classes), self.truth, shares, tuple(self.groups.tolist()), tuple(self.sources.tolist()),
            tuple(self.sha256s.tolist()),
            strata={name: tuple(values.tolist()) for name, values in self.strata.items()},
            suspicious=tuple(suspicion), threshold=threshold,
            features={"thumbnail": np.stack([thumbnail(film) for film in shown]), "file-facts": np.stack(facts)},
        )  # fmt: skip


def films_of(
    question: Question, classes: Sequence[str], *, data: Path, splits: Path, run: Path, say: Callable[[str], object]
) -> JudgedFilms:
    """Every film of the question's folders that stands on a side of the splits; settled films are kept in RUN/cache."""
    listed: list[LabelledFilm] = []
    for folder in question.folders:
        labels = read_labels(data / folder / "images.csv", classes)
        listed += [*labels.films, *labels.others]
    placed = {place.film: place for place in read_places(splits)}
    known: dict[str, LabelledFilm] = {}
    for film in listed:
        known.setdefault(sha256_of(film.path), film)
    known = {sha256: film for sha256, film in known.items() if film_mark(sha256) in placed}
    with FilmCache(run / "cache") as cache:
        missing = [film.path for sha256, film in known.items() if sha256 not in cache]
        say(f"{len(known)} films, {len(missing)} to be read")
        for answer in fill(cache, missing):
            if answer.sha256 is None:
                say(f"left out: {answer.path.name}: {answer.reason.text if answer.reason else ''}")
        known = {sha256: film for sha256, film in known.items() if sha256 in cache}
        pixels = cache.films(list(known))
    films, places = list(known.values()), [placed[film_mark(sha256)] for sha256 in known]
    number = {name: index for index, name in enumerate(classes)}
    return JudgedFilms(
        pixels,
        np.array([number.get(film.label, -1) for film in films], np.intp),
        np.array([film.source for film in films]),
        np.array([place.group for place in places]),
        np.array([place.split for place in places]),
        np.array(list(known)),
        np.array([bool(film.patient) and film.patient != f"{film.source}-{film.group}" for film in films]),
        np.array([film.path.stat().st_size for film in films], np.int64),
        _strata(films, question),
    )


def _strata(films: Sequence[LabelledFilm], question: Question) -> dict[str, NDArray[np.str_]]:
    sizes = [_size(film) for film in films]
    return {
        "view": np.array(["" if film.view == "unknown" else film.view for film in films]),
        "sex": np.array([film.sex for film in films]),
        "age": np.array(banded([film.age_years for film in films], question.ages, "years")),
        "size": np.array(banded(sizes, question.sizes, "pixels")),
    }


def _size(film: LabelledFilm) -> float | None:
    """Pixels on the longer side of the picture that the source gave."""
    sides = [film.more.get(name, "") for name in ("original_width", "original_height")]
    return max(map(float, sides)) if all(side.isdigit() for side in sides) else None


def others_of(films: Films, data: Path) -> list[NDArray[np.uint16]]:
    """Pictures that are no upright frontal film: spoilt ones of these, and the tuning half of mixed-not-chest."""
    pictures: list[Any] = spoilt(films, _SPOILT_EVERY)
    with open(GATE_NAMES, encoding="utf-8") as file:
        names = [line["path"] for line in csv.DictReader(file) if line["half"] == "tune"]
    for name in names:
        path = (data / "mixed-not-chest" / name).resolve()
        try:
            pictures.append(settle(open_radiograph(ImageRef(str(path), None, 1, str(path.parent)))).pixels)
        except (ImageRefused, ImageFailed):
            continue  # the reader refuses it before novelty would be asked
    return pictures
