"""The bundle of lungs from what tools/make_lungs.py trained: figures with intervals, card, lineage, splits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from core.cohort.cohort import film_mark
from core.cohort.hashes import perceptual_hash
from core.cohort.lineage import lineage_of
from core.cohort.splits import Place, group_mark, write_places
from core.evidence.intervals import Figure as Found
from core.evidence.intervals import interval
from core.evidence.masks import MaskErrors
from core.evidence.metrics import mean, share
from core.imaging.prepare import Settled
from core.inference.description import Abstention, ClassEntry, Figure, IntendedUse, NetworkInput
from core.networks.members import build
from core.training.bundling import TrainedMember, make_bundle
from core.training.feed import outputs
from core.training.report import Section, card
from tools.make_lungs import ARCHITECTURE, KEYS, SIDE, STEPS, MaskedFilm, judged, trainings

SAY = Console(stderr=True, highlight=False)
TITLE = "Where both lungs are, on frontal chest radiographs"
USE = IntendedUse(
    (0.0, 120.0), ("PA", "AP"), ("FOR PRESENTATION",),
    "Children and adults with a frontal chest radiograph: to crop to the lungs and to say how much of a heatmap lies "
    "on them. Not to measure lungs. Research use only; not for diagnosis.",
)  # fmt: skip
LICENCE = (
    "Research use only, not for commercial use. Trained on masks of V7 Labs' COVID-19 X-ray dataset (CC BY 4.0) for "
    "films of Kermany et al. 2018 (CC BY 4.0) and of Cohen et al. 2020 (per film: mostly CC BY-NC-SA), and, with masks "
    "of its own, on films of NIH ChestX-ray14 (attribution to the NIH Clinical Center), of the RSNA challenge "
    "(challenge terms) and of BIMCV (unstated). Start weights: EfficientNet-Lite0, ImageNet, Apache-2.0."
)
OPENINGS = 2  # of the locked test; the first with an earlier network, by which nothing was chosen
WORDS = {
    "dice": "Dice",
    "surface": "mean distance of the edges, % of width",
    "hausdorff95": "95 % Hausdorff, % of width",
}


def finish(films: Sequence[MaskedFilm], pool: Sequence[tuple[str, Settled]], run: Path) -> None:
    """Make RUN/bundle; opens the locked test once."""
    *apart, last = trainings(films)
    figures: list[Figure] = []
    for training in apart:
        if not (run / training.name / "figures.json").exists():
            SAY.print(f"left out, because it was not trained: {training.name}")
            continue
        errors = _read(run / training.name / "figures.json")
        figures += figures_of(training.judged, errors, f"another hospital ({training.name})")
    member = build(ARCHITECTURE)
    weights = run / last.name / "member.weights.h5"
    member.model.load_weights(weights)
    test = tuple(film for film in films if film.split == "test")
    figures += figures_of(test, judged(member, test), "locked test")
    logits = outputs(member.model, [film.settled.pixels for film in last.judged], STEPS)
    target = run / "bundle"
    shutil.rmtree(target, ignore_errors=True)
    bundle = make_bundle(
        target,
        name="lungs",
        version="1",
        title=TITLE,
        classes=[ClassEntry("lungs", "Lungs", "Both lungs, with the part behind the heart.", "39607008")],
        suspicion=(),
        intended_use=USE,
        input=NetworkInput(SIDE, SIDE, 1, STEPS),
        members=[TrainedMember("lungs", ARCHITECTURE, weights, 1.0)],
        temperature=1.0,
        map_scale={"lungs": float(np.percentile(logits.max((1, 2, 3)), 95))},
        operating_points=(),
        abstention=Abstention("Never; where no lungs are found the mask is empty."),
        novelty=None,
        class_mix={name: {"lungs": count} for name, count in _counts(films).items()},
        figures=figures,
        licence=LICENCE,
        card=card(TITLE, USE, LICENCE, mixes={}, figures=figures, sections=_sections(films, len(pool))),
        lineage=_lineage(films, pool),
        kind="lungs",
        extra={"test_openings": OPENINGS, "made_with": {"unlabelled_films": len(pool)}},
    )
    write_places(target / "splits.csv", _places(films))
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    SAY.print(f"{target}: {size / 1e6:.1f} MB, digest {bundle.digest[:12]}")


def figures_of(films: Sequence[MaskedFilm], errors: Sequence[MaskErrors], source: str) -> list[Figure]:
    """Means with 95 % intervals over patients: all, each source, each label of a source with at least ten films."""
    parts: dict[str, list[int]] = {"all": list(range(len(films)))}
    for number, film in enumerate(films):
        parts.setdefault(film.source, []).append(number)
        parts.setdefault(f"{film.source}, {film.label.lower()}", []).append(number)
    if len({film.source for film in films}) == 1:
        del parts["all"]
    figures = []
    for part, numbers in parts.items():
        if len(numbers) < 10:
            continue
        patients = [films[number].patient for number in numbers]
        for key, words in WORDS.items():
            values = np.array([getattr(errors[number], key) for number in numbers], np.float64)
            known = np.isfinite(values)
            found = interval(mean(values[known]), [p for p, here in zip(patients, known, strict=True) if here])
            figures += _figure(f"{words}, {part}", found, source, int(known.sum()))
        poor = share(np.array([errors[number].dice < 0.9 for number in numbers]))
        figures += _figure(
            f"share of films with Dice under 0.9, {part}", interval(poor, patients), source, len(numbers)
        )
    return figures


def _figure(name: str, found: Found, source: str, films: int) -> list[Figure]:
    if found.value is None or found.low is None or found.high is None:
        return []
    return [Figure(name, found.value, found.low, found.high, source, films)]


def _read(path: Path) -> list[MaskErrors]:
    return [MaskErrors(**row) for row in json.loads(path.read_text("utf-8"))]


def _counts(films: Iterable[MaskedFilm]) -> dict[str, int]:
    counts = {"training": 0, "validation": 0, "test": 0}
    for film in films:
        counts["training" if film.split == "train" else film.split] += 1
    return counts


def _counts_lines(films: Sequence[MaskedFilm]) -> list[str]:
    lines = ["| films with masks | training | validation | test |", "|---|---|---|---|"]
    for source in sorted({film.source for film in films}):
        counts = _counts(film for film in films if film.source == source)
        lines.append(f"| {source} | {counts['training']} | {counts['validation']} | {counts['test']} |")
    return lines


def _lineage(films: Sequence[MaskedFilm], pool: Sequence[tuple[str, Settled]]) -> dict[str, np.ndarray]:
    seen = [(film.sha256, film.settled) for film in films if film.split != "test"] + list(pool)
    hashes = np.stack([perceptual_hash(settled.pixels) for _sha256, settled in seen])
    return dict(lineage_of([sha256 for sha256, _settled in seen], hashes).arrays())


def _places(films: Sequence[MaskedFilm]) -> list[Place]:
    return [Place(film_mark(f.sha256), group_mark(f.patient, KEYS[f.source]), f.split) for f in films]


def _sections(films: Sequence[MaskedFilm], pool: int) -> list[Section]:
    return [
        Section(
            "What counts as lung",
            [
                "Each lung out to the ribs, with the part behind the heart, down to the lowest part that shows; not "
                "the spine and the middle. Consolidated or white lung is lung (V7 Labs' rule).",
            ],
        ),
        Section(
            "How it was made",
            [
                "`python tools/make_lungs.py`: a U-Net of separable convolutions on EfficientNet-Lite0 cut at stride "
                f"16, {SIDE} × {SIDE}; first on films with masks, then also on {pool} adult films of three other "
                "sources with the first round's own masks, the surest three quarters. Patients are on one side of "
                "the split.",
                "",
                "*Another hospital* means: trained without any film of that source, judged on all of them. *Locked "
                "test*: the shipped weights on patients that nothing was chosen or learnt from; opened "
                f"{OPENINGS} times, the first time with an earlier network, by which nothing was chosen.",
                "",
                *_counts_lines(films),
            ],
        ),
    ]
