"""From the trainings of a run to its bundle: joined members, temperature, operating point, novelty, card."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from core.cohort.cohort import Cohort
from core.cohort.lineage import lineage_of
from core.cohort.splits import fold_of
from core.evidence.asking import frames_of
from core.evidence.calibration import point_for_specificity
from core.evidence.evaluate import Table, report
from core.evidence.intervals import wilson
from core.files import whole_file
from core.inference.description import Abstention, Figure, NetworkInput, OperatingPoint
from core.inference.ensemble import softmax
from core.inference.lungs import LungFinder, shipped
from core.inference.novelty import Novelty, learnt, unknown_scores
from core.networks.members import Member, build
from core.training.bundling import TrainedMember, make_bundle
from core.training.ensembling import USUAL_SPREAD, fitted_to_mix, joined_logits, map_scale, said, spreads
from core.training.feed import outputs
from core.training.report import Section, card, figures_of
from tools.ensemble_plans import MemberPlan, Plan
from tools.evidence_films import others_of

if TYPE_CHECKING:
    from tools.make_ensemble import Films

SAY = Console(stderr=True, highlight=False)
SPECIFICITY = 0.90
PASSING = 0.99
Logits = NDArray[np.float64]


def finish(plan: Plan, films: Films, run: Path, data: Path) -> None:
    """Make RUN/bundle and RUN/apart.npz from RUN/fits; the locked test stays closed.

    Constants come from films that the networks which judge them never saw: out of fold, patients known.
    """
    cohort, names = films.cohort, plan.names
    count = len(plan.members)
    weights = [round(1 / count, 6)] * (count - 1) + [1 - round(1 / count, 6) * (count - 1)]
    apart = out_of_fold(plan, films, run, weights)
    judged = films.labelled & films.open & films.judges
    truth = cohort.chosen(judged).targets(names)
    offsets, heat = fitted_to_mix(apart["oof"][judged], truth)
    for name in apart:
        apart[name] += offsets
    with whole_file(run / "apart.npz") as file:
        np.savez(file, sha=cohort.sha256s, **apart)
    point = _operating_point(plan, cohort.chosen(judged), softmax(apart["oof"][judged] / heat))
    members = {own.name: soup(plan, own, run, offsets) for own in plan.members}
    steps = {own.name: own.steps for own in plan.members}
    validation = (cohort.splits == "validation") & films.labelled
    own_films, boxes = cohort.chosen(validation), films.lungs.boxes[validation]
    heard = {name: said(member, own_films.films, steps[name], boxes) for name, member in members.items()}
    answers = [one.logits for one in heard.values()]
    spread = float(np.quantile(spreads(answers, weights, heat), USUAL_SPREAD))
    both = {name: (members[name], steps[name], heard[name]) for name in members}
    scales = map_scale(both, own_films.films, weights, heat, names, boxes=boxes)
    SAY.print(f"offsets {offsets.round(3)}, temperature {heat:.3f}, threshold {point.threshold:.4f}, scales {scales}")
    novelty, words = _novelty(plan, films, data, members, steps)
    own = films.judges[validation]
    table = _table(plan, own_films.chosen(own), softmax(joined_logits(answers, weights) / heat)[own], point.threshold)
    figures = figures_of(report(table), "validation")
    mixes = {
        "training": cohort.part("train").mix(names),
        "validation": cohort.chosen(judged).mix(names),
        "test": cohort.part("test").mix(names),
    }
    sections = [Section("Members", members_words(plan, members)), Section("Gate", [words])]
    target = run / "bundle"
    shutil.rmtree(target, ignore_errors=True)
    seen = cohort.chosen(films.open)
    lungs = shipped()
    assert lungs is not None
    bundle = make_bundle(
        target,
        name=plan.name,
        version=plan.version,
        title=plan.title,
        classes=plan.classes,
        suspicion=plan.suspicion,
        intended_use=plan.use,
        input=_input(plan.members[0]),
        members=[
            TrainedMember(one.name, one.architecture(len(names)), _weights(run, one), weight, _input(one))
            for one, weight in zip(plan.members, weights, strict=True)
        ],
        temperature=heat,
        map_scale=scales,
        operating_points=[point],
        abstention=Abstention(
            f"The members disagree: their probabilities of the finding have a standard deviation above {spread:.2f}, "
            "as in 5 of 100 validation films.", spread, None,
        ),
        novelty=novelty,
        class_mix=mixes,
        figures=figures,
        licence=plan.licence,
        card=card(plan.name, plan.use, plan.licence, mixes=mixes, figures=figures, sections=sections),
        lineage=lineage_of(seen.sha256s.tolist(), seen.hashes).arrays(),
        extra={"test_openings": 0},
        lungs=lungs.digest,
    )  # fmt: skip
    shutil.copy(run / "splits.csv", target / "splits.csv")
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    SAY.print(f"{target}: {size / 1e6:.1f} MB, digest {bundle.digest[:12]}")


def out_of_fold(plan: Plan, films: Films, run: Path, weights: Sequence[float]) -> dict[str, Logits]:
    """Joined logits (films, classes) by networks that saw nothing of a film's group ("oof"), and by those that saw
    nothing of some sources ("loso/cohen+rsna" …); NaN where nobody was asked."""
    fold = np.array([fold_of(str(group), plan.key, plan.folds) for group in films.cohort.groups])
    folds = np.full((len(films.cohort), len(plan.names)), np.nan)
    for part in range(plan.folds):
        held = (fold == part) & films.open
        folds[held] = joined_logits(
            [_logits(plan, run, f"fold-{own.name}-{part}")[held] for own in plan.members], weights
        )
    found = {"oof": folds}
    for sources in plan.left_out:
        name = "+".join(sources)
        answers = [_logits(plan, run, f"without-{own.name}-{name}") for own in plan.members]
        found[f"loso/{name}"] = joined_logits(answers, weights)
    return found


def _logits(plan: Plan, run: Path, training: str) -> NDArray[np.float32]:
    with np.load(run / "fits" / training / "logits.npz") as stored:
        return np.asarray(stored[f"{plan.share:g}"])


def soup(plan: Plan, own: MemberPlan, run: Path, offsets: Logits) -> Member:
    """The mean of the seeds' weights, all of which began at the same probe (Wortsman et al. 2022); offsets go into its
    bias. Leaves them in the run for the bundle."""
    member = build(own.architecture(len(plan.names)))
    found = []
    for seed in range(plan.seeds):
        member.model.load_weights(run / "fits" / f"final-{own.name}-{seed}" / f"member-{plan.share:g}.weights.h5")
        found.append(member.model.get_weights())
    member.model.set_weights([np.mean(values, axis=0) for values in zip(*found, strict=True)])
    kernel, bias = member.head[-1].get_weights()
    member.head[-1].set_weights([kernel, bias + offsets.astype(np.float32)])
    member.model.save_weights(_weights(run, own))
    return member


def _weights(run: Path, own: MemberPlan) -> Path:
    return run / f"{own.name}.weights.h5"


def _input(own: MemberPlan) -> NetworkInput:
    return NetworkInput(own.side, own.side, 3, own.steps)


def _operating_point(plan: Plan, judged: Cohort, shares: Logits) -> OperatingPoint:
    """90 % specificity on the normals of a whole hospital: what transfers best (docs/ensemble.md)."""
    suspicion = shares[:, [plan.names.index(name) for name in plan.suspicion]].sum(axis=1)
    normal, hospital = judged.labels == "normal", judged.sources == plan.hospital
    picking = hospital | ~normal
    point = point_for_specificity(~normal[picking], suspicion[picking], SPECIFICITY)
    above = suspicion >= point.threshold
    rows = [(f"specificity, {plan.hospital}", ~above[normal & hospital]), ("sensitivity, all", above[~normal])]
    rows += [(f"sensitivity, {name}", above[judged.labels == name]) for name in plan.suspicion]
    where = f"training and validation films, out of {plan.folds} folds"
    figures = tuple(
        Figure(name, float(hit.mean()), *wilson(int(hit.sum()), len(hit)), where, len(hit)) for name, hit in rows
    )
    words = f"specificity {SPECIFICITY:.2f} on the normals of {plan.hospital}, a whole hospital; {where}"
    return OperatingPoint("specificity-90", point.threshold, words, figures)


def _novelty(
    plan: Plan, films: Films, data: Path, members: dict[str, Member], steps: dict[str, Any]
) -> tuple[Novelty, str]:
    """Statistics of all films that the bundle is for, against pictures that are no upright frontal film."""
    known, boxes = films.cohort.chosen(films.open), films.lungs.boxes[films.open]
    pictures = others_of(known.films, data)
    boxes_of_others = _boxes(pictures)
    good = {name: outputs(member.features, known.films, steps[name], boxes) for name, member in members.items()}
    bad = {name: outputs(member.features, pictures, steps[name], boxes_of_others) for name, member in members.items()}
    sources = known.sources.tolist()
    found, limit = learnt(good, bad, groups=sources, passing=PASSING), 1.0
    words = (
        f"Novelty in the members' own features: {len(known)} films of training and validation against {len(pictures)} "
        "pictures that are no upright frontal film (other pictures; films made negative, turned or cut); out of fold, "
        f"{PASSING:.0%} of the known films of every source score below 1."
    )
    if len(set(sources)) > 1:
        # Films of a hospital that nobody had score higher than films of those that are known.
        marks = unknown_scores(good, bad, sources, passing=PASSING)
        own = {name: float(np.quantile(marks[known.sources == name], PASSING)) for name in set(sources)}
        limit = max(1.0, *own.values())
        words += f" The limit is {limit:.2f}: of a source that the statistics do not know, {PASSING:.0%} stay below it."
    return replace(found, threshold=limit, words=words), words


def _boxes(pictures: Sequence[NDArray[np.uint16]]) -> NDArray[np.float64]:
    from core.imaging.prepare import Settled

    bundle = shipped()
    assert bundle is not None
    finder = LungFinder(bundle, use="folder")
    found = finder.find_many([Settled(np.asarray(one), np.eye(3)) for one in pictures])
    finder.close()
    return frames_of(found)


def _table(plan: Plan, films: Cohort, shares: Logits, threshold: float) -> Table:
    return Table(
        plan.names, films.targets(plan.names), shares, tuple(films.groups.tolist()), tuple(films.sources.tolist()),
        tuple(films.sha256s.tolist()), suspicious=plan.suspicion, threshold=threshold,
    )  # fmt: skip


def members_words(plan: Plan, members: dict[str, Member]) -> list[str]:
    lines = ["| member | network | sees | parameters |", "|---|---|---|---|"]
    for own in plan.members:
        sees = f"the lungs and {own.margin:.0%} around them"
        lines.append(
            f"| {own.name} | {own.backbone}, cut at stride 16 | {sees}, nothing finer than {own.finest} pixels a side, "
            f"at {own.side} × {own.side} | {members[own.name].parameters:,} |"
        )
    of = "" if plan.seeds == 1 else f" the mean of the weights of {plan.seeds} trainings,"
    return [*lines, "", f"All count alike; each is{of} {plan.share:.0%} of the way from its linear probe."]
