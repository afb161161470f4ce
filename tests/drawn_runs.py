"""Run folders as a screening leaves them, written at once: many rows, no films behind them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from core.errors import reason
from core.inference.assessment import Assessment, BundleMark, Seconds
from core.screening.journal import Terms, open_journal
from tests.stand_in_screening import CLASSES, DIGEST

_REFUSALS = (
    reason("not-an-image"),
    reason("gate-not-frontal", what="LL"),
    reason("truncated-pixels", present="1.2 MB", declared="8.0 MB"),
)
_VIEWS = ("PA", "PA", "PA", "AP", None)


def make(
    folder: Path,
    count: int,
    *,
    waiting: int = 0,
    refused: float = 0.03,
    thumbnails: Sequence[bytes] = (),
    root: str = "/data/chest-clinic-2019",
    seed: int = 0,
) -> Path:
    """A run of `count` films that have results and `waiting` that have none. refused: the share without a score."""
    rng = np.random.default_rng(seed)
    with open_journal(folder, resume=False) as journal:
        journal.agree(Terms(DIGEST, "openvino", "CPU", "f32", "settle 1"), about=_ABOUT)
        journal.notes(key=bytes(32).hex(), listed=True, asked={"paths": [root], "bundle": None, "frames": "first"})
    database = sqlite3.connect(folder / "journal.sqlite")
    with database:
        database.execute("INSERT INTO root (path) VALUES (?)", (root.encode(),))
        for number in range(count):
            row = _row(number, rng, refused)
            values = (row.path.encode(), row.status, row.sha256, row.suspicion, msgspec.json.encode(row).decode())
            done = database.execute(
                "INSERT INTO item (root, path, member, frame, status, sha256, suspicion, assessment)"
                " VALUES (1, ?, x'', 1, ?, ?, ?, ?)",
                values,
            )
            if thumbnails and row.suspicion is not None:
                jpeg = thumbnails[number % len(thumbnails)]
                database.execute("INSERT INTO thumbnail VALUES (?, ?)", (done.lastrowid, jpeg))
        database.executemany(
            "INSERT INTO item (root, path, member, frame) VALUES (1, ?, x'', 1)",
            [(f"ward-9/waiting-{number:05}.dcm".encode(),) for number in range(waiting)],
        )
    database.close()
    return folder


_ABOUT = {
    "bundle": "stand-in",
    "version": "1",
    "digest": DIGEST,
    "classes": list(CLASSES),
    "members": ["one"],
    "engine": "openvino",
    "device": "CPU",
    "precision": "f32",
    "operating_point": "balanced",
}


def _row(number: int, rng: np.random.Generator, refused: float) -> Assessment:
    suspicion = float(rng.beta(0.7, 2.6))
    covid = float(rng.uniform(0.1, 0.95))
    shares = {"normal": 1 - suspicion, "pneumonia": suspicion * (1 - covid), "covid": suspicion * covid}
    fate = rng.random()
    # One to three films a study.
    common = {
        "path": f"ward-{number % 7}/{'-'.join(map(str, rng.integers(100, 999, 2)))}-{number:05}.dcm",
        "frame": 1,
        "study": f"{(number // 2 if number % 5 else number // 3) * 7919 + 1:08x}".ljust(24, "0"),
        "sha256": f"{number:064x}",
        "view": _VIEWS[number % len(_VIEWS)],
        "bundle": BundleMark("stand-in", "1", DIGEST),
        "engine": "openvino",
        "device": "CPU",
        "precision": "f32",
        "seconds": Seconds(0.02, 0.01, 0.02),
    }
    if fate < refused:
        return Assessment(status="refused", reasons=(_REFUSALS[number % 3],), **common)
    if fate < refused + 0.002:
        return Assessment(status="failed", reasons=(reason("timed-out", limit="20 s"),), **common)
    abstains = fate > 0.96
    reasons = [reason("members-disagree")] if abstains else []
    if common["view"] is None:
        reasons.append(reason("view-unknown"))
    return Assessment(
        status="abstained" if abstains else "assessed",
        reasons=tuple(reasons),
        probabilities=shares,
        finding=max(shares, key=lambda name: shares[name]),
        refer=suspicion >= 0.5,
        suspicion=suspicion,
        spread=float(rng.uniform(0, 0.2)),
        **common,
    )
