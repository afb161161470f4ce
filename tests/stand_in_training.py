"""Stand-ins for the wizard's processes: a trainer whose epochs come one a look, and films that are decided already.

The training's name says what happens: "fails" ends in a refusal, "kills" ends the process after the first epoch.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.errors import Reason, RunRefused, reason
from core.progress import Progress
from core.site.plan import SitePlan, allowed
from core.site.state import ClassCount, DryRun, SiteState
from core.training.offered import Offer, Ruler, Side
from core.training.watching import Epoch

TITLES = (("normal", "Normal"), ("pneumonia", "Pneumonia"), ("covid", "COVID-19"))
NAMES = tuple(name for name, _title in TITLES)
EPOCHS = {"last blocks": 3, "all": 5}
MEMBERS = ("lite0", "mobile")


@dataclass(frozen=True, slots=True)
class State:
    phase: str
    version: int
    folder: str = ""
    progress: Progress | None = None
    member: int = 0
    members: int = 0
    part: int = 1
    parts: int = 1
    curves: tuple[Epoch, ...] = ()
    device: str = ""
    memory_bytes: int = 0
    error: Reason | None = None
    result_ready: bool = False


@dataclass(frozen=True, slots=True)
class Film:
    number: int
    name: str
    truth: str
    called: str
    source: str
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Draft:
    name: str
    version: str
    use: str
    card: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    when: str
    who: str
    action: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Result:
    classes: tuple[tuple[str, str], ...]
    sentence: str
    new: dict[str, Any]
    used: dict[str, Any]
    used_name: str
    compared: dict[str, Any]
    baselines_sentence: str
    baselines_serious: bool
    confusion_by_source: dict[str, list[list[int]]]
    films: tuple[Film, ...]
    roc: dict[str, Any]
    precision_recall: dict[str, Any]
    reliability: tuple[dict[str, float], ...]
    worst: str
    points: tuple[dict[str, float], ...]
    point: dict[str, float] | None
    why_no_point: str
    openings: int = 1
    left_out: int = 3
    extra: dict[str, Any] = field(default_factory=dict)


def site() -> Callable[[Any], object]:
    """A site whose films were read and decided before the test."""
    folder = tempfile.mkdtemp(prefix="hilum-site-")
    classes = tuple(ClassCount(name, title, 20, 18, True, allowed(20, 18)) for name, title in TITLES)
    trial = DryRun(20, 0.4, 1_900_000_000, 1260.0, 2, "CPU, 2 threads")
    state = SiteState(("site", 1), False, "ready", "films", folder, classes=classes, dry_run=trial)

    def handle(request: Any) -> object:
        match request:
            case ("look", _since):
                return state
            case ("plan",):
                return SitePlan(place="films", kind="folder", acknowledgements={"one-source": "Known."})
            case ("labels", path):
                Path(path).write_text("path,label\n")
                return 60
        return None

    return handle


def trainer() -> Callable[[Any], object]:
    stand_in = _Trainer()
    return stand_in.answer


class _Trainer:
    def __init__(self) -> None:
        self.folder = self.phase = ""
        self.name = ""
        self.epochs = 0
        self.log = (Line("2026-05-04T09:12:44+00:00", "hk", "promote", "adult-covid", "1.0"),)
        self.error: Reason | None = None

    def answer(self, request: tuple[Any, ...]) -> object:
        known = getattr(self, "do_" + request[0].replace("-", "_"))
        return known(*request[1:])

    def do_starts(self) -> object:
        own = Offer("/own/site", "site", "1", "Site bundle", "b" * 64, False, False, NAMES, MEMBERS)
        used = Offer("/shipped", "adult-covid", "1.2", "Adult chest films", "a" * 64, True, True, NAMES, MEMBERS)
        broken = Offer("/own/old", "old", "", "", "", False, False, (), (), "The bundle lacks its file card.md.")
        return used, own, broken

    def do_ruler(self, _text: str, start: str) -> object:
        if start == "random":
            raise RunRefused("trainable-unusable", why="the last 99 blocks of 7")
        sizes = tuple(int(900 * (1 + number) ** 1.1) for number in range(90))
        norms = tuple(range(2, 90, 3))
        return tuple(
            Ruler(name, phase, Side(cut, sum(sizes[:cut]), sum(one < cut for one in norms)),
                  Side(90 - cut, sum(sizes[cut:]), sum(one >= cut for one in norms)), cut, f"block_{cut}", sizes,
                  norms, sum(one >= cut for one in norms))
            for name in MEMBERS for phase, cut in (("last blocks", 60), ("all", 0))
        )  # fmt: skip

    def do_start(self, labels: str, _recipe: str, _start: str, _folder: object, told: dict[str, Any]) -> str:
        assert Path(labels).is_file()
        self.folder, self.phase, self.name, self.epochs = str(Path(labels).parent), "training", told["name"], 0
        return self.folder

    def do_open(self, folder: str) -> None:
        self.folder, self.phase, self.epochs = folder, "stopped", 4

    def do_look(self, since: int | None) -> State:
        total = sum(EPOCHS.values()) * len(MEMBERS)
        if self.phase == "training":
            self.epochs += 1
            if "fails" in self.name:
                self.phase, self.error = "failed", reason("disk-full", what=self.folder)
            elif "kills" in self.name:
                os._exit(9)
            elif self.epochs >= total:
                self.phase = "done"
        rows = tuple(_epochs()[since or 0 : self.epochs])
        left = 63.0 * (total - self.epochs)
        progress = Progress(self.epochs * 12, total * 12, 1.9, left) if self.phase == "training" else None
        member = 1 + min(self.epochs * len(MEMBERS) // total, len(MEMBERS) - 1)
        return State(self.phase or "empty", self.epochs, self.folder, progress, member, len(MEMBERS), curves=rows,
                     device="CPU, 2 threads", memory_bytes=1_800_000_000, error=self.error,
                     result_ready=self.phase == "done")  # fmt: skip

    def do_pause(self) -> None:
        self.phase = "paused"

    def do_go_on(self) -> None:
        self.phase, self.error = "training", None

    def do_keep_best(self) -> None:
        self.phase = "done"

    def do_cancel(self) -> None:
        self.folder = self.phase = ""

    def do_result(self) -> Result:
        return result()

    def do_heatmaps(self, numbers: tuple[int, ...]) -> dict[int, bytes]:
        return {number: _picture(number) for number in numbers}

    def do_threshold(self, kind: str, share: float) -> dict[str, float]:
        return min(result().points, key=lambda one: abs(one[kind] - share))

    def do_draft(self) -> Draft:
        return Draft(self.name or "our-films", "2026.11.21", "Frontal films of adults", "# our-films\n\nTuned here.\n")

    def do_register(self, name: str, version: str, _use: str, card: str, _point: object) -> str:
        assert card
        assert name
        assert version
        return "c" * 64

    def do_promote(self, _digest: str, who: str) -> None:
        self.log = (*self.log, Line("2026-11-21T21:30:00+00:00", who, "promote", "our-films", "2026.11.21"))

    def do_log(self) -> tuple[Line, ...]:
        return self.log

    def do_rollback(self, who: str) -> str:
        self.log = (*self.log, Line("2026-11-21T21:40:00+00:00", who, "rollback", "adult-covid", "1.0"))
        return "adult-covid 1.0"


def _epochs() -> list[Epoch]:
    rows = []
    for member, name in enumerate(MEMBERS, 1):
        at = 0
        for phase, count in EPOCHS.items():
            for epoch in range(1, count + 1):
                at += 1
                loss = 0.95 * math.exp(-at / 3) + 0.12
                held_out = 0.9 * math.exp(-at / 2.4) + 0.31 + 0.012 * max(0, at - 5)
                rows.append(Epoch(1, member, name, phase, epoch, loss, 1 - loss / 2.4, held_out, 1 - held_out / 2.2,
                                  2e-4 / at, 63.0))  # fmt: skip
    return rows


def _figure(value: float, half: float = 0.06) -> dict[str, Any]:
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half), "method": "percentile"}


def _figures(worth: float) -> dict[str, Any]:
    names = ("auroc/macro", "accuracy", "balanced_accuracy", "f1/macro", "pr_area/macro")
    found = {name: _figure(worth - 0.03 * number) for number, name in enumerate(names)}
    found["brier"] = _figure(1.1 - worth)
    for number, name in enumerate(NAMES):
        found |= {f"auroc/{name}": _figure(worth - 0.01 * number), f"sensitivity/{name}": _figure(worth - 0.08),
                  f"specificity/{name}": _figure(worth - 0.02)}  # fmt: skip
    return found


def result() -> Result:
    """Sixty films of two sources: the networks are better than the bundle in use, and too few to tell."""
    confusion = [[17, 2, 1], [3, 15, 2], [1, 3, 16]]
    by_source = {"ward": [[9, 0, 0], [1, 9, 0], [0, 1, 10]], "clinic": [[8, 2, 1], [2, 6, 2], [1, 2, 6]]}
    films = []
    for source, matrix in by_source.items():
        for row, counts in enumerate(matrix):
            for column, count in enumerate(counts):
                for _each in range(count):
                    number = len(films)
                    shares = dict.fromkeys(NAMES, 0.1) | {NAMES[column]: 0.8 - number / 1000}
                    films.append(Film(number, f"{source}/{number:03}.png", NAMES[row], NAMES[column], source, shares))
    strata = {name: {"films": 29, "figures": _figures(worth)} for name, worth in (("ward", 0.93), ("clinic", 0.82))}
    ages = {name: {"films": 15, "figures": _figures(worth)} for name, worth in (("under 40", 0.9), ("over 65", 0.84))}
    new = {
        "films": 60, "patients": 54, "figures": _figures(0.9), "confusion": confusion, "by_source": strata,
        "by_group": {"age": ages},
        "small": "Fewer than 100 films and 30 patients in a class (normal: 20 films of 18 patients): no threshold "
                 "should be taken from this set.",
        "baselines": {
            "majority": {"accuracy": _figure(0.34)},
            "thumbnail": {**_figures(0.87), "better_by": {"value": 0.03, "low": -0.02, "high": 0.08}},
            "file-facts": {**_figures(0.61), "better_by": {"value": 0.29, "low": 0.2, "high": 0.38}},
        },
    }  # fmt: skip
    used = {"films": 60, "patients": 54, "figures": _figures(0.84)}
    difference = {name: {"value": 0.06, "low": -0.01, "high": 0.13} for name in ("auroc/macro", "accuracy", "f1/macro")}
    x = np.linspace(0, 1, 21)
    points = tuple(
        {"threshold": float(t), "sensitivity": float(1 - t**3), "specificity": float(t**0.4),
         "sensitivity_low": float(max(0, 1 - t**3 - 0.08)), "sensitivity_high": float(min(1, 1 - t**3 + 0.06)),
         "specificity_low": float(max(0, t**0.4 - 0.08)), "specificity_high": float(min(1, t**0.4 + 0.05))}
        for t in x
    )  # fmt: skip
    return Result(
        TITLES, "Too few images to tell whether it is better than adult-covid 1.2.", new, used, "adult-covid 1.2",
        {"difference": difference},
        "A thumbnail of 16 × 16 pixels does as well as the networks on these films (mean AUROC 0.87 against 0.90): the "
        "networks have shown nothing that it does not know.", True, by_source, tuple(films),
        {name: (x.tolist(), (x ** (0.12 + 0.05 * number)).tolist()) for number, name in enumerate(NAMES)},
        {name: (x.tolist(), (1 - 0.4 * x**3 - 0.05 * number).tolist()) for number, name in enumerate(NAMES)},
        tuple({"said": s, "had": s**1.3, "low": max(0, s**1.3 - 0.1), "high": min(1, s**1.3 + 0.1), "films": 12}
              for s in (0.1, 0.3, 0.5, 0.7, 0.9)),
        "The worst is clinic: mean AUROC 0.82, against 0.93 in ward.", points, points[9],
        "The operating point of the start is kept (suspicion of 0.45): under 100 films or 30 patients in a class none "
        "is picked.",
    )  # fmt: skip


def _picture(number: int) -> bytes:
    rows, columns = np.mgrid[0:160, 0:140]
    lungs = np.exp(-(((columns - 40) / 18.0) ** 2 + ((rows - 75) / 45.0) ** 2))
    lungs += np.exp(-(((columns - 100) / 18.0) ** 2 + ((rows - 75) / 45.0) ** 2))
    grey = np.clip(170 - 120 * lungs + number % 7 * 6, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", grey)[1])
