"""`phantom -o DIR --count N --seed S`: simulated films whose lungs and opacities are known exactly."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UsageRefused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.imaging.phantom import Opacity, Phantom

HELP = """Write simulated chest radiographs of people who do not exist (docs/phantom.md), and an index.

Film number i of a run has the seed S + i; every fourth is an AP film. Without --opacity the films take turns:
normal, consolidation, ground glass, effusion. PNG, 8 bits; masks are 0 or 255 at the film's size.

example:
  python main.py phantom -o films --count 20 --seed 1 --masks
"""
_INDEX = ("path", "label", "seed", "view", "sex", "age", "rows", "columns", "spacing_mm", "lungs", "opacity")
_KINDS: dict[str, Opacity | None] = {
    "normal": None,
    "consolidation": "consolidation",
    "ground-glass": "ground-glass",
    "effusion": "effusion",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="the folder to write to")
    parser.add_argument("--count", type=int, default=8, metavar="N", help="how many films (8)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the seed of the first film (1)")
    parser.add_argument("--size", type=int, default=1024, metavar="N", help="rows and columns, 64 to 4096 (1024)")
    parser.add_argument("--opacity", choices=_KINDS, help="the same for all films; else they take turns")
    parser.add_argument("--masks", action="store_true", help="also the masks of lungs and opacity")
    parser.add_argument("--json", action="store_true", help="one JSON object a film on standard output")


def run(options: argparse.Namespace) -> int:
    from core.cli.output import words, write_json
    from core.files import write_whole
    from core.imaging.phantom import simulate
    from core.places import made

    if options.count < 1 or options.seed < 0 or not 64 <= options.size <= 4096:
        raise UsageRefused(
            "option-unusable", what="Give a count of at least 1, a seed of at least 0 and a size from 64 to 4096."
        )
    folder = made(options.out)
    console = words()
    rows: list[dict[str, Any]] = []
    for number in range(options.count):
        kind = options.opacity or tuple(_KINDS)[number % len(_KINDS)]
        film = simulate(options.seed + number, _KINDS[kind], options.size, "AP" if number % 4 == 3 else "PA")
        rows.append(_written(film, folder, kind, options.masks))
        if options.json:
            write_json(rows[-1])
        else:
            console.print(f"{number + 1} of {options.count}: {rows[-1]['path']}", markup=False)
    write_whole(folder / "index.csv", _table(rows))
    return 0


def _written(film: Phantom, folder: Path, kind: str, masks: bool) -> dict[str, Any]:
    """Write a film and its masks; its row of the index."""
    from core.files import write_whole
    from core.imaging.phantom.pictures import as_png

    name = f"phantom-{film.seed:06d}-{kind}"
    write_whole(folder / f"{name}.png", as_png(film.pixels, 8))
    row = {
        "path": f"{name}.png",
        "label": kind,
        "seed": film.seed,
        "view": film.person.view,
        "sex": "F" if film.person.female else "M",
        "age": film.person.age_years,
        "rows": film.pixels.shape[0],
        "columns": film.pixels.shape[1],
        "spacing_mm": round(film.spacing_mm, 5),
        "lungs": "",
        "opacity": "",
    }
    if masks:
        row |= {"lungs": _mask(folder, name, "lungs", film.lungs)}
        if film.opacity is not None:
            row |= {"opacity": _mask(folder, name, "opacity", film.opacity_mask)}
    return row


def _mask(folder: Path, name: str, what: str, mask: NDArray[np.bool_]) -> str:
    """Masks lie in a folder of their own, so that the films' folder can be screened as it is."""
    from core.files import write_whole
    from core.imaging.phantom.pictures import mask_as_png
    from core.places import made

    write_whole(made(folder / "masks") / f"{name}-{what}.png", mask_as_png(mask))
    return f"masks/{name}-{what}.png"


def _table(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _INDEX, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + text.getvalue()
