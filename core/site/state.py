"""What the process of a site's films tells the window: plain records that travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.errors import Reason
from core.progress import Progress
from core.site.plan import Allowed, ClassChoice, SiteFilm

# failed: the place could not be listed, or not all of it was read. empty and ready rest too; in the others something
# is under way.
Phase = Literal["empty", "listing", "reading", "ready", "checking", "timing", "failed"]
Severity = Literal["blocker", "warning", "note"]
Table = tuple[tuple[str, ...], ...]

# As many films in one answer as cost the window a few milliseconds.
BATCH_FILMS = 500


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A label of the site: films that can be used and their patients, those left out, those that cannot be read."""

    label: str
    films: int
    patients: int
    excluded: int
    problems: int


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A class as chosen: what it would be trained on. known: the start's bundle has it too."""

    name: str
    title: str
    films: int
    patients: int
    known: bool
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the films that whoever trains on them should know.

    blocker: solve it (todo says how), or acknowledge it in words where that makes sense (may_acknowledge); warning:
    look at it; note: know it. numbers: the films that it is about. table: its first row is the heading.
    """

    code: str
    severity: Severity
    title: str
    meaning: str
    todo: str
    numbers: tuple[int, ...] = ()
    table: Table | None = None
    may_acknowledge: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of the grid: what a network would be shown. draw: 0 for the film without any change, else which."""

    number: int
    label: str
    draw: int
    picture: bytes


@dataclass(frozen=True, slots=True)
class Preview:
    """What a network will see. members: the networks that will be trained, by name; member: the number of this one."""

    members: tuple[str, ...]
    member: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What real steps on this PC came to. seconds_for_all: the whole training of all networks at most (it may stop
    early), judging and preparing left out; memory_bytes: the most that the training's process held. each: (name,
    seconds of a step, seconds of all its training) of every network."""

    steps: int
    seconds_a_step: float
    memory_bytes: int
    seconds_for_all: float
    members: int
    device: str
    each: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SiteState:
    """How the site's films stand, and what is new since the version that the caller named.

    version: to name at the next look; fresh: films start from the beginning. films: those that are new or changed;
    more: others are left, look again at once. total: files in the list. labels: every label of the site. classes:
    what the choices make of them, together what they allow. bundle_classes: (name, title) of the bundle in use.
    findings: of the last check, None when nothing was checked since the last change. error: of a place that could not
    be listed, or of the last thing done. folder: where the plan is kept.
    """

    version: tuple[str, int]
    fresh: bool
    phase: Phase
    place: str = ""
    folder: str = ""
    progress: Progress | None = None
    films: tuple[SiteFilm, ...] = ()
    more: bool = False
    total: int = 0
    labels: tuple[LabelCount, ...] = ()
    choices: tuple[ClassChoice, ...] = ()
    classes: tuple[ClassCount, ...] = ()
    together: Allowed | None = None
    bundle_classes: tuple[tuple[str, str], ...] = ()
    bundle_title: str = ""
    findings: tuple[Finding, ...] | None = None
    acknowledged: Mapping[str, str] = field(default_factory=dict)
    dry_run: DryRun | None = None
    error: Reason | None = None
