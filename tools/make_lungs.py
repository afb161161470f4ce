"""Train the lungs bundle from films with masks, in one command that can be stopped and started again.

    python tools/make_lungs.py --data ../shared/data --out RUN

RUN keeps a checkpoint a minute, the figures, and last RUN/bundle. Three trainings: without cohen's films, without
kermany's (each judged on what it never saw: another hospital), and the one that ships. docs/lungs.md tells the rest.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from core.cohort.cohort import film_mark
from core.cohort.splits import read_places, share_of, split_of
from core.evidence.masks import MaskErrors, compared
from core.files import write_whole
from core.imaging.prepare import Settled, settle
from core.imaging.prepare import fit as fitted
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.inference.lungs import Lungs, on_film, on_stored
from core.networks.members import Member, build
from core.networks.start import load_start
from core.places import SHIPPED_BUNDLES, made
from core.progress import Progress
from core.training.feed import outputs
from core.training.fit import fit
from core.training.masks import MaskFeed, mask_loss
from core.training.recipe import Augmentation, Phase

SAY = Console(stderr=True, highlight=False)
SIDE = 160
ARCHITECTURE = {
    "backbone": "efficientnet-lite0", "cut": "stage4", "input": [SIDE, SIDE, 1],
    "mask": {"context": 96, "channels": [64, 32, 16]},
}  # fmt: skip
STEPS = (
    {"name": "stretch", "version": 1, "rows": SIDE, "columns": SIDE},
    {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 1},
)
# Far stronger than for a classifier: a lung stays a lung when it is turned over, cut, faint or half white.
CHANGES = Augmentation(
    least_crop=0.75, rotation=12.0, zoom=0.25, shift=0.08, mirror=True, fill="either", gamma=0.5, contrast=0.4,
    brightness=40.0, noise=8.0, softest=80, softening_chance=0.4, marks_chance=0.5, jpeg=35, jpeg_chance=0.3,
)  # fmt: skip
# The last round sees films more as they are.
FINE = Augmentation(
    least_crop=0.88, rotation=8.0, zoom=0.12, shift=0.04, mirror=True, fill="either", gamma=0.35, contrast=0.3,
    brightness=25.0, noise=5.0, softest=96, softening_chance=0.3, marks_chance=0.3, jpeg=50, jpeg_chance=0.2,
)  # fmt: skip
ROUNDS = (("1", CHANGES, 0.0), ("2", CHANGES, 0.7), ("3", FINE, 0.5))  # name, augmentation, how much lower the rate
FILMS_AN_EPOCH = 320
# The first stages keep ImageNet's edges and spots: half the work of a step, and nothing lost (docs/lungs.md).
TAUGHT = Phase(
    name="with masks", trainable="cutoff", after="stage2_block2_add", optimiser="adamw", rate=2e-3, schedule="cosine",
    warm_up=1.0, floor=0.02, decay=1e-4, clip=1.0, batch=16, average=0.95,
    norms="measured",
)  # fmt: skip
# Films of each source without masks that a second round learns from, by the masks of the first.
UNLABELLED = {"nih": 130, "rsna": 100, "bimcv": 70}
SURE = 0.75  # share of them that is kept, the surest first
# One key a source: the sets that share patients with these are split by the same one.
KEYS = {"cohen": "adult-covid 1", "kermany": "paediatric 1"}
KEY = "lungs 1"


@dataclass(frozen=True)
class MaskedFilm:
    """A film with its mask, on the settled film's grid."""

    name: str
    source: str
    patient: str
    label: str
    sha256: str
    settled: Settled
    mask: NDArray[np.bool_]

    @property
    def split(self) -> str:
        return split_of(self.patient, KEYS[self.source])


@dataclass(frozen=True)
class Training:
    """What is trained on which films, and judged on which. epochs: of each of the rounds."""

    name: str
    train: tuple[MaskedFilm, ...]
    judged: tuple[MaskedFilm, ...]
    epochs: tuple[int, int, int]
    seed: int


def main() -> int:
    options = _options()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    run = made(options.out)
    films = masked_films(options.data / "lungs")
    pool = unlabelled(options.data / "adult-cxr")
    for training in trainings(films):
        if options.only in (None, training.name):
            train(training, pool, run)
    if options.only in (None, "bundle"):
        from tools.lungs_bundle import finish

        finish(films, pool, run)
    return 0


def trainings(films: Sequence[MaskedFilm]) -> tuple[Training, ...]:
    """Each source left out once, then all, with the locked test aside."""
    own = {source: tuple(film for film in films if film.source == source) for source in KEYS}
    split = {name: tuple(film for film in films if film.split == name) for name in ("train", "validation", "test")}
    return (
        Training("without-cohen", own["kermany"], own["cohen"], (8, 4, 4), 1),
        Training("without-kermany", own["cohen"], own["kermany"], (8, 4, 4), 2),
        Training("all", split["train"], split["validation"], (20, 14, 14), 3),
    )


def masked_films(folder: Path) -> tuple[MaskedFilm, ...]:
    """Every film of the set with its mask, settled as everywhere."""
    films = []
    for row in csv.DictReader((folder / "images.csv").read_text("utf-8").splitlines()):
        settled, sha256 = _settled(folder / row["path"])
        mask = cv2.imread(str(folder / row["mask"]), cv2.IMREAD_GRAYSCALE) > 127
        if mask.shape != settled.pixels.shape:
            raise ValueError(f"{row['id']}: a mask of {mask.shape} for a film of {settled.pixels.shape}")
        films.append(MaskedFilm(row["id"], row["source"], row["patient"], row["label_if_known"], sha256, settled, mask))
    return tuple(films)


