"""Open an image, or describe it: the one door through which bytes become radiographs."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import BinaryIO

from core.errors import HilumError, ImageFailed, ImageRefused, Reason, reason
from core.imaging import kinds
from core.imaging.content import failure_of, opened
from core.imaging.facts import Description, Status, status_of
from core.imaging.learnt import Learnt
from core.imaging.limits import Limits
from core.imaging.radiograph import Radiograph
from core.imaging.sources import ImageRef


def open_radiograph(ref: ImageRef, limits: Limits | None = None) -> Radiograph:
    """Read one frame of an image file. Raises only ImageRefused and ImageFailed.

    Decode hostile files in a worker (core.imaging.worker): time and memory are bounded there, not here.
    """
    return _read(ref, limits or Limits(), Learnt())


def describe(ref: ImageRef, limits: Limits | None = None) -> Description:
    """Facts and reasons of a file, of archives and directories too; never raises ImageRefused or ImageFailed.

    One frame is decoded and thrown away: that a picture is whole cannot be known without.
    """
    limits, learnt = limits or Limits(), Learnt()
    try:
        listed = _listed(ref, limits)
        if listed is not None:
            return Description(ref, "opened", (listed,))
        radiograph = _read(ref, limits, learnt)
    except (ImageRefused, ImageFailed) as error:
        status: Status = "refused" if isinstance(error, ImageRefused) else "failed"
        return Description(ref, status, (error.reason, *learnt.reasons), learnt.facts)
    return described(radiograph)


def described(radiograph: Radiograph) -> Description:
    """What `describe` says of a file that is open already."""
    return Description(
        radiograph.ref,
        status_of(radiograph.reasons),
        radiograph.reasons,
        radiograph.facts,
        radiograph.sha256,
        pixels_sha256(radiograph),
    )


def pixels_sha256(radiograph: Radiograph) -> str:
    """Of shape, kind and stored values: equal for the same pixels under another header or compression."""
    stored = radiograph.stored
    digest = hashlib.sha256(f"{stored.shape} {stored.dtype.str} ".encode())
    digest.update(stored.data)
    return digest.hexdigest()


def _read(ref: ImageRef, limits: Limits, learnt: Learnt) -> Radiograph:
    try:
        with opened(ref, limits) as file:
            radiograph = _by_kind(file, ref, limits, learnt)
            file.seek(0)
            learnt.sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError as error:
        raise failure_of(error) from error
    return replace(radiograph, sha256=learnt.sha256, reasons=tuple(learnt.reasons))


def _by_kind(file: BinaryIO, ref: ImageRef, limits: Limits, learnt: Learnt) -> Radiograph:
    file.seek(0)
    first = file.read(kinds.FIRST_BYTES)
    kind = kinds.kind_of(first)
    if kind is None:
        foreign = kinds.foreign_kind(first)
        raise ImageRefused("unsupported-format", format=foreign) if foreign else ImageRefused("not-an-image")
    if kind == "ZIP":
        if ref.member is not None:
            raise ImageRefused("unsafe-archive", what="it lies in another archive")
        from core.imaging import archives

        archives.members(ref, limits)
        raise ImageRefused("a-container")
    ending = kinds.contradicted_ending(ref.name, kind)
    if ending is not None:
        learnt.add("wrong-extension", present=ending, actual=kind.removeprefix("headerless "))
    if kind == "DICOM" or kind == "headerless DICOM":  # noqa: PLR1714 - mypy narrows by ==, not by `in`
        from core.imaging.dicom import reading

        return reading.read(file, ref, kind != "DICOM", limits, learnt)
    from core.imaging import raster

    return raster.read(file, ref, kind, limits, learnt)


def _listed(ref: ImageRef, limits: Limits) -> Reason | None:
    """The note for an archive or a DICOMDIR that can be listed; None for anything else."""
    from core.imaging import archives
    from core.imaging.dicom import directory

    members = archives.members(ref, limits) if ref.member is None else None
    if members is not None:
        return reason("archive-listed", count=f"{len(members):,}")
    try:
        found = directory.listing(ref, limits)
    except HilumError:
        return None
    return reason("directory-listed", count=f"{found.count:,}", missing=f"{found.missing:,}")
