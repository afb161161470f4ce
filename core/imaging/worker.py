"""What a decoder process does: opens and describes images for others (started by core.jobs under limits)."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from core.imaging.limits import Limits
from core.imaging.reading import describe, open_radiograph

Request = tuple[Any, ...]


def serve(limits: Limits | None = None) -> Callable[[Request], object]:
    """Give the function that answers

    ("open", ref) → Radiograph, ("describe", ref) → Description,
    ("settle", ref, corrections) → core.imaging.film.Film, ("render", ref, rendering) → bytes of a PNG,
    ("open-and-settle", ref, corrections) → (Film, Radiograph).
    """
    # Before the first file, whose seconds are counted: on a busy machine an import takes longer than a film.
    from core.imaging import raster  # noqa: F401
    from core.imaging.dicom import reading  # noqa: F401

    bounds = limits or Limits()

    def handle(request: Request) -> object:
        match request:
            case ("describe", ref):
                return describe(ref, bounds)
            case ("open", ref):
                return open_radiograph(ref, bounds)
            case ("settle" | "open-and-settle", ref, corrections):
                from core.imaging.film import film_of

                start = perf_counter()
                radiograph = open_radiograph(ref, bounds)
                film = film_of(radiograph, corrections, perf_counter() - start)
                return film if request[0] == "settle" else (film, radiograph)
            case ("render", ref, rendering):
                from core.imaging.rendering import rendered

                return rendered(open_radiograph(ref, bounds), rendering)
        raise ValueError(f"a decoder knows describe, open, settle and render, got {request!r}")

    return handle
