"""bundle.json, format 1: what it must say, as typed values, and what contradicts itself (design.md section 4)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import Struct

from core.errors import BundleRefused
from core.imaging import prepare

FORMAT = 1
_LARGEST_SIDE = 1024


class ClassEntry(Struct, frozen=True):
    """One class: its name in rows, its title and sentence for people, and its code (SNOMED CT where one exists)."""

    name: str
    title: str
    sentence: str
    code: str | None = None


class IntendedUse(Struct, frozen=True):
    """What the bundle is meant for; the gate compares a film's facts with it. ages: years, both ends belong to it."""

    ages: tuple[float, float]
    views: tuple[str, ...]
    intents: tuple[str, ...]
    population: str


class NetworkInput(Struct, frozen=True):
    """What a member takes: (rows, columns, channels) and the steps of core.imaging.prepare that make it."""

    rows: int
    columns: int
    channels: int
    steps: tuple[dict[str, Any], ...]


class FileEntry(Struct, frozen=True):
    """A file of the bundle: its path inside, with / between parts, and its SHA-256."""

    path: str
    sha256: str


class MemberFiles(Struct, frozen=True):
    """weights: Keras .weights.h5. graph, graph_weights: OpenVINO .xml and .bin."""

    weights: FileEntry
    graph: FileEntry
    graph_weights: FileEntry


class MemberEntry(Struct, frozen=True):
    """One network. cell_to_square: 3×3 affine of continuous (row, column), map → input pixels.

    Cell i covers [i, i + 1); the affine carries its centre to the centre of what it sees (core.networks.placement).
    conversion: how far the graph was from Keras when it was written.
    """

    name: str
    architecture: dict[str, Any]
    files: MemberFiles
    parameters: int
    weight: float
    cell_to_square: tuple[tuple[float, float, float], ...]
    input: NetworkInput | None = None
    conversion: dict[str, float] | None = None


class Figure(Struct, frozen=True):
    """A published figure with its 95 % interval, the number of films and where it comes from."""

    name: str
    value: float
    low: float
    high: float
    source: str
    films: int | None = None


class OperatingPoint(Struct, frozen=True):
    """Refer when suspicion ≥ threshold; picked_for says why this threshold, figures what it gave there."""

    name: str
    threshold: float
    picked_for: str
    figures: tuple[Figure, ...] = ()


class Abstention(Struct, frozen=True):
    """When the ensemble abstains: spread above max_spread, or suspicion within margin of the operating point."""

    words: str
    max_spread: float | None = None
    margin: float | None = None


class NoveltyEntry(Struct, frozen=True):
    """Where the statistics of the members' features are, and the score from which a film is refused."""

    file: str
    threshold: float
    words: str = ""


class Description(Struct, frozen=True):
    """bundle.json, format 1. suspicion: the classes whose probabilities add up to it. files: path → SHA-256.

    class_mix: "training", "validation", "test" → class → films. lungs: the digest of the lungs bundle that its lung
    frame uses. A bundle of kind "lungs" has one member and one class; its suspicion and operating points say nothing.
    """

    format: int
    kind: Literal["ensemble", "lungs"]
    name: str
    version: str
    title: str
    classes: tuple[ClassEntry, ...]
    intended_use: IntendedUse
    input: NetworkInput
    members: tuple[MemberEntry, ...]
    temperature: float
    map_scale: dict[str, float]
    suspicion: tuple[str, ...]
    operating_points: tuple[OperatingPoint, ...]
    abstention: Abstention
    class_mix: dict[str, dict[str, int]]
    licence: str
    files: dict[str, str]
    figures: tuple[Figure, ...] = ()
    novelty: NoveltyEntry | None = None
    lungs: str | None = None


def parsed(content: bytes) -> tuple[dict[str, Any], Description]:
    """bundle.json as it stands and as typed values. Refuses what contradicts itself."""
    try:
        raw = msgspec.json.decode(content)
        if not isinstance(raw, dict) or not isinstance(raw.get("format"), int):
            raise msgspec.ValidationError("it is not a bundle's description")
        # Before anything else: a newer format may differ in every other field.
        if raw["format"] != FORMAT:
            raise BundleRefused("bundle-format", present=raw["format"], known=FORMAT)
        description = msgspec.json.decode(content, type=Description)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleRefused("bundle-unreadable", what=error) from error
    for wrong in _contradictions(description):
        raise BundleRefused("bundle-unreadable", what=wrong)
    for inside, _sha256 in all_files(description):
        if not is_safe(inside):
            raise BundleRefused("bundle-unsafe", what=inside)
    for entry in (description.input, *(member.input for member in description.members if member.input)):
        _try_steps(entry)
    return raw, description


