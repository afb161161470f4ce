"""What is left of the figures when the lungs are taken away, when only the lungs are left, and when only the rest is.

A network that still tells the classes apart without lungs tells films apart by something else. The frame is that of
the film as it was: on a film without lungs none could be found, and the whole film would be another question. The
blackened lungs keep their outline, which can say something of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.evidence import metrics
from core.evidence.intervals import interval, intervals
from core.evidence.metrics import Floats, Statistic
from core.inference.lungs import Lungs

Film = NDArray[np.uint16]
Mask = NDArray[np.bool_]
Assess = Callable[[Sequence[Film], NDArray[np.float64]], Floats]
"""Settled films, and the boxes (films, 4) to frame them by → probabilities (films, classes)."""

_RIM = 0.02  # of the film's width: the found edge of a lung is some pixels off, and must not peep out
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to hide a part of the film. hide: the film and its lungs → the part to make black."""

    name: str
    words: str
    hide: Callable[[Film, Lungs], Mask]


def occluded(
    films: Sequence[Film],
    lungs: Sequence[Lungs],
    assess: Assess,
    truth: NDArray[np.intp],
    *,
    groups: Sequence[str],
    classes: Sequence[str],
    sources: Sequence[str] = (),
    pairs: Sequence[tuple[str, int, int]] = (),
) -> dict[str, Any]:
    """Accuracy and AUROC of the films as they are and under every condition, on the films whose lungs were found.

    truth: class numbers; lungs: of each film. pairs: (source, class, other class) to tell apart within one source.
    Gives films, left_out (no lungs found) and conditions {name: {words, figures, better_by, within}}: better_by is what
    the whole film's mean AUROC has more, in pairs; figures have their intervals over groups.
    """
    kept = np.array([number for number, one in enumerate(lungs) if one.found], np.intp)
    found: dict[str, Any] = {"films": len(kept), "left_out": len(films) - len(kept), "conditions": {}}
    if not len(kept):
        return found
    true, own = truth[kept], np.asarray(groups)[kept]
    places = np.asarray(sources)[kept] if len(sources) else np.full(len(kept), "")
    whole: Statistic | None = None
    for condition in CONDITIONS:
        parts = [assess(part, boxes) for part, boxes in _hidden(films, lungs, kept, condition)]
        shares = np.asarray(np.concatenate(parts), np.float64)
        every = metrics.statistics(true, shares, classes)
        wanted = {name: every[name] for name in ("accuracy", "balanced_accuracy", "auroc/macro")}
        wanted |= {f"auroc/{name}": every[f"auroc/{name}"] for name in classes}
        if whole is None:
            whole = every["auroc/macro"]
        else:
            wanted["better_by"] = metrics.minus(whole, every["auroc/macro"])
        figures = {name: one.as_json() for name, one in intervals(wanted, own).items()}
        found["conditions"][condition.name] = {
            "words": condition.words,
            "better_by": figures.pop("better_by", None),
            "figures": figures,
            "within": [
                row for pair in pairs if (row := _within(pair, true, shares, groups=own, sources=places)) is not None
            ],
        }
    return found


def _within(
    pair: tuple[str, int, int],
    truth: NDArray[np.intp],
    shares: Floats,
    *,
    groups: NDArray[Any],
    sources: NDArray[Any],
) -> dict[str, Any] | None:
    source, one, other = pair
    here = (sources == source) & np.isin(truth, (one, other))
    if len(np.unique(truth[here])) < 2:
        return None
    odds = np.log(shares[here, one] + 1e-12) - np.log(shares[here, other] + 1e-12)
    auroc = interval(metrics.auroc(truth[here] == one, odds), groups[here])
    return {"source": source, "pair": [one, other], "films": int(here.sum()), "auroc": auroc.as_json()}


def _hidden(
    films: Sequence[Film], lungs: Sequence[Lungs], kept: NDArray[np.intp], condition: Condition
) -> Iterator[tuple[list[Film], NDArray[np.float64]]]:
    for start in range(0, len(kept), _AT_ONCE):
        part, boxes = [], []
        for number in kept[start : start + _AT_ONCE]:
            film = np.asarray(films[number])
            part.append(np.where(condition.hide(film, lungs[number]), np.uint16(0), film))
            boxes.append(lungs[number].frame or (np.nan,) * 4)
        yield part, np.array(boxes, np.float64)


def _nothing(film: Film, lungs: Lungs) -> Mask:
    return np.zeros(film.shape, np.bool_)


def _lungs(film: Film, lungs: Lungs) -> Mask:
    side = 2 * max(1, round(_RIM * film.shape[1])) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(lungs.mask.astype(np.uint8), brush), np.bool_)


def _all_but_lungs(film: Film, lungs: Lungs) -> Mask:
    return np.asarray(~lungs.mask)


def _box(film: Film, lungs: Lungs) -> Mask:
    assert lungs.box is not None
    top, left, bottom, right = (round(side) for side in lungs.box)
    hidden = np.zeros(film.shape, np.bool_)
    hidden[top:bottom, left:right] = True
    return hidden


# The first one is what the others are compared with.
CONDITIONS = (
    Condition("whole", "the film as it is", _nothing),
    Condition("lungs-blackened", "lungs blackened", _lungs),
    Condition("lungs-only", "only the lungs left", _all_but_lungs),
    Condition("border-only", "only the border left: the whole box around the lungs blackened", _box),
)
