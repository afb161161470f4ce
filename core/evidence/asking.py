"""A bundle asked about settled films as arrays: what changes a film for an experiment has no file to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.imaging.prepare import Fitted, Settled, fit, needs_lungs
from core.inference import ensemble, heatmap
from core.inference.bundles import Bundle
from core.inference.engines.base import Engine, Output
from core.inference.lungs import LungFinder, Lungs, area_in

Film = NDArray[np.uint16]
Floats = NDArray[np.float64]
Map = NDArray[np.float32]
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Answers:
    """What the members say of n films, in their order: logits (n, classes) and pooled features (n, k), by member."""

    logits: Mapping[str, NDArray[np.float32]]
    features: Mapping[str, NDArray[np.float32]]


@dataclass(slots=True)
class Looked:
    """Where they looked: the class against the rest, (classes, rows, columns) on each film's grid.

    ensemble: one entry a film; members: the same for each; insides: how much of each cell is lung, 0…1.
    """

    ensemble: list[Map] = field(default_factory=list)
    members: dict[str, list[Map]] = field(default_factory=dict)
    insides: list[Floats] = field(default_factory=list)


class Asker:
    """Keeps a bundle and its finder of lungs, and asks as core.inference.assessing does, without its gate.

    engine: open already. finder: None where the bundle has no lung frame and nobody asks about lungs.
    """

    def __init__(self, bundle: Bundle, engine: Engine, finder: LungFinder | None) -> None:
        self.bundle, self.engine, self.finder = bundle, engine, finder
        self.frames = any(needs_lungs(bundle.input(member).steps) for member in bundle.members)
        self._weights = [member.weight for member in bundle.members]
        self._suspicious = [bundle.classes.index(name) for name in bundle.description.suspicion]

    @property
    def suspicious(self) -> list[int]:
        """The numbers of the classes whose probabilities add up to the suspicion."""
        return list(self._suspicious)

    def lungs(self, films: Sequence[Film]) -> list[Lungs]:
        """The lungs of every film. Raises ValueError without a finder."""
        if self.finder is None:
            raise ValueError("there is no lungs bundle to find lungs with")
        return self.finder.find_many([_settled(film) for film in films])

    def boxes(self, films: Sequence[Film]) -> Floats:
        """(films, 4) boxes for the lung frame, found now; NaN where none were found or no member has a frame."""
        return frames_of(self.lungs(films)) if self.frames else np.full((len(films), 4), np.nan)

    def ask(self, films: Sequence[Film], boxes: Floats) -> Answers:
        """What every member says of the films, framed by these boxes."""
        said = [(part, self._run(part, boxes[start : start + len(part)])) for start, part in _parts(films)]
        logits, features = {}, {}
        for member in self.bundle.members:
            outputs = [ran[member.name][1] for _part, ran in said]
            logits[member.name] = np.concatenate([output.logits for output in outputs])
            features[member.name] = np.concatenate([output.features for output in outputs])
        return Answers(logits, features)

    def assess(self, films: Sequence[Film]) -> Floats:
        """Probabilities (films, classes), the lungs found on the films as they are."""
        return self.framed(films, self.boxes(films))

    def framed(self, films: Sequence[Film], boxes: Floats) -> Floats:
        """Probabilities (films, classes), framed by these boxes."""
        return self.probabilities(self.ask(films, boxes))

    def probabilities(self, answers: Answers) -> Floats:
        """The ensemble's, (films, classes)."""
        joined = sum(
            weight * own.astype(np.float64) for weight, own in zip(self._weights, answers.logits.values(), strict=True)
        )
        return ensemble.softmax(np.asarray(joined) / self.bundle.description.temperature)

    def of_members(self, answers: Answers) -> dict[str, Floats]:
        """Every member's own probabilities at the bundle's temperature."""
        heat = self.bundle.description.temperature
        return {name: ensemble.softmax(own.astype(np.float64) / heat) for name, own in answers.logits.items()}

    def spread(self, answers: Answers) -> Floats:
        """(films,) standard deviation of the members' probabilities of the ensemble's finding."""
        finding = self.probabilities(answers).argmax(axis=1)
        own = np.stack(list(self.of_members(answers).values()))
        return np.asarray(own[:, np.arange(len(finding)), finding].std(axis=0))

    def looked(self, films: Sequence[Film], lungs: Sequence[Lungs]) -> Looked:
        """The maps of the films whose lungs these are, framed by them; map scales left out."""
        found = Looked(members={member.name: [] for member in self.bundle.members})
        ones = np.ones(len(self.bundle.classes), np.float32)
        for start, part in _parts(films):
            ran = self._run(part, frames_of(lungs[start : start + len(part)]))
            for index, film in enumerate(part):
                opinion = ensemble.joined(
                    [output.logits[index] for _fitted, output in ran.values()],
                    self._weights,
                    self.bundle.description.temperature,
                    self._suspicious,
                )
                fitted = {name: one[index] for name, (one, _output) in ran.items()}
                outputs = {name: output for name, (_fitted, output) in ran.items()}
                maps = heatmap.combined(
                    heatmap.of_members(self.bundle, fitted, outputs, index),
                    opinion,
                    _settled(film),
                    weights=self._weights,
                    classes=self.bundle.classes,
                    map_scale=ones,
                )
                found.ensemble.append(maps.values)
                for name, values in maps.members.items():
                    found.members[name].append(values)
                found.insides.append(area_in(lungs[start + index], *maps.values.shape[1:]))
        return found

    def _run(self, films: Sequence[Film], boxes: Floats) -> dict[str, tuple[list[Fitted], Output]]:
        ran = {}
        for member in self.bundle.members:
            steps = self.bundle.input(member).steps
            fitted = [fit(_settled(film), steps, box) for film, box in zip(films, boxes, strict=True)]
            ran[member.name] = fitted, self.engine.run(member.name, np.stack([one.pixels for one in fitted]))
        return ran


def frames_of(lungs: Sequence[Lungs]) -> Floats:
    """(films, 4) the boxes for a lung frame; NaN where there is none."""
    return np.array([one.frame or (np.nan,) * 4 for one in lungs], np.float64).reshape(-1, 4)


def _settled(film: Film) -> Settled:
    return Settled(np.asarray(film), np.eye(3))


def _parts(films: Sequence[Film]) -> Iterator[tuple[int, list[Film]]]:
    for start in range(0, len(films), _AT_ONCE):
        yield start, [np.asarray(films[number]) for number in range(start, min(start + _AT_ONCE, len(films)))]
