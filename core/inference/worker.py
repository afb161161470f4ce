"""The assessor's process: holds one bundle on one engine and answers (core.jobs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.imaging.film import Film
from core.inference.assessing import Assessor
from core.inference.shelf import chosen


def serve(
    *,
    bundle: str | None = None,
    engine: str = "auto",
    device: str = "auto",
    operating_point: str | None = None,
    operating_points: Mapping[str, str] | None = None,
    key: bytes | None = None,
    use: str = "single",
) -> Callable[[Any], object]:
    """Open a bundle (None: the one in use) and give the function that answers

    ("assess", film, override) and ("assess", film, override, maps) → (Assessment, Maps or None),
    ("assess-many", films, override) → [(Assessment, None), …],
    ("about",) → a dict of plain values: name, version, digest, title, classes, engine, device, precision, note, …

    operating_points: of bundles by their names, for who does not know yet which one is in use; what a bundle does not
    have is left aside, and operating_point goes before it.
    film: core.imaging.film.Film, as core.imaging.worker answers to "settle". override: a reason or None.
    Refuses what chosen, load and Assessor refuse.
    """
    opened = chosen(bundle)
    preferred = (operating_points or {}).get(opened.name)
    if operating_point is None and any(point.name == preferred for point in opened.description.operating_points):
        operating_point = preferred
    assessor = Assessor(
        opened,
        engine,
        device,
        operating_point=operating_point,
        key=key,
        use="folder" if use == "folder" else "single",
    )

    def handle(request: Any) -> object:
        match request:
            case ("assess", Film() as film, override):
                return assessor.assess(film, override)
            case ("assess", Film() as film, override, bool(maps)):
                return assessor.assess(film, override, maps)
            case ("assess-many", films, override):
                return assessor.assess_many(films, override)
            case ("about",):
                return about(assessor)
        raise ValueError(f"an assessor knows assess, assess-many and about, got {request!r}")

    return handle


def about(assessor: Assessor) -> dict[str, Any]:
    """What the status bar and the model page show of an assessor: plain values only."""
    bundle, point = assessor.bundle, assessor.operating_point
    return {
        "name": bundle.name,
        "version": bundle.version,
        "digest": bundle.digest,
        "title": bundle.description.title,
        "classes": [
            {"name": one.name, "title": one.title, "sentence": one.sentence, "code": one.code}
            for one in bundle.description.classes
        ],
        "titles": {one.name: one.title for one in bundle.description.classes},
        "suspicion": list(bundle.description.suspicion),
        "operating_point": {"name": point.name, "threshold": point.threshold, "picked_for": point.picked_for},
        "operating_points": [
            {
                "name": one.name,
                "threshold": one.threshold,
                "picked_for": one.picked_for,
                "figures": [msgspec.structs.asdict(figure) for figure in one.figures],
            }
            for one in bundle.description.operating_points
        ],
        "class_mix": bundle.description.class_mix,
        "abstention": bundle.description.abstention.words,
        "members": [member.name for member in bundle.members],
        "licence": bundle.description.licence,
        "card": bundle.card,
        "engine": assessor.engine.name,
        "device": assessor.engine.device,
        "precision": assessor.engine.precision,
        "note": assessor.engine.note.text if assessor.engine.note else None,
    }
