"""How often each film is drawn and how much it counts, so that neither a class nor a source decides by its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_UNDERSAMPLING = 7001  # keeps this draw apart from those of the epochs


def weights(labels: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
    """A weight for every film; they add up to the number of films.

    Every class has the same sum; a film of a source with n films of its class counts ∝ 1/√n, so that a source
    counts ∝ √n: neither the largest source decides alone, nor is a handful of films blown up.
    """
    cells = list(zip(labels, sources, strict=True))
    size = Counter(cells)
    raw = np.array([1 / np.sqrt(size[cell]) for cell in cells])
    answer = np.empty(len(cells))
    names = np.array(labels)
    classes = sorted(set(labels))
    for name in classes:
        own = names == name
        answer[own] = raw[own] / raw[own].sum()
    return answer * len(cells) / len(classes)


def one_pass(weight: NDArray[np.float64], count: int, seed: int, number: int) -> NDArray[np.int64]:
    """The films of pass `number`, drawn in proportion to their weights, in the order in which they are seen.

    Systematic drawing: a film of weight w comes ⌊w·count/n⌋ or one more times, never by bad luck not at all.
    """
    draw = np.random.default_rng([seed, number])
    # A shuffled line of films: neighbours in the labels would else exclude each other.
    order = draw.permutation(len(weight))
    edges = np.cumsum((weight / weight.sum())[order]) * count
    chosen = order[np.searchsorted(edges, np.arange(count) + draw.random(), side="right").clip(max=len(weight) - 1)]
    return np.asarray(draw.permutation(chosen), np.int64)


def source_prior(
    sources: Sequence[str],
    classes: NDArray[np.intp],
    count: int,
    drawn: NDArray[np.float64] | None = None,
    least: float = 0.02,
) -> NDArray[np.float32]:
    """log p(class | source) of every film, (films, count), as films are drawn; `least` is given to every class.

    Added to the logits while a network learns, it explains what the source alone tells, and the network has to explain
    the rest: logit adjustment (Menon et al. 2021) by the source in place of the class.
    """
    drawn = np.ones(len(sources)) if drawn is None else drawn
    names, number = np.unique(np.asarray(sources), return_inverse=True)
    mass = np.zeros((len(names), count))
    np.add.at(mass, (number, classes), drawn)
    shares = mass / mass.sum(axis=1, keepdims=True) + least
    return np.asarray(np.log(shares / shares.sum(axis=1, keepdims=True))[number], np.float32)


def class_weights(classes: NDArray[np.intp]) -> NDArray[np.float32]:
    """What each film counts in the loss: n / (classes · films of its class), as scikit-learn's "balanced" has it."""
    size = np.bincount(classes)
    return np.asarray(len(classes) / (np.count_nonzero(size) * size[classes]), np.float32)


def undersampled(classes: NDArray[np.intp], seed: int) -> NDArray[np.int64]:
    """The films that stay, in their order: of every class as many as the rarest has; the same for the same seed."""
    draw = np.random.default_rng([seed, _UNDERSAMPLING])
    size = np.bincount(classes)
    least = int(size[size > 0].min())
    kept = [draw.permutation(np.flatnonzero(classes == number))[:least] for number in np.flatnonzero(size)]
    return np.asarray(np.sort(np.concatenate(kept)), np.int64)
