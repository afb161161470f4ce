"""Train a shipped ensemble from its labelled films, in one command that can be stopped and started again.

    python tools/make_ensemble.py adult-covid --data ../shared/data --out RUN

RUN keeps the settled films, their lungs, what the frozen layers say of every look of every film, the weights and
answers of each training, and, last, RUN/bundle. Several such processes may share a run: each takes a training that
nobody has. docs/ensemble.md tells what was tried on the way here and did not work.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from filelock import FileLock, Timeout
from msgspec.structs import replace
from numpy.typing import NDArray
from rich.console import Console

from core.cohort.cache import FilmCache
from core.cohort.cohort import Cohort, gathered, places
from core.cohort.splits import fold_of, read_places, write_places
from core.files import sha256_of, whole_file
from core.networks.members import Member, build
from core.networks.start import load_start
from core.places import SHIPPED_BUNDLES, made
from core.progress import Progress
from core.training.balance import source_prior, weights
from core.training.features import Border, KeptFeatures, border, kept
from core.training.feed import FilmFeed
from core.training.fit import averaged, fit
from core.training.forward import forward
from core.training.lung_cache import LungMasks, lungs_of
from core.training.probe import linear_probe, put_probe
from core.training.recipe import Augmentation, Balance
from core.training.stretch import Stretch
from tools.ensemble_plans import CHANGES, PLANS, TUNED, MemberPlan, Plan

SAY = Console(stderr=True, highlight=False)
Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
SHARES_OF_TUNING = (0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Films:
    """All films of a run. judges: which may choose something in validation."""

    cohort: Cohort
    lungs: LungMasks
    judges: NDArray[np.bool_]

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return self.cohort.labels != ""

    @property
    def open(self) -> NDArray[np.bool_]:
        """Everything but the locked test."""
        return np.isin(self.cohort.splits, ("train", "validation"))


@dataclass(frozen=True)
class Training:
    """One network: which films it learns from."""

    name: str
    member: MemberPlan
    seed: int
    known: Numbers


def main() -> int:
    options = _options()
    os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    plan, run = PLANS[options.plan], made(options.out)
    with FileLock(run / "films.lock"):
        films = films_of(plan, options.data, run)
    for training in trainings(plan, films):
        if options.only is None or training.name.startswith(options.only):
            carry_out(training, plan, films, run)
    missing = [one.name for one in trainings(plan, films) if not (run / "fits" / one.name / "logits.npz").exists()]
    if missing or options.only is not None:
        SAY.print(f"not done yet: {', '.join(missing) or 'nothing'}")
        return 0
    from tools.ensemble_bundle import finish

    finish(plan, films, run, options.data)
    return 0


def films_of(plan: Plan, data: Path, run: Path) -> Films:
    """Decode, group and split the films, and find their lungs."""
    rows = plan.films(data)
    committed = SHIPPED_BUNDLES / plan.name / "splits.csv"
    before = read_places(committed) if committed.exists() else ()
    with FilmCache(run / "cache") as cache:
        cohort, unread = gathered(
            rows, plan.names, cache, key=plan.key, split_for=plan.split_for, before=before, report=told("reading")
        )
    for answer in unread:
        SAY.print(f"left out: {answer.path.name}: {answer.reason.text if answer.reason else ''}")
    write_places(run / "splits.csv", places(cohort))
    lungs = lungs_of(cohort.films, cohort.sha256s.tolist(), run / "cache", told("lungs"))
    assert lungs is not None
    # Of films with equal bytes the first stays; so does its row.
    first = {}
    for row in rows:
        first.setdefault(sha256_of(row.path), row)
    judges = np.array([plan.judges(first[sha256]) for sha256 in cohort.sha256s.tolist()])
    return Films(cohort, lungs, judges)


def trainings(plan: Plan, films: Films) -> Iterator[Training]:
    """The members' seeds first, then five group folds, then without some sources."""
    labelled, cohort = films.labelled, films.cohort
    final = np.flatnonzero(labelled & (cohort.splits == "train"))
    fold = np.array([fold_of(str(group), plan.key, plan.folds) for group in cohort.groups])
    for number, member in enumerate(plan.members):
        for seed in range(plan.seeds):
            yield Training(f"final-{member.name}-{seed}", member, 100 * number + seed, final)
    for part in range(plan.folds):
        for number, member in enumerate(plan.members):
            known = np.flatnonzero(labelled & films.open & (fold != part))
            yield Training(f"fold-{member.name}-{part}", member, 100 * number + 10 + part, known)
    for sources in plan.left_out:
        for number, member in enumerate(plan.members):
            known = np.flatnonzero(labelled & films.open & ~np.isin(cohort.sources, sources))
            yield Training(f"without-{member.name}-{'+'.join(sources)}", member, 100 * number + 50, known)


