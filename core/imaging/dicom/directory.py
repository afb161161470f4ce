"""A DICOMDIR: which files it names, found inside its own folder only (PS3.10 section 8)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.errors import ImageRefused
from core.imaging import archives
from core.imaging.content import opened
from core.imaging.dicom.scan import Structure
from core.imaging.dicom.structure import media_class, structure
from core.imaging.kinds import FIRST_BYTES, kind_of
from core.imaging.limits import Limits
from core.imaging.sources import ImageRef

DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_FILE_ID = 0x00041500
_COMPONENT = re.compile(r"[A-Z0-9_]{1,64}")
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Listing:
    """present: absolute paths of files that are there, each once. missing: how many are named but not there."""

    present: tuple[str, ...] = ()
    missing: int = 0

    @property
    def count(self) -> int:
        return len(self.present) + self.missing


def listing(ref: ImageRef, limits: Limits) -> Listing:
    """What a DICOMDIR names. Refuses "not-an-image" when the file is none, and what the scan refuses."""
    with opened(ref, limits) as file:
        if kind_of(file.read(FIRST_BYTES)) != "DICOM":
            raise ImageRefused("not-an-image")
        if media_class(file, limits) != DIRECTORY_CLASS:
            raise ImageRefused("not-an-image")
        names = _file_ids(structure(file, limits, listed_tag=_FILE_ID))
    found_in = _files_beside(ref, limits)
    present: dict[str, None] = {}
    missing = 0
    for name in names:
        path = found_in(name)
        if path is None:
            missing += 1
        else:
            present[path] = None
    return Listing(tuple(present), missing)


def _file_ids(outline: Structure) -> list[tuple[str, ...]]:
    found = []
    for element in outline.records:
        if not 0 < element.length <= _MOST_BYTES:
            continue
        outline.file.seek(element.offset)
        text = outline.file.read(element.length).decode("latin-1").rstrip("\0 ")
        found.append(tuple(part.strip() for part in text.split("\\")))
    return found


def _files_beside(ref: ImageRef, limits: Limits) -> Callable[[tuple[str, ...]], str | None]:
    """How to find what a DICOMDIR names: in its folder, or among the members of its archive."""
    if ref.member is None:
        return partial(_found, str(Path(ref.path).parent))
    folder = ref.member.rpartition("/")[0]
    members = {name.casefold(): name for name in archives.members(replace(ref, member=None), limits) or ()}
    return lambda parts: members.get("/".join((*([folder] if folder else []), *parts)).casefold())


def _found(folder: str, parts: tuple[str, ...]) -> str | None:
    """The file inside the folder, by any case of its letters (ISO 9660 mounts); None when it is not there."""
    path = Path(folder)
    for part in parts:
        # Nothing but capitals, digits and _ is allowed, so no name can lead out of the folder.
        if not _COMPONENT.fullmatch(part.upper()):
            return None
        spellings = (path / name for name in (part, part.lower(), part.upper()))
        found = next((one for one in spellings if os.path.lexists(one)), None)
        if found is None or found.is_symlink():
            return None
        path = found
    return str(path) if path.is_file() else None
