"""Train the bundle adult-covid from its labels, in one command that can be stopped and started again.

    python tools/make_adult_covid.py --data ../shared/data --out RUN

RUN keeps the settled films, a checkpoint every minute, the out-of-fold figures and, last, RUN/bundle.
--quick stops after the linear probes: a bundle to develop with, in a few minutes. docs/ensemble.md tells what was
tried on the way here and did not work.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from rich.console import Console

from core.cohort.cache import FilmCache
from core.cohort.cohort import Cohort, counts, gathered, places
from core.cohort.labels import LabelledFilm, read_labels
from core.cohort.splits import SHARES, SHARES_WITHOUT_TEST, read_places, split_of, write_places
from core.files import write_whole
from core.networks.members import Member, build
from core.networks.start import load_start
from core.places import SHIPPED_BUNDLES, made
from core.progress import Progress
from core.training.feed import FilmFeed, outputs
from core.training.fit import fit
from core.training.probe import linear_probe, put_probe
from core.training.protocol import balanced, folds, gentlest, hard, ranking, shares_between, softened
from core.training.recipe import Augmentation, Balance, Phase
from core.training.stretch import surprise

CLASSES = ("normal", "pneumonia", "covid")
KEY = "adult-covid 1"
PLACES = SHIPPED_BUNDLES / "adult-covid" / "splits.csv"
SHARES_OF_TUNING = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SAY = Console(stderr=True, highlight=False)
Floats = NDArray[np.float32]
# Strong enough that a thumbnail loses, mild enough that pneumonia within one hospital is still seen. No mirroring:
# the heart lies on the left, and a bundle must notice a film that was turned over.
CHANGES = Augmentation(
    least_crop=0.82, rotation=8.0, fill="either", gamma=0.35, contrast=0.3, brightness=25.0, noise=6.0, softest=96,
    softening_chance=0.6, marks_chance=0.5, jpeg=40, jpeg_chance=0.5,
)  # fmt: skip
# What transferred best to hospitals nobody here had (docs/ensemble.md): from a linear probe on, all layers behind the
# first ones but the normalisations, a low rate that falls along a cosine.
TUNED = Phase(
    optimiser="adamw", rate=2e-4, schedule="cosine", warm_up=0.25, floor=0.01, decay=1e-4, smoothing=0.05, clip=1.0,
    batch=32, epochs=4, norms="frozen", trainable="cutoff",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """A member: its architecture, and how it is trained. pupil: learns from the others as well as from labels."""

    name: str
    backbone: str
    side: int
    phase: Phase
    seed: int
    width: float | None = None
    pupil: bool = False

    @property
    def steps(self) -> tuple[dict[str, Any], ...]:
        return steps(self.side)

    @property
    def architecture(self) -> dict[str, Any]:
        # Cut at stride 16: as good as the whole network elsewhere, a tenth of the size, maps twice as fine.
        data: dict[str, Any] = {"backbone": self.backbone, "cut": "stage5", "input": [self.side, self.side, 3]}
        data["head"] = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": len(CLASSES)}]
        return data | ({"width": self.width} if self.width else {})


def steps(side: int) -> tuple[dict[str, Any], ...]:
    """The whole film without its border, stretched to a square, as the ImageNet start weights want it."""
    return (
        {"name": "border-crop", "version": 1, "fraction": 0.05},
        {"name": "levels", "version": 1, "low": 1, "high": 99},
        # Two sources exist at 224 pixels only and could be told by their fine texture: nothing finer than 128 is left.
        {"name": "stretch", "version": 1, "rows": 128, "columns": 128},
        {"name": "stretch", "version": 1, "rows": side, "columns": side},
        {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 3},
    )


RECIPES = (
    Recipe("lite0", "efficientnet-lite0", 160, replace(TUNED, after="stage2_block2_add"), 10),
    Recipe("lite2", "efficientnet-lite2", 160, replace(TUNED, after="stage2_block3_add"), 11),
    Recipe(
        "mobile", "mobilenetv2", 128,
        replace(TUNED, trainable="all", norms="measured", rate=3e-3, warm_up=1.0, decay=1e-3), 12,
        width=0.5, pupil=True,
    ),
)  # fmt: skip
# Left out together: then a film's source says nothing, because neither class's source was seen.
LEFT_OUT = (("cohen",), ("bimcv", "rsna"), ("cohen", "rsna"), ("cxnet", "rsna"))


def main() -> int:
    options = _options()
    os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
    if hasattr(os, "nice") and not options.hurry:
        os.nice(1)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    run = made(options.out)
    cohort = cohort_of(options.data, run)
    for recipe in RECIPES[:2] if options.quick else RECIPES:
        if options.only in (None, recipe.name):
            train(recipe, cohort, run, quick=options.quick)
    if options.only in (None, "probes") and not options.quick:
        probes_apart(cohort, run)
    if options.only is not None:
        return 0
    from tools.adult_covid_bundle import finish

    recipes = RECIPES[:2] if options.quick else RECIPES
    finish(cohort, numbered(cohort), run, recipes, CLASSES, data=options.data, quick=options.quick)
    return 0


def cohort_of(data: Path, run: Path) -> Cohort:
    """adult-cxr and the normals of adult-other, split together by patient; their other films belong to no class."""
    films: list[LabelledFilm] = []
    for folder in ("adult-cxr", "adult-other"):
        labels = read_labels(data / folder / "images.csv", CLASSES)
        films += [*labels.films, *labels.others]
    before = read_places(PLACES) if PLACES.exists() else ()
    with FilmCache(run / "cache") as cache:
        cohort, unread = gathered(
            films, CLASSES, cache, key=KEY, split_for=_split_for, before=before, report=_told("reading")
        )
    for answer in unread:
        SAY.print(f"left out: {answer.path.name}: {answer.reason.text if answer.reason else ''}")
    write_places(run / "splits.csv", places(cohort))
    rows = [[*cell, count] for cell, count in sorted(counts(cohort).items())]
    write_whole(run / "counts.json", json.dumps(rows, indent=0))
    return cohort


def has_number(film: LabelledFilm) -> bool:
    """Whether the source knows its patients. Elsewhere the labels name each patient after its near-duplicate group."""
    return bool(film.patient) and film.patient != f"{film.source}-{film.group}"


def _split_for(film: LabelledFilm, group: str) -> str:
    # Without numbers one patient can hide behind several films: such films never judge (locked test).
    return split_of(group, KEY, SHARES if has_number(film) else SHARES_WITHOUT_TEST)


def train(recipe: Recipe, cohort: Cohort, run: Path, *, quick: bool = False) -> None:
    """Probe, fine-tune and average one member; writes RUN/members/NAME/{member.weights.h5,choice.json}."""
    folder = made(run / "members" / recipe.name)
    if (folder / "choice.json").exists():
        return
    SAY.print(f"[bold]{recipe.name}[/bold]: {recipe.backbone} at {recipe.side}")
    member = build(recipe.architecture)
    known, judged = cohort.part("train"), judging(cohort)
    if recipe.pupil:
        # No start weights exist for it: it learns from the others too, on films of no class as well.
        known = cohort.part("train", labelled=False)
        tuned(member, recipe, known, softened(known, CLASSES, teachers(known, run)), judged=judged, folder=folder)
        chosen = {"share": 1.0}
    else:
        _probed(member, recipe, known)
        chosen = {"share": 0.0}
        if not quick:
            probe = member.model.get_weights()
            tuned(member, recipe, known, hard(known, CLASSES), judged=judged, folder=folder)
            chosen = _averaged_with(member, probe, member.model.get_weights(), judged, recipe)
    logits = outputs(member.model, judged.films, recipe.steps)
    loss = float(np.average(surprise(hard(judged, CLASSES), logits), weights=balanced(judged)))
    chosen |= {"ranking": ranking(judged, CLASSES, logits), "loss": loss}
    member.model.save_weights(folder / "member.weights.h5")
    write_whole(folder / "choice.json", json.dumps(chosen, indent=1))
    SAY.print(f"{recipe.name}: {chosen}")


def tuned(member: Member, recipe: Recipe, known: Cohort, targets: Floats, *, judged: Cohort, folder: Path) -> None:
    """Train the member on all films, sources and classes balanced; a second call goes on where the first was ended."""
    feed = FilmFeed(
        known.films, targets, recipe.steps, augmentation=CHANGES, balance=Balance(sampling="classes-and-sources"),
        sources=known.sources.tolist(), kinds=known.labels.tolist(), seed=recipe.seed,
    )  # fmt: skip
    validation = FilmFeed(judged.films, hard(judged, CLASSES), recipe.steps)
    fit(member, feed, validation, [recipe.phase], seed=recipe.seed, folder=folder, report=_told(recipe.name))


def judging(cohort: Cohort) -> Cohort:
    """The validation films that choose: of sources that know their patients, as in the locked test."""
    validation = cohort.part("validation")
    return validation.chosen(numbered(validation))


def numbered(cohort: Cohort) -> NDArray[np.bool_]:
    """Which films have a patient number of their own; the others' was made from the near-duplicate group."""
    rows = zip(cohort.patients.tolist(), cohort.sources.tolist(), strict=True)
    return np.array([not patient.startswith(f"{source}-g") for patient, source in rows])


