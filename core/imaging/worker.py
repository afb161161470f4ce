"""What a decoder process does: opens and describes images for others (started by core.jobs under limits)."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from core.imaging.limits import Limits
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef

if TYPE_CHECKING:
    from core.imaging.prepare import Corrections

Request = tuple[Any, ...]


def serve(limits: Limits | None = None) -> Callable[[Request], object]:
    """Give the function that answers ("open", ref), ("describe", ref), ("settle", ref, corrections) and
    ("render", ref, rendering); the answers are a Radiograph, a Description, the tuple of `_settled`, PNG bytes."""
    limits = limits or Limits()

    def handle(request: Request) -> object:
        kind, ref, *rest = request
        if kind == "open":
            return open_radiograph(ref, limits)
        if kind == "describe":
            return describe(ref, limits)
        if kind == "settle":
            return _settled(ref, rest[0], limits)
        if kind == "render":
            from core.imaging.rendering import rendered

            return rendered(open_radiograph(ref, limits), rest[0])
        raise ValueError(f"a decoder does not know the request {kind!r}")

    return handle


def _settled(ref: ImageRef, corrections: Corrections, limits: Limits) -> tuple[object, ...]:
    """(Settled, Facts, Looks, reasons, sha256, seconds of reading and of preparing): no pixels but what a network needs."""
    from core.imaging.looks import look
    from core.imaging.prepare import settle

    start = perf_counter()
    radiograph = open_radiograph(ref, limits)
    read = perf_counter()
    settled = settle(radiograph, corrections)
    looks = look(radiograph, settled)
    seconds = (read - start, perf_counter() - read)
    return settled, radiograph.facts, looks, radiograph.reasons, radiograph.sha256, seconds
