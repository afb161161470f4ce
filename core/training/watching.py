"""What a training tells while it goes on: where it stands, and each epoch when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from core.progress import Stop

Kind = Literal["reading", "training", "judging"]


@dataclass(frozen=True, slots=True)
class Stage:
    """kind: films are read, networks trained, or what came out is judged and made into a bundle.

    member of members: the network of the ensemble; part of parts: the split or fold (both from 1; the network that is
    kept after folds is one part more). name: the member's. device: what computes, once that is known.
    """

    kind: Kind
    member: int = 0
    members: int = 0
    part: int = 0
    parts: int = 0
    name: str = ""
    device: str = ""


class Epoch(NamedTuple):
    """A row of the learning curves: numbers as in core.training.fit; None without validation films."""

    part: int
    member: int
    name: str
    phase: str
    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    rate: float
    seconds: float


def epoch_of(stage: Stage, row: Mapping[str, Any]) -> Epoch:
    return Epoch(stage.part, stage.member, stage.name, *(row[name] for name in Epoch._fields[3:]))


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told. enough: asked together with the run's stop by someone who wants the best so far as a bundle."""

    on_stage: Callable[[Stage], None] = lambda stage: None
    on_epoch: Callable[[Epoch], None] = lambda row: None
    enough: Stop = field(default_factory=Stop)
