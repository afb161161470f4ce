"""A published paper carried out again: which trainings that takes, and their going through, whatever interrupts them.

RUN/runs/NAME-by-group/   one run folder (core.training.folder) a recipe and unit of splitting
RUN/cache/                settled films of target and source
RUN/report.md .json       the paper's tables beside the measured ones (core.training.papers.reproduction)
RUN/figures/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from core.errors import RunRefused
from core.progress import Progress, Stop
from core.training import fields, recipes, splitting
from core.training.folder import RunFolder, now
from core.training.material import Material, gather, labels_for
from core.training.outcome import Outcome
from core.training.papers.chain import Source, run_chain
from core.training.papers.published import Paper, paper
from core.training.papers.scaled import Scale, beyond, scaled
from core.training.recipe import Recipe
from core.training.run import run_protocol

Report = Callable[[Progress], None]
# One recipe that cannot start must not keep the others from running; what is wrong with the films stops them all.
_OF_ONE_RECIPE = ("start-missing", "start-unusable", "start-unsafe", "recipe-unscalable", "loss-not-finite",
                  "class-missing", "frozen-random")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """One training run. recipe: as it is carried out; published: as the paper has it.

    data: which films it learns from. leaky: the source network has seen the target's test films, as published.
    """

    recipe: Recipe
    published: Recipe
    data: str = "target"
    leaky: bool = False

    @property
    def unit(self) -> str:
        return self.recipe.protocol.unit

    @property
    def name(self) -> str:
        return f"{self.published.name}-by-{self.unit}{'-leaky' if self.leaky else ''}"


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a plan. why: the sentence when there is no outcome; same_as: the run whose settings it shares."""

    plan: Plan
    outcome: Outcome | None = None
    why: str = ""
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Everything that a report is written from. target is None when no films were given."""

    paper: Paper
    scale: Scale | None
    runs: tuple[Ran, ...] = ()
    target: Material | None = None
    source: Material | None = None
    finished: bool = True
    notes: dict[str, Any] = field(default_factory=dict)


class Deadline(Stop):
    """A stop that asks by itself after some minutes, or when another one is asked."""

    def __init__(self, minutes: float | None, other: Stop) -> None:
        super().__init__()
        self._until = None if minutes is None else time.monotonic() + 60 * minutes
        self._other = other

    @property
    def asked(self) -> bool:
        return self._other.asked or self.passed

    @property
    def passed(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until


def plans(
    key: str, scale: Scale | None = None, names: Sequence[str] = (), *, leaky: bool = False
) -> tuple[list[Plan], list[Ran]]:
    """The runs of a paper, source tasks first, and what is left out with the reason.

    names: only these recipes; without them all with a place in the published table, and the sources they start from.
    An image-wise recipe is carried out both ways, by group first; at a
    smaller scale by group alone, unless it asks for both.
    """
    found = _chosen(key, names)
    sources = {recipe.network.start.partition(":")[2] for recipe in recipes.shipped() if recipe.paper == key}
    wanted, left_out = [], []
    for published in sorted(found, key=lambda each: each.name not in sources):
        too_large = None if scale is None or published.name in names else beyond(published, scale)
        if too_large is not None:
            left_out.append(Ran(Plan(published, published), why=f"{too_large}."))
            continue
        recipe = published if scale is None else scaled(published, scale)
        is_source = published.name in sources
        by_group = msgspec.structs.replace(recipe, protocol=msgspec.structs.replace(recipe.protocol, unit="group"))
        wanted.append(Plan(by_group, published, "source" if is_source else "target"))
        also_by_image = scale is None or scale.by_image
        if also_by_image and splitting.twin(published) is not None and not is_source:
            by_image = msgspec.structs.replace(recipe, protocol=msgspec.structs.replace(recipe.protocol, unit="image"))
            wanted.append(Plan(by_image, published))
        if leaky and recipes.source_of(published) is not None:
            wanted.append(Plan(by_group, published, leaky=True))
    return wanted, left_out


def reproduce(
    key: str,
    folder: Path,
    *,
    data: str | Path | None = None,
    source_data: str | Path | None = None,
    names: Sequence[str] = (),
    scale: Scale | None = None,
    leaky: bool = False,
    weights: Path | None = None,
    resume: bool = False,
    report: Report = lambda progress: None,
    stop: Stop | None = None,
) -> Reproduction:
    """Carry a paper out on labelled films, and give all that came of it; `finished` is false when it was stopped.

    data: LABELS of the target task; without it only the paper's own arithmetic is given. source_data: LABELS of the
    task that recipes with `start = "recipe:…"` learn first. scale: a smaller protocol; each run ends after its minutes
    then, and goes on with resume. weights: a folder of Keras' published weight files.
    Refuses (RunRefused) "run-exists", "run-in-use", "run-differs", "recipe-missing", what labels and films refuse.
    """
    of, stop = paper(key), stop or Stop()
    wanted, left_out = plans(key, scale, names, leaky=leaky)
    with RunFolder(folder, resume=resume) as run:
        asked = {"format": 1, "paper": key, "scale": scale.words if scale else "", "leaky": leaky}
        for name, value in asked.items():
            if run.notes.get(name, value) != value:
                raise RunRefused("run-differs", present=f"{name} = {run.notes[name]}", asked=value)
        run.note(**asked, started=run.notes.get("started", now()))
        if data is None and source_data is None:
            return Reproduction(of, scale)
        places = {"target": data, "source": source_data}
        films: dict[str, Material] = {}
        for kind, place in places.items():
            first = next((plan for plan in wanted if plan.data == kind), None)
            if first is None or place is None:
                continue
            told = _told(report, f"{kind} films")
            got = gather(labels_for(first.published, place), first.recipe, run.cache, told, stop)
            if got is None:
                return Reproduction(of, scale, tuple(left_out), finished=False)
            films[kind] = got
        target, source = films.get("target"), films.get("source")
        runs: list[Ran] = []
        for number, plan in enumerate(wanted):
            told = _told(report, f"{plan.name} ({number + 1} of {len(wanted)})")
            place = run.path / "runs" / plan.name
            again = _twin_of(plan, runs)
            runs.append(again or _ran(plan, films, place, scale=scale, weights=weights, report=told, stop=stop))
            if stop.asked:
                break
        return Reproduction(of, scale, (*runs, *left_out), target, source, finished=not stop.asked)


def _chosen(key: str, names: Sequence[str]) -> list[Recipe]:
    own = {recipe.name: recipe for recipe in recipes.shipped() if recipe.paper == key}
    for name in names:
        if name not in own:
            near = fields.nearest(name, own)
            raise RunRefused("recipe-missing", what=f"{name} of paper {key}", near=near)
    found = {name: recipe for name, recipe in own.items() if (name in names if names else recipe.called)}
    for recipe in list(found.values()):
        source = recipes.source_of(recipe)
        if source is not None:
            found.setdefault(source.name, source)
    return [found[name] for name in sorted(found)]


def _ran(
    plan: Plan,
    films: Mapping[str, Material],
    folder: Path,
    *,
    scale: Scale | None,
    weights: Path | None,
    report: Report,
    stop: Stop,
) -> Ran:
    limit = Deadline(scale.minutes if scale else None, stop)
    beginning = recipes.source_of(plan.published)
    if "source" not in films and (beginning is not None or plan.data == "source"):
        return Ran(plan, why="It needs the films of the source task: --source-data LABELS.")
    if plan.data not in films:
        return Ran(plan, why="It needs the films of the target task: --data LABELS.")
    try:
        if beginning is not None:
            source = Source(scaled(beginning, scale) if scale else beginning, films["source"])
            found = run_chain(
                plan.recipe, films["target"], source, folder, leaky=plan.leaky, report=report, stop=limit, resume=True
            )
        else:
            found = run_protocol(
                plan.recipe, films[plan.data], folder, weights=weights, report=report, stop=limit, resume=True
            )
    except RunRefused as refusal:
        if refusal.code not in _OF_ONE_RECIPE:
            raise
        return Ran(plan, why=str(refusal))
    if found is not None:
        return Ran(plan, found)
    late = limit.passed and scale is not None and not stop.asked
    return Ran(plan, why=f"Not done in {scale.minutes} minutes; --resume goes on." if late and scale else "Stopped.")


def _twin_of(plan: Plan, runs: Sequence[Ran]) -> Ran | None:
    """Scaled down, some recipes come out the same: one run serves them all, and the report says so."""
    for ran in runs:
        other = ran.plan
        if ran.outcome and (other.data, other.leaky) == (plan.data, plan.leaky) and _bare(other) == _bare(plan):
            return Ran(plan, replace(ran.outcome, recipe=plan.recipe), same_as=other.name)
    return None


def _bare(plan: Plan) -> Recipe:
    return msgspec.structs.replace(plan.recipe, name="x", title="x", called="", summary="", unspecified={})


def _told(report: Report, words: str) -> Report:
    return lambda progress: report(replace(progress, note=f"{words}: {progress.note}"))
