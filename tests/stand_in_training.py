"""Stand-ins for the wizard's processes: a trainer whose epochs come one a look, and films that are decided already.

The training's name says what happens: "fails" ends in a refusal, "kills" ends the process after the first epoch.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.errors import Reason, RunRefused, reason
from core.imaging.sources import ImageRef
from core.progress import Progress
from core.site.plan import SitePlan, allowed
from core.site.state import ClassCount, DryRun, SiteState
from core.training.offered import Offer, Ruler, Side
from core.training.state import (
    Bin,
    BundleName,
    FilmRow,
    Group,
    Kind,
    Line,
    PickedPoint,
    Shelving,
    SiteResult,
    Step,
    Threshold,
    TrainState,
)
from core.training.watching import Epoch

TITLES = (("normal", "Normal"), ("pneumonia", "Pneumonia"), ("covid", "COVID-19"))
NAMES = tuple(name for name, _title in TITLES)
EPOCHS = {"last blocks": 3, "all": 5}
MEMBERS = ("lite0", "mobile")


LogLine = tuple[str, str, str, str, str]


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
        self.log = (("2026-05-04T09:12:44+00:00", "hk", "promote", "adult-covid", "1.0"),)
        self.error: Reason | None = None
        self.shelving: Shelving | None = None
        self.proving = 0
        self.dies = False

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
        published = start == "imagenet"
        return tuple(
            Ruler(name, phase, Side(cut, sum(sizes[:cut]), sum(one < cut for one in norms)),
                  Side(90 - cut, sum(sizes[cut:]), sum(one >= cut for one in norms)), cut, f"block_{cut}", sizes,
                  norms, sum(one >= cut for one in norms))
            for name in (("vgg19",) if published else MEMBERS)
            for phase, cut in ((("train", 74),) if published else (("last blocks", 60), ("all", 0)))
        )  # fmt: skip

    def do_start(self, labels: str, _recipe: str, _start: str, _folder: object, told: dict[str, Any]) -> str:
        assert Path(labels).is_file()
        self.folder, self.phase, self.name, self.epochs = str(Path(labels).parent), "training", told["name"], 0
        return self.folder

    def do_open(self, folder: str) -> None:
        self.folder, self.phase, self.epochs = folder, "stopped", 4

    def do_look(self, since: tuple[str, int] | None) -> TrainState:
        total = sum(EPOCHS.values()) * len(MEMBERS)
        self.proving -= 1
        if self.dies and self.shelving is not None and self.shelving.busy:
            os._exit(9)
        if self.shelving is not None and self.shelving.busy and self.proving < 0:
            self.shelving = Shelving(self.shelving.number, self.shelving.step, digest="c" * 64)
        if self.phase == "training":
            self.epochs += 1
            if "fails" in self.name:
                self.phase, self.error = "failed", reason("disk-full", what=self.folder)
            elif "kills" in self.name:
                os._exit(9)
            elif self.epochs >= total:
                self.phase = "done"
        seen = since[1] if since is not None and since[0] == self.folder else 0
        rows = tuple(_epochs()[seen : self.epochs])
        left = 63.0 * (total - self.epochs)
        progress = Progress(self.epochs * 12, total * 12, 1.9, left) if self.phase == "training" else None
        member = 1 + min(self.epochs * len(MEMBERS) // total, len(MEMBERS) - 1)
        return TrainState(
            (self.folder, self.epochs), seen == 0, self.phase or "empty", self.folder, progress, member, len(MEMBERS),
            1, 1, curves=rows, device="CPU, 2 threads", memory_bytes=1_800_000_000, error=self.error,
            result_ready=self.phase == "done", shelving=self.shelving,
        )  # fmt: skip

    def do_pause(self) -> None:
        self.phase = "paused"

    def do_go_on(self) -> None:
        self.phase, self.error = "training", None

    def do_keep_best(self) -> None:
        self.phase = "done"

    def do_cancel(self) -> None:
        self.folder = self.phase = ""

    def do_result(self) -> SiteResult:
        return result()

    def do_heatmaps(self, numbers: tuple[int, ...]) -> dict[int, bytes]:
        return {number: _picture(number) for number in numbers}

    def do_refs(self, numbers: tuple[int, ...]) -> dict[int, ImageRef]:
        return {row.number: ImageRef(row.path, root="/films") for row in result().rows if row.number in numbers}

    def do_threshold(self, kind: Kind, share: float) -> PickedPoint:
        near = min(result().operating, key=lambda one: abs(getattr(one, kind) - share))
        given = {"sensitivity": _figure(near.sensitivity), "specificity": _figure(near.specificity), "films": 12}
        words = f"Picked for a {kind} of {share:.2f}."
        return PickedPoint(f"{kind}-{100 * share:g}", kind, share, near.threshold, words, given, None)

    def do_register(self, name: str, version: str, _use: str, card: str, _point: object) -> int:
        assert card
        assert name
        assert version
        return self._shelve("register")

    def do_promote(self, _digest: str, who: str) -> int:
        self.log = (*self.log, ("2026-11-21T21:30:00+00:00", who, "promote", "our-films", "2026.11.21"))
        return self._shelve("promote")

    def _shelve(self, step: Step) -> int:
        """Busy for as many looks as its name says."""
        number = 1 if self.shelving is None else self.shelving.number + 1
        self.shelving, self.proving = Shelving(number, step, busy=True), 3 if "slow" in self.name else 1
        return number

    def do_prove_and_die(self) -> None:
        """The next thing that is proved is not done before the process ends."""
        self.dies = True

    def do_log(self) -> tuple[LogLine, ...]:
        return self.log

    def do_rollback(self, who: str) -> str:
        self.log = (*self.log, ("2026-11-21T21:40:00+00:00", who, "rollback", "adult-covid", "1.0"))
        return "adult-covid 1.0"


def _epochs() -> list[Epoch]:
    rows = []
    for member, name in enumerate(MEMBERS, 1):
        at = 0
        for phase, count in EPOCHS.items():
            for epoch in range(1, count + 1):
                at += 1
                loss = 0.95 * math.exp(-at / 3) + 0.12
                held_out = 0.9 * math.exp(-at / 2.4) + 0.31 + 0.05 * max(0, at - 5)
                rows.append(Epoch(1, member, name, phase, epoch, loss, 1 - loss / 2.4, held_out, 1 - held_out / 2.2,
                                  2e-4 / at, 63.0))  # fmt: skip
    return rows


def _figure(value: float, half: float = 0.06) -> dict[str, Any]:
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half), "method": "percentile"}


def _between(share: float) -> tuple[float, float]:
    return max(0.0, share - 0.09), min(1.0, share + 0.05)


def _figures(worth: float) -> dict[str, Any]:
    names = ("auroc/macro", "accuracy", "balanced_accuracy", "f1/macro", "pr_area/macro")
    found = {name: _figure(worth - 0.03 * number) for number, name in enumerate(names)}
    found["brier"] = _figure(1.1 - worth)
    for number, name in enumerate(NAMES):
        found |= {f"auroc/{name}": _figure(worth - 0.01 * number), f"sensitivity/{name}": _figure(worth - 0.08),
                  f"specificity/{name}": _figure(worth - 0.02)}  # fmt: skip
    return found


def result() -> SiteResult:
    """Sixty films of two sources: the networks are better than the bundle in use, and too few to tell."""
    by_source = {"ward": ((9, 0, 0), (1, 9, 0), (0, 1, 10)), "clinic": ((8, 2, 1), (2, 6, 2), (1, 2, 6))}
    difference = {"value": 0.06, "low": -0.01, "high": 0.13, "method": "percentile"}
    x = np.linspace(0, 1, 21)
    given = {"sensitivity": _figure(0.91), "specificity": _figure(0.72), "films": 60}
    groups = (("source", "clinic", 0.78), ("age", "over 65", 0.8), ("age", "under 40", 0.88), ("source", "ward", 0.93))
    return SiteResult(
        folder="/trainings/one", recipe="site-fine-tune", bundle=BundleName("our-films", "2026.11.21", "d" * 64),
        used=BundleName("adult-covid", "1.2", "a" * 64), title="Our films", use="Frontal films of adults",
        name="our-films", card="# our-films\n\nTuned here.\n",
        classes=NAMES, titles=tuple(title for _name, title in TITLES),
        suspicious=("pneumonia", "covid"), films=60, patients=54,
        protocol="out of fold, 5 folds, patients kept together", locked=False,
        small="Fewer than 100 films and 30 patients in a class (normal: 20 films of 18 patients): no threshold should "
              "be taken from this set.",
        may_pick="The operating point of the start is kept (suspicion of 0.45 or more): under 100 films or 30 patients "
                 "in a class none is picked.",
        report={
            "figures": _figures(0.9),
            "baselines": {
                "majority": {"accuracy": _figure(0.34)},
                "thumbnail": {**_figures(0.87), "better_by": {"value": 0.03, "low": -0.02, "high": 0.08}},
                "file-facts": {**_figures(0.61), "better_by": {"value": 0.29, "low": 0.2, "high": 0.38}},
            },
        },
        used_report={"figures": _figures(0.84)},
        compared={"difference": dict.fromkeys(("auroc/macro", "accuracy", "f1/macro"), difference)},
        sentence="Too few images to tell whether it is better than adult-covid 1.2.", openings=2, openings_bundles=1,
        left_out={"adult-covid 1.2 saw them": 3}, warnings=(),
        point=PickedPoint("balanced", None, None, 0.45, "The start's.", given, None),
        operating=tuple(Threshold(float(t), float(1 - t**3), float(t**0.4), _between(1 - t**3), _between(t**0.4))
                        for t in x),
        roc=tuple(Line(name, tuple(x), tuple(x ** (0.12 + 0.05 * n)), _figure(0.9 - 0.01 * n))
                  for n, name in enumerate(NAMES)),
        pr=tuple(Line(name, tuple(x), tuple(1 - 0.4 * x**3 - 0.05 * n), _figure(0.84 - 0.02 * n))
                 for n, name in enumerate(NAMES)),
        reliability={name: tuple(Bin(s, s**1.3, max(0, s**1.3 - 0.12), min(1, s**1.3 + 0.12), 12)
                                 for s in (0.1, 0.3, 0.5, 0.7, 0.9)) for name in NAMES},
        confusion=((17, 2, 1), (3, 15, 2), (1, 3, 16)), confusion_by_source=by_source,
        groups=tuple(Group(kind, name, 29, _figure(worth), _figure(worth + 0.02)) for kind, name, worth in groups),
        shortcuts="These networks have shown nothing yet: what needs no lungs does nearly as well. A 16 × 16 thumbnail "
                  "alone reaches a mean AUROC of 0.870 on these films, the networks 0.900: a difference of +0.030 "
                  "(95 % interval -0.020 to +0.080).",
        they_come_close=True, rows=tuple(_rows(by_source)),
    )  # fmt: skip


def _rows(by_source: dict[str, Any]) -> Iterator[FilmRow]:
    number = 0
    for source, matrix in by_source.items():
        for row, counts in enumerate(matrix):
            for column, count in enumerate(counts):
                for _each in range(count):
                    shares = tuple(0.8 - number / 1000 if at == column else 0.1 for at in range(3))
                    path, group = f"/films/{source}/{number:03}.png", f"p{number // 2}"
                    yield FilmRow(number, path, "0" * 64, source, NAMES[row], NAMES[column], shares, 1 - shares[0],
                                  "out-of-fold", group)  # fmt: skip
                    number += 1


def _picture(number: int) -> bytes:
    rows, columns = np.mgrid[0:160, 0:140]
    lungs = np.exp(-(((columns - 40) / 18.0) ** 2 + ((rows - 75) / 45.0) ** 2))
    lungs += np.exp(-(((columns - 100) / 18.0) ** 2 + ((rows - 75) / 45.0) ** 2))
    grey = np.clip(170 - 120 * lungs + number % 7 * 6, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", grey)[1])
