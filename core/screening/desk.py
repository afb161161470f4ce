"""The screening process (core.jobs): one run at a time on a thread of its own, so that no request waits for it.

The feed is a list of row numbers that only grows; a caller names how far in it he has read, and gets the rows of the
next few hundred numbers as they are now. What a row was before does not matter, so nothing is kept twice.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from core import places
from core.background import OneRun, answering
from core.errors import HilumError, Reason, RunRefused, reason
from core.imaging.sources import ImageRef
from core.inference.assessment import Assessment
from core.progress import Progress, Stop
from core.screening.export import Export, write_csv, write_html, write_json
from core.screening.rows import counts, done, note, reading, ref, roots, rows_of, thumbnail
from core.screening.run import Summary, Wish, earlier, screen
from core.screening.schema import FILE_NAME
from core.screening.state import BATCH_ROWS, About, Phase, State
from core.screening.telling import about, brief

_EXPORTS = {"csv": write_csv, "json": write_json, "html": write_html}
# Counting walks through all rows: it may take a twentieth of the time, however many films there are.
_COUNT_SHARE = 20


def serve() -> Callable[[Any], object]:
    """Give the function that answers

    ("start", paths, folder or None, operating point or None) → the run's folder; None makes one under places.home();
    ("drop", paths, operating point or None) → the same, or opens the one path when it is a run's folder;
    ("open", folder), ("go-on",), ("stop",) → None; ("look", version) → State;
    ("row", number) → (Assessment, ImageRef) or None; ("picture", number) → JPEG or None;
    ("refs", numbers) → {number: ImageRef}; ("export", "csv" | "json" | "html", path, identifiers) → the path.

    Refuses "run-going-on", "run-unreadable", "place-unwritable", "disk-full". What ends a run is in its State.
    """
    desk = Desk()
    known: dict[str, Callable[..., object]] = {
        "start": desk.start,
        "drop": desk.drop,
        "open": desk.open,
        "go-on": desk.go_on,
        "stop": desk.stop,
        "look": desk.look,
        "row": desk.row,
        "picture": desk.picture,
        "refs": desk.refs,
        "export": desk.export,
    }
    # Its decoders leave nothing in shared memory; where that takes too long, the journal is whole all the same.
    return answering(known, desk.close)


@dataclass(slots=True)
class _Run:
    """The run that is open. phase is changed under `lock` only; feed grows on the run's thread.

    counts, and next_count: when they are old enough to count again; None: they are those of a run at rest.
    """

    folder: Path
    phase: Phase = "resting"
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    feed: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: Stop = field(default_factory=Stop)
    progress: Progress | None = None
    summary: Summary | None = None
    error: Reason | None = None
    mistake: str | None = None
    about: About | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    next_count: float | None = 0.0
    thread: threading.Thread | None = None

    @property
    def going_on(self) -> bool:
        return self.phase in ("starting", "running", "stopping")

    @property
    def readable(self) -> bool:
        # The journal of a new run is being made; of one that never came into being there is none.
        return self.phase != "empty" and (self.phase != "starting" or bool(self.feed))


class Desk(OneRun[_Run]):
    """The run that is open: read from its journal, and worked on by a thread when it was started here."""

    name = "screening process"

    def start(self, paths: tuple[str, ...], folder: str | None = None, point: str | None = None) -> str:
        """Begin a run on these paths, in a folder that has none yet."""
        self._refuse_while_going_on()
        run = self._run = _Run(Path(folder) if folder is not None else _fresh_folder())
        _work(run, paths, Wish(operating_point=point), resume=False)
        return str(run.folder)

    def drop(self, paths: tuple[str, ...], point: str | None = None) -> str:
        """Open a run that was dropped on the page, or begin one on what was dropped."""
        if len(paths) == 1 and (Path(paths[0]) / FILE_NAME).is_file():
            self.open(paths[0])
            return paths[0]
        return self.start(paths, None, point)

    def open(self, folder: str) -> None:
        """Read a run that is there, whoever made it."""
        self._refuse_while_going_on()
        with reading(Path(folder)) as database:
            self._run = _Run(Path(folder), feed=done(database))

    def go_on(self) -> None:
        """Go on with the run that is open: what waits, what failed, what is new."""
        self._refuse_while_going_on()
        run = self._open
        paths, wish = earlier(run.folder)
        _work(run, paths, wish, resume=True)

    def stop(self) -> None:
        """End after the films in hand."""
        run = self._open
        run.stop.ask()
        with run.lock:
            if run.going_on:
                run.phase = "stopping"

    def look(self, version: tuple[str, int] | None) -> State:
        """How the run stands, and what is new since a version; None: from the beginning."""
        run = self._run
        if run is None:
            return State(("", 0), version is not None and version[0] != "", "empty")
        if run.mistake is not None:
            told, run.mistake = run.mistake, None
            raise RuntimeError(f"the run ended by a mistake of our own:\n{told}")
        fresh = version is None or version[0] != run.epoch
        since = 0 if version is None or fresh else version[1]
        # The phase first: a run that is at rest now has told all its rows.
        phase, progress = run.phase, run.progress
        numbers = run.feed[since : since + BATCH_ROWS]
        facts: dict[str, Any] = {}
        if run.readable:
            with reading(run.folder) as database:
                facts = _facts(run, phase, database, numbers)
        summary = run.summary
        return State(
            (run.epoch, since + len(numbers)),
            fresh,
            phase,
            str(run.folder),
            progress=progress if phase in ("running", "stopping") else None,
            stopped=summary is not None and summary.stopped,
            more=since + len(numbers) < len(run.feed),
            error=run.error,
            note=summary.note if summary else None,
            faults=summary.faults if summary else 0,
            about=run.about,
            **facts,
        )

    def row(self, number: int) -> tuple[Assessment, ImageRef] | None:
        """Everything that is known of a film, and where it is; None when the row is no longer current."""
        with reading(self._open.folder) as database:
            found, place = rows_of(database, [number]), ref(database, number)
        if not found or found[0].assessment is None or place is None:
            return None
        return found[0].assessment, place

    def picture(self, number: int) -> bytes | None:
        """A film's small picture (JPEG), where it has one."""
        with reading(self._open.folder) as database:
            return thumbnail(database, number)

    def refs(self, numbers: tuple[int, ...]) -> dict[int, ImageRef]:
        """Where these films are."""
        with reading(self._open.folder) as database:
            found = {number: ref(database, number) for number in numbers}
        return {number: place for number, place in found.items() if place is not None}

    def export(self, kind: str, path: str, identifiers: bool) -> str:
        """Write the rows as they are now."""
        with reading(self._open.folder) as database:
            _EXPORTS[kind](Export(database, identifiers), Path(path))
        return path


