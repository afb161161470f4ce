"""What the screening process tells the window: plain records that travel between processes, no engine behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from core.errors import Reason
from core.progress import Progress

Phase = Literal["empty", "starting", "running", "stopping", "resting"]

# As many rows in one answer as cost the window a few milliseconds.
BATCH_ROWS = 500


class Brief(NamedTuple):
    """A row of the table. suspicion, finding and probabilities (in the order of the run's classes): None when the
    film was not assessed. reasons: the worst first. study: its pseudonym."""

    number: int
    name: str
    frame: int
    status: str
    finding: str | None
    suspicion: float | None
    refer: bool | None
    reasons: tuple[Reason, ...]
    view: str | None
    study: str | None
    sha256: str | None
    probabilities: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the bundle with its 95 % interval; source says of which films, films how many."""

    name: str
    value: float
    low: float
    high: float
    source: str
    films: int | None


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point and what it gave on the films that it was picked on."""

    name: str
    threshold: float
    picked_for: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What all rows of a run have in common.

    points: of its bundle, the run's own first; test: the bundle's figures of referral on its locked test, at the
    first of the bundle's points, whose threshold is test_threshold; mix: class → films of that test.
    known: False when the bundle is not on this PC any more, so that nothing can be said of thresholds.
    """

    classes: tuple[str, ...]
    titles: Mapping[str, str]
    bundle: str
    version: str
    engine: str
    device: str
    precision: str
    points: tuple[Point, ...] = ()
    test: tuple[Figure, ...] = ()
    test_threshold: float | None = None
    mix: Mapping[str, int] = field(default_factory=dict)
    known: bool = True


@dataclass(frozen=True, slots=True)
class State:
    """How a run stands, and what is new since the version that the caller named.

    version: to name at the next look. fresh: the rows are those of another run, or from the beginning again.
    more: rows are left, ask again at once. gone: numbers of rows that are no longer current. counts: current rows by
    status, "found" are those that wait. error: why the last pass ended early. note: about the engine.
    """

    version: tuple[str, int]
    fresh: bool
    phase: Phase
    folder: str | None = None
    roots: tuple[str, ...] = ()
    progress: Progress | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False
    listed: bool = False
    stopped: bool = False
    rows: tuple[Brief, ...] = ()
    gone: tuple[int, ...] = ()
    more: bool = False
    error: Reason | None = None
    note: str | None = None
    faults: int = 0
    about: About | None = None


def figures(entries: Any) -> tuple[Figure, ...]:
    """The figures of a bundle's description as plain records."""
    return tuple(Figure(one.name, one.value, one.low, one.high, one.source, one.films) for one in entries)
