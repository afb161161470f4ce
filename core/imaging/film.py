"""What the gate and the networks need of a radiograph: small enough to travel between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

from core.errors import Reason
from core.imaging.looks import Looks, look
from core.imaging.prepare import Corrections, Settled, settle
from core.imaging.radiograph import Facts, Radiograph


@dataclass(frozen=True, slots=True)
class Film:
    """path: what the row shows. read_seconds, prepare_seconds: what opening and settling took."""

    path: str
    frame: int
    sha256: str
    settled: Settled
    facts: Facts
    looks: Looks
    reasons: tuple[Reason, ...]
    corrections: Corrections = field(default_factory=Corrections)
    read_seconds: float = 0.0
    prepare_seconds: float = 0.0


def film_of(radiograph: Radiograph, corrections: Corrections | None = None, read_seconds: float = 0.0) -> Film:
    """Settle a radiograph with what its reader declared about it, and measure its looks."""
    corrections = corrections or Corrections()
    start = perf_counter()
    settled = settle(radiograph, corrections)
    looks = look(radiograph, settled)
    return Film(
        radiograph.ref.name,
        radiograph.frame,
        radiograph.sha256,
        settled,
        radiograph.facts,
        looks,
        radiograph.reasons,
        corrections,
        read_seconds,
        perf_counter() - start,
    )
