"""How fast this PC is, as ratios measured side by side in one run.

Every figure and its baseline is described in docs/performance.md. Nothing else should run meanwhile; it takes up to
nine minutes, with --quick about one and with fewer pairs, so that its figures are rougher.

example: python main.py bench --json
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from core.cli.output import words, write_json
from core.errors import BundleRefused

if TYPE_CHECKING:
    from core.inference.bundles import Bundle

HELP = __doc__ or ""

# Figure → what is wanted of it, as docs/performance.md says; None: there is no aim.
AIMS: Final[dict[str, tuple[str, float]]] = {
    "assess_vs_usual": ("≥", 100),
    "assess_vs_tf_function": ("≥", 3),
    "maps_cost": ("≤", 1.2),
    "screen_efficiency": ("≥", 0.85),
    "screen_memory_ratio": ("≤", 1.1),
    "window_level_p95_ms": ("≤", 16),
    "event_loop_gap_ms": ("≤", 50),
    "fine_tune_vs_usual": ("≥", 3),
}
FIGURES: Final = ("first_paint_ratio", *AIMS)


# More than a run holds decoded at a time: with fewer the pipeline would not be full, and would seem to grow.
_FEW = 40


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured. films, rows: of the large films for screening; small_rows: of those for memory.
    tuned, epochs: films of the fine-tuning, and epochs of each stage of the usual script."""

    pairs: int
    usual_pairs: int
    turns: int
    films: int
    rows: int
    small_rows: int
    runs: int
    tuned: int
    epochs: int


WHOLE = Extent(pairs=11, usual_pairs=7, turns=7, films=96, rows=2304, small_rows=640, runs=3, tuned=72, epochs=4)
QUICK = Extent(pairs=7, usual_pairs=7, turns=2, films=0, rows=896, small_rows=320, runs=1, tuned=32, epochs=2)


@dataclass(slots=True)
class _Found:
    figures: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(FIGURES))
    details: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def part(self, name: str, say: str) -> Iterator[None]:
        start = perf_counter()
        words().print(say)
        yield
        self.seconds[name] = round(perf_counter() - start, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="about a minute, with fewer pairs")
    parser.add_argument("--bundle", metavar="B", help="a bundle's name, folder or file; the one in use when left out")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(options: argparse.Namespace) -> int:
    extent = QUICK if options.quick else WHOLE
    found = _Found()
    start = perf_counter()
    with tempfile.TemporaryDirectory(prefix="hilum-bench-") as scratch:
        folder = Path(scratch)
        bundle = _bundle(options.bundle)
        _window(found, extent, folder)
        if bundle is not None:
            _networks(found, extent, folder, bundle)
            _screening(found, extent, folder, bundle)
        _tuning(found, extent, folder)
    details = {
        **found.details,
        "seconds": {**found.seconds, "all": round(perf_counter() - start, 1)},
        "pc": _pc(bundle),
    }
    if options.json:
        write_json({**found.figures, "quick": options.quick, "details": details})
    else:
        _show(found.figures, details)
    return 0


def _bundle(wanted: str | None) -> Bundle | None:
    """The bundle to measure with; without one only the window is measured."""
    from core.inference import shelf

    try:
        return shelf.chosen(wanted)
    except BundleRefused as error:
        if wanted is not None:
            raise
        words().print(f"{error} Only the window is measured.")
        return None