def _probed(member: Member, recipe: Recipe, known: Cohort) -> None:
    if recipe.width is None:
        load_start(member, "imagenet")
    features = outputs(member.features, known.films, recipe.steps)
    put_probe(member.head, *linear_probe(features, known.targets(CLASSES), balanced(known)))


def _averaged_with(
    member: Member, probe: list[Floats], tuned: list[Floats], judged: Cohort, recipe: Recipe
) -> dict[str, Any]:
    scores, weights = {}, {}
    for share, mixed in shares_between(probe, tuned, SHARES_OF_TUNING):
        member.model.set_weights(mixed)
        scores[share] = ranking(judged, CLASSES, outputs(member.model, judged.films, recipe.steps))
        weights[share] = mixed
    share = gentlest(scores)
    member.model.set_weights(weights[share])
    return {"share": share, "scores": {str(key): score for key, score in scores.items()}}


def teachers(known: Cohort, run: Path) -> Floats:
    """The mean probabilities (films, classes) of the members trained so far."""
    answers = []
    for recipe in (recipe for recipe in RECIPES if not recipe.pupil):
        member = trained(recipe, run)
        logits = outputs(member.model, known.films, recipe.steps)
        answers.append(np.exp(logits - logits.max(1, keepdims=True)))
        answers[-1] /= answers[-1].sum(1, keepdims=True)
    return np.asarray(np.mean(answers, axis=0), np.float32)


