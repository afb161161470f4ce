"""Some real steps of a training, in a process of their own, so that time and memory are known before it starts.

The weights are random: they change nothing in how long a step takes. What was held is given back with the process.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from msgspec import structs
from numpy.typing import NDArray

from core.progress import Stop
from core.training import recipes, several, splitting
from core.training.material import gather, labels_for
from core.training.recipe import Phase, Recipe
from core.training.run import parts_of
from core.training.watching import Watch

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
    """What a member's steps took. seconds: all its training, judging included, at most. memory_bytes: the most held."""

    steps: int
    step_seconds: float
    seconds: float
    memory_bytes: int
    device: str


def serve() -> Callable[[tuple[Any, ...]], object]:
    """For core.jobs: ("prepare", recipe file, labels, cache, start) → Prepared, then ("member", number) → Timed.

    start: the folder of a bundle whose members are tuned, "imagenet", "random", or "" for the recipe's own word.
    Refuses what core.training.material.gather and core.training.several.begins refuse.
    """
    trial: list[Trial] = []

    def handle(request: tuple[Any, ...]) -> object:
        if request[0] == "prepare":
            trial[:] = [Trial(*request[1:])]
            return trial[0].prepared
        return trial[0].member(request[1])

    return handle


class Trial:
    """Films, recipe and networks of a training that is to be timed, as core.training.train would have them."""

    def __init__(self, recipe: str, labels: str, cache: str, start: str) -> None:
        read = starting_from(recipes.read(recipe), start)
        begin = several.begins(read, Path(start) if start not in ("", "imagenet", "random") else None, None)
        read, listed = several.as_the_bundle(read, labels_for(read, labels), begin)
        material = gather(listed, read, Path(cache), stop=Stop())
        assert material is not None  # nobody stops it
        stated = [str(split) for split in material.cohort.splits]
        read = splitting.for_a_site(read, material.labels, material.groups, stated)
        self.tasks = several.tasks_of(read, material, begin, report=lambda progress: None, stop=Stop(), watch=Watch())
        parts = parts_of(self.tasks[0])
        self.part = max(parts, key=lambda part: len(part.train))
        # After several parts one more training makes the networks that are kept.
        count = len(parts) + (len(parts) > 1)
        self.prepared = Prepared(len(self.tasks), len(read.phases), count, len(material.cohort))

    def member(self, number: int) -> Timed:
        """Time the member with this number."""
        from core.networks import members
        from core.networks.backend import gpus, keras, several_gpus
        from core.training.feed import FilmFeed

        keras().backend.clear_session()
        task = self.tasks[number]
        recipe, material = task.recipe, task.material
        targets = np.eye(len(material.classes), dtype=np.float32)[material.truth]
        sources = material.sources

        def feed(numbers: NDArray[np.int64], **more: Any) -> FilmFeed:
            boxes = material.boxes
            return FilmFeed(
                material.cohort.films.chosen(numbers), targets[numbers], task.steps, seed=recipe.seed,
                sources=[sources[one] for one in numbers.tolist()], boxes=None if boxes is None else boxes[numbers],
                **more,
            )  # fmt: skip

        learns = feed(self.part.train, augmentation=recipe.augmentation, balance=recipe.balance)
        judged = feed(self.part.validation[:_JUDGED]) if len(self.part.validation) else None
        each = max(_LEAST_STEPS, math.ceil(STEPS / (len(self.tasks) * len(recipe.phases))))
        done, taken, whole, held = 0, 0.0, 0.0, 0
        with several_gpus() as devices:
            member = members.build(task.architecture)
            for phase in recipe.phases:
                step, judging = _timed(member, phase, learns, judged, count=each, devices=devices)
                # Keras gives little back between steps, so that this is nearly the peak.
                taken, done, held = taken + each * step, done + each, max(held, held_bytes())
                an_epoch = math.ceil(len(learns.order(0)) / phase.batch)
                whole += phase.epochs * (an_epoch * step + len(self.part.validation) * judging)
        device = ", ".join(gpus()) or "CPU"
        return Timed(done, taken / done, whole * self.prepared.parts, held, device)


def starting_from(recipe: Recipe, start: str) -> Recipe:
    """The recipe with another start. start: "imagenet", "random", the folder of a bundle, or "" for its own word."""
    if not start:
        return recipe
    word = start if start in ("imagenet", "random") else "bundle"
    return structs.replace(recipe, network=structs.replace(recipe.network, start=word))


def held_bytes() -> int:
    """The memory that this process holds; its peak where the system tells that of this process alone."""
    memory = psutil.Process().memory_info()
    return int(getattr(memory, "peak_wset", memory.rss))


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