def carry_out(training: Training, plan: Plan, films: Films, run: Path) -> None:
    """Probe and fine-tune one network; writes its weights and its logits of all films, probe's and own."""
    folder = made(run / "fits" / training.name)
    if (folder / "logits.npz").exists():
        return
    try:
        with FileLock(folder / "lock", timeout=0):
            if not (folder / "logits.npz").exists():
                _carry_out(training, plan, films, run, folder)
    except Timeout:
        return


def _carry_out(training: Training, plan: Plan, films: Films, run: Path, folder: Path) -> None:
    import keras

    keras.backend.clear_session()
    gc.collect()
    keras.utils.set_random_seed(training.seed)
    own, names, known = training.member, plan.names, training.known
    member = build(own.architecture(len(names)))
    load_start(member, "imagenet")
    phase = replace(TUNED, after=own.after)
    looks, plain = kept_looks(own, films, run)
    some = films.cohort.chosen(_mask(known, len(films.cohort)))
    truth, counts = some.targets(names), weights(some.labels.tolist(), some.sources.tolist())
    like = FilmFeed(
        some.films, np.eye(len(names), dtype=np.float32)[truth], own.steps,
        balance=Balance(sampling="classes-and-sources", source_prior=plan.prior),
        sources=some.sources.tolist(), seed=training.seed,
    )  # fmt: skip
    Stretch.learning(member, phase)
    found = border(member.model)
    assert found is not None
    pool = forward(found.behind(member.features.output))
    prior = plan.prior * source_prior(some.sources.tolist(), truth, len(names), counts)
    features = [pool(feed.batch(known, view)[0])[""] for feed, view in ((plain, 0), (looks, 0), (looks, 1))]
    put_probe(
        member.head,
        *linear_probe(np.concatenate(features), np.tile(truth, 3), np.tile(counts, 3), np.tile(prior, (3, 1))),
    )
    start = member.model.get_weights()
    told_of = {}
    fit(
        member, looks.chosen(known, like), None, [phase], seed=training.seed, folder=folder / "fit",
        report=told(training.name),
    )  # fmt: skip
    tuned = member.model.get_weights()
    # Between the probe and the fine-tuned network (WiSE-FT): what of it ships is chosen on validation.
    for share in SHARES_OF_TUNING:
        member.model.set_weights(averaged(tuned, start, share))
        told_of[f"{share:g}"] = _logits(member, found, plain)
        member.model.save_weights(folder / f"member-{share:g}.weights.h5")
    with whole_file(folder / "logits.npz") as file:
        np.savez(file, **told_of)
    shutil.rmtree(folder / "fit")


def kept_looks(own: MemberPlan, films: Films, run: Path) -> tuple[KeptFeatures, KeptFeatures]:
    """What the frozen layers say of every look of every film, and of the films as they are; for all trainings."""
    member = build(own.architecture(2))
    load_start(member, "imagenet")
    Stretch.learning(member, replace(TUNED, after=own.after))
    found = border(member.model)
    assert found is not None
    rows, columns = member.with_maps.output["maps"].shape[2:4]
    ones = np.ones((len(films.cohort), 1), np.float32)
    place = made(run / "looks")
    with FileLock(place / f"{own.name}.lock"):
        feeds = [
            FilmFeed(
                films.cohort.films, ones, own.steps, augmentation=changes, boxes=films.lungs.boxes, lungs=films.lungs,
                cells=(rows, columns), seed=7,
            )
            for changes in (CHANGES, Augmentation())
        ]  # fmt: skip
        paths = place / f"{own.name}-changed.f32", place / f"{own.name}-plain.f32"
        looks, plain = (kept(feed, found, path) for feed, path in zip(feeds, paths, strict=True))
    assert looks is not None and plain is not None
    return looks, plain


def _logits(member: Member, found: Border, plain: KeptFeatures) -> Floats:
    ask = forward(found.behind(member.model.output))
    parts = [np.arange(start, min(start + 64, len(plain))) for start in range(0, len(plain), 64)]
    return np.concatenate([ask(plain.batch(part, 0)[0])[""] for part in parts])


def _mask(numbers: Numbers, count: int) -> NDArray[np.bool_]:
    mask = np.zeros(count, np.bool_)
    mask[numbers] = True
    return mask


def told(what: str) -> Any:
    last = [0]

    def tell(progress: Progress) -> None:
        if progress.done - last[0] >= 100 or progress.done == progress.total:
            last[0] = progress.done
            left = f"{progress.remaining:.0f} s left" if progress.remaining is not None else ""
            SAY.print(f"{what} {progress.note}: {progress.done} of {progress.total}, {left}")

    return tell


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", choices=sorted(PLANS))
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the labelled sets")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder; the same one goes on")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", help="trainings whose names begin so")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
