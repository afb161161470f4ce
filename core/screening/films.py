"""A decoder of a run: opens films and makes them ready for the engine, and for the journal to recognise them by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import cast

import cv2
import numpy as np

from core.imaging import worker
from core.imaging.film import Film
from core.imaging.limits import Limits
from core.imaging.prepare import Settled, resized
from core.imaging.radiograph import Facts
from core.inference.assessment import Assessment
from core.screening.journal import Result
from core.screening.pseudonyms import pseudonym

THUMBNAIL_SIDE = 128

# What names a person or a file and says nothing of the picture: two copies under other names are the same film.
_NAMES = frozenset(
    ("patient_name", "patient_id", "birth_date", "study_date", "accession", "study_uid", "series_uid", "sop_uid")
)
_FACTS = tuple(field.name for field in fields(Facts) if field.name not in _NAMES)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A film ready to be assessed, and everything of its row that the assessment does not hold."""

    film: Film
    content: str
    pixels: str
    sop: str | None
    patient: str | None
    name: str | None
    thumbnail: bytes

    def with_assessment(self, assessment: Assessment) -> Result:
        """The film's row."""
        return Result(
            assessment,
            self.content,
            self.pixels,
            self.sop,
            self.patient,
            self.name,
            self.film.facts.burned_in,
            self.thumbnail,
        )


def serve(limits: Limits, key: bytes) -> Callable[[object], object]:
    """Give the function that answers ("settle", ref, corrections) with a Decoded. key: the run's.

    In the decoder's process: what a film costs beyond decoding is spread over all cores too.
    """
    # There are as many decoders as cores: threads of their own would only get in each other's way.
    cv2.setNumThreads(1)
    settle = worker.serve(limits)

    def handle(request: object) -> object:
        return _decoded(cast(Film, settle(cast(worker.Request, request))), key)

    return handle


def _decoded(film: Film, key: bytes) -> Decoded:
    settled, facts = film.settled, film.facts
    pixels = hashlib.sha256(settled.pixels.data)
    pixels.update(repr((settled.pixels.shape, settled.masked_share)).encode())
    content = pixels.copy()
    told = repr(([getattr(facts, name) for name in _FACTS], film.looks, film.reasons, film.corrections))
    content.update(told.encode("utf-8", "surrogateescape"))
    return Decoded(
        film,
        content.hexdigest(),
        pixels.hexdigest(),
        # Frames of one file share its identifier and differ in their pixels; that is no contradiction.
        pseudonym(key, facts.sop_uid and f"{facts.sop_uid} {film.frame}"),
        pseudonym(key, facts.patient_id),
        # Case and empty parts are spelling, not another person (PS3.5 6.2.1).
        pseudonym(key, facts.patient_name and facts.patient_name.strip().strip("^").casefold()),
        _thumbnail(settled),
    )


def _thumbnail(settled: Settled) -> bytes:
    rows, columns = settled.pixels.shape
    shrink = min(1.0, THUMBNAIL_SIDE / max(rows, columns))
    small = resized(settled.pixels, max(1, round(rows * shrink)), max(1, round(columns * shrink)))
    _done, jpeg = cv2.imencode(".jpg", (small >> 8).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return jpeg.tobytes()
