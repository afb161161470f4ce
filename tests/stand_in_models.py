"""A models process with known answers: a shelf of three bundles, and work that is done at once or when it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import places
from core.errors import BundleRefused, reason
from core.models.state import (
    Bin,
    BundleRow,
    Calibrated,
    Compared,
    Films,
    LabelRow,
    LegacyLook,
    LegacyTaken,
    LogLine,
    MemberRow,
    Point,
    Proven,
    Reliability,
    Score,
    Shelf,
    Span,
    Task,
    Verified,
)
from core.progress import Progress

CLASSES = {"normal": "Normal", "pneumonia": "Pneumonia", "covid": "COVID-19"}
CARD = """# adult-covid

## Intended use

Adults (16 years and older) with a frontal chest radiograph. Research use only; not for diagnosis.

## Figures

| figure | value | 95 % interval | films | from |
|---|---|---|---|---|
| auroc/macro | 0.875 | 0.839 to 0.908 | 343 | locked test |
| auroc/covid | 0.958 | 0.931 to 0.978 | 343 | locked test |
| accuracy | 0.743 | 0.690 to 0.795 | 343 | locked test |

## To know first

- On films of one hospital it is weaker than on films of several: part of what it knows is where films come from.
- Children, lateral films and bedside films with much tubing were not among those that it learnt from.
"""
MEMBERS = (
    MemberRow("lite0", "efficientnet-lite0", 717267, 0.4),
    MemberRow("lite2", "efficientnet-lite2", 1203331, 0.4),
    MemberRow("mobile", "mobilenetv2", 410000, 0.2),
)
SHIPPED = BundleRow(
    "a" * 64, "/program/models/adult-covid", True, True, None, "adult-covid", "ensemble", "1",
    "Normal, pneumonia or COVID-19 on adult frontal chest radiographs", "a" * 64, CLASSES, ("pneumonia", "covid"),
    MEMBERS, 0.91, ({"name": "specificity-90", "threshold": 0.73, "picked_for": "tests", "figures": []},), CARD,
)  # fmt: skip
OWN = replace(
    SHIPPED, key="b" * 64, digest="b" * 64, folder="/data/bundles/site-2", shipped=False, in_use=False, name="site",
    version="2", title="The shipped ensemble tuned at this site", card="# site\n\nTuned on 400 films.\n",
)  # fmt: skip
SPOILED = BundleRow(
    "older-1", "/data/bundles/older-1", False, False, reason("bundle-file-changed", what="card.md"), "older-1"
)
FILMS = Films(312, 290, {"normal": 104, "pneumonia": 104, "covid": 104}, {"seen": 12, "refused": 1}, None)
FEW = replace(
    FILMS, films=40, patients=38, by_class={"normal": 20, "pneumonia": 8, "covid": 12},
    small="Fewer than 100 films and 30 patients in a class (normal: 20 films of 20 patients): no threshold should be "
    "taken from this set.",
)  # fmt: skip


def serve() -> Callable[[Any], object]:
    """What is chosen decides: a place "few" has few films, "slow" waits for a file GO beside it, "none" is refused."""
    shelf = [SHIPPED, OWN, SPOILED]
    log: list[LogLine] = []
    trash: list[BundleRow] = []
    state: dict[str, Any] = {"number": 0, "request": (), "stopped": False}

    def told() -> Shelf:
        return Shelf(tuple(shelf), tuple(reversed(log)), bool(log))

    def use(key: str, who: str | None, action: str) -> Shelf:
        shelf[:] = [replace(row, in_use=row.key == key) for row in shelf]
        row = next(row for row in shelf if row.in_use)
        log.append(LogLine("2026-03-01T10:00:00+00:00", who or "account", action, row.name, row.version, row.digest))
        return told()

    def remove(key: str) -> str:
        trash.append(next(row for row in shelf if row.key == key))
        shelf[:] = [row for row in shelf if row.key != key]
        return "/data/bundles/trash/site-2-1"

    def restore(_place: str) -> Shelf:
        shelf.append(trash.pop())
        return told()

    def labels(place: str, _key: str) -> tuple[LabelRow, ...]:
        if "none" in place:
            raise BundleRefused("bundle-missing", what=place)
        return (
            LabelRow("covid-19", 104, None),
            LabelRow("normal", 104, "normal"),
            LabelRow("pneumonia", 104, "pneumonia"),
        )

    def begin(*request: Any) -> int:
        state.update(number=state["number"] + 1, request=request, stopped=False)
        return int(state["number"])

    def look(number: int) -> Task:
        request = state["request"]
        place = next((Path(one) for one in request if isinstance(one, str) and one.startswith("/")), Path("/"))
        if state["stopped"]:
            return Task(number, request[0], "stopped")
        if "slow" in place.name and not place.with_suffix(".go").exists():
            return Task(number, request[0], "working", Progress(120, 312, 10.0, 19.2))
        if "refuse" in str(request):
            return Task(number, request[0], "failed", error=reason("legacy-unsafe", what="net.h5", why="a Lambda"))
        return Task(number, request[0], "done", None, _result(request, shelf))

    known: dict[str, Callable[..., object]] = {
        "shelf": told,
        "promote": lambda key, who: use(key, who, "promote"),
        "rollback": lambda who: use(SHIPPED.key, who, "rollback"),
        "remove": remove,
        "restore": restore,
        "export": _export,
        "labels": labels,
        "begin": begin,
        "look": look,
        "stop": lambda: state.update(stopped=True),
        "score": _score,
        "point": lambda kind, wanted: Point(kind, wanted, 0.4 + wanted / 10, Span(0.8, 0.7, 0.9), Span(wanted, 0.7, 1)),
    }
    return lambda request: known[request[0]](*request[1:])


def _export(_key: str, path: str) -> str:
    (places.made(Path(path).parent) / Path(path).name).write_bytes(b"bundle")
    return path


def _score(weights: tuple[float, ...]) -> Score:
    # The first member is the one that knows.
    auroc = 0.8 + weights[0] / 10
    return Score(weights, Span(auroc, auroc - 0.05, auroc + 0.05), Span(0.7, 0.6, 0.8), Span(0.75, 0.7, 0.8),
                 Span(auroc - 0.84, auroc - 0.86, auroc - 0.82))  # fmt: skip


def _result(request: tuple[Any, ...], shelf: list[BundleRow]) -> object:
    what = request[0]
    films = FEW if any("few" in one for one in request if isinstance(one, str)) else FILMS
    if what == "verify":
        return Verified((Proven("openvino", "CPU", "f32", 3, 2e-6, 1e-5),), {"keras": "Keras is not installed."})
    if what == "weigh":
        return films
    if what == "compare":
        rows = tuple((name, Span(0.84, 0.8, 0.88), Span(0.87, 0.84, 0.9), Span(0.03, 0.01, 0.05))
                     for name in ("auroc/macro", "accuracy", "brier", "auroc/covid"))  # fmt: skip
        said = "Too few images to tell." if films.small else "site 2 is better by 0.030 mean AUROC than adult-covid 1."
        return Compared("adult-covid 1", "site 2", films, rows, said)
    if what == "calibrate":
        return _calibrated(films)
    if what == "legacy-look":
        return LegacyLook(request[1], "keras-mobilenetv2", (224, 224, 3), 2, 105, 2261827, "sigmoid")
    name = "old" if what == "legacy-take" else str(request[-1])
    if not any(row.key == "c" * 64 for row in shelf):
        shelf.append(replace(OWN, key="c" * 64, digest="c" * 64, name=name, version="1", card=f"# {name}\n"))
    if what == "legacy-take":
        return LegacyTaken("c" * 64, name, "1", 8, 3e-7)
    return "c" * 64


def _calibrated(films: Films) -> Calibrated:
    def curve(bent: float) -> Reliability:
        bins = tuple(
            Bin(said, min(1.0, said**bent), max(0.0, said**bent - 0.1), min(1.0, said**bent + 0.1), 31)
            for said in (0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97)
        )
        return Reliability(
            dict.fromkeys(("suspicion", *CLASSES), bins),
            Span(0.5 * bent, 0.5 * bent - 0.05, 0.5 * bent + 0.05),
            Span(0.1, 0.05, 0.2),
            Span(1.0),
        )

    return Calibrated(films, 0.91, 1.34, curve(1.7), curve(1.05), Span(0.05, 0.01, 0.09), films.small)


def unusable() -> Callable[[Any], object]:
    """A models process that cannot start."""
    raise BundleRefused("bundle-missing", what="nothing")
