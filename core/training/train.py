"""The whole way from a recipe and labelled films to a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.cohort.labels import Labels
from core.inference.bundles import DESCRIPTION, Bundle, load
from core.progress import Progress, Stop
from core.training import several, splitting
from core.training.folder import RunFolder, now
from core.training.material import gather
from core.training.outcome import Outcome
from core.training.recipe import Recipe
from core.training.run import WEIGHTS, Task, all_trained, of_run, parts_of, run_protocol, through_protocol
from core.training.splitting import Part
from core.training.starting import BUNDLE
from core.training.telling import write_beside
from core.training.watching import Stage, Watch

TWIN = "twin"


def train(
    recipe: Recipe,
    labels: Labels,
    folder: Path,
    *,
    start: Path | Bundle | None = None,
    weights: Path | None = None,
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Stop | None = None,
    watch: Watch | None = None,
    acknowledged: Mapping[str, str] | None = None,
    on_judged: Callable[[Sequence[Task], Outcome], None] = lambda tasks, found: None,
) -> Bundle | None:
    """Carry out the recipe's protocol on the films, and leave a bundle in folder/bundle; None when stopped.

    A recipe that starts from a bundle tunes every member of it, each with its own input, on the same parts; the new
    bundle has as many members. Any other recipe trains the network that it describes.
    One that splits by image is carried out as published in the folder and with groups kept together in folder/twin,
    whose figures are the bundle's. After k-fold the networks that are kept train on all films but a small part; after
    a single split they are those that were judged. start, weights, resume and refusals as in run_protocol, and what
    gather and make_bundle refuse. watch: who is told, and may have enough: then the best so far is kept. acknowledged:
    what somebody knows to be wrong with the films, code → words, for the card. on_judged: told what came out, before
    the bundle is made of it.
    """
    stop, watch = stop or Stop(), watch or Watch()
    with RunFolder(folder, resume=resume) as run:
        watch.on_stage(Stage("reading"))
        begin = several.begins(recipe, start, weights)
        recipe, labels = several.as_the_bundle(recipe, labels, begin)
        material = gather(labels, recipe, run.cache, report, stop)
        if material is None:
            return None
        stated = [str(split) for split in material.cohort.splits]
        recipe = splitting.for_a_site(recipe, material.labels, material.groups, stated)
        tasks = several.tasks_of(recipe, material, begin, report=report, stop=stop, watch=watch)
        # A bundle that is there already needs no weights any more.
        keep = not (folder / BUNDLE / DESCRIPTION).is_file()
        found = through_protocol(run, tasks, begin, keep=keep, more=0 if len(parts_of(tasks[0])) == 1 else 1)
        if found is None:
            return None
        by_group = splitting.twin(recipe)
        if by_group is not None:
            published = found
            found = run_protocol(
                by_group, material, folder / TWIN, start=start, weights=weights, report=report, stop=stop, resume=True,
                keep=keep,
            )  # fmt: skip
            if found is None:
                return None
            tasks = tuple(replace(task, recipe=by_group) for task in tasks)
            write_beside(run, published, found)
        tasks = of_run(run, tasks)
        on_judged(tasks, found)
        if not keep:
            return load(folder / BUNDLE)
        kept = _kept(run, tasks, found, folder / TWIN if by_group is not None else folder)
        if kept is None:
            return None
        watch.on_stage(Stage("judging", members=len(tasks)))
        from core.training.finishing import finish

        part, paths = kept
        bundle = finish(tasks, found, paths, part, folder / BUNDLE, version=_version(run), acknowledged=acknowledged)
        # The bundle has them now.
        for path in folder.glob(f"**/{WEIGHTS}"):
            path.unlink(missing_ok=True)
        run.note(finished=now(), bundle={"name": bundle.name, "version": bundle.version, "digest": bundle.digest})
        return bundle


def _kept(run: RunFolder, tasks: Sequence[Task], found: Outcome, folder: Path) -> tuple[Part, list[Path]] | None:
    """The networks of the bundle, and what they saw: of a single split those that were judged, else some more.

    folder: of the run that judged. Where somebody had enough, those of the first part go into the bundle.
    """
    task = tasks[0]
    if len(found.folds) > 1 and "enough" not in run.notes:
        material = task.material
        part = splitting.final_part(task.recipe.protocol, material.labels, material.groups, task.recipe.seed)
        place = len(found.folds), len(found.folds) + 1
        words = "the network to keep" if len(tasks) == 1 else "the networks to keep"
        if all_trained(run, tasks, part, place, keep=True, words=words) is not None:
            return part, [task.folder(run, part.name) / WEIGHTS for task in tasks]
        if not task.watch.enough.asked:
            return None
        run.note(enough=now())
    part = found.folds[0].part
    paths = [folder / "folds" / part.name / task.name / WEIGHTS for task in tasks]
    # Gone with an earlier bundle: then the part is trained once more.
    if not all(path.exists() for path in paths) and all_trained(run, tasks, part, (0, 1), keep=True) is None:
        return None
    return part, paths


def _version(run: RunFolder) -> str:
    """From when the run began: later runs of a recipe are later versions, and a resumed run keeps its own."""
    day, _, time = str(run.notes["started"]).partition("T")
    return f"{day.replace('-', '.')}.{time[:5].replace(':', '')}"
