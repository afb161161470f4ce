"""Figures about the window, measured by gui.bench in processes of their own: nothing here sees Qt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from core import places
from core.bench.pairs import Pairs, interleaved

_PAINTED = b"painted"
# What main.py does, with a window that tells when it was painted.
_REAL_START = "import sys; from core.cli.main import run; sys.exit(run('gui.bench:first_paint', []))"


class NoWindow(Exception):
    """The window cannot be measured on this PC; the text says why."""


def first_paint(pairs: int) -> Pairs:
    """Seconds from the start of the process to the first paint: an empty window with numpy, and Hilum.

    `ours` is the empty window here, so that the ratio is what Hilum takes of it.
    """
    with tempfile.TemporaryDirectory(prefix="hilum-bench-") as home:
        # Twice before the first pair: neither side pays for files that the system has not read yet.
        for what in ("empty", "first-paint"):
            _seconds_to_paint(what, home)
        return interleaved(
            lambda _: _seconds_to_paint("empty", home), lambda _: _seconds_to_paint("first-paint", home), pairs
        )


def window_level(runs: int) -> dict[str, Any]:
    """Milliseconds from a step of a drag or a zoom to its picture on 3000 × 3000 pixels; the median of some runs."""
    found = [_figures("window-level") for _ in range(runs)]
    return {**{key: round(median(each[key] for each in found), 2) for key in ("p95_ms", "zoom_p95_ms")}, "runs": found}


def screening_table(runs: int) -> dict[str, Any]:
    """The longest pause in ms while a table of 10,000 rows fills, is scrolled, searched and filtered; the median."""
    found = [_figures("screening-table") for _ in range(runs)]
    return {"longest_ms": round(median(each["longest_ms"] for each in found), 2), "runs": found}


def event_loop(films: Sequence[Path], runs: int) -> dict[str, Any] | None:
    """The longest pause of the event loop in ms while films are opened, assessed, screened; None without a bundle."""
    try:
        found = [_figures("event-loop", *map(str, films)) for _ in range(runs)]
    except NoWindow:
        return None
    return {"longest_ms": round(median(each["longest_ms"] for each in found), 2), "runs": found}


def _seconds_to_paint(what: str, home: str) -> float:
    start = perf_counter()
    process = _started(what, HILUM_HOME=home)
    assert process.stdout is not None
    line = process.stdout.readline()
    taken = perf_counter() - start
    _, words = process.communicate()
    if line.strip() != _PAINTED:
        raise NoWindow(_last(words))
    return taken


def _figures(what: str, *arguments: str) -> Any:
    process = _started(what, *arguments)
    out, words = process.communicate()
    if process.returncode != 0 or not out.strip():
        raise NoWindow(_last(words))
    return json.loads(out.splitlines()[-1])


def _started(what: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    how = ["-c", _REAL_START] if what == "first-paint" else ["-m", "gui.bench", what, *arguments]
    # Without a screen on every PC: figures of two PCs are of the same thing, and nothing flashes up.
    return subprocess.Popen(
        [sys.executable, *how],
        cwd=places.PROGRAM,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _last(words: bytes) -> str:
    lines = words.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
