"""From the networks of a run to a bundle that opens like the shipped one: its constants, its figures, its card.

The constants (core.training.constants) go into it too: offsets into the members' biases, so that a bundle needs the
temperature only.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cohort.lineage import lineage_of
from core.evidence.evaluate import report
from core.imaging.prepare import Settled, needs_lungs
from core.inference.bundles import Bundle
from core.inference.description import ClassEntry, IntendedUse, NetworkInput
from core.inference.novelty import Novelty, learnt, spoiled
from core.networks.members import Member, build
from core.training.answers import ANSWERS, Answers, write_answers
from core.training.augmentation import Film
from core.training.bundling import TrainedMember, make_bundle
from core.training.constants import Constants, constants_of, measured
from core.training.ensembling import Said, joined_logits, map_scale, said
from core.training.feed import outputs
from core.training.material import Material
from core.training.outcome import Outcome, positives
from core.training.report import Section, card, figures_of
from core.training.run import Task
from core.training.splitting import Numbers, Part
from core.training.starting import lineage_before
from core.training.telling import baseline_lines, figure, warnings

_FEWEST_FOR_NOVELTY = 100
_MOST_FOR_MAPS = 500
_MOST_FOR_NOVELTY = 3000
_LEAST_SCALE = 1e-6


def finish(
    tasks: Sequence[Task],
    found: Outcome,
    weights: Sequence[Path],
    part: Part,
    folder: Path,
    *,
    version: str,
    acknowledged: Mapping[str, str] | None = None,
) -> Bundle:
    """Make the bundle in `folder`, and answers.npz beside it.

    tasks: of the networks to keep, their weights adding up to 1; weights: a .weights.h5 of each; part: the films that
    trained and steered them. found: what the figures come from, groups kept together. acknowledged: what somebody knows
    to be wrong with the films, code → words. Refuses what make_bundle refuses.
    """
    task = tasks[0]
    recipe, material = task.recipe, task.material
    networks = [_Network.loaded(*one) for one in zip(tasks, weights, strict=True)]
    shares = [one.task.weight for one in networks]
    numbers = _fitted_on(found, part)
    logits = found.logits
    if not _is_pooled(found):
        logits = joined_logits([one.logits(numbers) for one in networks], shares).astype(np.float32)
    where = "all films, out of fold" if _is_pooled(found) else "the validation part"
    constants = constants_of(tasks, numbers, logits, where)
    steers = (part.validation if len(part.validation) else part.train)[:_MOST_FOR_MAPS]
    for one in networks:
        one.shift(constants.offsets)
        one.hear(steers)
    if len(part.validation):
        constants = measured(constants, [one.heard.logits for one in networks], shares)
    scales = _map_scale(networks, steers, constants.temperature)
    judged = replace(found.table, probabilities=constants.shares(found.logits), threshold=constants.point.threshold)
    write_answers(
        folder.with_name(ANSWERS), Answers(found.numbers, judged.probabilities, numbers, constants.shares(logits))
    )
    evidence = report(judged)
    figures = figures_of(evidence, judged_by(found))
    use, licence = _use(task), _licence(task)
    mixes = {
        "training": _mix(material, part.train), "validation": _mix(material, numbers),
        "test": {name: int(count) for name, count in evidence["by_class"].items()},
    }  # fmt: skip
    novelty = _novelty(networks, part)
    seen = np.concatenate([part.train, part.validation])
    lineage = lineage_of(material.cohort.sha256s[seen].tolist(), material.cohort.hashes[seen])
    before = lineage_before(task.start)
    told = list(dict.fromkeys([*warnings(found, material)]))
    sections = _sections(tasks, found, evidence, constants, novelty=novelty, told=told)
    if acknowledged:
        lines = [f"- {code}: {words}" for code, words in acknowledged.items()]
        sections.append(Section("Known of these films, and accepted", lines))
    title = f"{' or '.join(_titles(task))}: {recipe.title[0].lower()}{recipe.title[1:]}"
    inputs = [one.input for one in networks]
    extra = {"made_with": _made_with(tasks), "warnings": told, "baselines": evidence["baselines"]}
    if acknowledged:
        extra["acknowledged"] = dict(acknowledged)
    try:
        return make_bundle(
            folder,
            name=recipe.name,
            version=version,
            title=title,
            classes=_classes(task),
            suspicion=positives(recipe, material.classes),
            intended_use=use,
            input=inputs[0],
            members=[one.saved(inputs[0]) for one in networks],
            temperature=constants.temperature,
            map_scale=scales,
            operating_points=[constants.point],
            abstention=constants.abstention,
            novelty=novelty,
            class_mix=mixes,
            figures=figures,
            licence=licence,
            card=card(recipe.name, use, licence, mixes=mixes, figures=figures, sections=sections),
            lineage=(lineage.joined(before) if before is not None else lineage).arrays(),
            extra=extra,
            lungs=_lungs(tasks),
        )
    finally:
        for one in networks:
            one.saved_at.unlink(missing_ok=True)


@dataclass(slots=True)
class _Network:
    """A network to keep, with what it says of the films that steered it."""

    task: Task
    member: Member
    saved_at: Path
    heard: Said = field(init=False)

    @staticmethod
    def loaded(task: Task, weights: Path) -> _Network:
        member = build(task.architecture)
        member.model.load_weights(weights)
        return _Network(task, member, weights.with_name("in-bundle.weights.h5"))

    @property
    def name(self) -> str:
        return self.task.name or str(self.task.architecture["backbone"])

    @property
    def input(self) -> NetworkInput:
        rows, columns, channels = self.task.architecture["input"]
        return NetworkInput(rows, columns, channels, self.task.steps)

    def logits(self, numbers: Numbers) -> NDArray[np.float32]:
        films = self.task.material.cohort.films.chosen(numbers)
        if not len(films):
            return np.zeros((0, len(self.task.material.classes)), np.float32)
        found: NDArray[np.float32] = outputs(self.member.model, films, self.task.steps, _boxes(self.task, numbers))
        return found

    def shift(self, offsets: NDArray[np.float64]) -> None:
        kernel, bias = self.member.head[-1].get_weights()
        self.member.head[-1].set_weights([kernel, bias + offsets.astype(np.float32)])

    def hear(self, numbers: Numbers) -> None:
        films = self.task.material.cohort.films.chosen(numbers)
        self.heard = said(self.member, films, self.task.steps, _boxes(self.task, numbers))

    def features(self, films: Sequence[Film], boxes: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        found: NDArray[np.float32] = outputs(self.member.features, films, self.task.steps, boxes)
        return found

    def saved(self, of_the_bundle: NetworkInput) -> TrainedMember:
        self.member.model.save_weights(self.saved_at)
        own = None if self.input == of_the_bundle else self.input
        return TrainedMember(self.name, self.task.architecture, self.saved_at, self.task.weight, own)


def _boxes(task: Task, numbers: Numbers) -> NDArray[np.float64] | None:
    return None if task.material.boxes is None else task.material.boxes[numbers]


def _map_scale(networks: Sequence[_Network], numbers: Numbers, heat: float) -> dict[str, float]:
    task = networks[0].task
    found = map_scale(
        {one.name: (one.member, one.task.steps, one.heard) for one in networks},
        task.material.cohort.films.chosen(numbers), [one.task.weight for one in networks], heat,
        task.material.classes, boxes=_boxes(task, numbers),
    )  # fmt: skip
    # A class that nothing ever spoke for has no scale of its own.
    return {name: max(scale, _LEAST_SCALE) for name, scale in found.items()}


def _is_pooled(found: Outcome) -> bool:
    """Whether every film was judged out of fold, so that all of them may set constants."""
    return len(found.folds) > 1


def _fitted_on(found: Outcome, part: Part) -> Numbers:
    return found.numbers if _is_pooled(found) else part.validation


def _novelty(networks: Sequence[_Network], part: Part) -> Novelty | None:
    """Statistics of the films that trained, against the same films spoiled; None when they are too few for it."""
    task = networks[0].task
    numbers = np.concatenate([part.train, part.validation])
    if len(numbers) < _FEWEST_FOR_NOVELTY:
        return None
    step = math.ceil(len(numbers) / _MOST_FOR_NOVELTY)
    numbers = np.sort(numbers)[::step]
    known = task.material.cohort.films.chosen(numbers)
    wrong = spoilt(known, max(1, len(numbers) // 50))
    good = {one.name: one.features(known, _boxes(task, numbers)) for one in networks}
    bad = {one.name: one.features(wrong) for one in networks}
    words = (
        f"{len(known)} films of the training against {len(wrong)} pictures that are no upright frontal film (some of "
        "the films made negative, turned or cut); out of fold, 99 of 100 known films of every source pass"
    )
    return learnt(good, bad, groups=task.material.cohort.sources[numbers].tolist(), words=words)


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


def judged_by(found: Outcome) -> str:
    """How the films that judge were held out, in words."""
    kinds = {"k-fold": f"out of fold, {len(found.folds)} folds", "leave-one-source-out": "each source left out in turn"}
    where = kinds.get(found.recipe.protocol.kind, "held-out part of one split")
    return f"{where}, {'patients kept together' if found.recipe.protocol.unit == 'group' else 'split by image'}"


def _made_with(tasks: Sequence[Task]) -> dict[str, Any]:
    task = tasks[0]
    start = dict(task.start.notes) if len(tasks) == 1 else [dict(one.start.notes) for one in tasks]
    return {
        "recipe": task.recipe.name, "paper": task.recipe.paper, "seed": task.recipe.seed,
        "data": task.material.digest, "films": len(task.material.cohort), "start": start,
    }  # fmt: skip


def _lungs(tasks: Sequence[Task]) -> str | None:
    """The digest of the lungs bundle that found the boxes."""
    if not any(needs_lungs(task.steps) for task in tasks):
        return None
    from core.inference.lungs import shipped

    bundle = shipped()
    return None if bundle is None else bundle.digest


def _sections(
    tasks: Sequence[Task],
    found: Outcome,
    evidence: Mapping[str, Any],
    constants: Constants,
    *,
    novelty: Novelty | None,
    told: Sequence[str],
) -> list[Section]:
    task = tasks[0]
    recipe, material = task.recipe, task.material
    sections = [Section("To know first", [f"- {one}" for one in told])] if told else []
    sections.append(
        Section("Beside what needs no lungs", [f"Judged: {judged_by(found)}.", "",
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
                f"Recipe {recipe.name} ({recipe.title}), seed {recipe.seed}, start: "
                f"{'; '.join(task.start.words for task in tasks)}.",
                "",
                _told_members(tasks, pooled=_is_pooled(found)),
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


def _told_members(tasks: Sequence[Task], *, pooled: bool) -> str:
    names = [f"{task.name + ', ' if task.name else ''}{task.architecture['backbone']}" for task in tasks]
    words = f"One member, {names[0]}" if len(names) == 1 else f"{len(names)} members: {'; '.join(names)}"
    if not pooled:
        return f"{words}."
    return f"{words}; figures are of networks of the folds, those kept trained on all films but the part that steers."