def all_files(description: Description) -> Iterator[tuple[str, str]]:
    """Every file that bundle.json names, with its SHA-256, in a fixed order."""
    for member in description.members:
        for entry in (member.files.weights, member.files.graph, member.files.graph_weights):
            yield entry.path, entry.sha256
    yield from sorted(description.files.items())


_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?<!\.)")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps for itself


def is_safe(inside: str) -> bool:
    """Whether a path stays inside the bundle on every system: plain names, no "..", no drive, no device."""
    return len(inside) < 200 and all(
        _PART.fullmatch(part) and not _DEVICES.fullmatch(part) for part in inside.split("/")
    )


def _contradictions(description: Description) -> Iterator[str]:
    """What is wrong with a description whose types are right."""
    d = description
    classes = [entry.name for entry in d.classes]
    members = [member.name for member in d.members]
    numbers = [d.temperature, *d.map_scale.values(), *(member.weight for member in d.members)]
    if not all(math.isfinite(number) and number > 0 for number in numbers):
        yield "a weight, scale or temperature is not a positive number"
    if not members or len(set(members)) != len(members):
        yield "its members are missing or share a name"
    if not all(is_safe(name) and "/" not in name for name in (*members, d.name)):
        yield "a name holds signs that file names cannot hold"
    if abs(sum(member.weight for member in d.members) - 1) > 1e-6:
        yield "the members' weights do not add up to 1"
    if any(len(member.cell_to_square) != 3 for member in d.members):
        yield "cell_to_square is not a 3 × 3 matrix"
    steps = [step for entry in (d.input, *(m.input for m in d.members if m.input)) for step in entry.steps]
    if prepare.needs_lungs(steps) and not d.lungs:
        yield "it has a lung frame and does not state its lungs bundle"
    if "card.md" not in d.files:
        yield "it has no card"
    if d.kind == "lungs":
        if len(members) != 1 or len(classes) != 1 or set(d.map_scale) != set(classes):
            yield "a lungs bundle has one member and one class, with its map_scale"
        if d.lungs or prepare.needs_lungs(steps):
            yield "a lungs bundle cannot need another one"
        return
    if len(classes) < 2 or len(set(classes)) != len(classes):
        yield "its classes are missing or share a name"
    if set(d.map_scale) != set(classes):
        yield "map_scale does not name the classes"
    if not d.suspicion or not set(d.suspicion) < set(classes):
        yield "suspicion does not name some of the classes"
    if not d.operating_points or not all(0 <= point.threshold <= 1 for point in d.operating_points):
        yield "an operating point is missing or outside 0 … 1"
    if any(not set(mix) <= set(classes) for mix in d.class_mix.values()):
        yield "the class mix names a class that is not there"
    if d.novelty is not None and d.novelty.file not in d.files:
        yield "the novelty statistics are not among its files"


def _try_steps(entry: NetworkInput) -> None:
    """Refuse steps that this program lacks or that do not lead to the stated input, on an empty film."""
    sides = [entry.rows, entry.columns, *(step.get(key, 1) for step in entry.steps for key in ("rows", "columns"))]
    if not all(isinstance(side, int) and 1 <= side <= _LARGEST_SIDE for side in sides):
        raise BundleRefused("bundle-unreadable", what=f"an input side is not within 1 … {_LARGEST_SIDE}")
    film = prepare.Settled(np.zeros((64, 64), np.uint16), np.eye(3))
    try:
        # With a box and without one: what a frame makes of a film must fit too.
        shapes = {prepare.fit(film, entry.steps, box).pixels.shape for box in (None, (16.0, 16.0, 48.0, 48.0))}
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BundleRefused("bundle-unreadable", what=f"a step cannot be used ({error})") from error
    if shapes != {(entry.rows, entry.columns, entry.channels)}:
        raise BundleRefused("bundle-unreadable", what=f"its steps give {sorted(shapes)}")
