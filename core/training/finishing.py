"""From the network of a run to a bundle that opens like the shipped one: its constants, its figures, its card.

Temperature and operating point come from films that did not train the networks that judge them: after k-fold from all
films, each judged by the network of its fold; after a single split from the validation part. A small set sets neither
(design.md section 7): then the start bundle's are kept, or 1 and 0.5.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cohort.lineage import lineage_of
from core.evidence.calibration import point_for_specificity, temperature
from core.evidence.evaluate import report
from core.evidence.intervals import wilson
from core.imaging.prepare import Settled, needs_lungs
from core.inference.bundles import Bundle
from core.inference.description import Abstention, ClassEntry, Figure, IntendedUse, NetworkInput, OperatingPoint
from core.inference.ensemble import softmax
from core.inference.novelty import Novelty, learnt, spoiled
from core.networks.members import Member, build
from core.training.bundling import TrainedMember, make_bundle
from core.training.ensembling import Said, fitted_to_mix, map_scale, said
from core.training.feed import outputs
from core.training.material import Material
from core.training.outcome import Outcome, positives
from core.training.report import Section, card, figures_of
from core.training.run import Task
from core.training.splitting import Numbers, Part, small_classes
from core.training.starting import lineage_before
from core.training.telling import baseline_lines, figure, warnings

SPECIFICITY = 0.90
_FEWEST_FOR_NOVELTY = 100
_MOST_FOR_MAPS = 500
_MOST_FOR_NOVELTY = 3000
_LEAST_SCALE = 1e-6
NEVER = Abstention("Never: a single network has nobody to disagree with.")


@dataclass(frozen=True, slots=True)
class Constants:
    """What turns logits into answers. offsets: (classes,), added to them before the temperature divides.

    words: how they were found, or why they were not.
    """

    offsets: NDArray[np.float64]
    temperature: float
    point: OperatingPoint
    words: str

    def shares(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        return softmax((logits + self.offsets) / self.temperature)


def finish(task: Task, found: Outcome, weights: Path, part: Part, folder: Path, *, version: str) -> Bundle:
    """Make the bundle in `folder`.

    found: what the figures come from, groups kept together. weights: of the network to keep, a .weights.h5; part:
    the films that trained and steered it. Refuses what make_bundle refuses.
    """
    recipe, material = task.recipe, task.material
    member = build(task.architecture)
    member.model.load_weights(weights)
    steers = part.validation if len(part.validation) else part.train
    heard = _said(member, task, steers[:_MOST_FOR_MAPS])
    constants = _constants(task, found, member, part)
    kernel, bias = member.head[-1].get_weights()
    member.head[-1].set_weights([kernel, bias + constants.offsets.astype(np.float32)])
    in_bundle = weights.with_name("in-bundle.weights.h5")
    member.model.save_weights(in_bundle)
    heard = replace(heard, logits=heard.logits + constants.offsets.astype(np.float32))
    scales = _map_scale(member, task, steers[:_MOST_FOR_MAPS], heard, constants.temperature)
    judged = replace(found.table, probabilities=constants.shares(found.logits), threshold=constants.point.threshold)
    evidence = report(judged)
    figures = figures_of(evidence, _judged_by(found))
    use, licence = _use(task), _licence(task)
    mixes = {
        "training": _mix(material, part.train), "validation": _mix(material, _fitted_on(found, part)),
        "test": {name: int(count) for name, count in evidence["by_class"].items()},
    }  # fmt: skip
    novelty = _novelty(member, task, part)
    seen = np.concatenate([part.train, part.validation])
    lineage = lineage_of(material.cohort.sha256s[seen].tolist(), material.cohort.hashes[seen])
    before = lineage_before(task.start)
    told = list(dict.fromkeys([*warnings(found, material)]))
    sections = _sections(task, found, evidence, constants, novelty=novelty, told=told)
    title = f"{' or '.join(_titles(task))}: {recipe.title[0].lower()}{recipe.title[1:]}"
    try:
        return make_bundle(
            folder,
            name=recipe.name,
            version=version,
            title=title,
            classes=_classes(task),
            suspicion=positives(recipe, material.classes),
            intended_use=use,
            input=NetworkInput(recipe.input.rows, recipe.input.columns, recipe.input.channels, task.steps),
            members=[TrainedMember(_member_name(task), task.architecture, in_bundle, 1.0)],
            temperature=constants.temperature,
            map_scale=scales,
            operating_points=[constants.point],
            abstention=NEVER,
            novelty=novelty,
            class_mix=mixes,
            figures=figures,
            licence=licence,
            card=card(recipe.name, use, licence, mixes=mixes, figures=figures, sections=sections),
            lineage=(lineage.joined(before) if before is not None else lineage).arrays(),
            extra={"made_with": _made_with(task), "warnings": told, "baselines": evidence["baselines"]},
            lungs=_lungs(task),
        )
    finally:
        in_bundle.unlink(missing_ok=True)


def _said(member: Member, task: Task, numbers: Numbers) -> Said:
    return said(member, task.material.cohort.films.chosen(numbers), task.steps, _boxes(task, numbers))


def _boxes(task: Task, numbers: Numbers) -> NDArray[np.float64] | None:
    return None if task.material.boxes is None else task.material.boxes[numbers]


def _map_scale(member: Member, task: Task, numbers: Numbers, heard: Said, heat: float) -> dict[str, float]:
    found = map_scale(
        {"member": (member, task.steps, heard)}, task.material.cohort.films.chosen(numbers), [1.0], heat,
        task.material.classes, boxes=_boxes(task, numbers),
    )  # fmt: skip
    # A class that nothing ever spoke for has no scale of its own.
    return {name: max(scale, _LEAST_SCALE) for name, scale in found.items()}


def _is_pooled(found: Outcome) -> bool:
    """Whether every film was judged out of fold, so that all of them may set constants."""
    return len(found.folds) > 1


def _fitted_on(found: Outcome, part: Part) -> Numbers:
    return found.numbers if _is_pooled(found) else part.validation


def _constants(task: Task, found: Outcome, member: Member, part: Part) -> Constants:
    material, classes = task.material, task.material.classes
    numbers = _fitted_on(found, part)
    labels = material.cohort.labels[numbers].tolist()
    groups = material.cohort.groups[numbers].tolist()
    few = small_classes(labels, groups)
    if few or set(labels) != set(classes):
        return _kept(task, few)
    logits = found.logits
    if not _is_pooled(found):
        logits = outputs(member.model, material.cohort.films.chosen(numbers), task.steps, _boxes(task, numbers))
    truth = material.truth[numbers]
    offsets, heat, balanced = np.zeros(len(classes)), temperature(logits, truth), ""
    balance = task.recipe.balance
    if balance.sampling != "as-is" or balance.class_weights or balance.undersample or balance.smote != "none":
        offsets, heat = fitted_to_mix(logits, truth)
        balanced = " and offsets that put the classes' mix back"
    suspicious = [classes.index(name) for name in positives(task.recipe, classes)]
    suspicion = softmax((logits + offsets) / heat)[:, suspicious].sum(axis=1)
    where = "all films, out of fold" if _is_pooled(found) else "the validation part"
    words = f"Temperature {heat:.3f}{balanced} fitted on {len(numbers)} films ({where})."
    return Constants(offsets, heat, _point(np.isin(truth, suspicious), suspicion, where), words)


def _point(abnormal: NDArray[np.bool_], suspicion: NDArray[np.float64], where: str) -> OperatingPoint:
    point = point_for_specificity(abnormal, suspicion, SPECIFICITY)
    rows = (
        ("specificity", suspicion[~abnormal] < point.threshold),
        ("sensitivity", suspicion[abnormal] >= point.threshold),
    )
    figures = tuple(
        Figure(name, float(hit.mean()), *wilson(int(hit.sum()), len(hit)), where, len(hit)) for name, hit in rows
    )
    words = f"specificity {SPECIFICITY:.2f} on {where}; its figures are of the same films"
    # Where the suspicion of some normal films is 1, so is the threshold.
    return OperatingPoint("specificity-90", min(point.threshold, 1.0), words, figures)


def _kept(task: Task, few: Mapping[str, tuple[int, int]]) -> Constants:
    """A small set sets nothing: the start's constants where it tells the same classes apart, else 1 and 0.5."""
    counted = ", ".join(f"{name}: {films} films of {patients} patients" for name, (films, patients) in few.items())
    why = f"under 100 films or 30 patients in a class ({counted})" if few else "a class is missing among them"
    bundle = task.start.bundle
    nothing = np.zeros(len(task.material.classes))
    suspicious = positives(task.recipe, task.material.classes)
    if (
        bundle is not None
        and set(bundle.classes) == set(task.material.classes)
        and set(bundle.description.suspicion) == set(suspicious)
    ):
        point = _reworded(bundle.description.operating_points[0], f"as in {bundle.name} {bundle.version}; {why}")
        words = f"Temperature and operating point are those of {bundle.name} {bundle.version}: {why}."
        return Constants(nothing, bundle.description.temperature, point, words)
    point = OperatingPoint("undecided", 0.5, f"nothing: {why}")
    return Constants(nothing, 1.0, point, f"No temperature and no operating point were adopted: {why}.")


