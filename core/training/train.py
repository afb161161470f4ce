"""The whole way from a recipe and labelled films to a bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.cohort.labels import Labels
from core.inference.bundles import DESCRIPTION, Bundle, load
from core.progress import Progress, Stop
from core.training import splitting
from core.training.folder import RunFolder, now
from core.training.material import gather
from core.training.outcome import Outcome
from core.training.recipe import Recipe
from core.training.run import WEIGHTS, Task, of_part, parts_of, run_protocol, task_of, through_protocol, trained
from core.training.splitting import Part
from core.training.starting import BUNDLE, start_of
from core.training.telling import write_beside

TWIN = "twin"
FINAL = "final"


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
) -> Bundle | None:
    """Carry out the recipe's protocol on the films, keep one network, and leave it in folder/bundle; None when stopped.

    A recipe that splits by image is carried out as published in the folder and with groups kept together in
    folder/twin, whose figures are the bundle's. After k-fold the network that is kept trains on all films but a small
    part; after a single split it is the one that was judged. start, weights, resume and refusals as in run_protocol,
    and what gather and make_bundle refuse.
    """
    stop = stop or Stop()
    with RunFolder(folder, resume=resume) as run:
        material = gather(labels, recipe, run.cache, report, stop)
        if material is None:
            return None
        stated = [str(split) for split in material.cohort.splits]
        recipe = splitting.for_a_site(recipe, material.labels, material.groups, stated)
        task = task_of(recipe, material, start_of(recipe, start, weights), report, stop)
        # A bundle that is there already needs no weights any more.
        keep = not (folder / BUNDLE / DESCRIPTION).is_file()
        found = through_protocol(run, task, keep=keep, more=0 if len(parts_of(task)) == 1 else 1)
        if found is None:
            return None
        by_group = splitting.twin(recipe)
        if by_group is not None:
            task = task_of(by_group, material, task.start, report, stop)
            published = found
            found = run_protocol(
                by_group, material, folder / TWIN, start=start, weights=weights, report=report, stop=stop, resume=True,
                keep=keep,
            )  # fmt: skip
            if found is None:
                return None
            write_beside(run, published, found)
        if not keep:
            return load(folder / BUNDLE)
        kept = _kept(folder if by_group is None else folder / TWIN, task, found)
        if kept is None:
            return None
        part, path = kept
        from core.training.finishing import finish

        bundle = finish(task, found, path, part, folder / BUNDLE, version=_version(run))
        # The bundle has them now.
        path.unlink(missing_ok=True)
        run.note(finished=now(), bundle={"name": bundle.name, "version": bundle.version, "digest": bundle.digest})
        return bundle


def _kept(folder: Path, task: Task, found: Outcome) -> tuple[Part, Path] | None:
    """The network that goes into the bundle: the one of a single split, else one more trained on nearly all films."""
    if len(found.folds) == 1:
        part = found.folds[0].part
        return part, folder / "folds" / part.name / WEIGHTS
    material = task.material
    part = splitting.final_part(task.recipe.protocol, material.labels, material.groups, task.recipe.seed)
    place = folder / "folds" / FINAL
    report = of_part(task.report, len(found.folds), len(found.folds) + 1, "the network to keep")
    fold = trained(task, part, place, len(found.folds), report, keep=True)
    return None if fold is None else (part, place / WEIGHTS)


def _version(run: RunFolder) -> str:
    """From when the run began: later runs of a recipe are later versions, and a resumed run keeps its own."""
    day, _, time = str(run.notes["started"]).partition("T")
    return f"{day.replace('-', '.')}.{time[:5].replace(':', '')}"
