"""From trained members to an ensemble's constants: what each says of the films, map scales, abstention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence.calibration import log_loss
from core.imaging.prepare import Box, Settled, Step, fit
from core.inference import ensemble, heatmap
from core.networks.members import Member
from core.training.augmentation import Film
from core.training.feed import outputs

Floats = NDArray[np.float64]
# Above this share of the validation films' spreads the members disagree more than is usual.
USUAL_SPREAD = 0.95


@dataclass(frozen=True, slots=True)
class Said:
    """What one member says of many films: logits (films, classes), features (films, k), maps (films, classes, h, w)."""

    logits: NDArray[np.float32]
    features: NDArray[np.float32]
    maps: NDArray[np.float32]


def said(
    member: Member, films: Sequence[Film], steps: Sequence[Step], boxes: NDArray[np.float64] | None = None
) -> Said:
    """boxes: (films, 4), of the lungs, for a lung frame among the steps; NaN where none were found."""
    found = outputs(member.with_maps, films, steps, boxes)
    return Said(found["logits"], found["features"], found["maps"])


def joined_logits(answers: Sequence[NDArray[Any]], weights: Sequence[float]) -> Floats:
    """Σ wₘ·zₘ of the members' logits (films, classes), in the members' order."""
    total = np.zeros(answers[0].shape)
    for weight, logits in zip(weights, answers, strict=True):
        total += weight * logits.astype(np.float64)
    return total


def fitted_to_mix(logits: NDArray[Any], truth: NDArray[np.intp]) -> tuple[Floats, float]:
    """Offsets (classes,) that add up to 0, and the temperature, with which softmax((z + offset) / T) fits best.

    Training counts classes equally; probabilities that shall hold for the films' mix need the mix put back
    (Saerens et al. 2002). The offsets go into the members' biases, so that a bundle needs the temperature only.
    """
    from scipy.optimize import minimize

    z = np.asarray(logits, np.float64)
    count = z.shape[1]

    def loss(values: Floats) -> float:
        return log_loss((z + values[:count] - values[:count].mean()) / np.exp(values[count]), truth)

    found = minimize(loss, np.zeros(count + 1), method="BFGS").x
    return np.asarray(found[:count] - found[:count].mean()), float(np.exp(found[count]))


def spreads(answers: Sequence[NDArray[Any]], weights: Sequence[float], temperature: float) -> Floats:
    """(films,) standard deviation of the members' probabilities of the ensemble's finding."""
    finding = joined_logits(answers, weights).argmax(1)
    own = np.stack([ensemble.softmax(np.asarray(logits, np.float64) / temperature) for logits in answers])
    return np.asarray(own[:, np.arange(len(finding)), finding].std(0))


def map_scale(
    members: Mapping[str, tuple[Member, Sequence[Step], Said]],
    films: Sequence[Film],
    weights: Sequence[float],
    temperature: float,
    classes: Sequence[str],
    *,
    boxes: NDArray[np.float64] | None = None,
) -> dict[str, float]:
    """A class's 95th percentile of the films' largest values on the ensemble's class-against-the-rest map.

    Made by the same code that draws heatmaps, so that 1 on the screen is what it was here. A class for which nothing
    ever spoke takes the largest scale of the others (1 when there is none): maps are divided by it.
    """
    largest = np.stack(list(_largest(members, films, weights, temperature, classes, boxes=boxes)))
    found = np.percentile(largest, 95, axis=0)
    found[found <= 0] = found.max() if found.max() > 0 else 1.0
    return {name: float(found[place]) for place, name in enumerate(classes)}


def _largest(
    members: Mapping[str, tuple[Member, Sequence[Step], Said]],
    films: Sequence[Film],
    weights: Sequence[float],
    temperature: float,
    classes: Sequence[str],
    *,
    boxes: NDArray[np.float64] | None,
) -> Iterator[Floats]:
    ones = np.ones(len(classes), np.float32)
    for place, film in enumerate(films):
        settled = Settled(np.asarray(film), np.eye(3))
        box = None if boxes is None else _box(boxes[place])
        own: dict[str, heatmap.MemberMaps] = {}
        logits = []
        for name, (member, steps, answer) in members.items():
            fitted = fit(settled, steps, box)
            rows, columns = fitted.pixels.shape[:2]
            own[name] = heatmap.MemberMaps(
                answer.maps[place], (rows, columns), member.cell_to_square, fitted.fitted_to_settled
            )
            logits.append(answer.logits[place])
        opinion = ensemble.joined(np.stack(logits), weights, temperature, [0])
        maps = heatmap.combined(own, opinion, settled, weights=weights, classes=classes, map_scale=ones)
        yield np.asarray(maps.values.max(axis=(1, 2)), np.float64)


def _box(row: NDArray[np.float64]) -> Box | None:
    top, left, bottom, right = (float(value) for value in row)
    return None if np.isnan(top) else (top, left, bottom, right)
