"""What is kept of films and of what a reader says of them: plain records that travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.work_folders import WorkFolder

if TYPE_CHECKING:
    from core.imaging.radiograph import Facts
    from core.imaging.sources import ImageRef


@dataclass(frozen=True, slots=True)
class FilmMark:
    """Which film: by its content, wherever it lies. sha256: of the file's or member's bytes. frame: from 1."""

    sha256: str
    frame: int


@dataclass(frozen=True, slots=True)
class Study:
    """A film and what its file says of the study. member: its name in an archive.

    study_uid and patient_id are kept as keyed hashes only. patient_name, study_date and thumbnail (JPEG or PNG
    bytes) are kept as they are, so None is what a reader passes who does not want that: see study_of.
    """

    mark: FilmMark
    path: str
    study_uid: str | None = None
    patient_id: str | None = None
    patient_name: str | None = None
    study_date: str | None = None
    thumbnail: bytes | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader says of a film. agrees: None where the ensemble said nothing; finding: None where none is named.

    reader: initials. at: ISO 8601, UTC. bundle: digest of the bundle that had spoken, probabilities: what it said.
    """

    mark: FilmMark
    path: str
    finding: str | None
    agrees: bool | None
    note: str
    reader: str
    at: str
    bundle: str | None = None
    bundle_name: str | None = None
    ensemble_finding: str | None = None
    probabilities: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a film. verdict: the newest that stands. name and thumbnail: where they were to be kept."""

    read: bool
    verdict: Verdict | None
    mark: FilmMark | None = None
    name: str | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept, and where. set_aside: damaged files of before that may hold more. work: of the training
    wizard."""

    films: int
    verdicts: int
    names: int
    thumbnails: int
    recent: int
    folder: str
    set_aside: tuple[str, ...] = ()
    work: tuple[WorkFolder, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export of labels came to. rows: films written, of which disagreeing: readers disagree on them, and the
    newest verdict was taken. Left out: verdicts that name no finding, and films that a list of files cannot name
    (in an archive, a later frame, a name that is no text)."""

    rows: int
    disagreeing: int
    without_finding: int
    not_listable: int


def study_of(ref: ImageRef, sha256: str, facts: Facts, *, names: bool, thumbnail: bytes | None = None) -> Study:
    """The record of an open film. names: whether the preference says that names may be kept; the caller passes a
    thumbnail only if the preference says so."""
    return Study(
        FilmMark(sha256, ref.frame),
        ref.path,
        facts.study_uid,
        facts.patient_id,
        facts.patient_name if names else None,
        facts.study_date if names else None,
        thumbnail,
        ref.member,
    )
