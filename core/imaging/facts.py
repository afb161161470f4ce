"""What a file says of itself, and what reading it came to: plain data, without arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import Reason
from core.imaging.sources import ImageRef

Status = Literal["opened", "caution", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Spacing:
    """Millimetres from one pixel to the next, and what they are measured on (dicom.md 1.7)."""

    row_mm: float
    column_mm: float
    kind: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the file says of itself; None where it does not. Texts hold no control characters.

    age_years is the stated age, or the time from birth to study. laterality is the side of the body that the
    image shows, not a statement about mirroring. burned_in: "YES", "NO" or None.
    """

    format: str
    modality: str | None = None
    sop_class: str | None = None
    body_part: str | None = None
    view: str | None = None
    laterality: str | None = None
    orientation: str | None = None
    patient_name: str | None = None
    patient_id: str | None = None
    sex: str | None = None
    age_years: float | None = None
    birth_date: str | None = None
    study_date: str | None = None
    study_description: str | None = None
    series_description: str | None = None
    accession: str | None = None
    maker: str | None = None
    model: str | None = None
    presentation_intent: str | None = None
    spacing: Spacing | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    sop_uid: str | None = None
    transfer_syntax: str | None = None
    lossy: bool = False
    rows: int | None = None
    columns: int | None = None
    frames: int | None = None
    bits_stored: int | None = None
    photometric: str | None = None
    burned_in: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What `describe` says of a file. sha256 is of the file's bytes, pixels_sha256 of the stored values of the frame;
    both are None when it was not opened."""

    ref: ImageRef
    status: Status
    reasons: tuple[Reason, ...]
    facts: Facts | None = None
    sha256: str | None = None
    pixels_sha256: str | None = None


def status_of(reasons: tuple[Reason, ...]) -> Status:
    """The status that a file's reasons add up to."""
    worst = {one.severity for one in reasons}
    if "refusal" in worst:
        return "refused"
    return "failed" if "failure" in worst else "caution" if "caution" in worst else "opened"
