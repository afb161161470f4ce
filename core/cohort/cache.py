"""Settled films on disk: decoded once, then streamed from a memory map.

`films.u16` holds the pixels one film after the other, `films.json` says whose they are. The list is written after
the pixels, whole: a run that is killed loses what was decoded since the last list, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageFailed, ImageRefused, Reason
from core.files import sha256_of, write_whole
from core.imaging.prepare import SETTLE_VERSION, settle
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.places import made
from core.progress import Meter, Progress, Stop

_LIST_AFTER = 500


@dataclass(frozen=True, slots=True)
class Cached:
    """A file and the hash under which its film is in the cache, or the reason why it is not."""

    path: Path
    sha256: str | None
    reason: Reason | None = None


class FilmCache:
    """Settled films of one settle version, by the SHA-256 of their files; a folder that may be deleted at any time."""

    def __init__(self, folder: Path) -> None:
        self.folder = made(folder)
        self._pixels = folder / "films.u16"
        self._list = folder / "films.json"
        self._places: dict[str, tuple[int, int, int]] = {}
        if self._list.exists():
            stored = json.loads(self._list.read_text("utf-8"))
            # Films settled in another way are other films: start again.
            if stored["settle"] == SETTLE_VERSION:
                self._places = {sha256: tuple(place) for sha256, place in stored["films"].items()}
        self._end = max((offset + rows * columns for offset, rows, columns in self._places.values()), default=0)
        self._file = open(self._pixels, "r+b" if self._pixels.exists() else "w+b")  # noqa: SIM115 - closed by close()
        # Pixels behind the last listed film come from a run that was killed.
        self._file.truncate(2 * self._end)
        self._unlisted = 0

    def __enter__(self) -> FilmCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._places

    def __len__(self) -> int:
        return len(self._places)

    def add(self, sha256: str, film: NDArray[np.uint16]) -> None:
        """Keep a settled film (rows, columns)."""
        if film.dtype != np.uint16 or film.ndim != 2:
            raise ValueError(f"a settled film is (rows, columns) uint16, got {film.shape} {film.dtype}")
        if sha256 in self._places:
            return
        self._file.seek(2 * self._end)
        self._file.write(np.ascontiguousarray(film).astype("<u2").tobytes())
        self._places[sha256] = (self._end, film.shape[0], film.shape[1])
        self._end += film.size
        self._unlisted += 1
        if self._unlisted >= _LIST_AFTER:
            self.save()

    def save(self) -> None:
        """Write the list; what was added before is kept from now on."""
        self._file.flush()
        write_whole(self._list, json.dumps({"settle": SETTLE_VERSION, "films": self._places}))
        self._unlisted = 0

    def close(self) -> None:
        if not self._file.closed:
            self.save()
            self._file.close()

    def films(self, sha256s: Sequence[str]) -> Films:
        """The films of these files, in this order, read from the disk as they are asked for."""
        if self._unlisted:
            self.save()
        return Films(self._pixels, tuple(self._places[sha256] for sha256 in sha256s))


class Films(Sequence[NDArray[np.uint16]]):
    """Settled films (rows, columns) uint16 in a fixed order, read-only; a cheap view that may be pickled."""

    def __init__(self, pixels: Path, places: tuple[tuple[int, int, int], ...]) -> None:
        self._path = pixels
        self._places = places
        self._map: NDArray[np.uint16] | None = None

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> NDArray[np.uint16]: ...
    @overload
    def __getitem__(self, place: slice) -> Films: ...
    def __getitem__(self, place: int | slice) -> NDArray[np.uint16] | Films:
        if isinstance(place, slice):
            return Films(self._path, self._places[place])
        if self._map is None:
            self._map = np.memmap(self._path, "<u2", "r")
        offset, rows, columns = self._places[place]
        return self._map[offset : offset + rows * columns].reshape(rows, columns)

    def __getstate__(self) -> tuple[Path, tuple[tuple[int, int, int], ...]]:
        return self._path, self._places

    def __setstate__(self, state: tuple[Path, tuple[tuple[int, int, int], ...]]) -> None:
        self._path, self._places = state
        self._map = None

    def chosen(self, places: Iterable[int]) -> Films:
        """Some of them, in the order asked for."""
        return Films(self._path, tuple(self._places[int(place)] for place in places))


def fill(
    cache: FilmCache,
    paths: Sequence[Path],
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Stop | None = None,
) -> list[Cached]:
    """Bring the films of these files into the cache, through the same reader that everything else uses.

    One answer a file, in order; a file that is refused or fails has its reason and does not end the work.
    """
    meter = Meter(len(paths))
    answers = []
    for path in paths:
        if stop is not None and stop.asked:
            break
        answers.append(_cached(cache, Path(path)))
        report(meter.add(note=path.name))
    cache.save()
    return answers


def _cached(cache: FilmCache, path: Path) -> Cached:
    try:
        # The hash alone tells whether the film is here: a second run decodes nothing.
        if path.is_file() and (known := sha256_of(path)) in cache:
            return Cached(path, known)
        radiograph = open_radiograph(ImageRef(str(path.resolve()), None, 1, str(path.parent.resolve())))
        cache.add(radiograph.sha256, settle(radiograph).pixels)
    except (ImageRefused, ImageFailed) as error:
        return Cached(path, None, error.reason)
    return Cached(path, radiograph.sha256)
