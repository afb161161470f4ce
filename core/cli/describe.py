"""`describe PATH…`: the facts of every image, and what is wrong with it; never the pixels."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.imaging.describing import descriptions
from core.imaging.limits import Limits
from core.imaging.sources import find

if TYPE_CHECKING:
    from core.imaging.facts import Description, Facts

HELP = """The facts of every image: what it shows, whose it is, what is wrong with it. Never the pixels.

Files, folders, DICOMDIR and ZIP archives; one row a file, also for those that cannot be opened.

example:
  python main.py describe resources/samples --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, folder, DICOMDIR or ZIP archive")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    parser.add_argument("--frames", choices=("first", "all"), default="first", help="rows for the first frame or all")


def run(options: argparse.Namespace) -> int:
    from core.cli.output import words, write_json

    console = None if options.json else words()
    count = 0
    limits = Limits()
    for description in descriptions(find(options.paths, options.frames, limits), limits):
        count += 1
        if console is None:
            write_json(row(description))
        else:
            console.print(sentences(description), markup=False)
    return 0 if count else 1


def row(description: Description) -> dict[str, Any]:
    """What `--json` prints of a file."""
    return {
        "path": description.ref.name,
        "frame": description.ref.frame,
        "status": description.status,
        "reasons": [asdict(one) for one in description.reasons],
        "facts": asdict(description.facts) if description.facts is not None else {},
    }


def sentences(description: Description) -> str:
    """The same for people: the file, its facts in a line or two, and one line a reason."""
    ref = description.ref
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in ref.name)
    lines = [f"{name}{f' frame {ref.frame}' if ref.frame > 1 else ''}: {description.status}"]
    if description.facts is not None:
        lines += [f"  {line}" for line in (_patient(description.facts), _picture(description.facts)) if line]
    lines += [f"  {one.severity}: {one.text} ({one.code})" for one in description.reasons]
    return "\n".join(lines)


def _patient(facts: Facts) -> str:
    age = None if facts.age_years is None else f"{facts.age_years:g} years"
    return ", ".join(filter(None, (facts.patient_name, facts.patient_id, facts.sex, age, facts.study_date)))


def _picture(facts: Facts) -> str:
    size = f"{facts.rows} × {facts.columns}" if facts.rows is not None and facts.columns is not None else None
    bits = None if facts.bits_stored is None else f"{facts.bits_stored} bits"
    spacing = None if facts.spacing is None else f"{facts.spacing.row_mm:g} {facts.spacing.kind}"
    return ", ".join(
        filter(None, (facts.format, facts.modality, facts.body_part, facts.view, size, bits, spacing, facts.maker))
    )