def unlabelled(folder: Path) -> list[tuple[str, Settled]]:
    """Adult films of other hospitals, without masks, none of them of a locked test: (SHA-256, film)."""
    places = {place.film: place.split for place in read_places(SHIPPED_BUNDLES / "adult-covid" / "splits.csv")}
    rows = list(csv.DictReader((folder / "images.csv").read_text("utf-8-sig").splitlines()))
    chosen = []
    for source, count in UNLABELLED.items():
        own = sorted((row for row in rows if row["source"] == source), key=lambda row: share_of(row["id"], KEY))
        found: list[tuple[str, Settled]] = []
        for row in own:
            if len(found) == count:
                break
            settled, sha256 = _settled(folder / row["path"])
            if places.get(film_mark(sha256)) == "train":
                found.append((sha256, settled))
        chosen += found
    return chosen


def train(training: Training, pool: Sequence[tuple[str, Settled]], run: Path) -> None:
    """With masks, then with the first round's own masks of the unlabelled films too; writes RUN/NAME/…"""
    folder = made(run / training.name)
    if (folder / "figures.json").exists():
        return
    member = build(ARCHITECTURE)
    load_start(member, "imagenet")
    films = [film.settled.pixels for film in training.train]
    masks = [film.mask for film in training.train]
    weight = source_weights(training.train)
    for (name, augmentation, lower), epochs in zip(ROUNDS, training.epochs, strict=True):
        if name == "2":
            sure = surest(member, [settled for _sha256, settled in pool])
            films += [pool[number][1].pixels for number, _lungs in sure]
            masks += [lungs.mask for _number, lungs in sure]
            weight = np.concatenate([weight / weight.sum(), np.full(len(sure), 0.8 / len(sure))])
        feed = MaskFeed(
            films, masks, STEPS, augmentation=augmentation, weights=weight, an_epoch=FILMS_AN_EPOCH, seed=training.seed
        )
        phase = _replaced(TAUGHT, epochs=epochs, rate=TAUGHT.rate * (1 - lower))
        fit(
            member, feed, None, [phase], seed=training.seed, folder=folder / name, loss=mask_loss,
            report=_told(f"{training.name} {name}"),
        )  # fmt: skip
        _tell(training.name, name, judged(member, training.judged))
    member.model.save_weights(folder / "member.weights.h5")
    errors = judged(member, training.judged)
    write_whole(folder / "figures.json", json.dumps([asdict(one) for one in errors]))


def source_weights(films: Sequence[MaskedFilm]) -> NDArray[np.float64]:
    """Each source counts the same: cohen's films are a sixth of all and the only adults."""
    count = {source: sum(film.source == source for film in films) for source in KEYS}
    return np.array([1 / count[film.source] for film in films])


def surest(member: Member, films: Sequence[Settled]) -> list[tuple[int, Lungs]]:
    """The films in which both lungs were found with the greatest certainty, by number."""
    each = found_by(member, films, both=False)
    found = [(number, lungs) for number, lungs in enumerate(each) if lungs.parts == 2]
    found.sort(key=lambda one: -one[1].sure)
    return sorted(found[: round(SURE * len(films))], key=lambda one: one[0])


def found_by(member: Member, films: Sequence[Settled], *, both: bool = True) -> list[Lungs]:
    """What the finder would give with this member; without `both` from the films as they are only."""
    logits = outputs(member.model, [film.pixels for film in films], STEPS)
    if both:
        mirrored = outputs(member.model, [np.ascontiguousarray(film.pixels[:, ::-1]) for film in films], STEPS)
        logits = (logits + mirrored[..., ::-1]) / np.float32(2)
    places = [fitted(film, STEPS).fitted_to_settled @ member.cell_to_square for film in films]
    return [
        on_film(np.ascontiguousarray(own[0]), place, film)
        for own, place, film in zip(logits, places, films, strict=True)
    ]


def judged(member: Member, films: Sequence[MaskedFilm]) -> list[MaskErrors]:
    found = found_by(member, [film.settled for film in films])
    return [
        compared(on_stored(lungs, film.settled, *film.mask.shape) > 0, film.mask)
        for lungs, film in zip(found, films, strict=True)
    ]


def _settled(path: Path) -> tuple[Settled, str]:
    radiograph = open_radiograph(ImageRef(str(path), None, 1, str(path.parent)))
    return settle(radiograph), radiograph.sha256


def _replaced(phase: Phase, **changes: float) -> Phase:
    from msgspec.structs import replace

    return replace(phase, **changes)


def _tell(*words: object) -> None:
    *names, errors = words
    dice = [one.dice for one in errors]  # type: ignore[attr-defined]
    SAY.print(f"{' '.join(map(str, names))}: Dice {np.mean(dice):.4f}, least {np.min(dice):.3f}, of {len(dice)} films")


def _told(name: str):  # type: ignore[no-untyped-def]
    count = 0

    def report(progress: Progress) -> None:
        nonlocal count
        count += 1
        if count % 20 == 0:
            SAY.print(f"{name}: {progress.done} of {progress.total}, {progress.note}")

    return report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", help="one of the three trainings, or the bundle of those that are done")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
