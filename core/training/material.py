"""What a training is made of: labelled films, decoded once into a cache, with what could not be read beside them."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from core.cohort.cache import Cached, FilmCache
from core.cohort.cohort import Cohort, gathered
from core.cohort.labels import LabelledFilm, Labels, read_labels
from core.errors import Reason, RunRefused
from core.evidence.baselines import FACT_NAMES
from core.evidence.witness import Witness, witnesses
from core.files import sha256_of, write_whole
from core.imaging.prepare import SETTLE_VERSION
from core.places import made
from core.progress import Meter, Progress, Stop
from core.training.lung_cache import LungMasks, lungs_of
from core.training.recipe import Recipe
from core.training.splitting import small_classes

FEWEST_FILMS = 10
_SAVE_AFTER = 2000
_GROUP_KEY = "group"
Report = Callable[[Progress], None]
Facts = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that gave no film, and why."""

    path: Path
    reason: Reason


@dataclass(frozen=True, slots=True)
class Material:
    """Films of the recipe's classes, in the order of the labels, one entry a film in every sequence.

    facts: (films, 7), what core.evidence.baselines.FACT_NAMES names. boxes: (films, 4), the lungs as top, left, bottom
    and right in continuous coordinates of the settled film, NaN where none were found; None without a lung frame.
    lungs: masks of the films, for a recipe that asks for a lung frame or for attention in the lungs.
    left_out: why → films. warnings: sentences that belong on the card.
    """

    cohort: Cohort
    classes: tuple[str, ...]
    films: tuple[LabelledFilm, ...]
    facts: NDArray[np.float32]
    boxes: NDArray[np.float64] | None
    unread: tuple[Unread, ...]
    left_out: Mapping[str, int]
    warnings: tuple[str, ...]
    cache: Path
    digest: str = field(default="")
    lungs: LungMasks | None = None

    @property
    def labels(self) -> list[str]:
        return [str(one) for one in self.cohort.labels]

    @property
    def groups(self) -> list[str]:
        return [str(one) for one in self.cohort.groups]

    @property
    def sources(self) -> list[str]:
        return [str(one) for one in self.cohort.sources]

    @property
    def truth(self) -> NDArray[np.intp]:
        return self.cohort.targets(self.classes)


def labels_for(recipe: Recipe, place: str | Path) -> Labels:
    """LABELS as the recipe names them; a recipe without classes takes those of the labels.

    Refuses what core.cohort.labels.read_labels refuses.
    """
    aliases = {alias: one.name for one in recipe.classes for alias in one.labels}
    return read_labels(place, [one.name for one in recipe.classes] or None, aliases)


def gather(
    labels: Labels,
    recipe: Recipe,
    cache: Path,
    report: Report = lambda progress: None,
    stop: Stop | None = None,
) -> Material | None:
    """Decode the films into the cache, hash, group and count them; None when it was stopped (the cache goes on).

    Decoding runs in other processes under limits; a film that the cache holds is not decoded again, and memory holds
    a few numbers a film. Refuses (RunRefused) "too-few-films", "one-class", "run-in-use" when another process fills
    the cache, and (BundleRefused) "bundle-missing" when the recipe wants a lung frame and there is no lungs bundle.
    """
    classes = labels.classes
    if len(classes) < 2:
        raise RunRefused("one-class", what=classes[0])
    _check_counts(classes, Counter(film.label for film in labels.films))
    stop = stop or Stop()
    with _alone(made(cache)), FilmCache(cache) as films:
        facts = _read_facts(cache)

        def read(into: FilmCache, paths: Sequence[Path], told: Report) -> list[Cached]:
            answers = _decoded(into, facts, paths, told, stop)
            readable = (film.label for film, got in zip(labels.films, answers, strict=True) if got.sha256)
            _check_counts(classes, Counter(readable))
            found.extend(answers)
            return answers

        found: list[Cached] = []
        try:
            cohort, unread = gathered(
                labels.films, classes, films, key=_GROUP_KEY, split_for=lambda film, _group: film.split,
                report=report, read=read,
            )  # fmt: skip
            lungs = _lungs(cohort, cache, report, stop) if _needs_lungs(recipe) else None
        except _StoppedError:
            return None
    boxes = None if lungs is None or recipe.input.frame != "lungs" else lungs.boxes
    kept = _first_of_equal_bytes(labels.films, found)
    left_out = {
        "label of no class": sum(labels.left_out.values()),
        "copy of another film": sum(one.sha256 is not None for one in found) - len(kept),
    }
    if not recipe.protocol.kind.startswith("single") and (held := cohort.splits == "test").any():
        # What the labels hold back for a test is nobody's fold.
        left_out["test film of the labels"] = int(held.sum())
        cohort, boxes = cohort.chosen(~held), None if boxes is None else boxes[~held]
        lungs = None if lungs is None else lungs.chosen(np.flatnonzero(~held))
        kept = [film for film, is_held in zip(kept, held.tolist(), strict=True) if not is_held]
        _check_counts(classes, Counter(cohort.labels.tolist()))
    return Material(
        cohort=cohort,
        classes=classes,
        films=tuple(kept),
        facts=np.array([facts[sha256] for sha256 in cohort.sha256s.tolist()], np.float32).reshape(-1, len(FACT_NAMES)),
        boxes=boxes,
        lungs=lungs,
        unread=tuple(Unread(one.path, one.reason) for one in unread if one.reason is not None),
        left_out={why: count for why, count in left_out.items() if count},
        warnings=tuple(_warnings(cohort, boxes)),
        cache=cache,
        digest=_digest(cohort, boxes),
    )


