"""Which images lie at the paths that a user names: files, folders, DICOMDIR, ZIP; streamed, never unpacked."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from core.errors import HilumError
from core.imaging.limits import Limits

Frames = Literal["first", "all"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where an image is; cheap, and can be pickled.

    path: absolute path of the file or archive. member: its name in an archive. frame: from 1.
    root: absolute path of what the user named.
    """

    path: str
    member: str | None = None
    frame: int = 1
    root: str = ""

    @property
    def name(self) -> str:
        """What to show: the path relative to the root, with a member after an exclamation mark."""
        root = self.root or self.path
        inside = os.path.relpath(self.path, root) if self.path != root else Path(self.path).name
        shown = inside.replace(os.sep, "/")
        return shown if self.member is None else f"{shown}!{self.member}"

    @property
    def depth(self) -> int:
        """How many folders lie between the root and the file."""
        return 0 if self.path == (self.root or self.path) else os.path.relpath(self.path, self.root).count(os.sep)


def find(
    paths: Iterable[str | os.PathLike[str]],
    frames: Frames = "first",
    limits: Limits | None = None,
    containers: bool = True,
) -> Iterator[ImageRef]:
    """Every file under the paths, one ref a file, depth first and sorted within a folder of up to 10,000 entries.

    Files that cannot be opened come too: `open_radiograph` says why. An archive or DICOMDIR that can be listed is
    followed by the refs of its files; containers=False leaves out its own row. Links in a folder are not followed.
    """
    limits = limits or Limits()
    for path in paths:
        # The user's own words may be a link; what a folder holds may not (open refuses it).
        root = os.path.realpath(path)
        for ref in _folder(root, root, limits) if Path(root).is_dir() else _named(root, limits):
            for one in _expanded(ref, limits, containers):
                yield from _frames(one, limits) if frames == "all" else (one,)


def _named(path: str, limits: Limits) -> Iterator[ImageRef]:
    """A file that the user named; a DICOMDIR is followed by the files that it lists and that are there."""
    from core.imaging.dicom import directory

    listed: tuple[str, ...] = ()
    with suppress(HilumError):
        listed = directory.listing(ImageRef(path, root=path), limits).present
    if not listed:
        yield ImageRef(path, root=path)
        return
    root = str(Path(path).parent)
    yield ImageRef(path, root=root)
    for one in listed:
        yield ImageRef(one, root=root)


def _folder(folder: str, root: str, limits: Limits) -> Iterator[ImageRef]:
    here = ImageRef(folder, root=root)
    # The folder itself counts: `depth` is that of an entry in it.
    if folder != root and here.depth >= limits.folder_depth:
        yield here
        return
    try:
        entries = os.scandir(folder)
    except OSError:
        yield here
        return
    with entries:
        stream = _readable(entries)
        first = list(itertools.islice(stream, limits.sorted_entries + 1))
        if len(first) <= limits.sorted_entries:
            first.sort()
        for name, is_folder in itertools.chain(first, stream):
            path = f"{folder}{os.sep}{name}"
            if is_folder:
                yield from _folder(path, root, limits)
            else:
                yield ImageRef(path, root=root)


def _readable(entries: Iterator[os.DirEntry[str]]) -> Iterator[tuple[str, bool]]:
    while True:
        try:
            entry = next(entries)
        except (StopIteration, OSError):
            # A share that goes away in the middle of a listing ends it; what was listed is judged.
            return
        try:
            yield entry.name, entry.is_dir(follow_symlinks=False)
        except OSError:
            yield entry.name, False


def _expanded(ref: ImageRef, limits: Limits, containers: bool) -> Iterator[ImageRef]:
    from core.imaging import archives

    try:
        members = archives.members(ref, limits)
    except HilumError:
        members = None
    if members is None:
        yield ref
        return
    if containers:
        yield ref
    for member in members:
        yield replace(ref, member=member)


def _frames(ref: ImageRef, limits: Limits) -> Iterator[ImageRef]:
    from core.imaging.dicom.structure import frame_count

    count = 1
    with suppress(HilumError):
        count = frame_count(ref, limits)
    for frame in range(1, count + 1):
        yield replace(ref, frame=frame)
