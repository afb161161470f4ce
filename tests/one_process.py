"""Screening without worker processes and without an engine: real files, real journal, stand-ins that answer at once.

So a test can kill the one process at any write, and count who was asked for what.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import core.imaging.dicom.reading
import core.imaging.looks
import core.imaging.raster  # noqa: F401 - imported once by the server of processes, not once in each
from core.errors import HilumError, ImageFailed
from core.imaging.film import Film
from core.imaging.limits import Limits
from core.imaging.sources import ImageRef, find
from core.inference.assessment import Assessment, BundleMark, Seconds
from core.jobs import Answer
from core.progress import Progress, Stop
from core.screening.films import serve
from core.screening.journal import Journal, Terms, open_journal
from core.screening.judging import Judge
from core.screening.pipeline import Pipeline
from tests.films import disc, write_dicom, write_png

TERMS = Terms("b" * 64, "stand-in", "CPU", "f32", "settle 1")
ABOUT: dict[str, Any] = {
    "classes": ["normal", "bright"],
    "members": ["one"],
    "bundle": "stand-in",
    "version": "1",
    "digest": "b" * 64,
}
ABOUT |= {"engine": "stand-in", "device": "CPU", "precision": "f32"}
KEY = bytes(32)


@dataclass(slots=True)
class InProcess:
    """Decoders that decode when they are asked for results. failing: names whose films are unreachable."""

    failing: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    most: int = 0
    _waiting: deque[tuple[Hashable, Any]] = field(default_factory=deque)
    _handle: Callable[[Any], object] = field(default_factory=lambda: serve(Limits(), KEY))

    @property
    def pending(self) -> int:
        return len(self._waiting)

    def submit(self, key: Hashable, request: object) -> None:
        self._waiting.append((key, request))
        self.most = max(self.most, len(self._waiting))

    def results(self, timeout_seconds: float | None = None) -> list[tuple[Hashable, Answer]]:
        if not self._waiting:
            return []
        key, request = self._waiting.popleft()
        self.asked[request[1].name] += 1
        try:
            if request[1].name in self.failing:
                raise ImageFailed("unreachable", what="the share does not answer")
            return [(key, Answer(1, self._handle(request)))]
        except HilumError as error:
            return [(key, Answer(1, error=error))]


@dataclass(slots=True)
class Assess:
    """An assessment that depends on the pixels and on nothing else; counts what it was asked for."""

    asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, films: Sequence[Film]) -> list[Assessment]:
        return [self._one(film) for film in films]

    def _one(self, film: Film) -> Assessment:
        self.asked[film.path] += 1
        bright = float(film.settled.pixels.mean() / 65535)
        return Assessment(
            film.path,
            film.frame,
            None,
            film.sha256,
            "assessed",
            film.reasons,
            probabilities={"normal": 1 - bright, "bright": bright},
            finding="bright" if bright > 0.5 else "normal",
            refer=bright > 0.5,
            suspicion=bright,
            spread=0.0,
            bundle=BundleMark("stand-in", "1", "b" * 64),
            engine="stand-in",
            device="CPU",
            precision="f32",
            seconds=Seconds(film.read_seconds, film.prepare_seconds, 0.001),
        )


@dataclass(slots=True)
class Run:
    """One pass: what was asked of the stand-ins, and the progress that was told."""

    decoders: InProcess
    assess: Assess
    told: list[Progress]


class InStep(Judge):
    """The engine has judged a film before the next one is decoded, so that a stop falls where the test says."""

    def results(self, timeout_seconds: float) -> list[tuple[Hashable, Assessment]]:
        return super().results(60.0)


def screened(
    paths: Sequence[Path],
    folder: Path,
    *,
    failing: Iterable[str] = (),
    refs: Iterable[ImageRef] | None = None,
    stop_after: int | None = None,
    terms: Terms = TERMS,
) -> Run:
    """Screen into a run folder, or go on with it; refs: instead of what lies at the paths."""
    run, stop = Run(InProcess(set(failing)), Assess(), []), Stop()

    def told(progress: Progress) -> None:
        run.told.append(progress)
        if len(run.told) == stop_after:
            stop.ask()

    with open_journal(folder, resume=True) as journal, InStep(run.assess) as judge:
        journal.agree(terms, about=ABOUT, key=KEY.hex())
        journal.begin()
        Pipeline(journal, run.decoders, judge, KEY, 4, told, stop).run(find(paths) if refs is None else refs)
    return run


def screened_until(films: Path, folder: Path, number: int, local: bool) -> None:
    """Screen, and be killed as by `kill -9` just before the journal's Nth write; 0: never, only count them."""
    from core import places

    places.on_local_disk = lambda _folder: local  # type: ignore[assignment]
    writes, write = 0, Journal._write

    def counted(journal: Journal, statement: str, values: Sequence[object] = ()) -> None:
        nonlocal writes
        writes += 1
        if writes == number:
            os.kill(os.getpid(), signal.SIGKILL)
        write(journal, statement, values)

    Journal._write = counted  # type: ignore[method-assign]
    screened([films], folder, failing=["g-gone.png"])
    if number == 0:
        (folder / "writes").write_text(str(writes))


def make_films(folder: Path) -> Path:
    """Films of every fate: assessed, twice the same, refused, not an image, the same identifier, unreachable."""
    folder.mkdir()
    write_png(folder / "a-bright.png", disc((180, 160), (90, 80), 70))
    write_png(folder / "b-dark.png", disc((180, 160), (90, 80), 5))
    (folder / "c-copy.png").write_bytes((folder / "a-bright.png").read_bytes())
    write_dicom(folder / "d.dcm", disc((160, 160), (80, 80), 30), SOPInstanceUID="1.2.3", PatientName="PHANTOM^ONE")
    write_dicom(folder / "e.dcm", disc((160, 160), (80, 80), 40), SOPInstanceUID="1.2.3", PatientName="PHANTOM^TWO")
    (folder / "f-notes.txt").write_text("not a film")
    write_png(folder / "g-gone.png", disc((180, 160), (90, 80), 20))
    (folder / "h-short.png").write_bytes((folder / "b-dark.png").read_bytes()[:900])
    return folder


def table(folder: Path, columns: str = "*", where: str = "TRUE") -> list[tuple[Any, ...]]:
    """Rows of a journal, as they lie in it."""
    database = sqlite3.connect(folder / "journal.sqlite")
    try:
        return database.execute(f"SELECT {columns} FROM item WHERE {where} ORDER BY seq").fetchall()
    finally:
        database.close()


def small_film(value: int) -> np.ndarray:
    """A film of its own for every value, decoded in no time."""
    film = np.full((120, 120), value % 251, np.uint8)
    film[: value // 251 + 1] = 255
    return film


def png(value: int) -> bytes:
    return cv2.imencode(".png", small_film(value))[1].tobytes()