class _StoppedError(Exception):
    """Carries a stop through `gathered`, which needs all films."""


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two processes that append to one cache would spoil it."""
    try:
        with FileLock(folder / "cache.lock", timeout=0):
            yield
    except Timeout as error:
        raise RunRefused("run-in-use", what=folder) from error


def _decoded(cache: FilmCache, facts: Facts, paths: Sequence[Path], report: Report, stop: Stop) -> list[Cached]:
    """One answer a file, in order. The hash alone tells whether a film is here: a second run decodes nothing."""
    answers: dict[int, Cached] = {}
    meter = Meter(len(paths))
    for number, path in enumerate(paths):
        if path.is_file() and (known := sha256_of(path)) in cache and known in facts:
            answers[number] = Cached(path, known)
            report(meter.add(note="reading"))
        if stop.asked:
            raise _StoppedError
    waiting = [number for number in range(len(paths)) if number not in answers]
    unsaved = 0
    for place, answer in witnesses([paths[number] for number in waiting], stop) if waiting else ():
        number = waiting[place]
        if answer.error is not None:
            answers[number] = Cached(paths[number], None, answer.error.reason)
        else:
            witness = answer.value
            assert isinstance(witness, Witness)
            film = witness.film
            facts[film.sha256] = [float(value) for value in witness.file_facts]
            cache.add(film.sha256, film.settled.pixels)
            answers[number] = Cached(paths[number], film.sha256)
        report(meter.add(note="reading"))
        unsaved += 1
        if unsaved >= _SAVE_AFTER:
            _save(cache, facts)
            unsaved = 0
    _save(cache, facts)
    if len(answers) < len(paths):
        raise _StoppedError
    return [answers[number] for number in range(len(paths))]


def _save(cache: FilmCache, facts: Facts) -> None:
    # Facts first: a film without them would be decoded again, facts without a film cost nothing.
    write_whole(cache.folder / "facts.json", json.dumps({"settle": SETTLE_VERSION, "facts": facts}))
    cache.save()


def _read_facts(folder: Path) -> Facts:
    path = folder / "facts.json"
    if not path.exists():
        return {}
    stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
    facts: Facts = stored["facts"]
    return facts if stored["settle"] == SETTLE_VERSION else {}


def _check_counts(classes: Sequence[str], have: Mapping[str, int]) -> None:
    for name in classes:
        count = have.get(name, 0)
        if count < FEWEST_FILMS:
            present = "1 film" if count == 1 else f"{count} films"
            raise RunRefused("too-few-films", what=name, present=present, limit=FEWEST_FILMS)


def _first_of_equal_bytes(films: Sequence[LabelledFilm], answers: Sequence[Cached]) -> list[LabelledFilm]:
    """The films of the cohort, as `gathered` keeps them."""
    first: dict[str, LabelledFilm] = {}
    for film, answer in zip(films, answers, strict=True):
        if answer.sha256 is not None:
            first.setdefault(answer.sha256, film)
    return list(first.values())


def _warnings(cohort: Cohort, boxes: NDArray[np.float64] | None) -> Iterator[str]:
    """What design.md section 7 asks to be said of a small set, of labels without patients, of films without lungs."""
    few = small_classes(cohort.labels.tolist(), cohort.groups.tolist())
    if few:
        counted = ", ".join(f"{name}: {films} films of {patients} patients" for name, (films, patients) in few.items())
        yield (
            f"A small set (under 100 films or 30 patients in a class; {counted}), too small for a locked test: no "
            "threshold or temperature is adopted from it."
        )
    unknown = int((cohort.patients == "").sum())
    if unknown:
        yield (
            f"The labels give no patient for {unknown} of {len(cohort)} films: one patient may stand behind several "
            "of them, on both sides of a split. Only near duplicates are kept together."
        )
    if boxes is not None and (lost := int(np.isnan(boxes).any(axis=1).sum())):
        yield f"No lungs were found in {lost} of {len(cohort)} films: these are seen whole, without the lung frame."


def _needs_lungs(recipe: Recipe) -> bool:
    return recipe.input.frame == "lungs" or any(phase.attention for phase in recipe.phases)


def _lungs(cohort: Cohort, cache: Path, report: Report, stop: Stop) -> LungMasks:
    found = lungs_of(cohort.films, cohort.sha256s.tolist(), cache, report, stop)
    if found is None:
        raise _StoppedError
    return found


def _digest(cohort: Cohort, boxes: NDArray[np.float64] | None) -> str:
    """What the films, labels, groups and lungs of a run are known by, in any order."""
    rows = zip(cohort.sha256s.tolist(), cohort.labels.tolist(), cohort.groups.tolist(), cohort.sources.tolist(),
               cohort.splits.tolist(), strict=True)  # fmt: skip
    digest = hashlib.sha256("\n".join(sorted(" ".join(row) for row in rows)).encode())
    if boxes is not None:
        digest.update(boxes[np.argsort(cohort.sha256s)].tobytes())
    return digest.hexdigest()
