"""`reproduce {a…e}`: one of the five papers again, its table beside ours, its arithmetic checked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.output import words, write_json
from core.cli.progress import progress_line, stopping
from core.errors import UsageRefused

if TYPE_CHECKING:
    from core.training.papers.reproducing import Reproduction
    from core.training.papers.scaled import Scale

_ENOUGH_FOR_ALL = 60  # minutes a network

HELP = """Carry one of five published papers out again on labelled films: every network with a place in its table, split
by patient and, where the paper did so, by image. Writes RUN/report.md, report.json and figures: the published table
beside the measured one, what the paper's own arithmetic says, what differs in the films, and what needs no lungs at
all on the same folds. Without --data it writes the table and the arithmetic, and which films it wants.

LABELS is a folder with one sub-folder a class, or a CSV with at least path,label (optional patient, group, source,
split, view, age, sex). Papers C and D learn a source task first: --source-data. The published protocols take a GPU
days; --scaled is one smaller protocol for all, named in the title of every table.

examples:
  python main.py reproduce a -o reports/a
  python main.py reproduce c --data c.csv --source-data c-source.csv -o runs/c --scaled
  python main.py reproduce a --data a.csv -o runs/a --scaled side=224 folds=5 epochs=20 minutes=120
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", choices=("a", "b", "c", "d", "e"), help="which of the five")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="RUN", help="the folder of this reproduction")
    parser.add_argument("--data", metavar="LABELS", help="films of the paper's classes")
    parser.add_argument(
        "--source-data", metavar="LABELS", help="films of the task that is learnt first (papers C and D)"
    )
    parser.add_argument(
        "--recipe", metavar="NAME", nargs="+", action="extend", default=[], help="only these recipes of the paper"
    )
    parser.add_argument(
        "--scaled", metavar="KEY=VALUE", nargs="*",
        help="the smaller protocol: side=128 folds=3 epochs=10 minutes=20 (a network) by-image=0, each of which may be "
        "given; with minutes=60 or more no network is too large for it, with by-image=1 it also splits by image where "
        "the paper did",
    )  # fmt: skip
    parser.add_argument("--leaky", action="store_true", help="also with a source network that saw the test films")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="folder of Keras' published ImageNet weight files")
    parser.add_argument("--resume", action="store_true", help="go on with RUN, or begin it")
    parser.add_argument("--json", action="store_true", help="report.json on one line of standard output")


def run(options: argparse.Namespace) -> int:
    """0; 1 when films were given and no run came to its end, 130 when it was stopped."""
    from core.training.papers import reproduction

    found = _reproduced(options)
    told = reproduction.write(found, options.out)
    if options.json:
        write_json(told)
    else:
        _show(told, options.out)
    if not found.finished:
        return 130
    done = any(one["done"] for one in told["runs"])
    return 0 if done or options.data is None else 1


def _reproduced(options: argparse.Namespace) -> Reproduction:
    from core.progress import Stop
    from core.training.papers.reproducing import reproduce

    scale = None if options.scaled is None else _scale(options.scaled)
    stop = Stop()
    sentence = "Stopping: what is done is kept for --resume, and reported."
    with stopping(stop, sentence), progress_line("Reproducing", notes=True) as show:
        return reproduce(
            options.paper,
            options.out,
            data=options.data,
            source_data=options.source_data,
            names=options.recipe,
            scale=scale,
            leaky=options.leaky,
            weights=options.weights,
            resume=options.resume,
            report=show,
            stop=stop,
        )


def _scale(given: list[str]) -> Scale:
    """The smaller protocol, as it was asked for. Refuses "option-unusable" (UsageRefused)."""
    from core.training.papers.scaled import Scale

    limits = {"side": (32, 512), "folds": (2, 20), "epochs": (1, 1000), "minutes": (1, 100_000), "by-image": (0, 1)}
    values: dict[str, int] = {}
    for each in given:
        key, _, text = each.partition("=")
        low, high = limits.get(key, (1, 0))
        if not text.isdecimal() or not low <= int(text) <= high:
            known = ", ".join(f"{name} ({least} to {most})" for name, (least, most) in limits.items())
            raise UsageRefused("option-unusable", what=f"--scaled takes {known} as KEY=VALUE, got {each}.")
        values[key] = int(text)
    skips = () if values.get("minutes", 0) >= _ENOUGH_FOR_ALL else Scale().skips
    by_image = bool(values.pop("by-image", 0))
    return Scale(**values, by_image=by_image, skips=skips)


def _show(told: dict[str, Any], folder: Path) -> None:
    out = words()
    for check in told["checks"]:
        if check["verdict"] not in ("consistent", "derived", "wording", "unclear"):
            out.print(f"{check['id']} {check['verdict']}: {check['text']}", markup=False)
    for run in told["runs"]:
        if run["done"]:
            accuracy = run["figures"]["accuracy"]
            out.print(
                f"{run['name']}: accuracy {accuracy['value']:.3f} ({accuracy['low']:.2f}–{accuracy['high']:.2f}) on "
                f"{run['films']} films",
                markup=False,
            )
        else:
            out.print(f"{run['name']}: {run['why']}", markup=False)
    if not told["data"]:
        out.print(f"Nothing was measured: no films were given (--data). Wanted: {told['needs']}", markup=False)
    out.print(f"written: {folder / 'report.md'}", markup=False)
