"""Workers for the window's tests: a real decoder that misbehaves on request, and an assessor with known answers.

What they do is in the film's name: "kills" ends the process, "kills-once" does it the first time, "waits" answers
after a file of that name plus ".go" appears. The assessor's are below, at `_KINDS`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BundleRefused, ImageFailed, reason
from core.inference.assessment import Assessment, BundleMark, Maps, MemberOpinion, Seconds

Request = tuple[Any, ...]
CLASSES = ("normal", "pneumonia", "covid")
TITLES = {"normal": "Normal", "pneumonia": "Pneumonia", "covid": "COVID-19"}
MEMBERS = ("lite0", "lite2", "mobile")
POINTS = {"balanced": 0.35, "cautious": 0.95}
# Films of each class in each set.
MIX = {
    "test": {"normal": 150, "pneumonia": 74, "covid": 119},
    "validation": {"normal": 50, "pneumonia": 25, "covid": 25},
}

# name in the film's name → probabilities of the classes in each member
_KINDS = {
    "normal": ((0.93, 0.05, 0.02), (0.88, 0.08, 0.04), (0.95, 0.04, 0.01)),
    "refer": ((0.12, 0.18, 0.70), (0.08, 0.28, 0.64), (0.05, 0.17, 0.78)),
    "disagree": ((0.70, 0.20, 0.10), (0.10, 0.15, 0.75), (0.25, 0.60, 0.15)),
}


def decoder() -> Callable[[Request], object]:
    from core.imaging.desk import serve

    real = serve()

    def handle(request: Request) -> object:
        if request[0] == "open" or (request[0] == "thumbnail" and "glance" in request[1].path):
            _misbehave(Path(request[1].path))
        return real(request)

    return handle


def assessor(operating_point: str | None = None) -> Callable[[Request], object]:
    point = operating_point or "balanced"

    def handle(request: Request) -> object:
        if request[0] == "about":
            return {
                "name": "stand-in",
                "version": "1.0",
                "titles": TITLES,
                "suspicion": ["pneumonia", "covid"],
                "engine": "openvino",
                "device": "CPU",
                "precision": "f32",
                "note": None,
                "operating_point": {"name": point, "threshold": POINTS[point], "picked_for": "tests"},
                "operating_points": [
                    {"name": name, "threshold": threshold, "picked_for": "tests", "figures": []}
                    for name, threshold in POINTS.items()
                ],
                "class_mix": MIX,
            }
        _kind, film, override = request
        name = Path(film.path).stem
        if "ends-networks" in name:
            os._exit(7)
        if "fails" in name:
            raise ImageFailed("engine-failed", what="out of memory")
        return _assessed(film, override, name, POINTS[point])

    return handle


def no_bundle() -> Callable[[Request], object]:
    raise BundleRefused("bundle-missing", what="models/adult-covid")


def slow_assessor() -> Callable[[Request], object]:
    """Networks that never get ready."""
    time.sleep(1000)
    return assessor()


def _assessed(film: Any, override: str | None, name: str, threshold: float) -> tuple[Assessment, Maps | None]:
    kind = next((kind for kind in _KINDS if kind in name), "refer")
    reasons = list(film.reasons)
    if "lateral" in name:
        reasons.append(reason("gate-not-frontal", what="LL"))
    if "cautions" in name:
        reasons += [reason(code) for code in ("facts-unknown", "no-lungs-found", "lungs-cut")]
    if film.corrections.negative:
        reasons.append(reason("declared-negative"))
    if film.corrections.turned:
        reasons.append(reason("declared-turned", what=film.corrections.turned))
    if film.corrections.mirrored:
        reasons.append(reason("declared-mirrored"))
    row = {
        "path": film.path,
        "frame": film.frame,
        "study": None,
        "sha256": film.sha256,
        "view": film.facts.view,
        "corrections": film.corrections,
        "bundle": BundleMark("stand-in", "1.0", "0" * 64),
        "engine": "openvino",
        "device": "CPU",
        "precision": "f32",
    }
    if "lateral" in name and override is None:
        return Assessment(status="refused", reasons=tuple(reasons), **row), None
    if override is not None:
        reasons.append(reason("overridden", what=override))
    table = np.array(_KINDS[kind])
    mean = table.mean(axis=0)
    if kind == "disagree":
        reasons.append(reason("members-disagree"))
    finding = CLASSES[int(mean.argmax())]
    assessment = Assessment(
        status="abstained" if kind == "disagree" else "assessed",
        reasons=tuple(reasons),
        probabilities=dict(zip(CLASSES, map(float, mean), strict=True)),
        finding=finding,
        refer=bool(1 - mean[0] >= threshold),
        override=override,
        suspicion=float(1 - mean[0]),
        spread=float(table[:, mean.argmax()].std()),
        members=tuple(
            MemberOpinion(member, dict(zip(CLASSES, map(float, own), strict=True)))
            for member, own in zip(MEMBERS, table, strict=True)
        ),
        attention_in_lungs={"normal": 0.0, "pneumonia": 0.62, "covid": 0.31} if "lungs" in name else None,
        area_in_lungs=0.28 if "lungs" in name else None,
        seconds=Seconds(0.12, 0.009, 0.031),
        **row,
    )
    return assessment, _maps(film)


def _maps(film: Any) -> Maps:
    """Bright where the film is brightest: one blob for covid, one opposite for pneumonia, nothing for normal."""
    side = 32
    rows, columns = film.settled.pixels.shape
    r, c = np.mgrid[0:side, 0:side] / side
    covid = 1.1 * np.exp(-(((r - 0.62) / 0.12) ** 2 + ((c - 0.3) / 0.1) ** 2)) - 0.1
    pneumonia = 0.8 * np.exp(-(((r - 0.5) / 0.1) ** 2 + ((c - 0.7) / 0.1) ** 2)) - 0.1
    values = np.stack([np.full((side, side), -0.2), pneumonia, covid]).astype(np.float32)
    grid_to_settled = np.diag([rows / side, columns / side, 1.0])
    # Each member looked a little elsewhere; the class alone is wider than the class against the rest.
    members = {name: np.roll(values, 3 * (index - 1), axis=2) for index, name in enumerate(MEMBERS)}
    return Maps(CLASSES, values, film.settled.settled_to_stored @ grid_to_settled, members, values + np.float32(0.15))


def _misbehave(path: Path) -> None:
    if "kills-once" in path.name:
        marker = path.with_suffix(".tried")
        if not marker.exists():
            marker.write_text("1")
            os._exit(9)
    elif "kills" in path.name:
        with open(path.with_suffix(".tries"), "a") as file:
            file.write("x")
        os._exit(9)
    elif "waits" in path.name:
        while not path.with_suffix(".go").exists():
            time.sleep(0.01)
