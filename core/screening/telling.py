"""A run in the plain records that the window shows: rows, and what its bundle says of thresholds."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from typing import Any

from core.errors import BundleRefused
from core.inference import shelf
from core.inference.bundles import Bundle
from core.screening.rows import Row, note
from core.screening.state import About, Brief, Point, figures

_WORST_FIRST = ("failure", "refusal", "caution", "note")


def brief(row: Row, classes: tuple[str, ...]) -> Brief:
    """A row that has a result."""
    told = row.assessment
    assert told is not None
    reasons = sorted(told.reasons, key=lambda one: _WORST_FIRST.index(one.severity))
    probabilities = told.probabilities
    return Brief(
        row.number,
        row.name,
        told.frame,
        told.status,
        told.finding,
        told.suspicion,
        told.refer,
        tuple(reasons),
        told.view,
        told.study,
        told.sha256,
        tuple(probabilities[name] for name in classes) if probabilities is not None else None,
    )


def about(database: sqlite3.Connection) -> About | None:
    """What the run says of itself, and what its bundle says of thresholds where it is still here."""
    told = note(database, "about")
    if told is None:
        return None
    bundle = _bundle(told.get("digest", ""), note(database, "asked") or {})
    description = bundle.description if bundle is not None else None
    points = description.operating_points if description is not None else ()
    own = told.get("operating_point")
    test = [one for one in (description.figures if description else ()) if one.name.startswith("referral ")]
    return About(
        tuple(told["classes"]),
        {one.name: one.title for one in description.classes} if description else {},
        told["bundle"],
        told["version"],
        told["engine"],
        told["device"],
        told["precision"],
        tuple(
            Point(one.name, one.threshold, one.picked_for, figures(one.figures))
            for one in sorted(points, key=lambda point: point.name != own if own else False)
        ),
        figures(test),
        points[0].threshold if points and test else None,
        dict(description.class_mix.get("test", {})) if description else {},
        known=description is not None,
    )


def _bundle(digest: str, asked: Mapping[str, Any]) -> Bundle | None:
    for what in (digest, asked.get("bundle")):
        with contextlib.suppress(BundleRefused):
            if what and (bundle := shelf.chosen(what)).digest == digest:
                return bundle
    return None
