"""What the sides of a comparison share: the same bundle, the same fitted inputs, one way of taking time.

A side is a process of its own (core.jobs): TensorFlow and OpenVINO would take each other's threads in one. It is
asked with ("load", films), ("time", number of the film, repeats) and ("answer", number of the film).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.imaging.prepare import Fitted, Settled, fit
from core.inference.bundles import Bundle

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Film:
    """A film as every side gets it: settled, and fitted for each member by the bundle's own steps."""

    settled: Settled
    fitted: Mapping[str, Fitted]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a side found, to prove that all of them do the same job.

    probabilities: (classes,) of the ensemble. maps: a member's Grad-CAM of every class before its ReLU.
    """

    probabilities: NDArray[np.float64]
    maps: Mapping[str, Floats]


class Side(Protocol):
    """The job: from fitted inputs to the ensemble's probabilities and the maps of all members and classes."""

    def assess(self, film: Film) -> object: ...
    def answer(self, film: Film) -> Answer: ...


def handler(bundle: Bundle, side: Side) -> Callable[[object], Any]:
    """What core.jobs calls in the side's process."""
    films: list[Film] = []

    def handle(request: object) -> Any:
        match request:
            case ("load", list(settled)):
                films[:] = [fitted(bundle, each) for each in settled]
                for film in films:  # warmed: compiled, traced, in the caches
                    side.assess(film)
                return len(films)
            case ("time", int(number), int(repeats)):
                return seconds(lambda: side.assess(films[number % len(films)]), repeats)
            case ("answer", int(number)):
                return side.answer(films[number % len(films)])
        raise TypeError(f"not a request of a bench: {request!r}")

    return handle


def fitted(bundle: Bundle, settled: Settled) -> Film:
    return Film(settled, {member.name: fit(settled, bundle.input(member).steps) for member in bundle.members})


def seconds(job: Callable[[], object], repeats: int) -> float:
    """The median of some repeats."""
    taken = []
    for _ in range(repeats):
        start = perf_counter()
        job()
        taken.append(perf_counter() - start)
    return median(taken)


def mean_probabilities(bundle: Bundle, logits: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """The ensemble's probabilities from (classes,) of each member, in two lines, for the other sides."""
    total = sum(member.weight * each.astype(np.float64) for member, each in zip(bundle.members, logits, strict=True))
    powers = np.exp(total / bundle.description.temperature)
    shares: NDArray[np.float64] = powers / powers.sum()
    return shares
