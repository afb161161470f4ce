"""The real screening process with real decoders, journal and exports, and an engine that answers at once.

What it does is in the film's name: "slow" takes a moment, "fails" fails, "refused" is refused, "abstains" abstains,
"mistake" is a mistake of ours, "kills" ends the process the first time; else the suspicion is the mean brightness.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.errors import reason
from core.imaging.film import Film
from core.inference.assessment import Assessment, BundleMark, MemberOpinion, Seconds
from core.inference.description import ClassEntry, Figure, OperatingPoint

DIGEST = "b" * 64
TITLES = {"normal": "Normal", "pneumonia": "Pneumonia", "covid": "COVID-19"}
CLASSES = tuple(TITLES)
THRESHOLD = 0.5
TEST = "locked test"


def bundle() -> Any:
    """As much of a bundle as a run and its description need."""
    points = (
        OperatingPoint("balanced", THRESHOLD, "tests", (Figure("sensitivity, all", 0.7, 0.6, 0.8, "validation", 50),)),
        OperatingPoint("careful", 0.25, "tests"),
    )
    figures = (
        Figure("referral sensitivity", 0.66, 0.58, 0.74, TEST, 100),
        Figure("referral specificity", 0.92, 0.88, 0.96, TEST, 100),
        Figure("accuracy", 0.8, 0.7, 0.9, TEST, 100),
    )
    description = SimpleNamespace(
        operating_points=points,
        figures=figures,
        classes=[ClassEntry(name, title, ".") for name, title in TITLES.items()],
        class_mix={"test": {"normal": 60, "pneumonia": 15, "covid": 25}},
    )
    return SimpleNamespace(
        name="stand-in",
        version="1",
        digest=DIGEST,
        folder=Path("stand-in"),
        classes=CLASSES,
        members=[SimpleNamespace(name="one")],
        description=description,
        input=lambda _member: SimpleNamespace(steps=()),
    )


class StandIn:
    """What core.inference.assessing.Assessor is to a run."""

    def __init__(self, chosen: Any, *_: object, operating_point: str | None = None, **__: object) -> None:
        self.bundle, self.lungs = chosen, None
        self.engine = SimpleNamespace(name="openvino", device="CPU", precision="f32", note=None)
        points = {point.name: point for point in chosen.description.operating_points}
        self.operating_point = points[operating_point or "balanced"]

    def assess_many(self, films: Sequence[Film]) -> list[tuple[Assessment, None]]:
        return [(self._one(film), None) for film in films]

    def close(self) -> None:
        pass

    def _one(self, film: Film) -> Assessment:
        name = Path(film.path).name
        if "slow" in name:
            time.sleep(0.02)
        if "mistake" in name:
            raise ZeroDivisionError("forgotten")
        if "kills" in name:
            marker = Path(os.environ["HILUM_HOME"]) / "killed"
            if not marker.exists():
                marker.write_text("1")
                os._exit(9)
        own: dict[str, Any] = {
            "path": film.path,
            "frame": film.frame,
            "study": f"{sum(map(ord, name)) % 7:024x}",
            "sha256": film.sha256,
            "view": film.facts.view,
            "bundle": BundleMark("stand-in", "1", DIGEST),
            "engine": "openvino",
            "device": "CPU",
            "precision": "f32",
        }
        if "refused" in name:
            return Assessment(status="refused", reasons=(reason("gate-not-frontal", what="LL"),), **own)
        if "fails" in name:
            return Assessment(status="failed", reasons=(reason("engine-failed", what="out of memory"),), **own)
        bright = float(film.settled.pixels.mean() / 65535)
        shares = {"normal": 1 - bright, "pneumonia": 0.25 * bright, "covid": 0.75 * bright}
        abstains = "abstains" in name
        return Assessment(
            status="abstained" if abstains else "assessed",
            reasons=(reason("members-disagree"),) if abstains else film.reasons,
            probabilities=shares,
            finding=max(shares, key=lambda name: shares[name]),
            refer=bright >= self.operating_point.threshold,
            suspicion=bright,
            spread=0.0,
            members=(MemberOpinion("one", shares),),
            seconds=Seconds(film.read_seconds, film.prepare_seconds, 0.001),
            **own,
        )


def serve() -> Callable[[Any], object]:
    """core.screening.desk.serve with the stand-in behind it."""
    import core.screening.run
    import core.screening.telling
    from core.screening import desk

    shelf = SimpleNamespace(chosen=lambda _what: bundle())
    core.screening.run.shelf = shelf  # type: ignore[assignment]
    core.screening.telling.shelf = shelf  # type: ignore[assignment]
    core.screening.run.Assessor = StandIn  # type: ignore[assignment, misc]
    return desk.serve()
