"""How well screening uses a PC, for `bench`: ratios measured side by side, never a promise in seconds."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import cast

from core.imaging.film import Film
from core.imaging.prepare import Corrections
from core.imaging.sources import find
from core.inference import shelf
from core.inference.assessing import Assessor
from core.progress import Progress
from core.screening.films import Decoded
from core.screening.judging import BATCH
from core.screening.run import Wish, decoders, screen

_KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Films a second: of decoding alone, inference alone (from settled films), and both as `screen` does them."""

    decoding: float
    inference: float
    screening: float

    @property
    def ratio(self) -> float:
        """Screening through the slower of the two."""
        return self.screening / min(self.decoding, self.inference)


def screen_efficiency(films: Sequence[Path], wish: Wish, repeats: int = 7) -> list[Efficiency]:
    """Measure the three in turn, `repeats` times; processes are started and warm before the clock is.

    films: readable ones, a few hundred; their bytes should differ, because equal films are assessed once.
    """
    with closing(Assessor(shelf.chosen(wish.bundle), wish.engine, wish.device, key=_KEY, use="folder")) as assessor:
        found = []
        for _ in range(repeats):
            decoding, settled = _decoded(films, wish)
            found.append(Efficiency(decoding, _assessed(settled, assessor), _screened(films, wish)))
    return found


def screen_memory_ratio(films: Sequence[Path], wish: Wish, few: int = 300, many: int = 3000) -> tuple[float, float]:
    """Peak memory (MiB) of `screen` over few and over many files; each in a process of its own.

    films: repeated as often as needed, each copy with bytes of its own, in a temporary folder.
    """
    few_mib, many_mib = (_peak(films, wish, count) for count in (few, many))
    return few_mib, many_mib


def median_ratio(found: Sequence[Efficiency]) -> float:
    """The middle one of the ratios."""
    return statistics.median(one.ratio for one in found)


def _decoded(films: Sequence[Path], wish: Wish) -> tuple[float, list[Film]]:
    refs = list(find(films))
    settled: list[Film] = []
    with decoders(wish, _KEY) as pool:
        for number in range(pool.count):  # each worker has imported everything before the clock starts
            pool.submit(-1 - number, ("settle", refs[0], Corrections()))
        while pool.pending > 0:
            pool.results()
        start = perf_counter()
        waiting = iter(enumerate(refs))
        while True:
            for number, ref in waiting:
                pool.submit(number, ("settle", ref, Corrections()))
                if pool.pending >= 3 * pool.count:
                    break
            if pool.pending == 0:
                break
            settled += [cast(Decoded, answer.value).film for _key, answer in pool.results() if answer.error is None]
        return len(refs) / (perf_counter() - start), settled


def _assessed(films: Sequence[Film], assessor: Assessor) -> float:
    start = perf_counter()
    for place in range(0, len(films), BATCH):
        assessor.assess_many(films[place : place + BATCH])
    return len(films) / (perf_counter() - start)


def _screened(films: Sequence[Path], wish: Wish) -> float:
    """From the first row to the last: what comes before is starting, which a large folder does not feel."""
    marks: list[float] = []

    def mark(_progress: Progress) -> None:
        marks.append(perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        screen(films, Path(folder) / "run", wish, on_progress=mark)
    return (len(marks) - 1) / (marks[-1] - marks[0])


def _peak(films: Sequence[Path], wish: Wish, count: int) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "films"
        folder.mkdir()
        for number in range(count):
            source = films[number % len(films)]
            copy = folder / f"{number:06}{source.suffix}"
            shutil.copyfile(source, copy)
            with open(copy, "ab") as file:
                file.write(number.to_bytes(8, "big"))  # after the picture: read by nobody, other bytes all the same
        # Not a core.jobs worker: those may have no children of their own.
        ours, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(
            target=_screen_and_tell, args=(theirs, folder, Path(scratch) / "run", wish)
        )
        process.start()
        theirs.close()
        try:
            return cast(float, ours.recv())
        finally:
            process.join()
            ours.close()


def _screen_and_tell(connection: Connection, folder: Path, run: Path, wish: Wish) -> None:
    screen([folder], run, wish)
    connection.send(peak_mib())
    connection.close()


def peak_mib() -> float:
    """The most memory that this process has held, in MiB."""
    if os.name == "nt":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 2**20 if sys.platform == "darwin" else held / 2**10
