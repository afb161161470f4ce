"""Is this the kind of film that the members know? Two questions to the members' own pooled features.

*Frontal*: which side of a plane, between known frontal films and pictures that are none (other pictures, and the
known films themselves turned, negative or cut). *Novel*: how much of the features lies outside the directions in
which known films differ. Both are scaled so that 1 is the limit; a film's score is the larger one.
Sources: Fisher 1936 for the plane; Hotelling's residual (Jackson & Mudholkar 1979) for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import clockwise
from core.imaging.prepare import Settled
from core.inference.bundles import Bundle

Features = Mapping[str, NDArray[np.float32]]
Floats = NDArray[np.float64]

FILE = "novelty.npz"
_DIRECTIONS = 40
_RIDGE = 1.0
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Novelty:
    """Statistics as arrays (novelty.npz) and the score from which a film is refused; words say what they come from."""

    arrays: Mapping[str, NDArray[np.float32]]
    threshold: float = 1.0
    words: str = ""

    @staticmethod
    def of(bundle: Bundle) -> Novelty | None:
        """A bundle's own, read without pickles; None when it has none."""
        entry = bundle.description.novelty
        if entry is None:
            return None
        with np.load(bundle.path(entry.file), allow_pickle=False) as file:
            return Novelty({name: file[name] for name in file.files}, entry.threshold, entry.words)


def score(novelty: Novelty, features: Features) -> Floats:
    """(films,) scores from pooled features, member → (films, features); above `threshold` a film is refused.

    Not-finite features give infinity.
    """
    arrays = {name: array.astype(np.float64) for name, array in novelty.arrays.items()}
    joined = np.concatenate([features[name].astype(np.float64) for name in sorted(features)], axis=1)
    usable = np.isfinite(joined).all(axis=1)
    standard = (np.where(usable[:, None], joined, 0) - arrays["mean"]) / arrays["spread"]
    parts = _parts(standard, arrays["plane"], arrays["axes"])
    scaled = (parts - arrays["middle"]) / np.maximum(arrays["limit"] - arrays["middle"], 1e-9)
    return np.where(usable, scaled.max(axis=1), np.inf)


def learnt(
    known: Features,
    other: Features,
    *,
    groups: Sequence[str] | None = None,
    passing: float = 0.99,
    words: str = "",
) -> Novelty:
    """Learn from features of known frontal films and of pictures that are none, member → (films, features).

    groups: the hospital of every known film; in each of them at least the share `passing` of the films passes
    (out of fold, both questions together). A hundred known films or more. The result is the same in every run.
    """
    names = sorted(known)
    good = np.concatenate([known[name].astype(np.float64) for name in names], axis=1)
    bad = np.concatenate([other[name].astype(np.float64) for name in names], axis=1)
    mean, spread = good.mean(axis=0), good.std(axis=0) + 1e-3
    good, bad = (good - mean) / spread, (bad - mean) / spread
    # In-sample scores flatter: every film is scored by statistics that have not seen it.
    parts = np.empty((len(good), 2))
    fold = np.arange(len(good)) % _FOLDS
    for number in range(_FOLDS):
        parts[fold == number] = _parts(good[fold == number], *_directions(good[fold != number], bad))
    plane, axes = _directions(good, bad)
    middle = np.median(parts, axis=0)
    hospitals = np.array(groups if groups is not None else ["all"] * len(good))
    share = 1 - (1 - passing) / parts.shape[1]
    limit = np.max([np.quantile(parts[hospitals == one], share, axis=0) for one in np.unique(hospitals)], axis=0)
    arrays = {"mean": mean, "spread": spread, "plane": plane, "axes": axes, "middle": middle, "limit": limit}
    return Novelty({name: array.astype(np.float32) for name, array in arrays.items()}, 1.0, words)


def unknown_scores(known: Features, other: Features, groups: Sequence[str], *, passing: float = 0.99) -> Floats:
    """(films,) the score of every known film by statistics that were learnt without its hospital, as `learnt` does.

    How films of hospitals that nobody had will score. Two hospitals or more (ValueError otherwise).
    """
    place = np.asarray(groups)
    if len(np.unique(place)) < 2:
        raise ValueError("films of one hospital say nothing of others")
    scores = np.empty(len(place))
    for one in np.unique(place):
        own = place == one
        rest = {name: values[~own] for name, values in known.items()}
        found = learnt(rest, other, groups=place[~own].tolist(), passing=passing)
        scores[own] = score(found, {name: values[own] for name, values in known.items()})
    return scores


def spoiled(film: Settled) -> tuple[Settled, ...]:
    """What a frontal film is not: its negative, turned by 90, 180 and 270 degrees, its halves and its middle.

    Learnt as pictures to refuse, so that a declared correction is asked for instead of a wrong answer given.
    """
    pixels = film.pixels
    height, width = pixels.shape
    cut = (
        pixels[:, : width // 2],
        pixels[:, width // 2 :],
        pixels[: height // 2],
        pixels[height // 2 :],
        pixels[height // 4 : height - height // 4, width // 4 : width - width // 4],
    )
    turned = (clockwise(degrees).apply(pixels) for degrees in (90, 180, 270))
    pictures = (np.uint16(65535) - pixels, *turned, *cut)
    return tuple(Settled(np.ascontiguousarray(picture), np.eye(3)) for picture in pictures)


def _directions(good: Floats, bad: Floats) -> tuple[Floats, Floats]:
    """The plane's normal (features,), growing towards what is no frontal film, and the axes of known differences."""
    within = np.cov(good.T) + 0.5 * np.cov(bad.T)
    plane = np.linalg.solve(within + _RIDGE * np.eye(good.shape[1]), bad.mean(axis=0) - good.mean(axis=0))
    _u, _s, axes = np.linalg.svd(good - good.mean(axis=0), full_matrices=False)
    # With few features there would be nothing left outside.
    return plane, axes[: min(_DIRECTIONS, good.shape[1] // 3)]


def _parts(standard: Floats, plane: Floats, axes: Floats) -> Floats:
    """(films, 2): along the plane's normal, and outside the axes."""
    inside = standard @ axes.T
    outside = np.sqrt(np.maximum((standard**2).sum(axis=1) - (inside**2).sum(axis=1), 0))
    return np.stack([standard @ plane, outside], axis=1)
