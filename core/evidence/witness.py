"""One labelled film as the evaluation needs it: for the networks, for the baselines, and to know it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from core.cohort.hashes import Hashes, mirrored_hash, perceptual_hash
from core.evidence import baselines
from core.imaging.film import Film, film_of
from core.imaging.limits import Limits
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef


@dataclass(frozen=True, slots=True)
class Witness:
    """A film made ready. thumbnail, file_facts: as in core.evidence.baselines; hashes: as in core.cohort.hashes."""

    film: Film
    thumbnail: NDArray[np.float32]
    file_facts: NDArray[np.float32]
    perceptual: Hashes
    mirrored: Hashes


def serve(limits: Limits | None = None) -> Callable[[object], Witness]:
    """For core.jobs: asked with an ImageRef, answers with its Witness; refuses and fails as open_radiograph does."""
    own = limits or Limits()

    def handle(request: object) -> Witness:
        if not isinstance(request, ImageRef):
            raise TypeError(f"a request is an ImageRef, got {type(request)}")
        start = perf_counter()
        radiograph = open_radiograph(request, own)
        film = film_of(radiograph, read_seconds=perf_counter() - start)
        display = radiograph.display()
        return Witness(
            film,
            baselines.thumbnail(display),
            baselines.file_facts(display, Path(request.path).stat().st_size),
            perceptual_hash(film.settled.pixels),
            mirrored_hash(film.settled.pixels),
        )

    return handle
