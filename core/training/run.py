"""A recipe carried out on films: every part of its protocol trained, judged and kept, whatever interrupts it."""

from __future__ import annotations

import csv
import gc
import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused
from core.files import refusal_of, whole_file, write_whole
from core.inference.bundles import Bundle
from core.networks.members import Member
from core.places import made
from core.progress import Progress, Stop
from core.training import recipes, splitting
from core.training.folder import RunFolder, now
from core.training.material import Material
from core.training.outcome import Fold, Outcome, outcome, together
from core.training.recipe import Recipe
from core.training.splitting import Part
from core.training.starting import Start, load_into, seen, start_of
from core.training.telling import write_report
from core.training.watching import Stage, Watch, epoch_of

Report = Callable[[Progress], None]
_TIMED_FILMS = 20
WEIGHTS = "member.weights.h5"
# Networks of one part must not draw alike, whatever the number of parts.
_DRAWS_APART = 1000
_ALONE = Stage("training", 1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Task:
    """What all parts of a run share, for one network.

    name, weight: of the network among several that are tuned together (core.training.several), which its folders in
    the run are named after; a network alone has no name.
    """

    recipe: Recipe
    material: Material
    start: Start
    steps: tuple[dict[str, Any], ...]
    architecture: dict[str, Any]
    report: Report
    stop: Stop
    name: str = ""
    weight: float = 1.0
    watch: Watch = field(default_factory=Watch)

    def folder(self, run: RunFolder, part: str) -> Path:
        """Where the network's training of a part is kept."""
        return run.fold(part) / self.name if self.name else run.fold(part)


def run_protocol(
    recipe: Recipe,
    material: Material,
    folder: Path,
    *,
    start: Path | Bundle | None = None,
    weights: Path | None = None,
    report: Report = lambda progress: None,
    stop: Stop | None = None,
    resume: bool = False,
    keep: bool = False,
) -> Outcome | None:
    """Train and judge every part of the recipe's protocol in a run folder; None when it was stopped.

    start: a bundle, or a run that ended in one; goes before the recipe's own start. weights: a folder of Keras'
    published weight files. resume: go on with the folder, or begin it; what is done is not done again, and the result
    is that of an undisturbed run. keep: leave the weights of a single split in its folder. Writes report.md,
    report.json and predictions.csv.
    Refuses (RunRefused) "run-in-use", "run-exists", "run-differs", "class-missing", and what fit refuses.
    """
    with RunFolder(folder, resume=resume) as run:
        own = start_of(recipe, start, weights)
        task = task_of(recipe, material, own, report, stop or Stop())
        return through_protocol(run, (task,), own, keep=keep)


def task_of(recipe: Recipe, material: Material, start: Start, report: Report, stop: Stop) -> Task:
    """The task of the network that the recipe describes."""
    steps = recipes.steps(recipe)
    return Task(recipe, material, start, steps, recipes.architecture(recipe, len(material.classes)), report, stop)


def parts_of(task: Task) -> list[Part]:
    material = task.material
    return splitting.parts(
        task.recipe.protocol, material.labels, material.groups, material.sources, task.recipe.seed,
        stated=[str(split) for split in material.cohort.splits],
    )  # fmt: skip


def through_protocol(
    run: RunFolder, tasks: Sequence[Task], start: Start, *, keep: bool, more: int = 0
) -> Outcome | None:
    """The parts of the protocol, then the report; None when it was stopped.

    tasks: the networks that are tuned together: on every part each of them, then their logits joined by weight. start:
    of the run, as its folder keeps it. keep: leave the weights of the first part. more: parts that come after these,
    for the time left. Where the watch has enough, the first part ends with the best so far, other parts that are not
    done judge nothing, and networks that know nothing of these classes yet are left out (`of_run`).
    """
    first, parts = tasks[0], parts_of(tasks[0])
    run.agree(first.recipe, first.material, parts, start.notes)
    enough, stages = first.watch.enough, len(parts) + more
    if "enough" in run.notes:
        enough.ask()
    folds: list[Fold] = []
    for number, part in enumerate(parts):
        if number and enough.asked:
            break
        tasks = of_run(run, tasks)
        place, only = (number, stages), len(parts) == 1
        found = all_trained(run, tasks, part, place, keep=keep and not number, needed=only, ends_early=not number)
        if found is None and not (number and enough.asked):
            return None
        if found is None:
            break
        if enough.asked and not number:
            run.note(left_out=[task.name for task, fold in zip(tasks, found, strict=True) if not _knows(task, fold)])
            found = [fold for task, fold in zip(tasks, found, strict=True) if task.name not in run.notes["left_out"]]
            tasks = of_run(run, tasks)
        folds.append(together(found, [task.weight for task in tasks]))
    if enough.asked and "enough" not in run.notes:
        run.note(enough=now())
    first.watch.on_stage(Stage("judging", members=len(tasks), parts=stages))
    judged = outcome(first.recipe, first.material, folds, seen(start, first.material.cohort))
    write_report(run, judged, first.material)
    if "judged" not in run.notes:
        run.note(judged=now())
    return judged


def of_run(run: RunFolder, tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The networks that go into the run's bundle, their weights adding up to 1."""
    kept = [task for task in tasks if task.name not in run.notes.get("left_out", ())]
    total = sum(task.weight for task in kept)
    return tuple(replace(task, weight=task.weight / total) for task in kept)


def _knows(task: Task, fold: Fold) -> bool:
    """Whether a network has learnt the classes: here, or where it comes from."""
    before = task.start.bundle
    return bool(fold.curves) or (before is not None and set(before.classes) == set(task.material.classes))


def all_trained(
    run: RunFolder, tasks: Sequence[Task], part: Part, place: tuple[int, int], *, keep: bool, needed: bool = True,
    ends_early: bool = False, words: str = "",
) -> list[Fold] | None:  # fmt: skip
    """Every network trained on one part; None when it was stopped.

    place: the part's number and how many there are. keep, ends_early: as in `trained`; without needed, a network that
    is done is not trained again for weights that are gone.
    """
    found = []
    number, parts = place
    words = words or f"part {number + 1} of {parts}"
    for index, task in enumerate(tasks):
        own = words if len(tasks) == 1 else f"{words}, {task.name} ({index + 1} of {len(tasks)})"
        told = of_part(task.report, number * len(tasks) + index, parts * len(tasks), own)
        folder = task.folder(run, part.name)
        fold = trained(
            task, part, folder, number + _DRAWS_APART * index, told, keep=keep and (needed or not _is_done(folder)),
            ends_early=ends_early, stage=Stage("training", index + 1, len(tasks), number + 1, parts, task.name),
        )  # fmt: skip
        if fold is None:
            return None
        found.append(fold)
    return found


def trained(
    task: Task, part: Part, folder: Path, number: int, report: Report, *, keep: bool, ends_early: bool = False,
    stage: Stage = _ALONE,
) -> Fold | None:  # fmt: skip
    """Train one network and ask it about the films that judge it; None when it was stopped.

    number: of the part, so that each has draws of its own. keep: leave the weights in the folder. ends_early: where
    the watch has enough, the best so far is what was trained. What the training needed to go on is removed once the
    part is done.
    """
    made(folder)
    watch = task.watch
    watch.on_stage(stage)

    def on_epoch(row: Mapping[str, Any]) -> None:
        watch.on_epoch(epoch_of(stage, row))

    done = _read(folder, part)
    if done is not None and ((folder / WEIGHTS).exists() or not keep):
        for row in done.curves:
            on_epoch(row)
        return done
    from core.networks import members
    from core.networks.backend import gpus, keras, several_gpus
    from core.training.feed import FilmFeed, outputs
    from core.training.fit import fit
    from core.training.keeping import best_so_far

    recipe, material = task.recipe, task.material
    keras().backend.clear_session()
    gc.collect()
    seed = recipe.seed + 1000 * number
    keras().utils.set_random_seed(seed)
    targets = np.eye(len(material.classes), dtype=np.float32)[material.truth]
    sources = material.sources

    def feed(numbers: NDArray[np.int64], **more: Any) -> FilmFeed:
        return FilmFeed(
            material.cohort.films.chosen(numbers), targets[numbers], task.steps, seed=seed,
            sources=[sources[one] for one in numbers.tolist()], boxes=_boxes(material, numbers), **more,
        )  # fmt: skip

    watch.on_stage(replace(stage, device=", ".join(gpus()) or "CPU"))
    with several_gpus() as devices:
        member = members.build(task.architecture)
        load_into(member, task.start, material.classes)
        fitted = fit(
            member,
            feed(part.train, augmentation=recipe.augmentation, balance=recipe.balance, **attended(task, member, part)),
            feed(part.validation) if len(part.validation) else None,
            recipe.phases,
            seed=seed,
            folder=folder / "fit",
            start=task.start.kind,
            report=report,
            stop=task.stop,
            devices=devices,
            on_epoch=on_epoch,
        )
    if fitted is None and ends_early and watch.enough.asked:
        fitted = best_so_far(member, recipe.phases, folder / "fit")
    if fitted is None:
        return None
    logits = np.zeros((0, len(material.classes)), np.float32)
    if len(part.test):
        films = material.cohort.films.chosen(part.test)
        logits = outputs(member.model, films, task.steps, _boxes(material, part.test))
    fold = Fold(part, logits, tuple(fitted.curves), *_speed(member, task, part))
    if keep:
        _save_weights(member, folder / WEIGHTS)
    _write(folder, fold)
    shutil.rmtree(folder / "fit", ignore_errors=True)
    return fold


def attended(task: Task, member: Member, part: Part) -> dict[str, Any]:
    """What a feed needs for phases that draw attention into the lungs."""
    lungs = task.material.lungs
    if lungs is None or not any(phase.attention for phase in task.recipe.phases):
        return {}
    rows, columns = member.with_maps.output["maps"].shape[2:4]
    return {"lungs": lungs.chosen(part.train), "cells": (rows, columns)}


def _boxes(material: Material, numbers: NDArray[np.int64]) -> NDArray[np.float64] | None:
    return None if material.boxes is None else material.boxes[numbers]


def _save_weights(member: Any, path: Path) -> None:
    beside = path.with_name(f"part-{path.name}")
    try:
        member.model.save_weights(beside)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise refusal_of(error, path.parent) from error


def _speed(member: Any, task: Task, part: Part) -> tuple[float, str]:
    """Milliseconds from a settled film to its logits, the median of some films one at a time, and where."""
    from core.networks.backend import gpus
    from core.training.feed import fitted
    from core.training.forward import forward

    ask = forward(member.model)
    taken = []
    for number in part.train[: _TIMED_FILMS + 1].tolist():
        box = None if task.material.boxes is None else task.material.boxes[number]
        begun = perf_counter()
        ask(fitted(task.material.cohort.films[number], task.steps, box)[None])
        taken.append(1000 * (perf_counter() - begun))
    return round(float(np.median(taken[1:] or taken)), 3), ", ".join(gpus()) or "CPU"


def _write(folder: Path, fold: Fold) -> None:
    """Figures first and fold.json last: a part without it is not done."""
    text = io.StringIO()
    if fold.curves:
        table = csv.DictWriter(text, list(fold.curves[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(fold.curves)
    write_whole(folder / "curves.csv", text.getvalue())
    with whole_file(folder / "predictions.npz") as file:
        np.savez(file, logits=fold.logits, test=fold.part.test)
    notes = {"curves": list(fold.curves), "milliseconds": fold.milliseconds, "device": fold.device}
    write_whole(folder / "fold.json", json.dumps(notes, indent=1))


def _is_done(folder: Path) -> bool:
    return (folder / "fold.json").exists()


def _read(folder: Path, part: Part) -> Fold | None:
    if not _is_done(folder):
        return None
    try:
        notes = json.loads((folder / "fold.json").read_text("utf-8"))
        with np.load(folder / "predictions.npz") as stored:
            logits, test = stored["logits"], stored["test"]
    except (OSError, ValueError, KeyError) as error:
        raise RunRefused("run-unreadable", what=folder, why=f"its predictions are damaged ({error})") from error
    if not np.array_equal(test, part.test):
        raise RunRefused("run-differs", present="other splits of the same films", asked="those of this program")
    shutil.rmtree(folder / "fit", ignore_errors=True)  # a kill between the last file and this
    return Fold(part, logits, tuple(notes["curves"]), notes["milliseconds"], notes["device"])


def of_part(report: Report, number: int, parts: int, words: str) -> Report:
    """Progress of a part as progress of the run; the parts that wait are taken to be as long as this one."""

    def told(progress: Progress) -> None:
        total = progress.total
        if total is None:
            report(replace(progress, note=f"{words}: {progress.note}"))
            return
        left = None
        if progress.remaining is not None and progress.rate:
            left = progress.remaining + (parts - number - 1) * total / progress.rate
        report(
            Progress(number * total + progress.done, parts * total, progress.rate, left, f"{words}: {progress.note}")
        )

    return told
