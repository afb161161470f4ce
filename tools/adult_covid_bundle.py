"""From the members of a run to the bundle adult-covid: weights, temperature, operating point, novelty, card."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from core.cohort.cohort import Cohort
from core.cohort.lineage import lineage_of
from core.errors import ImageFailed, ImageRefused
from core.evidence.baselines import THUMBNAIL_SIDE
from core.evidence.calibration import point_for_specificity
from core.evidence.evaluate import Table, report
from core.evidence.intervals import wilson
from core.imaging.prepare import resized, settle
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.inference.description import Abstention, ClassEntry, Figure, IntendedUse, NetworkInput, OperatingPoint
from core.inference.ensemble import softmax
from core.inference.novelty import Novelty, learnt, score
from core.networks.members import Member, build
from core.training.bundling import TrainedMember, make_bundle
from core.training.ensembling import USUAL_SPREAD, Said, fitted_to_mix, joined_logits, map_scale, said, spreads
from core.training.feed import outputs
from core.training.finishing import spoilt
from core.training.protocol import member_weights
from core.training.report import Section, card, figures_of

SAY = Console(stderr=True, highlight=False)
SUSPICION = ("pneumonia", "covid")
CLASS_ENTRIES = (
    ClassEntry("normal", "Normal", "Nothing that the networks take for pneumonia or COVID-19.", "17621005"),
    ClassEntry("pneumonia", "Pneumonia", "Signs of a pneumonia of another cause than COVID-19.", "233604007"),
    ClassEntry("covid", "COVID-19", "Signs as in films of patients with proven COVID-19.", "840539006"),
)
USE = IntendedUse(
    (16.0, 120.0), ("PA", "AP"), ("FOR PRESENTATION",),
    "Adults (16 years and older) with a frontal chest radiograph. Research use only; not for diagnosis.",
)  # fmt: skip
LICENCE = (
    "Research use only. Trained on films under non-commercial and unstated terms (cohen: mostly CC BY-NC-SA, some "
    "CC BY-NC-ND, about 200 unstated; cxnet: unclear; rsna: challenge terms; bimcv: unstated; nih: attribution to the "
    "NIH Clinical Center). Start weights: EfficientNet-Lite, ImageNet, Apache-2.0."
)


def finish(
    cohort: Cohort,
    numbered: NDArray[np.bool_],
    run: Path,
    recipes: Sequence[Any],
    classes: Sequence[str],
    *,
    data: Path,
    quick: bool,
) -> None:
    """Make RUN/bundle from RUN/members; opens the locked test unless `quick`, and counts that.

    numbered: which films have a patient number; of the validation films only these choose anything.
    """
    members = {recipe.name: _member(recipe, run) for recipe in recipes}
    steps = {recipe.name: recipe.steps for recipe in recipes}
    validation = cohort.part("validation")
    heard = {name: said(member, validation.films, steps[name]) for name, member in members.items()}
    judging = numbered[(cohort.splits == "validation") & (cohort.labels != "")]
    judged = validation.chosen(judging)
    truth = judged.targets(classes)
    answers = [answer.logits[judging] for answer in heard.values()]
    weights = member_weights(answers, truth)
    offsets, heat = fitted_to_mix(joined_logits(answers, weights), truth)
    for name, member in members.items():
        kernel, bias = member.head[-1].get_weights()
        member.head[-1].set_weights([kernel, bias + offsets.astype(np.float32)])
        member.model.save_weights(run / "members" / name / "in-bundle.weights.h5")
        heard[name] = replace(heard[name], logits=heard[name].logits + offsets.astype(np.float32))
    answers = [answer.logits[judging] for answer in heard.values()]
    joined = joined_logits(answers, weights)
    suspicion = softmax(joined / heat)[:, [list(classes).index(name) for name in SUSPICION]].sum(1)
    point, picked = _operating_point(judged, suspicion)
    spread = float(np.quantile(spreads(answers, weights, heat), USUAL_SPREAD))
    both = {name: (members[name], steps[name], heard[name]) for name in members}
    scales = map_scale(both, validation.films, weights, heat, classes)
    SAY.print(
        f"weights {weights}, offsets {offsets.round(3)}, temperature {heat:.3f}, threshold {point.threshold:.4f}, "
        f"scales {scales}"
    )
    novelty, gate = _novelty(cohort, data, members, steps, heard)
    choice = {
        recipe.name: json.loads((run / "members" / recipe.name / "choice.json").read_text()) for recipe in recipes
    }
    sections = [Section("Members", _members_words(recipes, weights, members, choice)), Section("Gate", gate)]
    # Of validation, the films that set the temperature: it is their mix for which probabilities hold.
    mixes = {part: cohort.part(split).mix(classes) for part, split in (("training", "train"), ("test", "test"))}
    mixes["validation"] = judged.mix(classes)
    extra: dict[str, Any] = {"test_openings": 0, "made_with": choice}
    if quick:
        figures = figures_of(report(table(judged, softmax(joined / heat), classes, point.threshold)), "validation")
        sections.insert(0, Section("A bundle to develop with", ["Linear probes only; its figures are of validation."]))
    else:
        from tools.adult_covid_evidence import evidence

        found = evidence(
            cohort, run, members, steps, weights=weights, heat=heat, threshold=point.threshold, classes=classes
        )
        figures, extra["test_openings"] = found.figures, found.openings
        sections = [*found.sections, *sections]
    target = run / "bundle"
    shutil.rmtree(target, ignore_errors=True)
    seen = cohort.chosen(np.isin(cohort.splits, ("train", "validation")))
    bundle = make_bundle(
        target,
        name="adult-covid",
        version="1" if not quick else "0-probes",
        title="Normal, pneumonia or COVID-19 on adult frontal chest radiographs",
        classes=CLASS_ENTRIES,
        suspicion=SUSPICION,
        intended_use=USE,
        input=_input(recipes[0]),
        members=[
            TrainedMember(r.name, r.architecture, run / "members" / r.name / "in-bundle.weights.h5", w, _input(r))
            for r, w in zip(recipes, weights, strict=True)
        ],
        temperature=heat,
        map_scale=scales,
        operating_points=[picked],
        abstention=Abstention(
            f"The members disagree: their probabilities of the finding have a standard deviation above {spread:.2f}, "
            "as in 5 of 100 validation films.", spread, None,
        ),
        novelty=novelty,
        class_mix=mixes,
        figures=figures,
        licence=LICENCE,
        card=card("adult-covid", USE, LICENCE, mixes=mixes, figures=figures, sections=sections),
        lineage=lineage_of(seen.sha256s.tolist(), seen.hashes).arrays(),
        extra=extra,
    )  # fmt: skip
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    SAY.print(f"{target}: {size / 1e6:.1f} MB, digest {bundle.digest[:12]}")


def _member(recipe: Any, run: Path) -> Member:
    member = build(recipe.architecture)
    member.model.load_weights(run / "members" / recipe.name / "member.weights.h5")
    return member


def _input(recipe: Any) -> NetworkInput:
    return NetworkInput(recipe.side, recipe.side, 3, recipe.steps)


def _operating_point(judged: Cohort, suspicion: NDArray[np.float64]) -> tuple[Any, OperatingPoint]:
    """90 % specificity on the normals of the whole-hospital source: what transfers best (docs/ensemble.md)."""
    normal, hospital = judged.labels == "normal", judged.sources == "nih"
    point = point_for_specificity(~normal[hospital | ~normal], suspicion[hospital | ~normal], 0.90)
    left = suspicion < point.threshold
    normals, abnormal = normal & hospital, ~normal
    rows = (
        ("specificity, nih", left[normals]),
        ("sensitivity, all", ~left[abnormal]),
        ("sensitivity, covid", ~left[judged.labels == "covid"]),
        ("sensitivity, pneumonia", ~left[judged.labels == "pneumonia"]),
    )
    figures = tuple(
        Figure(name, float(hit.mean()), *wilson(int(hit.sum()), len(hit)), "validation", len(hit)) for name, hit in rows
    )
    words = "specificity 0.90 on the validation normals of nih, the only source of whole-hospital normals"
    return point, OperatingPoint("specificity-90", point.threshold, words, figures)


def _novelty(
    cohort: Cohort, data: Path, members: dict[str, Member], steps: dict[str, Any], heard: dict[str, Said]
) -> tuple[Novelty, list[str]]:
    """Statistics of all films of training and validation, against pictures that are no frontal chest film."""
    known = cohort.chosen(np.isin(cohort.splits, ("train", "validation")))
    films = _others(known, data / "mixed-not-chest")
    good = {name: outputs(member.features, known.films, steps[name]) for name, member in members.items()}
    bad = {name: outputs(member.features, films, steps[name]) for name, member in members.items()}
    words = (
        f"{len(known)} films of five sources (training and validation) against {len(films)} pictures that are no "
        "upright frontal film (other pictures; films made negative, turned or cut); out of fold, 99 of 100 known films "
        "of every source pass"
    )
    novelty = learnt(good, bad, groups=known.sources.tolist(), passing=0.99, words=words)
    validation = cohort.part("validation")
    marks = score(novelty, {name: answer.features for name, answer in heard.items()})
    lines = [f"Novelty in the members' own features: {words}. Validation films that pass (it has seen them):", ""]
    for source in np.unique(validation.sources):
        own = marks[validation.sources == source] <= novelty.threshold
        low, high = wilson(int(own.sum()), len(own))
        lines.append(f"- {source}: {own.mean():.1%} of {len(own)} (95 % interval {low:.1%} to {high:.1%})")
    SAY.print("\n".join(lines))
    return novelty, lines


def _others(known: Cohort, folder: Path) -> list[NDArray[np.uint16]]:
    """Pictures that are no upright frontal film: the tuning half of mixed-not-chest, and spoiled training films."""
    pictures = spoilt(known.films, 40)
    root = Path(__file__).resolve().parent.parent
    names = root / "tests" / "core" / "inference" / "gate_names.csv"
    if names.exists() and folder.exists():
        rows = [row for row in csv.DictReader(names.read_text("utf-8").splitlines()) if "tun" in ",".join(row.values())]
        for row in rows:
            path = (folder / row.get("path", row.get("name", ""))).resolve()
            try:
                pictures.append(settle(open_radiograph(ImageRef(str(path), None, 1, str(folder)))).pixels)
            except (ImageRefused, ImageFailed) as error:
                SAY.print(f"{path.name}: {error.reason.text}")
    return pictures


def table(films: Cohort, probabilities: NDArray[np.float64], classes: Sequence[str], threshold: float) -> Table:
    thumbnails = [
        resized((np.asarray(film) >> 8).astype(np.float32) / 255, THUMBNAIL_SIDE, THUMBNAIL_SIDE).ravel()
        for film in films.films
    ]
    return Table(
        tuple(classes), films.targets(classes), probabilities, tuple(films.groups.tolist()),
        tuple(films.sources.tolist()), tuple(films.sha256s.tolist()), suspicious=SUSPICION, threshold=threshold,
        features={"thumbnail": np.stack(thumbnails)},
    )  # fmt: skip


def _members_words(
    recipes: Sequence[Any], weights: Sequence[float], members: dict[str, Member], choice: dict[str, Any]
) -> list[str]:
    lines = ["| member | network | input | parameters | weight | share of fine-tuning |", "|---|---|---|---|---|---|"]
    for recipe, weight in zip(recipes, weights, strict=True):
        share = choice[recipe.name]["share"]
        lines.append(
            f"| {recipe.name} | {recipe.backbone}, cut at stride 16 | {recipe.side} × {recipe.side} | "
            f"{members[recipe.name].parameters:,} | {weight:.1f} | {share:.1f} |"
        )
    return lines
