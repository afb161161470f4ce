"""How often a test set was looked at: every look makes its figures a little less honest (design.md section 7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core import places
from core.errors import RunRefused
from core.files import write_whole

_WAIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Openings:
    """count: evaluations on this set so far, this one included; bundles: how many different bundles they judged."""

    count: int
    bundles: int


def set_digest(labels: Iterable[tuple[str, str]]) -> str:
    """What a test set is known by: its (SHA-256 of the file, label) pairs, in any order."""
    lines = sorted(f"{sha256} {label}" for sha256, label in labels)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def opened(digest: str, bundle: str, acknowledged: Mapping[str, str] | None = None) -> Openings:
    """Note that the set `digest` was opened to judge the bundle of this digest; gives the count with this one.

    acknowledged: finding code → the reason given. Refuses "place-unwritable" and "run-in-use" (RunRefused).
    """
    ledger = places.made(places.home()) / "openings.json"
    try:
        with FileLock(ledger.with_suffix(".lock"), timeout=_WAIT_SECONDS):
            sets = _read(ledger)
            rows = sets.setdefault(digest, [])
            when = datetime.now(UTC).isoformat(timespec="seconds")
            rows.append({"when": when, "bundle": bundle, "acknowledged": dict(acknowledged or {})})
            write_whole(ledger, json.dumps(sets, indent=1))
    except Timeout as error:
        raise RunRefused("run-in-use", what=ledger) from error
    return _counted(rows)


def openings(digest: str) -> Openings:
    """How often this set was opened on this PC."""
    return _counted(_read(places.home() / "openings.json").get(digest, []))


def _counted(rows: list[dict[str, Any]]) -> Openings:
    return Openings(len(rows), len({row["bundle"] for row in rows}))


def _read(ledger: Path) -> dict[str, list[dict[str, Any]]]:
    if not ledger.exists():
        return {}
    try:
        sets: dict[str, list[dict[str, Any]]] = json.loads(ledger.read_text("utf-8"))
    except (OSError, ValueError) as error:
        # Counting from one again would hide earlier looks.
        raise RunRefused("run-unreadable", what=ledger, why="the count of openings is damaged") from error
    return sets
