"""The window's decoder: what every decoder does, and listing; it keeps the film that it opened last.

The window opens a film, and then settles it, perhaps several times under other corrections. Some syntaxes take a
second to decode, so that is done once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import perf_counter
from typing import Any

from core.imaging import worker
from core.imaging.limits import Limits
from core.imaging.radiograph import Radiograph
from core.imaging.sources import ImageRef, find

Request = tuple[Any, ...]


def serve(limits: Limits | None = None) -> Callable[[Request], object]:
    """Give the function that answers ("find", paths, most) → (refs, whether there are more), and all that
    core.imaging.worker answers."""
    bounds = limits or Limits()
    decoder = worker.serve(bounds)
    latest: tuple[ImageRef, Radiograph, float] | None = None

    def handle(request: Request) -> object:
        nonlocal latest
        match request:
            case ("find", paths, most):
                refs = list(islice(find(paths, limits=bounds, containers=False), most + 1))
                return refs[:most], len(refs) > most
            case ("open", ref):
                start, latest = perf_counter(), None
                radiograph = decoder(request)
                assert isinstance(radiograph, Radiograph)
                latest = ref, radiograph, perf_counter() - start
                return radiograph
            case ("settle", ref, corrections) if latest is not None and latest[0] == ref:
                from core.imaging.film import film_of

                return film_of(latest[1], corrections, latest[2])
        return decoder(request)

    return handle