def _work(run: _Run, paths: tuple[str, ...], wish: Wish, *, resume: bool) -> None:
    """Screen on a thread. It is a daemon: closing the window does not wait for a film that is being decoded."""
    run.stop, run.progress, run.summary, run.error = Stop(), None, None, None
    run.phase, run.next_count = "starting", 0.0
    run.thread = threading.Thread(target=_screen, args=(run, paths, wish, resume), name="run", daemon=True)
    run.thread.start()


def _screen(run: _Run, paths: tuple[str, ...], wish: Wish, resume: bool) -> None:
    def tell(progress: Progress) -> None:
        run.progress = progress
        with run.lock:
            if run.phase == "starting":
                run.phase = "running"

    try:
        run.summary = screen(
            paths, run.folder, wish, resume=resume, on_progress=tell, on_row=run.feed.append, stop=run.stop
        )
    except HilumError as error:
        run.error = error.reason
    except Exception as mistake:
        run.error = reason("run-broken", what=f"{type(mistake).__name__}: {mistake}")
        run.mistake = traceback.format_exc()
    # A run that never came into being is none: there is nothing to read, and nothing to go on with.
    rest: Phase = "resting" if _is_readable(run.folder) else "empty"
    with run.lock:
        run.phase = rest


def _is_readable(folder: Path) -> bool:
    try:
        with reading(folder):
            return True
    except RunRefused:
        return False


def _facts(run: _Run, phase: Phase, database: sqlite3.Connection, numbers: list[int]) -> dict[str, Any]:
    """The part of a State that stands in the journal."""
    current = [row for row in rows_of(database, numbers) if row.assessment is not None] if numbers else []
    if run.about is None:
        run.about = about(database)
    classes = run.about.classes if run.about else ()
    if run.next_count is not None and (phase == "resting" or monotonic() >= run.next_count):
        start = monotonic()
        run.counts = counts(database)
        run.next_count = None if phase == "resting" else start + _COUNT_SHARE * (monotonic() - start)
    listed = bool(note(database, "listed"))
    return {
        "counts": run.counts,
        "finished": phase == "resting" and listed and not run.counts.get("found"),
        "listed": listed,
        "roots": tuple(os.fsencode(root).decode("utf-8", "replace") for root in _roots(database)),
        "rows": tuple(brief(row, classes) for row in current),
        "gone": tuple(set(numbers) - {row.number for row in current}),
    }


def _roots(database: sqlite3.Connection) -> list[str]:
    """Where the films lie; where there are none, where they were looked for."""
    return roots(database) or list((note(database, "asked") or {}).get("paths", ()))


def _fresh_folder() -> Path:
    """A new folder under the user's data, named after now; the clock may be set back, so no name is used twice."""
    runs = places.made(places.home() / "runs")
    stamp = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    folder, number = runs / stamp, 1
    while folder.exists():
        number += 1
        folder = runs / f"{stamp}-{number}"
    return folder
