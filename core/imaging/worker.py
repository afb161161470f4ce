"""What a decoder process does: opens and describes images for others (started by core.jobs under limits)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from core.imaging.limits import Limits
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef, find

if TYPE_CHECKING:
    from core.imaging.film import Film
    from core.imaging.prepare import Corrections
    from core.imaging.radiograph import Radiograph

Request = tuple[Any, ...]


def serve(limits: Limits | None = None) -> Callable[[Request], object]:
    """Give the function that answers ("open", ref), ("describe", ref), ("settle", ref, corrections),
    ("render", ref, rendering) and ("find", paths, most); the answers are a Radiograph, a Description, a Film,
    PNG bytes, and (refs, whether there are more than `most`)."""
    limits = limits or Limits()
    # The window opens a film and then settles it: some syntaxes take a second to decode, so it is done once.
    latest: list[tuple[ImageRef, Radiograph, float]] = []

    def handle(request: Request) -> object:
        kind, ref, *rest = request
        if kind == "open":
            start = perf_counter()
            radiograph = open_radiograph(ref, limits)
            latest[:] = [(ref, radiograph, perf_counter() - start)]
            return radiograph
        if kind == "describe":
            return describe(ref, limits)
        if kind == "settle":
            if latest and latest[0][0] == ref:
                return _settled(latest[0][1], rest[0], latest[0][2])
            start = perf_counter()
            radiograph = open_radiograph(ref, limits)
            return _settled(radiograph, rest[0], perf_counter() - start)
        if kind == "find":
            refs = list(islice(find(ref, limits=limits, containers=False), rest[0] + 1))
            return refs[: rest[0]], len(refs) > rest[0]
        if kind == "render":
            from core.imaging.rendering import rendered

            return rendered(open_radiograph(ref, limits), rest[0])
        raise ValueError(f"a decoder does not know the request {kind!r}")

    return handle


def _settled(radiograph: Radiograph, corrections: Corrections, read_seconds: float) -> Film:
    """No pixels but what a network needs."""
    from core.imaging.film import film_of

    return film_of(radiograph, corrections, read_seconds)
