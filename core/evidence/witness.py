"""One labelled film as evaluation and training need it: for the networks, for the baselines, and to know it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import psutil
from numpy.typing import NDArray

from core.cohort.hashes import Hashes, mirrored_hash, perceptual_hash
from core.evidence import baselines
from core.imaging.film import Film, film_of
from core.imaging.limits import Limits
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.jobs import Answer, Pool
from core.progress import Stop

_AHEAD = 4  # films a decoder: enough to keep it busy, few enough to hold
_WORTH_ANOTHER = 20  # films that pay for the start of one more decoder


@dataclass(frozen=True, slots=True)
class Witness:
    """A film made ready. thumbnail, hog, file_facts: see core.evidence.baselines; hashes: see core.cohort.hashes."""

    film: Film
    thumbnail: NDArray[np.float32]
    hog: NDArray[np.float32]
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
            baselines.hog(display),
            baselines.file_facts(display, Path(request.path).stat().st_size),
            perceptual_hash(film.settled.pixels),
            mirrored_hash(film.settled.pixels),
        )

    return handle


def witnesses(paths: Sequence[Path], stop: Stop | None = None) -> Iterator[tuple[int, Answer]]:
    """Open files in other processes, under limits; pairs of a file's number and its answer, as decoders finish."""
    limits = Limits()
    count = max(1, min(psutil.cpu_count(logical=False) or 1, len(paths) // _WORTH_ANOTHER))
    with Pool(
        "core.evidence.witness:serve", count=count, seconds=limits.decode_seconds, memory_bytes=limits.memory_bytes
    ) as pool:
        for index, path in enumerate(paths):
            whole = path.resolve()
            pool.submit(index, ImageRef(str(whole), None, 1, str(whole.parent)))
            if pool.pending >= _AHEAD * count:
                yield from _indexed(pool)
            if stop is not None and stop.asked:
                break
        while pool.pending:
            yield from _indexed(pool)


def _indexed(pool: Pool) -> list[tuple[int, Answer]]:
    return [(int(str(key)), answer) for key, answer in pool.results()]