def trained(recipe: Recipe, run: Path) -> Member:
    member = build(recipe.architecture)
    member.model.load_weights(run / "members" / recipe.name / "member.weights.h5")
    return member


def probes_apart(cohort: Cohort, run: Path) -> None:
    """Logits of training and validation films from linear probes that saw nothing of their group, or of their source.

    The mean of one probe a start network: what the members were before fine-tuning. Writes RUN/apart.npz: "folds",
    and for every set of sources left out together the logits of all films by probes that never saw these.
    """
    if (run / "apart.npz").exists():
        return
    films = known_and_judged(cohort)
    found = {name: np.zeros((len(films), len(CLASSES)), np.float32) for name in ("folds", *map("+".join, LEFT_OUT))}
    for recipe in (recipe for recipe in RECIPES if not recipe.pupil):
        member = build(recipe.architecture)
        load_start(member, "imagenet")
        features = outputs(member.features, films.films, recipe.steps)
        for _number, held in folds(films, KEY):
            found["folds"][held] += _by_others(films, features, ~held)[held] / 2
        for sources in LEFT_OUT:
            found["+".join(sources)] += _by_others(films, features, ~np.isin(films.sources, sources)) / 2
    np.savez(run / "apart.npz", **found)


def _by_others(films: Cohort, features: Floats, known: NDArray[np.bool_]) -> Floats:
    some = films.chosen(known)
    kernel, bias = linear_probe(features[known], some.targets(CLASSES), balanced(some))
    return np.asarray(features @ kernel + bias, np.float32)


def known_and_judged(cohort: Cohort) -> Cohort:
    return cohort.chosen((cohort.labels != "") & np.isin(cohort.splits, ("train", "validation")))


def _told(what: str) -> Any:
    last = [0]

    def tell(progress: Progress) -> None:
        if progress.done - last[0] >= 25 or progress.done == progress.total:
            last[0] = progress.done
            left = f"{progress.remaining:.0f} s left" if progress.remaining is not None else ""
            line_end = "\r" if SAY.is_terminal else "\n"
            SAY.print(f"{what} {progress.note}: {progress.done} of {progress.total}, {left}", end=line_end)

    return tell


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds adult-cxr and adult-other")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder; the same one goes on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", help="one member, or probes; several such processes may share a run")
    parser.add_argument("--quick", action="store_true", help="linear probes only")
    parser.add_argument("--hurry", action="store_true", help="without stepping back behind other programs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
