"""What the models page is told: plain data, so that the window needs none of what it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import Reason
from core.progress import Progress

Phase = Literal["working", "done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """weight: its share in the ensemble's logits; the shares of a bundle add up to 1."""

    name: str
    backbone: str
    parameters: int
    weight: float


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle on the shelf. With a problem, what it says of itself is unknown and empty.

    key: what to call it by in requests: its digest, or its folder's name where it cannot be read. classes: name →
    title. points: as in core.inference.worker.about. knows_films: whether it says which films it has seen.
    """

    key: str
    folder: str
    shipped: bool
    in_use: bool
    problem: Reason | None
    name: str
    kind: str = "ensemble"
    version: str = ""
    title: str = ""
    digest: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    suspicion: tuple[str, ...] = ()
    members: tuple[MemberRow, ...] = ()
    temperature: float = 1.0
    points: tuple[Mapping[str, Any], ...] = ()
    card: str = ""
    knows_films: bool = True


@dataclass(frozen=True, slots=True)
class LogLine:
    """Who put which bundle into use, when (UTC, ISO 8601), and how: "promote" or "rollback"."""

    when: str
    who: str
    action: str
    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """Every bundle, those of the program first; the log, newest first; can_go_back: whether a rollback would work."""

    bundles: tuple[BundleRow, ...]
    log: tuple[LogLine, ...]
    can_go_back: bool


@dataclass(frozen=True, slots=True)
class Task:
    """Long work: what it is about, how far, and what came of it (result by the request, see core.models.desk)."""

    number: int
    what: str
    phase: Phase
    progress: Progress | None = None
    result: Any = None
    error: Reason | None = None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label of the site's films; to: the class of the bundle that has the same name, else None."""

    label: str
    films: int
    to: str | None


@dataclass(frozen=True, slots=True)
class Proven:
    """One engine and the bundle's proof: how far a probability was off, and a map as a share of its scale."""

    engine: str
    device: str
    precision: str
    films: int
    probability: float
    map: float


@dataclass(frozen=True, slots=True)
class Verified:
    """missing: the engines that this PC does not have, with why."""

    proofs: tuple[Proven, ...]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Films:
    """The labelled films that were judged. left_out: why → how many. warning: a sentence to heed, or ""."""

    films: int
    patients: int
    by_class: Mapping[str, int]
    left_out: Mapping[str, int]
    small: str | None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A figure and its 95 % interval over patients; None where it does not exist."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What the ensemble would score with other weights, and the difference to its own on the same films."""

    weights: tuple[float, ...]
    auroc: Span
    log_loss: Span
    accuracy: Span
    better_by: Span


@dataclass(frozen=True, slots=True)
class Compared:
    """Two bundles on the same films. rows: (figure, first, second, second minus first). sentence: the answer."""

    first: str
    second: str
    films: Films
    rows: tuple[tuple[str, Span, Span, Span], ...]
    sentence: str
    openings: int | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """Films of about the same probability: what was said on average, and how many of `films` had it, with interval."""

    said: float
    found: float
    low: float
    high: float
    films: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """curves: "suspicion" and every class → bins. The figures are of the same probabilities."""

    curves: Mapping[str, tuple[Bin, ...]]
    log_loss: Span
    expected_error: Span
    slope: Span


@dataclass(frozen=True, slots=True)
class Calibrated:
    """before: with the bundle's own temperature. after: each film with one that was fitted on the other patients.

    temperature: fitted on all films, for the new bundle. why_not: why nothing may be adopted; None when it may.
    """

    films: Films
    own_temperature: float
    temperature: float
    before: Reliability
    after: Reliability
    better_by: Span
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point on the site's films. sensitivity and specificity: what it gives on these same films."""

    kind: Literal["specificity", "sensitivity"]
    wanted: float
    threshold: float
    sensitivity: Span
    specificity: Span


@dataclass(frozen=True, slots=True)
class LegacyLook:
    """What stands in a Keras file. backbone: its name in our table. sides: rows, columns, channels of its input.

    outputs: classes that it tells apart. layers: with weights. ends: how it gives its answer ("softmax", …).
    """

    path: str
    backbone: str
    sides: tuple[int, int, int]
    outputs: int
    layers: int
    parameters: int
    ends: str


@dataclass(frozen=True, slots=True)
class LegacyWish:
    """What the file does not say. classes: (name, title), in the order of its outputs; normal: which of them is none
    of the suspicious ones. values: "0..1", "-1..1", "0..255", "caffe" or "torch". fit: "stretch" or "letterbox"."""

    name: str
    title: str
    classes: tuple[tuple[str, str], ...]
    normal: str
    values: str
    fit: Literal["stretch", "letterbox"]
    population: str


@dataclass(frozen=True, slots=True)
class LegacyTaken:
    """The bundle that was made, and how far its OpenVINO form is from the Keras file on `images` pictures."""

    digest: str
    name: str
    version: str
    images: int
    probability: float
