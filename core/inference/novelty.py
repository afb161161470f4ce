"""How far a film is from the films that the members know, in the members' own features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Features = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Novelty:
    """Statistics as arrays (saved as novelty.npz) and the score from which a film is refused.

    words says from which films and at which share of known films the threshold was set.
    """

    arrays: Mapping[str, NDArray[np.float32]]
    threshold: float
    words: str = ""


def learnt(known: Features, *, passing: float = 0.98, other: Features | None = None) -> Novelty:
    """Learn from pooled features, member → (films, features), of known frontal films of several hospitals.

    passing: the share of the known films that shall pass. other: features of pictures that are not frontal chest
    films, if there are any.
    """
    raise NotImplementedError  # written next; the signature stands
