"""Some real steps of a training, in a process of their own, so that time and memory are known before it starts.

The weights are random: they change nothing in how long a step takes. What was held is given back with the process.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from msgspec import structs
from numpy.typing import NDArray

from core.progress import Progress, Stop
from core.training import recipes, several, splitting
from core.training.material import gather, labels_for
from core.training.recipe import Phase, Recipe
from core.training.run import Task, attended, parts_of
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
    """What the steps of the member of this name took. seconds: all its training, judging included, at most.
    memory_bytes: the most held."""

    name: str
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
        self.scratch = Path(cache)
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

        each = max(_LEAST_STEPS, math.ceil(STEPS / (len(self.tasks) * len(recipe.phases))))
        done, taken, whole, held = 0, 0.0, 0.0, 0
        with several_gpus() as devices, TemporaryDirectory(prefix=".hilum-", dir=self.scratch) as folder:
            member = members.build(task.architecture)
            # As core.training.run does it, with what a phase asks for beside the classes.
            learns = feed(
                self.part.train, augmentation=recipe.augmentation, balance=recipe.balance,
                **attended(task, member, self.part),
            )  # fmt: skip
            judging = self._judging(member, task)
            for place, phase in enumerate(recipe.phases):
                own = Path(folder) / str(place)
                steps, step = _timed(member, learns, phase, count=each, folder=own, devices=devices)
                # Keras gives little back between steps, so that this is nearly the peak.
                taken, done, held = taken + steps * step, done + steps, max(held, held_bytes())
                an_epoch = math.ceil(len(learns.order(0)) / phase.batch)
                whole += phase.epochs * (an_epoch * step + len(self.part.validation) * judging)
        device = ", ".join(gpus()) or "CPU"
        name = task.name or recipe.network.backbone
        return Timed(name, done, taken / done, whole * self.prepared.parts, held, device)

    def _judging(self, member: Any, task: Task) -> float:
        """Seconds for the look at one film of the validation part."""
        from core.training.feed import outputs

        films = task.material.cohort.films.chosen(self.part.validation[:_JUDGED])
        if not len(films):
            return 0.0
        outputs(member.model, films, task.steps)  # makes the graph
        begun = perf_counter()
        outputs(member.model, films, task.steps)
        return (perf_counter() - begun) / len(films)


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


def _timed(member: Any, feed: Any, phase: Phase, *, count: int, folder: Path, devices: Any) -> tuple[int, float]:
    """How many steps were done and the seconds of one: the training engine itself, stopped after some steps.

    Nothing is judged in between, whose time is measured apart, and a small set goes through as many epochs as it needs.
    """
    from core.training.fit import fit

    epochs = math.ceil((count + 1) / math.ceil(len(feed.order(0)) / phase.batch)) + 1
    phase = structs.replace(phase, epochs=epochs, schedule="constant", early_stop=None, keep="last")

    stop = Stop()
    moments: list[float] = []

    def report(_progress: Progress) -> None:
        moments.append(perf_counter())
        if len(moments) > count:
            stop.ask()

    fit(member, feed, None, (phase,), seed=0, folder=folder, report=report, stop=stop, devices=devices)
    # The first one makes the graph.
    return len(moments), float(np.median(np.diff(moments))) if len(moments) > 1 else 0.0
