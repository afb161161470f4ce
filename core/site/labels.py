"""The films as the training engine reads them: LABELS (design.md section 5)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import RunRefused
from core.files import inert, write_whole
from core.site.plan import SiteFilm

COLUMNS = ("path", "label", "patient", "group", "source", "split", "view", "age", "sex")


def write_labels(
    films: Sequence[SiteFilm], to: Mapping[str, str], stated: Mapping[int, tuple[str, str]], path: Path
) -> int:
    """Write one row a usable film whose label has a class, and give their number. Whole or not at all.

    to: label → class. stated: number → (group, split) as the site's own table has them.
    Refuses "labels-empty", "disk-full", "place-unwritable".
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    rows = 0
    for film in films:
        if not film.usable or film.label not in to:
            continue
        group, split = stated.get(film.number, ("", ""))
        age = "" if film.age_years is None else f"{film.age_years:g}"
        cells = (to[film.label], film.patient, group, film.source, split, film.view, age, film.sex)
        table.writerow([film.path, *(inert(cell) for cell in cells)])
        rows += 1
    if not rows:
        raise RunRefused("labels-empty", what=path)
    write_whole(path, text.getvalue())
    return rows
