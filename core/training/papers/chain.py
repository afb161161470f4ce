"""Recipes that start from another recipe: the source is trained without what will judge the target.

Papers C and D take source and target from the same collections. Where they share films, patients or near duplicates,
a source network has seen the films that judge its successor; so for every fold of the target it is trained anew
without that fold's test films and everybody in them. `leaky` repeats what the papers did, to tell how much was memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.cohort.hashes import NEAR_BITS, distances, mirrored_hash
from core.errors import RunRefused
from core.progress import Progress, Stop
from core.training import splitting
from core.training.folder import RunFolder
from core.training.material import FEWEST_FILMS, Material
from core.training.outcome import Fold, Outcome, outcome
from core.training.recipe import Recipe
from core.training.run import WEIGHTS, Task, parts_of, task_of, trained
from core.training.starting import Start, start_of
from core.training.telling import write_report

Report = Callable[[Progress], None]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Source:
    """What a chained recipe starts from: the recipe of the source task, and its films."""

    recipe: Recipe
    material: Material


def shared(source: Material, target: Material, test: NDArray[np.int64] | None = None) -> Mask:
    """Which source films may not teach when these target films judge: (source films,).

    A film with the same bytes, of the same patient or group, or nearly the same to the eye, mirrored ones too; and
    whoever shares a group with such a film. test: numbers of target films; all when None.
    """
    numbers = np.arange(len(target.cohort)) if test is None else test
    theirs, ours = target.cohort, source.cohort
    patients = set(theirs.patients[numbers].tolist()) - {""}
    found = np.isin(ours.sha256s, theirs.sha256s[numbers]) | np.isin(ours.groups, theirs.groups[numbers])
    found |= np.isin(ours.patients, sorted(patients)) if patients else False
    judging = theirs.hashes[numbers]
    for place in np.flatnonzero(~found).tolist() if len(numbers) else ():
        both = np.stack([ours.hashes[place], mirrored_hash(ours.films[place])])
        found[place] = bool((distances(both, judging) <= NEAR_BITS).any())
    answer: Mask = np.isin(ours.groups, ours.groups[found])
    return answer


def run_chain(
    recipe: Recipe,
    material: Material,
    source: Source,
    folder: Path,
    *,
    leaky: bool = False,
    report: Report = lambda progress: None,
    stop: Stop | None = None,
    resume: bool = False,
) -> Outcome | None:
    """The recipe's protocol, every fold started from a source network that saw nothing of its test part.

    leaky: one source network, trained on all source films, as published. None when stopped. Refuses (RunRefused) what
    run_protocol refuses, and "class-missing" when nothing of a source class is left to learn from.
    """
    stop = stop or Stop()
    shares = shared(source.material, material)
    with RunFolder(folder, resume=resume) as run:
        base = task_of(recipe, material, _start(source, shares, leaky), report, stop)
        parts = parts_of(base)
        run.agree(recipe, material, parts, base.start.notes)
        folds: list[Fold] = []
        once = leaky or not shares.any()
        network: tuple[Mapping[str, Any], Path] | None = None
        for number, part in enumerate(parts):
            if network is None or not once:
                held = np.zeros(len(shares), bool) if once else shared(source.material, material, part.test)
                name = "source" if once else f"source-{part.name}"
                network = _source_network(base, source, ~held, run.fold(name), number)
            if network is None:
                return None
            start = replace(base.start, network=network)
            fold = trained(replace(base, start=start), part, run.fold(part.name), number, report, keep=False)
            if fold is None:
                return None
            folds.append(fold)
        found = outcome(recipe, material, folds, np.zeros(len(material.cohort), bool))
        write_report(run, found, material)
        return found


def part_of(material: Material, chosen: Mask) -> Material:
    """The films of a material where the mask is true."""
    films = tuple(film for film, taken in zip(material.films, chosen.tolist(), strict=True) if taken)
    boxes = None if material.boxes is None else material.boxes[chosen]
    digest = hashlib.sha256(material.digest.encode() + chosen.tobytes()).hexdigest()
    cohort, facts = material.cohort.chosen(chosen), material.facts[chosen]
    return replace(material, cohort=cohort, films=films, facts=facts, boxes=boxes, digest=digest)


def _start(source: Source, shares: Mask, leaky: bool) -> Start:
    """What the run folder knows of the start; the weights come fold by fold."""
    name, count = source.recipe.name, int(shares.sum())
    if leaky:
        words = f"{name}, trained on all its films, {count} of which share films or patients with the target"
    elif count:
        words = f"{name}, trained anew for every fold without its test films and patients ({count} films are shared)"
    else:
        words = f"{name}, which shares no film and no patient with the target"
    notes = {"words": words, "recipe": msgspec.to_builtins(source.recipe), "data": source.material.digest}
    return Start("bundle", notes=msgspec.json.decode(msgspec.json.encode(notes)))


def _source_network(
    base: Task, source: Source, allowed: Mask, folder: Path, number: int
) -> tuple[Mapping[str, Any], Path] | None:
    material = part_of(source.material, allowed)
    truth = np.bincount(material.truth, minlength=len(material.classes))
    if truth.min() < FEWEST_FILMS:
        label = material.classes[int(truth.argmin())]
        raise RunRefused("class-missing", what=label, side="training", name=source.recipe.name)
    task = task_of(source.recipe, material, start_of(source.recipe), base.report, base.stop)
    part = splitting.final_part(source.recipe.protocol, material.labels, material.groups, source.recipe.seed)
    fold = trained(task, part, folder, number, base.report, keep=True)
    return None if fold is None else (task.architecture, folder / WEIGHTS)
