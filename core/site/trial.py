"""Some real steps of a training, in a process of their own, so that time and memory are known before it starts.

The weights are random: they change nothing in how long a step takes. What was held is given back with the process.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from core.inference import shelf
from core.inference.bundles import Bundle
from core.progress import Stop
from core.training import recipes, splitting
from core.training.material import gather, labels_for
from core.training.recipe import Phase, Recipe

STEPS = 20
_LEAST_STEPS = 3  # of a phase, after one that makes the graph
_JUDGED = 32  # films


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is going to be timed: one part of the protocol in every member. parts: trainings of each member."""

    members: int
    phases: int
    parts: int
    films: int


@dataclass(frozen=True, slots=True)
class Timed:
    """What a member's steps took; seconds: all its training, judging included, at most. memory_bytes: the peak."""

    steps: int
    step_seconds: float
    seconds: float
    memory_bytes: int
    device: str


def serve() -> Callable[[tuple[Any, ...]], object]:
    """For core.jobs: ("prepare", recipe file, labels, cache, start) → Prepared, then ("member", number) → Timed.

    start: the folder of a bundle whose members are tuned, "imagenet", "random", or "" for the recipe's own word.
    Refuses what core.training.material.gather and core.inference.shelf.chosen refuse.
    """
    trial: list[Trial] = []

    def handle(request: tuple[Any, ...]) -> object:
        if request[0] == "prepare":
            trial[:] = [Trial(*request[1:])]
            return trial[0].prepared
        return trial[0].member(request[1])

    return handle


class Trial:
    """Films, recipe and networks of a training that is to be timed."""

    def __init__(self, recipe: str, labels: str, cache: str, start: str) -> None:
        read = recipes.read(recipe)
        material = gather(labels_for(read, labels), read, Path(cache), stop=Stop())
        assert material is not None  # nobody stops it
        stated = [str(split) for split in material.cohort.splits]
        self.recipe = splitting.for_a_site(read, material.labels, material.groups, stated)
        self.material = material
        self.networks = networks(self.recipe, len(material.classes), bundle_of(self.recipe, start))
        parts = splitting.parts(
            self.recipe.protocol, material.labels, material.groups, material.sources, self.recipe.seed, stated=stated
        )
        self.part = max(parts, key=lambda part: len(part.train))
        # After several parts one more network is trained, which is kept.
        count = len(parts) + (len(parts) > 1)
        self.prepared = Prepared(len(self.networks), len(self.recipe.phases), count, len(material.cohort))

    def member(self, number: int) -> Timed:
        """Time the member with this number."""
        from core.networks import members
        from core.networks.backend import gpus, keras, several_gpus
        from core.training.feed import FilmFeed

        keras().backend.clear_session()
        architecture, steps = self.networks[number]
        targets = np.eye(len(self.material.classes), dtype=np.float32)[self.material.truth]
        sources = self.material.sources

        def feed(numbers: NDArray[np.int64], **more: Any) -> FilmFeed:
            boxes = self.material.boxes
            return FilmFeed(
                self.material.cohort.films.chosen(numbers), targets[numbers], steps, seed=self.recipe.seed,
                sources=[sources[one] for one in numbers.tolist()], boxes=None if boxes is None else boxes[numbers],
                **more,
            )  # fmt: skip

        learns = feed(self.part.train, augmentation=self.recipe.augmentation, balance=self.recipe.balance)
        judged = feed(self.part.validation[:_JUDGED]) if len(self.part.validation) else None
        each = max(_LEAST_STEPS, math.ceil(STEPS / (len(self.networks) * len(self.recipe.phases))))
        done, taken, whole = 0, 0.0, 0.0
        with several_gpus() as devices:
            member = members.build(architecture)
            for phase in self.recipe.phases:
                step, judging = _timed(member, phase, learns, judged, count=each, devices=devices)
                taken, done = taken + each * step, done + each
                an_epoch = math.ceil(len(learns.order(0)) / phase.batch)
                whole += phase.epochs * (an_epoch * step + len(self.part.validation) * judging)
        device = ", ".join(gpus()) or "CPU"
        return Timed(done, taken / done, whole * self.prepared.parts, peak_bytes(), device)


def bundle_of(recipe: Recipe, start: str) -> Bundle | None:
    """The bundle whose members a training tunes; None for one network of the recipe's own."""
    if start in ("imagenet", "random"):
        return None
    if not start and recipe.network.start != "bundle":
        return None
    return shelf.chosen(start or None)


def networks(
    recipe: Recipe, classes: int, start: Bundle | None
) -> tuple[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]], ...]:
    """Architecture and input steps of every network that is trained."""
    if start is None:
        return ((recipes.architecture(recipe, classes), recipes.steps(recipe)),)
    made = []
    for entry in start.members:
        head = [dict(row) for row in entry.architecture["head"]]
        head[-1]["units"] = classes
        made.append(({**entry.architecture, "head": head}, start.input(entry).steps))
    return tuple(made)


def peak_bytes() -> int:
    """The most memory that this process held since it began."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    # Linux counts in KiB, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _timed(member: Any, phase: Phase, feed: Any, validation: Any, *, count: int, devices: Any) -> tuple[float, float]:
    """Seconds of a step, and of judging a film."""
    from core.training.feed import ahead
    from core.training.stretch import Stretch

    stretch = Stretch(member, phase, None)
    order = np.resize(feed.order(0), (count + 1) * phase.batch)
    judging = 0.0
    with stretch.compiled(member.model, devices):
        batches = ahead(feed, order, phase.batch, 0)
        stretch.step(*next(batches), phase.rate)  # makes the graph
        begun = perf_counter()
        for pixels, targets, counts in batches:
            stretch.step(pixels, targets, counts, phase.rate)
        step = (perf_counter() - begun) / count
        if validation is not None:
            stretch.judged(validation)
            begun = perf_counter()
            stretch.judged(validation)
            judging = (perf_counter() - begun) / len(validation)
    return step, judging
