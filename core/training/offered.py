"""What core.training.offers answers: plain records that travel to the window."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle to start from. members: their backbones. problem: why it cannot be used, in a sentence; "" if it can."""

    folder: str
    name: str
    version: str
    title: str
    digest: str
    shipped: bool
    in_use: bool
    classes: tuple[str, ...]
    members: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """What lies on one side of a cut: layers of backbone and head, numbers in them, batch normalisations."""

    layers: int
    parameters: int
    norms: int


@dataclass(frozen=True, slots=True)
class Ruler:
    """One member in one phase. cut: number of the first layer that learns (the input is layer 0), first: its name.

    sizes: parameters of every layer in order; norms: the numbers of the batch normalisations; still: how many of
    those after the cut keep what they have.
    """

    member: str
    phase: str
    frozen: Side
    learns: Side
    cut: int
    first: str
    sizes: tuple[int, ...]
    norms: tuple[int, ...]
    still: int
