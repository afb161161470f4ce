"""Screening: films of any number through decoders and engine into a run folder that survives interruption."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from core import places
from core.errors import BundleRefused, UsageRefused
from core.imaging.limits import MIB, Limits
from core.imaging.prepare import SETTLE_VERSION
from core.imaging.sources import Frames, find
from core.inference import shelf
from core.inference.assessing import Assessor
from core.inference.bundles import Bundle
from core.jobs import Pool
from core.progress import Progress, Stop
from core.screening.journal import Journal, Terms, open_journal
from core.screening.judging import Judge
from core.screening.pipeline import Pipeline
from core.screening.pseudonyms import run_key
from core.screening.rows import counts, is_finished, note, reading, roots

DECODER: Final = "core.screening.films:serve"
FAULTS = "faults.txt"
# Libraries and one large film; below it honest files would be refused.
_LEAST_MEMORY = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to. counts: current rows by status, "found" are those that wait. note: about the engine."""

    folder: Path
    counts: Mapping[str, int]
    finished: bool
    stopped: bool
    faults: int
    note: str | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks of a run, apart from the films. workers: decoders; None: as many as cores and memory allow.

    operating_point: the name of one of the bundle's; its first when None. A run that exists keeps its own.
    """

    bundle: str | None = None
    engine: str = "auto"
    device: str = "auto"
    frames: Frames = "first"
    workers: int | None = None
    limits: Limits = field(default_factory=Limits)
    operating_point: str | None = None


def screen(
    paths: Sequence[str | Path],
    folder: Path,
    wish: Wish | None = None,
    *,
    resume: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_row: Callable[[int], None] = lambda _: None,
    stop: Stop | None = None,
) -> Summary:
    """Assess every film under the paths into the run folder; go on with it when `resume`.

    Refuses "path-missing", and what open_journal, the bundle and the engine refuse. Whatever is wrong with a film is
    its row. A mistake of our own on one film is its row too, and its traceback lies in faults.txt in the run folder.
    on_row: told the number of every row that got or lost a result, on this thread.
    """
    wish, stop = wish or Wish(), stop or Stop()
    if paths and not any(os.path.lexists(path) for path in paths):
        raise UsageRefused("path-missing", what=paths[0])
    with open_journal(folder, resume=resume) as journal:
        journal.on_row = on_row
        bundle = shelf.chosen(wish.bundle)
        if journal.note("key") is None:
            journal.notes(key=run_key([os.path.realpath(path) for path in paths], bundle.digest).hex())
        key = bytes.fromhex(journal.note("key"))
        point = _point(bundle, journal, wish)
        assessor = Assessor(bundle, wish.engine, wish.device, operating_point=point, key=key, use="folder")
        faults = _Faults(folder)
        try:
            journal.agree(_terms(assessor), about=_about(assessor))
            _remember(journal, paths, wish)
            journal.begin()
            with (
                Judge(lambda films: [row for row, _maps in assessor.assess_many(films)]) as judge,
                decoders(wish, key) as pool,
            ):
                pipeline = Pipeline(journal, pool, judge, key, 3 * pool.count, on_progress, stop, faults.keep)
                pipeline.run(find(paths, wish.frames, wish.limits))
        finally:
            assessor.close()
        said = assessor.engine.note.text if assessor.engine.note else None
        found = counts(journal.database)
        return Summary(folder, found, is_finished(journal.database), stop.asked, faults.count, said)


def earlier(folder: Path) -> tuple[tuple[str, ...], Wish]:
    """What a run was asked for, so that it can go on by itself: its paths, and what all its rows have in common.

    Refuses "run-unreadable", and "bundle-missing" when its bundle is not on this PC any more.
    """
    with reading(folder) as database:
        asked, terms = note(database, "asked") or {}, note(database, "terms") or {}
        paths = asked.get("paths") or roots(database)
    digest = terms.get("bundle", "")
    try:
        bundle = str(shelf.chosen(digest).folder) if digest else asked.get("bundle")
    except BundleRefused:
        # A folder that is on no shelf; whether it is still the same is for the terms to say.
        bundle = asked.get("bundle")
        if bundle is None or not Path(bundle).exists():
            raise
    device = {"": "auto", "CPU": "cpu"}.get(terms.get("device", ""), "gpu")
    return tuple(paths), Wish(bundle, terms.get("engine", "auto"), device, asked.get("frames", "first"))


def decoders(wish: Wish, key: bytes) -> Pool:
    """The processes that open files: together within a quarter of memory, each with room for a large film."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quarter = psutil.virtual_memory().total // 4
    count = max(1, min(wish.workers or cores, quarter // _LEAST_MEMORY))
    memory = max(_LEAST_MEMORY, min(wish.limits.memory_bytes, quarter // count))
    return Pool(
        DECODER,
        {"limits": wish.limits, "key": key},
        count=count,
        seconds=wish.limits.decode_seconds,
        memory_bytes=memory,
    )


@dataclass(slots=True)
class _Faults:
    """Our own mistakes on single films: counted, their tracebacks kept in the run folder."""

    folder: Path
    count: int = 0

    def keep(self, traceback: str) -> None:
        self.count += 1
        with open(self.folder / FAULTS, "a", encoding="utf-8") as file:
            file.write(traceback + "\n")


def _point(bundle: Bundle, journal: Journal, wish: Wish) -> str | None:
    """The operating point of the run: what it had, else what was asked for and the bundle has, else the first."""
    had = (journal.note("about") or {}).get("operating_point") if journal.note("terms") else wish.operating_point
    return had if any(point.name == had for point in bundle.description.operating_points) else None


def _remember(journal: Journal, paths: Sequence[str | Path], wish: Wish) -> None:
    """Keep what was asked, so that the run can go on without being told again."""
    asked = journal.note("asked") or {"paths": []}
    now = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - a link stays the user's word
    own = os.path.abspath(wish.bundle) if wish.bundle and Path(wish.bundle).exists() else wish.bundle  # noqa: PTH100
    told = {
        "paths": list(dict.fromkeys([*asked["paths"], *now])),
        "bundle": own or asked.get("bundle"),
        "frames": wish.frames,
    }
    if told != asked:
        journal.notes(asked=told)


def _terms(assessor: Assessor) -> Terms:
    bundle, engine = assessor.bundle, assessor.engine
    steps = {f"{step['name']} {step['version']}" for member in bundle.members for step in bundle.input(member).steps}
    # Where the lungs are decides what is refused, and what a lung frame shows.
    finder = (f"lungs {assessor.lungs.digest[:12]}",) if assessor.lungs is not None else ()
    return Terms(
        bundle.digest,
        engine.name,
        engine.device,
        engine.precision,
        ", ".join((f"settle {SETTLE_VERSION}", *sorted(steps), *finder)),
    )


def _about(assessor: Assessor) -> dict[str, Any]:
    """What exports say of a run, and the names of their columns."""
    bundle, engine = assessor.bundle, assessor.engine
    return {
        "bundle": bundle.name,
        "version": bundle.version,
        "digest": bundle.digest,
        "classes": list(bundle.classes),
        "members": [member.name for member in bundle.members],
        "engine": engine.name,
        "device": engine.device,
        "precision": engine.precision,
        "operating_point": assessor.operating_point.name,
        "hilum": places.version(),
    }
