"""What a bundle says of labelled films that it has never seen, as a table that `evaluate` judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.cohort.groups import group_names
from core.cohort.hashes import near_pairs
from core.cohort.labels import LabelledFilm, Labels
from core.cohort.lineage import Lineage, read_lineage
from core.evidence.evaluate import Table
from core.evidence.openings import set_digest
from core.evidence.witness import Witness, witnesses
from core.inference.assessing import Assessor
from core.progress import Meter, Progress, Stop

LINEAGE = "lineage.npz"
_AGE_BANDS = ((0, 40, "under 40"), (40, 60, "40 to 59"), (60, 75, "60 to 74"), (75, 200, "75 and over"))


@dataclass(frozen=True, slots=True)
class Judged:
    """The table, and what is not in it.

    left_out: why → films: "other-label", "not-in-test-split", "seen", "refused", "failed", "gate". refused_by_class:
    how many films of each class the gate sent away. set_digest: of all films that could have been judged.
    locked: the labels name a test split and nothing else was judged.
    """

    table: Table
    left_out: Mapping[str, int]
    refused_by_class: Mapping[str, int]
    set_digest: str
    locked: bool


@dataclass(slots=True)
class _Found:
    """What is kept of the films while they stream by; one entry each."""

    films: list[LabelledFilm] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    probabilities: list[list[float]] = field(default_factory=list)
    witnesses: list[tuple[Any, ...]] = field(default_factory=list)


def judged(
    assessor: Assessor,
    labels: Labels,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Stop | None = None,
) -> Judged:
    """Ask the bundle about every film; films that it or its ancestors saw are left out, refused ones counted.

    Where the labels name a test split, only its films are judged. Decoding runs in other processes, the bundle's
    engine in this one. When stopped, the table holds what was done.
    """
    films, left_out = _wanted(labels)
    lineage = _lineage(assessor)
    found, refused = _Found(), Counter[str]()
    known: list[tuple[str, str]] = []
    for index, witness in readable_and_unseen(
        films, [] if lineage is None else [lineage], left_out, known, report=report, stop=stop
    ):
        row, _maps = assessor.assess(witness.film, maps=False)
        if row.probabilities is None:
            left_out["gate" if row.status == "refused" else "failed"] += 1
            refused[films[index].label] += row.status == "refused"
            continue
        found.films.append(films[index])
        found.order.append(index)
        found.probabilities.append([row.probabilities[name] for name in assessor.bundle.classes])
        seen = (witness.thumbnail, witness.hog, witness.file_facts, witness.perceptual, witness.mirrored)
        found.witnesses.append(seen)
    return Judged(
        _table(assessor, found), dict(left_out), dict(refused), set_digest(known), any(film.split for film in films)
    )


def readable_and_unseen(
    films: Sequence[LabelledFilm],
    lineages: Sequence[Lineage],
    left_out: Counter[str],
    known: list[tuple[str, str]],
    *,
    report: Callable[[Progress], None],
    stop: Stop | None,
) -> Iterator[tuple[int, Witness]]:
    """The films that can be read and that no lineage knows, by their numbers, as they come from other processes.

    Counts the others in `left_out` ("refused", "failed", "seen"), and adds hash and label of all that could be read to
    `known`.
    """
    meter = Meter(len(films))
    for index, answer in witnesses([film.path for film in films], stop):
        report(meter.add(note=films[index].path.name))
        if answer.error is not None:
            left_out["refused" if answer.error.reason.severity == "refusal" else "failed"] += 1
            continue
        witness = answer.value
        assert isinstance(witness, Witness)
        known.append((witness.film.sha256, films[index].label))
        if any(one.seen(witness.film.sha256, witness.film.settled.pixels) for one in lineages):
            left_out["seen"] += 1
            continue
        yield index, witness


def _wanted(labels: Labels) -> tuple[list[LabelledFilm], Counter[str]]:
    left_out = Counter[str]()
    left_out["other-label"] = sum(labels.left_out.values())
    films = list(labels.films)
    if any(film.split == "test" for film in films):
        left_out["not-in-test-split"] = sum(film.split != "test" for film in films)
        films = [film for film in films if film.split == "test"]
    return films, left_out


def _lineage(assessor: Assessor) -> Lineage | None:
    """What the bundle saw; None for a bundle that does not say."""
    file = assessor.bundle.path(LINEAGE)
    return read_lineage(file) if file.is_file() else None


def _table(assessor: Assessor, found: _Found) -> Table:
    # Back into the order of the labels: figures must not depend on which decoder was quicker.
    order = np.argsort(found.order, kind="stable")
    films = [found.films[place] for place in order]
    thumbnails, edges, facts, perceptual, mirrored = (
        np.array([found.witnesses[place][part] for place in order]) for part in range(5)
    )
    bundle = assessor.bundle
    classes = bundle.classes
    pairs = near_pairs(perceptual, mirrored) if films else []
    return Table(
        classes=classes,
        truth=np.array([classes.index(film.label) for film in films], np.intp),
        probabilities=np.array([found.probabilities[place] for place in order]).reshape(-1, len(classes)),
        groups=tuple(group_names(films, pairs)),
        sources=tuple(film.source for film in films),
        names=tuple(film.path.name for film in films),
        strata={
            "view": tuple(film.view for film in films),
            "sex": tuple(film.sex for film in films),
            "age": tuple(_age_band(film.age_years) for film in films),
        },
        suspicious=tuple(bundle.description.suspicion),
        threshold=assessor.operating_point.threshold,
        features={"thumbnail": thumbnails, "hog": edges, "file-facts": facts} if films else {},
    )


def _age_band(years: float | None) -> str:
    return "" if years is None else next(name for low, high, name in _AGE_BANDS if low <= years < high)
