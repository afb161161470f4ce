"""The window's decoder: what every decoder does, listing, small pictures; it keeps the film that it opened last.

The window opens a film, and then settles it, perhaps several times under other corrections. Some syntaxes take a
second to decode, so that is done once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import HilumError
from core.imaging import worker
from core.imaging.facts import Description
from core.imaging.limits import Limits
from core.imaging.radiograph import Radiograph
from core.imaging.reading import describe, described
from core.imaging.sources import ImageRef, find

Request = tuple[Any, ...]


def serve(limits: Limits | None = None) -> Callable[[Request], object]:
    """Give the function that answers

    ("find", paths, most) → (refs, whether there are more),
    ("thumbnail", ref, side) → (Description, (rows, columns) uint8 or None where the file is no film),
    and all that core.imaging.worker answers.
    """
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
            case ("thumbnail", ref, side):
                return _glance(ref, side, latest[1] if latest is not None and latest[0] == ref else None)
        return decoder(request)

    def _glance(ref: ImageRef, side: int, shown: Radiograph | None) -> tuple[Description, NDArray[np.uint8] | None]:
        try:
            radiograph = shown or decoder(("open", ref))
        except HilumError:
            # It says what could be learnt of the file before it was refused.
            return describe(ref, bounds), None
        assert isinstance(radiograph, Radiograph)
        return described(radiograph), thumbnail(radiograph, side)

    return handle


def thumbnail(radiograph: Radiograph, side: int) -> NDArray[np.uint8]:
    """The film as read under its first window, its longer edge `side` pixels, or fewer where it has fewer itself."""
    import cv2

    picture = radiograph.as_read()
    shrink = min(1.0, side / max(picture.shape))
    rows, columns = (max(1, round(edge * shrink)) for edge in picture.shape)
    small: NDArray[np.uint8] = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    return small
