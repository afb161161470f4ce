"""Verdicts as labels for training: a CSV that core.cohort.labels reads (design.md section 5)."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from itertools import groupby
from pathlib import Path
from typing import Any

from core import files
from core.records.verdict import Exported

COLUMNS = ("path", "label", "patient", "group", "source", "reader", "at")
# The one word for where these films are from; who joins several sites' labels gives each its own.
SOURCE = "verdicts"

# A note alone is no verdict. Newest first within a film.
_SELECT = """
    SELECT film.number, film.path, film.member, film.frame, film.patient, film.study, v.finding, v.reader, v.at
    FROM standing AS v JOIN film ON film.number = v.film
    WHERE v.finding IS NOT NULL OR v.agrees = 0 ORDER BY film.number, v.seq DESC
"""


def write_labels(records: sqlite3.Connection, path: Path) -> Exported:
    """Write one row a film, the newest verdict of it; nothing when there is none. patient and group are hashes.

    Refuses "disk-full" and "place-unwritable" (RunRefused).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    rows = disagreeing = without_finding = not_listable = 0
    for _number, films in groupby(records.execute(_SELECT), key=lambda row: row[0]):
        verdicts = list(films)
        name = _name(verdicts[0], path.parent)
        _number, _path, _member, _frame, patient, study, finding, reader, at = verdicts[0]
        if finding is None:
            without_finding += 1
        elif name is None:
            not_listable += 1
        else:
            rows += 1
            disagreeing += len({verdict[6] for verdict in verdicts}) > 1
            writer.writerow(
                [name, *(files.inert(cell or "") for cell in (finding, patient, study, SOURCE, reader, at))]
            )
    if rows:
        # With the mark by which Excel knows UTF-8.
        files.write_whole(path, "\ufeff" + text.getvalue())
    return Exported(rows, disagreeing, without_finding, not_listable)


def _name(row: tuple[Any, ...], folder: Path) -> str | None:
    """A film as a list of files names it, seen from the folder of the list; None where it cannot."""
    _number, path, member, frame, *_rest = row
    film = Path(os.fsdecode(path))
    if member is not None or frame != 1:
        return None
    inside = film.relative_to(folder).as_posix() if film.is_relative_to(folder) else str(film)
    # A name that begins like a formula is one in no spreadsheet.
    inside = f"./{inside}" if files.inert(inside) != inside else inside
    try:
        inside.encode()
    except UnicodeEncodeError:
        return None
    return inside if inside == inside.strip() else None
