"""Assess a folder of any size into a run that survives interruption.

example: python main.py screen films/ -o run/ --csv run/films.csv --html run/films.html
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.output import words, write_json
from core.cli.progress import progress_line, stopping
from core.errors import UsageRefused

if TYPE_CHECKING:
    from core.screening.run import Summary

HELP = __doc__ or ""
_STATUSES = ("assessed", "abstained", "refused", "failed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, ZIP archives, a DICOMDIR")
    parser.add_argument("-o", "--output", metavar="RUN", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run, or start it; failed files again")
    parser.add_argument("--bundle", metavar="B", help="a bundle's name, folder or file; the one in use when left out")
    parser.add_argument("--engine", choices=("auto", "openvino", "keras"), default="auto")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    parser.add_argument("--frames", choices=("first", "all"), default="first", help="of files that hold several")
    parser.add_argument("--workers", metavar="N", type=int, help="processes that open files; as many as cores")
    parser.add_argument("--csv", metavar="F", type=Path, help="write a table, most suspicious first")
    parser.add_argument("--html", metavar="F", type=Path, help="write one page with small pictures")
    parser.add_argument("--identifiers", action="store_true", help="file names and all pictures in table and page")
    parser.add_argument("--json", action="store_true", help="one JSON line a film, with its path, at the end")


def run(options: argparse.Namespace) -> int:
    from core.progress import Stop
    from core.screening.run import Wish, screen

    if options.workers is not None and options.workers < 1:
        raise UsageRefused("option-unusable", what="--workers takes a number of processes from 1.")
    wish = Wish(options.bundle, options.engine, options.device, options.frames, options.workers)
    stop = Stop()
    line = progress_line("Screening", unit="films", waiting="still listing")
    with stopping(stop, "Stopping: the films in hand are left for --resume."), line as show:
        summary = screen(options.paths, options.output, wish, resume=options.resume, on_progress=show, stop=stop)
    _export(options)
    _tell(summary, options.output)
    if summary.stopped:
        return 130
    return 0 if summary.total else 1


def _export(options: argparse.Namespace) -> None:
    from core.screening.export import Export, json_rows, write_csv, write_html
    from core.screening.rows import reading

    with reading(options.output) as database:
        export = Export(database, options.identifiers)
        if options.csv is not None:
            write_csv(export, options.csv)
        if options.html is not None:
            write_html(export, options.html)
        if options.json:
            for row in json_rows(database):
                write_json(row)


def _tell(summary: Summary, folder: Path) -> None:
    from rich.table import Table

    from core.screening.run import FAULTS

    console = words()
    table = Table(title="Screening", title_justify="left")
    table.add_column("films")
    table.add_column("number", justify="right")
    for status in _STATUSES:
        table.add_row(status, f"{summary.counts.get(status, 0):,}")
    if waiting := summary.counts.get("found", 0):
        table.add_row("waiting", f"{waiting:,}")
    table.add_row("all", f"{summary.total:,}")
    console.print(table)
    if summary.note:
        console.print(summary.note)
    if summary.faults:
        console.print(f"{summary.faults} files met a mistake in Hilum itself; {folder / FAULTS} says where.")
    if not summary.finished:
        console.print(f"The run is not finished; what is done is kept. Go on with: screen … -o {folder} --resume")
    console.print("For research use; not a medical device.")