def _window(found: _Found, extent: Extent, folder: Path) -> None:
    from core.bench import films, window

    with found.part("window", "Starting windows."):
        try:
            start = window.first_paint(extent.pairs)
            found.figures["first_paint_ratio"] = round(start.ratio, 3)
            found.details["first_paint_ratio"] = start.as_json()
            levels = window.window_level(extent.runs)
            found.figures["window_level_p95_ms"] = levels["p95_ms"]
            found.details["window_level_p95_ms"] = levels
            found.details["screening_table_ms"] = window.screening_table(extent.runs)
            paths = films.written(folder / "window", films.people(extent.rows, extent.rows * 6 // 7, 2), 6)
            pauses = window.event_loop(paths, extent.runs)
            if pauses is not None:
                found.figures["event_loop_gap_ms"] = pauses["longest_ms"]
                found.details["event_loop_gap_ms"] = pauses
        except window.NoWindow as trouble:
            words().print(f"The window cannot be measured here: {trouble}")


def _networks(found: _Found, extent: Extent, folder: Path, bundle: Bundle) -> None:
    from core.bench import films
    from core.bench.networks import compared

    with found.part("networks", "Asking the networks three ways."):
        paths = films.written(folder / "networks", films.people(640, 560), 4)
        sides = compared(
            bundle.folder, [films.settled(path) for path in paths], usual_pairs=extent.usual_pairs, pairs=extent.pairs
        )
        for name, pairs in (
            ("assess_vs_usual", sides.usual),
            ("assess_vs_tf_function", sides.held),
            ("maps_cost", sides.maps_cost),
        ):
            if pairs is not None:
                found.figures[name] = round(pairs.ratio, 3)
                found.details[name] = pairs.as_json()
        if sides.held_per_member is not None:
            found.details["assess_vs_tf_function_per_member"] = sides.held_per_member.as_json()
        found.details["agreement"] = sides.agreement


def _screening(found: _Found, extent: Extent, folder: Path, bundle: Bundle) -> None:
    from core.bench import films, screening

    with found.part("memory", "Screening few files, and ten times as many."):
        small = films.people(extent.small_rows, extent.small_rows * 7 // 8)
        few = films.written(folder / "few", small, _FEW)
        many = films.written(folder / "many", small, 10 * _FEW)
        peak = screening.memory(bundle, folder, few, many)
        found.figures["screen_memory_ratio"] = round(peak.ratio, 4)
        found.details["screen_memory_ratio"] = peak.as_json()
    with found.part("screening", "Screening, decoding and asking the networks in turn."):
        people = films.people(extent.rows, extent.rows * 6 // 7, 2)
        paths = films.written(folder / "large", people, max(extent.films, screening.least_films()))
        rates = screening.rates(bundle, paths, extent.turns)
        found.figures["screen_efficiency"] = round(rates.efficiency, 4)
        found.details["screen_efficiency"] = rates.as_json()


def _tuning(found: _Found, extent: Extent, folder: Path) -> None:
    from importlib.util import find_spec

    from core.bench import tuning

    if find_spec("tensorflow") is None:
        return
    with found.part("tuning", "Fine-tuning on simulated films, twice."):
        tuned = tuning.compared(folder / "tuning", extent.tuned, extent.epochs)
        found.details["fine_tune_vs_usual"] = tuned.as_json()
        if tuned.is_fair:
            found.figures["fine_tune_vs_usual"] = round(tuned.ratio, 3)
        else:
            words().print(f"Ours ended at a loss of {tuned.ours.loss:.3f}, the usual at {tuned.usual.loss:.3f}.")


def _pc(bundle: Bundle | None) -> dict[str, Any]:
    import platform

    import psutil

    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        # Above about the number of cores something else was running, and the figures are of both.
        "load": [round(each, 2) for each in psutil.getloadavg()],
        "bundle": None if bundle is None else f"{bundle.name} {bundle.version} {bundle.digest[:12]}",
    }


def _show(figures: dict[str, float | None], details: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("figure", "measured", "aim", "spread (quartiles)", title="This PC", title_justify="left")
    for name in FIGURES:
        value, aim = figures[name], AIMS.get(name)
        spread = details.get(name, {}).get("quartiles")
        table.add_row(
            name,
            "not measured" if value is None else f"{value:g}",
            "" if aim is None else f"{aim[0]} {aim[1]:g}",
            "" if spread is None else f"{spread[0]:g} to {spread[1]:g}",
        )
    words().print(table)
    words().print(f"{details['seconds']['all']:.0f} seconds in all. docs/performance.md says how each is measured.")
