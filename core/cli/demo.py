"""`demo`: the main job on the bundled samples, with a table and a picture to look at."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core import places
from core.cli.output import words, write_json
from core.errors import BundleRefused

HELP = """Assess the simulated films that come with Hilum: a table, a picture with every film beside where the
ensemble looked, and the window where there is a screen.

example:  python main.py demo
          python main.py demo -o results --no-window"""

# The samples are simulated on purpose; where the gate takes them for something else, this reason stands beside them.
OVERRIDE = "a simulated film that comes with the program"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=places.PROGRAM / "demo", help="where the picture goes"
    )
    parser.add_argument("--no-window", action="store_true", help="do not open the window afterwards")
    parser.add_argument("--json", action="store_true", help="JSON lines on standard output")


def run(options: argparse.Namespace) -> int:
    from core.cli.assess import remarks, table
    from core.cli.sheet import Tile, sheet
    from core.files import write_whole
    from core.imaging.film import film_of
    from core.imaging.reading import open_radiograph
    from core.imaging.sources import find
    from core.inference.assessing import Assessor
    from core.inference.shelf import chosen

    samples = sorted(path for path in places.SAMPLES.iterdir() if path.suffix in (".dcm", ".png"))
    assessor = Assessor(chosen(None))
    rows, tiles = [], []
    for ref in find(samples):
        radiograph = open_radiograph(ref)
        row, maps = assessor.assess(film_of(radiograph), OVERRIDE)
        rows.append(row)
        tiles.append(Tile(radiograph, row, maps))
        if options.json:
            write_json(row.as_json())
    if not rows:
        raise BundleRefused("bundle-file-missing", what="resources/samples")

    picture = places.made(options.output) / "demo.png"
    write_whole(picture, sheet(tiles, assessor.bundle))
    console = words()
    console.print(table(rows, assessor))
    console.print(remarks(rows), markup=False)
    console.print(f"Every film beside where the ensemble looked: {picture}", markup=False)
    if not options.no_window and _has_screen():
        console.print("The window opens on the samples.")
        _open_window(samples)
    return 0


def _has_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_window(paths: Sequence[Path]) -> None:
    """Start the window as a process of its own, which stays when the demo is done."""
    command = [sys.executable, str(places.PROGRAM / "main.py"), *map(str, paths)]
    subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
