"""What the trainer tells the window: plain records that travel between processes and into files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct

from core.errors import Reason
from core.progress import Progress
from core.training.watching import Epoch

# reading, training and judging are under way; the others rest. paused: here; stopped: by an end of the process.
Phase = Literal["empty", "reading", "training", "judging", "paused", "stopped", "done", "failed"]
Split = Literal["test", "out-of-fold", "validation"]
Kind = Literal["sensitivity", "specificity"]
Step = Literal["register", "promote"]
# A figure as core.evidence has it: value, low, high (None where it does not exist), method.
Figure = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shelving:
    """A bundle on its way onto the shelf or into use. number: of the asking; digest: what came of it, "" until then."""

    number: int
    step: Step
    busy: bool = False
    digest: str = ""
    error: Reason | None = None


@dataclass(frozen=True, slots=True)
class TrainState:
    """How the training stands. version: goes into the next look; fresh: the curves begin anew.

    member of members, part of parts: from 1, 0 before the first training; name: the member's. curves: the epochs since
    the version that was asked with; more: there are further ones. enough: somebody wants the best so far.
    shelving: what was asked of the shelf last.
    """

    version: tuple[str, int]
    fresh: bool
    phase: Phase
    folder: str | None = None
    progress: Progress | None = None
    member: int = 0
    members: int = 0
    part: int = 0
    parts: int = 0
    name: str = ""
    curves: tuple[Epoch, ...] = ()
    more: bool = False
    device: str = ""
    memory_bytes: int = 0
    error: Reason | None = None
    enough: bool = False
    result_ready: bool = False
    shelving: Shelving | None = None

    @property
    def busy(self) -> bool:
        """Whether something besides the training is under way."""
        return self.shelving is not None and self.shelving.busy


class BundleName(Struct, frozen=True):
    name: str
    version: str
    digest: str

    @property
    def words(self) -> str:
        return f"{self.name} {self.version}"


class FilmRow(Struct, frozen=True):
    """One film and what networks say of it that had not trained on it; probabilities in the order of the classes."""

    number: int
    path: str
    sha256: str
    source: str
    truth: str
    called: str
    probabilities: tuple[float, ...]
    suspicion: float
    split: Split
    group: str


class Line(Struct, frozen=True):
    """A curve of one class against the rest, or of the suspicion (name "suspicion"). area: a figure."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    area: Figure


class Bin(Struct, frozen=True):
    """Films of about the same probability of a class: what was said on average, and the share that had it."""

    said: float
    had: float
    low: float
    high: float
    films: int


class Threshold(Struct, frozen=True):
    """A point of the operating curve, on the films that may pick one; each share with its 95 % interval."""

    threshold: float
    sensitivity: float
    specificity: float
    # None in what was written before there were any.
    sensitivity_between: tuple[float, float] | None = None
    specificity_between: tuple[float, float] | None = None


class Group(Struct, frozen=True):
    """A part of the films that judged. kind: source, view, sex or age. auroc: macro, None where there is none."""

    kind: str
    name: str
    films: int
    accuracy: Figure
    auroc: Figure | None


class PickedPoint(Struct, frozen=True):
    """An operating point and what it gives. picked: on the films that it was picked on; test: on those that judge,
    None where these are the same. Both: sensitivity and specificity as figures, and films."""

    name: str
    kind: Kind | None
    wanted: float | None
    threshold: float
    words: str
    picked: Mapping[str, Any]
    test: Mapping[str, Any] | None


class SiteResult(Struct, frozen=True, kw_only=True):
    """What came of a training, all in plain data.

    bundle: the new one, in RUN/bundle; name, use: what it is to be registered as. used: the bundle in use, None where
    there is none. report, used_report: core.evidence.evaluate.report of both on the same films; compared: the paired
    difference (core.evidence.comparison: used first, the new one second); None where there is nothing to compare.
    sentence: the comparison in one sentence. locked: whether the films that judge were held back for it; openings,
    openings_bundles: how often they were opened on this PC, for how many bundles. left_out: why → films that judge
    nothing. small: the sentence that a small set must carry, else None. may_pick: why no operating point may be picked
    here, or None. confusion_by_source: source → matrix (rows: true class). groups: the worst first. shortcuts: what the
    baselines mean, in words; they_come_close: whether the networks have shown nothing. card: Markdown, as the bundle
    has it.
    """

    folder: str
    recipe: str
    bundle: BundleName
    used: BundleName | None
    name: str
    title: str
    use: str
    card: str
    classes: tuple[str, ...]
    titles: tuple[str, ...]
    suspicious: tuple[str, ...]
    films: int
    patients: int
    protocol: str
    locked: bool
    small: str | None
    may_pick: str | None
    report: Mapping[str, Any]
    used_report: Mapping[str, Any] | None
    compared: Mapping[str, Any] | None
    sentence: str
    openings: int
    openings_bundles: int
    left_out: Mapping[str, int]
    warnings: tuple[str, ...]
    point: PickedPoint
    operating: tuple[Threshold, ...]
    roc: tuple[Line, ...]
    pr: tuple[Line, ...]
    reliability: Mapping[str, tuple[Bin, ...]]
    confusion: tuple[tuple[int, ...], ...]
    confusion_by_source: Mapping[str, tuple[tuple[int, ...], ...]]
    groups: tuple[Group, ...]
    shortcuts: str
    they_come_close: bool
    rows: tuple[FilmRow, ...]