def _reworded(point: OperatingPoint, words: str) -> OperatingPoint:
    """The same threshold with other words; figures of other films are left behind."""
    return OperatingPoint(point.name, point.threshold, words)


def _novelty(member: Member, task: Task, part: Part) -> Novelty | None:
    """Statistics of the films that trained, against the same films spoiled; None when they are too few for it."""
    numbers = np.concatenate([part.train, part.validation])
    if len(numbers) < _FEWEST_FOR_NOVELTY:
        return None
    step = math.ceil(len(numbers) / _MOST_FOR_NOVELTY)
    numbers = np.sort(numbers)[::step]
    known = task.material.cohort.films.chosen(numbers)
    wrong = spoilt(known, max(1, len(numbers) // 50))
    good = outputs(member.features, known, task.steps, _boxes(task, numbers))
    bad = outputs(member.features, wrong, task.steps)
    name = _member_name(task)
    words = (
        f"{len(known)} films of the training against {len(wrong)} pictures that are no upright frontal film (some of "
        "the films made negative, turned or cut); out of fold, 99 of 100 known films of every source pass"
    )
    return learnt({name: good}, {name: bad}, groups=task.material.cohort.sources[numbers].tolist(), words=words)


def spoilt(films: Sequence[NDArray[np.uint16]], every: int) -> list[NDArray[np.uint16]]:
    """Some of the films as no frontal film is: negative, turned, cut (core.inference.novelty.spoiled)."""
    chosen = (films[number] for number in range(0, len(films), every))
    return [np.asarray(one.pixels) for film in chosen for one in spoiled(Settled(np.asarray(film), np.eye(3)))]


def _classes(task: Task) -> list[ClassEntry]:
    """The start's own words for a class that it knows; plain ones for others."""
    known = {} if task.start.bundle is None else {one.name: one for one in task.start.bundle.description.classes}
    plain = {
        name: ClassEntry(name, _title(name), f"Films that this site labelled {name}.") for name in task.material.classes
    }
    return [known.get(name, plain[name]) for name in task.material.classes]


def _titles(task: Task) -> list[str]:
    return [one.title for one in _classes(task)]


def _title(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()


def _member_name(task: Task) -> str:
    return str(task.architecture["backbone"])


def _use(task: Task) -> IntendedUse:
    """For patients like those of the films: their ages and views, where the labels state them; else the start's."""
    films = task.material.films
    ages = [film.age_years for film in films if film.age_years is not None]
    before = None if task.start.bundle is None else task.start.bundle.description.intended_use
    stated = tuple(sorted({film.view.upper() for film in films if film.view}))
    span = (0.0, 120.0) if before is None else before.ages
    # A few stated ages among many films say nothing of the rest.
    if len(ages) > len(films) / 2:
        span = float(math.floor(min(ages))), float(math.ceil(max(ages)))
    views = tuple(view for view in stated if view in ("PA", "AP")) or (("PA", "AP") if before is None else before.views)
    sources = sorted(set(task.material.sources) - {""})
    origin = f" of {', '.join(sources)}" if 0 < len(sources) <= 8 else ""
    return IntendedUse(
        span, views, ("FOR PRESENTATION",),
        f"Patients like those of the {len(films)} films{origin} that it was trained on. Research use only; not for "
        "diagnosis.",
    )  # fmt: skip


def _licence(task: Task) -> str:
    own = "Research use only. These weights were trained on this site's own films, whose terms are the site's."
    start = task.start
    if start.bundle is not None:
        return f"{own} Start weights: {start.words}, under: {start.bundle.description.licence}"
    if start.kind == "imagenet":
        return f"{own} Start weights: {start.words}, under the terms of their publisher."
    return own


def _mix(material: Material, numbers: Numbers) -> dict[str, int]:
    count = Counter(material.cohort.labels[numbers].tolist())
    return {name: count[name] for name in material.classes}


def _judged_by(found: Outcome) -> str:
    kinds = {"k-fold": f"out of fold, {len(found.folds)} folds", "leave-one-source-out": "each source left out in turn"}
    where = kinds.get(found.recipe.protocol.kind, "held-out part of one split")
    return f"{where}, {'patients kept together' if found.recipe.protocol.unit == 'group' else 'split by image'}"


def _made_with(task: Task) -> dict[str, Any]:
    return {
        "recipe": task.recipe.name, "paper": task.recipe.paper, "seed": task.recipe.seed,
        "data": task.material.digest, "films": len(task.material.cohort), "start": dict(task.start.notes),
    }  # fmt: skip


def _lungs(task: Task) -> str | None:
    """The digest of the lungs bundle that found the boxes."""
    if not needs_lungs(task.steps):
        return None
    from core.inference.lungs import shipped

    bundle = shipped()
    return None if bundle is None else bundle.digest


def _sections(
    task: Task,
    found: Outcome,
    evidence: Mapping[str, Any],
    constants: Constants,
    *,
    novelty: Novelty | None,
    told: Sequence[str],
) -> list[Section]:
    recipe, material = task.recipe, task.material
    sections = [Section("To know first", [f"- {one}" for one in told])] if told else []
    sections.append(
        Section("Beside what needs no lungs", [f"Judged: {_judged_by(found)}.", "",
                                               *baseline_lines(evidence, material.classes)])
    )  # fmt: skip
    if evidence["within_source"]:
        lines = [
            f"- {row['source']}, {' / '.join(row['classes'])}, {row['films']} films: AUROC {figure(row['auroc'])}"
            for row in evidence["within_source"]
        ]
        sections.append(Section("Within one source", lines))
    sections.append(
        Section(
            "How it was made",
            [
                f"Recipe {recipe.name} ({recipe.title}), seed {recipe.seed}, start: {task.start.words}.",
                "",
                f"One member, {recipe.network.backbone}; figures are of networks of the folds where there are several, "
                "this one was then trained on all films but the part that steers."
                if _is_pooled(found)
                else f"One member, {recipe.network.backbone}.",
                "",
                constants.words,
            ],
        )
    )
    gate = (
        f"Novelty in the member's own features: {novelty.words}."
        if novelty is not None
        else f"Novelty is not asked: it needs {_FEWEST_FOR_NOVELTY} films or more. Facts and looks of a film still are."
    )
    return [*sections, Section("Gate", [gate])]
