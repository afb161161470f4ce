"""How well screening overlaps decoding with inference, and whether its memory depends on the number of files."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from core import places
from core.bench import films
from core.bench.memory import Peak
from core.imaging.film import Film
from core.imaging.prepare import Corrections
from core.inference.assessing import Assessor
from core.inference.bundles import Bundle
from core.jobs import Pool
from core.screening.films import Decoded
from core.screening.judging import BATCH
from core.screening.run import Wish, decoders, screen

# Films that a run holds decoded at most, a decoder and in all: a run must be longer than that, or its end, when
# nothing is decoded any more, would be most of what there is to measure.
_IN_HAND_EACH, _IN_HAND = 3, 2 * BATCH


@dataclass(frozen=True, slots=True)
class Rates:
    """Films a second of each turn: screening, decoding alone, inference alone."""

    screening: tuple[float, ...]
    decoding: tuple[float, ...]
    inference: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        turns = zip(self.screening, self.decoding, self.inference, strict=True)
        return tuple(whole / min(decode, infer) for whole, decode, infer in turns)

    @property
    def efficiency(self) -> float:
        return statistics.median(self.ratios)

    def as_json(self) -> dict[str, Any]:
        decode, infer = statistics.median(self.decoding), statistics.median(self.inference)
        low, _middle, high = statistics.quantiles(self.ratios, n=4, method="inclusive")
        return {
            "ratio": round(self.efficiency, 4),
            "quartiles": [round(low, 4), round(high, 4)],
            "turns": len(self.ratios),
            "screening_films_per_s": round(statistics.median(self.screening), 2),
            "decoding_films_per_s": round(decode, 2),
            "inference_films_per_s": round(infer, 2),
            # What sharing the cores would leave if either part alone filled all of them. An estimate and no limit: the
            # parts alone leave gaps (one thread fits, the last files run out) and runs have come out above it.
            "if_each_part_filled_the_cores": round(1 / (1 / decode + 1 / infer) / min(decode, infer), 4),
        }


def least_films() -> int:
    """How many films a run must have on this PC, so that its middle can be measured."""
    return 2 * _in_hand() + 16


def _in_hand() -> int:
    return _IN_HAND + _IN_HAND_EACH * (psutil.cpu_count() or 1)


def rates(bundle: Bundle, paths: Sequence[Path], turns: int) -> Rates:
    """Screen, decode only and infer only the same films in turn, each with everything started and warm.

    paths: all in one folder, at least least_films(). Decoding alone has screening's decoders, inference alone its
    batches; both take a part of the films.
    """
    if len(paths) < least_films():
        raise ValueError(f"at least {least_films()} films, got {len(paths)}")
    some = paths[: len(paths) // 3]
    found: tuple[list[float], list[float], list[float]] = ([], [], [])
    assessor = Assessor(bundle, "openvino", "cpu", use="folder")
    try:
        with decoders(Wish(), b"bench") as pool, tempfile.TemporaryDirectory(prefix="hilum-bench-") as scratch:
            ready = _decoded(pool, some)
            for turn in range(turns):
                found[0].append(_screened(bundle, paths, Path(scratch) / f"run{turn}"))
                found[1].append(len(some) / _seconds(lambda: _decoded(pool, some)))
                found[2].append(len(some) / _seconds(lambda: _inferred(assessor, ready)))
    finally:
        assessor.close()
    return Rates(*(tuple(each) for each in found))


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak bytes of screening few files and ten times as many: decoders, engine and journal together."""

    few_files: int
    few: int
    many: int

    @property
    def ratio(self) -> float:
        return self.many / self.few

    def as_json(self) -> dict[str, Any]:
        return {
            "ratio": round(self.ratio, 4),
            "files": [self.few_files, 10 * self.few_files],
            "mib": [round(self.few / 2**20, 1), round(self.many / 2**20, 1)],
        }


def memory(bundle: Bundle, folder: Path, few: Sequence[Path], many: Sequence[Path]) -> Memory:
    """Run `screen` on each, as a user would. folder: for the runs. many: ten times as many files as few."""
    if len(many) != 10 * len(few):
        raise ValueError(f"the second set has ten times the files of the first, got {len(few)} and {len(many)}")
    peaks = [_peak(bundle, folder / f"run-{name}", paths) for name, paths in (("few", few), ("many", many))]
    return Memory(len(few), *peaks)


def _peak(bundle: Bundle, run: Path, paths: Sequence[Path]) -> int:
    command = [
        sys.executable,
        "main.py",
        "screen",
        str(paths[0].parent),
        "-o",
        str(run),
        "--bundle",
        str(bundle.folder),
    ]
    process = subprocess.Popen(command, cwd=places.PROGRAM, stderr=subprocess.DEVNULL)
    with Peak(process.pid) as peak:
        code = process.wait()
    if code != 0:
        raise RuntimeError(f"screening for the measurement ended with {code}")
    return peak.bytes


def _screened(bundle: Bundle, paths: Sequence[Path], run: Path) -> float:
    """Films a second in the middle of a run, while as many films are in hand at the end of it as at its beginning."""
    marks: list[float] = []
    screen([paths[0].parent], run, Wish(bundle=str(bundle.folder)), on_progress=lambda _: marks.append(perf_counter()))
    first, last = len(paths) // 4, len(paths) - _in_hand()
    return (last - first) / (marks[last] - marks[first])


def _decoded(pool: Pool, paths: Sequence[Path]) -> list[Film]:
    """Decode and settle, with as many decoders as screening has."""
    for number, path in enumerate(paths):
        pool.submit(number, ("settle", films.ref(path), Corrections()))
    found: list[Film] = []
    while pool.pending:
        for _number, answer in pool.results():
            if not isinstance(answer.value, Decoded):
                raise RuntimeError(f"a film of our own was not opened: {answer.error}")
            found.append(answer.value.film)
    return found


def _inferred(assessor: Assessor, ready: Sequence[Film]) -> None:
    for start in range(0, len(ready), BATCH):
        assessor.assess_many(ready[start : start + BATCH])


def _seconds(job: Any) -> float:
    start = perf_counter()
    job()
    return perf_counter() - start
