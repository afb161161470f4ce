"""What leaves a run: a CSV that Excel opens and no program runs, and one HTML page that needs nothing beside it.

Both are made anew as a whole, stream from the journal, and say so in their first line when the run is unfinished.
Without `identifiers` a film is called by its row number and a hash, and pictures that may have text burned in stay out.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import files, places
from core.inference.assessment import Assessment
from core.screening.pseudonyms import pseudonym
from core.screening.rows import Row, counts, is_finished, note, rows, thumbnail

PAGE_ROWS = 5000
_TEMPLATE = "page.html"


@dataclass(frozen=True, slots=True)
class Export:
    """What an export is told of a run."""

    database: sqlite3.Connection
    identifiers: bool = False

    @property
    def first_line(self) -> str | None:
        """What an unfinished run says in its first line; None for a finished one."""
        if is_finished(self.database):
            return None
        found = counts(self.database)
        waiting = found.pop("found", 0)
        return f"# Unfinished run: {sum(found.values())} films are done, {waiting} found so far wait."

    def path(self, row: Row) -> str:
        """How a film is called: its name, or its row number and a hash under the run's key."""
        if self.identifiers:
            return _one_line(row.name)
        key = bytes.fromhex(note(self.database, "key") or "")
        return f"{row.number}-{(pseudonym(key, row.name) or '')[:12]}"

    def may_show(self, row: Row) -> bool:
        """Whether a film's picture may leave: text may be burned into it unless the file says that there is none."""
        return self.identifiers or row.burned_in == "NO"


def write_csv(export: Export, path: Path) -> None:
    """One row a film, sorted by suspicion, refused and failed ones last. Refuses "disk-full", "place-unwritable"."""
    classes, members = _names(export.database)
    with files.whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        if (line := export.first_line) is not None:
            text.write(line + "\r\n")
        writer = csv.writer(text)
        writer.writerow(_cells(export, Row(0, "", None, None), classes, members))
        for row in rows(export.database):
            writer.writerow([files.inert(value) for value in _cells(export, row, classes, members).values()])
        text.detach()


def write_json(export: Export, path: Path) -> None:
    """One JSON object a line, as `assess --json` gives them, sorted by suspicion; films that wait are left out.

    Refuses "disk-full", "place-unwritable".
    """
    with files.whole_file(path) as file:
        if (line := export.first_line) is not None:
            file.write(_line({"unfinished": line.lstrip("# ")}))
        for row in rows(export.database):
            if row.assessment is not None:
                told = row.assessment.as_json() | {"path": export.path(row)}
                if not export.identifiers:
                    told["reasons"] = [one | _hidden(one) for one in told["reasons"]]
                file.write(_line(told))


def json_rows(database: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """The rows as `assess --json` gives them, in the order of finding; films that wait are left out."""
    for row in rows(database, "found"):
        if row.assessment is not None:
            yield row.assessment.as_json()


def write_html(export: Export, path: Path) -> None:
    """One page with small pictures, for any browser, from disk. Refuses "disk-full", "place-unwritable"."""
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    found = counts(export.database)
    facts = {
        "first_line": export.first_line,
        "counts": found,
        "total": sum(found.values()),
        "limit": PAGE_ROWS,
        "run": note(export.database, "about") or {},
        "classes": _names(export.database)[0],
        "identifiers": export.identifiers,
        "version": places.version(),
        "rows": _page_rows(export),
    }
    with files.whole_file(path) as file:
        for piece in environment.get_template(_TEMPLATE).generate(facts):
            file.write(piece.encode("utf-8", "replace"))


def _page_rows(export: Export) -> Iterator[dict[str, Any]]:
    for place, row in enumerate(rows(export.database)):
        if place == PAGE_ROWS:
            return
        picture = thumbnail(export.database, row.number) if export.may_show(row) else None
        told = row.assessment
        yield {
            "number": row.number,
            "path": export.path(row),
            "assessment": told,
            "status": told.status if told else "waiting",
            "reasons": _texts(export, told) if told else [],
            "picture": base64.b64encode(picture).decode() if picture else None,
        }


def _cells(export: Export, row: Row, classes: list[str], members: list[str]) -> dict[str, object]:
    """A CSV row: the fields of an assessment, flat; the columns are the same for every row of a run."""
    told = row.assessment or Assessment("", 1, None, None, "failed", ())
    own = {member.name: member.probabilities for member in told.members}
    bundle = told.bundle
    return {
        "path": export.path(row),
        "frame": told.frame,
        "study": told.study,
        "sha256": told.sha256,
        "status": told.status if row.assessment else "waiting",
        "reasons": " ".join(reason.code for reason in told.reasons),
        "reason_texts": " ".join(_texts(export, told)),
        "view": told.view,
        "negative": told.corrections.negative,
        "turned": told.corrections.turned,
        "mirrored": told.corrections.mirrored,
        **{f"probability_{name}": _at(told.probabilities, name) for name in classes},
        "finding": told.finding,
        "refer": told.refer,
        "override": told.override,
        "suspicion": told.suspicion,
        "spread": told.spread,
        **{f"{member}_{name}": _at(own.get(member), name) for member in members for name in classes},
        **{f"attention_in_lungs_{name}": _at(told.attention_in_lungs, name) for name in classes},
        "area_in_lungs": told.area_in_lungs,
        "bundle": bundle.name if bundle else None,
        "bundle_version": bundle.version if bundle else None,
        "bundle_digest": bundle.digest if bundle else None,
        "engine": told.engine,
        "device": told.device,
        "precision": told.precision,
        "seconds_read": round(told.seconds.read, 4),
        "seconds_prepare": round(told.seconds.prepare, 4),
        "seconds_infer": round(told.seconds.infer, 4),
    }


def _texts(export: Export, told: Assessment) -> list[str]:
    # A failure may name the path that could not be reached.
    return [reason.text for reason in told.reasons if export.identifiers or reason.severity != "failure"]


def _names(database: sqlite3.Connection) -> tuple[list[str], list[str]]:
    about: Mapping[str, Any] = note(database, "about") or {}
    return list(about.get("classes", ())), list(about.get("members", ()))


def _hidden(reason: Mapping[str, Any]) -> dict[str, str]:
    # A failure may name the path that could not be reached.
    return {"text": ""} if reason["severity"] == "failure" else {}


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _at(values: Mapping[str, float] | None, name: str) -> float | None:
    return None if values is None else values.get(name)


def _one_line(name: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
