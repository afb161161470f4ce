"""The process of the models page (core.jobs): one piece of long work at a time on a thread, quick answers between."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.background import answering
from core.cohort.labels import Labels, named, read_labels
from core.errors import BundleRefused, HilumError, Reason, reason
from core.inference import shelf
from core.models import apart, calibrating, comparing, shelving, weighing
from core.models.asking import Answers, Use, asked
from core.models.state import (
    Calibrated,
    Compared,
    Films,
    LabelRow,
    Phase,
    Point,
    Score,
    Shelf,
    Task,
)
from core.progress import Progress, Stop

Aliases = Mapping[str, str]


def serve() -> Callable[[Any], object]:
    """Give the function that answers

    ("shelf",) → Shelf; ("promote", key, who), ("rollback", who), ("restore", place) → Shelf; ("remove", key) → the
    place in the trash; ("export", key, path) → the path; ("labels", place, key) → tuple of LabelRow;
    ("begin", what, …) → the task's number; ("look", number) → Task; ("stop",);
    ("score", weights) → Score, after "weigh"; ("point", kind, wanted) → Point, after "calibrate".

    What can be begun, and what its Task gives: ("verify", key) → Verified; ("import", path) → digest;
    ("weigh", key, place, aliases) → Films; ("reweight", weights, name) → digest;
    ("compare", key, key, place, aliases) → Compared; ("calibrate", key, place, aliases) → Calibrated;
    ("adopt", kind, wanted, name) → digest; ("legacy-look", path) → LegacyLook; ("legacy-take", path, wish) →
    LegacyTaken. key: a digest or a folder's name; aliases: label → class; "" leaves it out.

    Refuses "models-busy" while a task goes on, and what the shelf refuses. What ends a task is in it.
    """
    desk = Desk()
    known: dict[str, Callable[..., object]] = {
        "shelf": shelving.told,
        "promote": desk.promote,
        "rollback": desk.rollback,
        "remove": lambda key: str(shelf.remove(key)),
        "restore": desk.restore,
        "export": shelving.exported,
        "labels": desk.labels,
        "begin": desk.begin,
        "look": desk.look,
        "stop": desk.stop,
        "score": desk.score,
        "point": desk.point,
    }
    return answering(known, desk.close)


@dataclass(slots=True)
class _Work:
    number: int
    what: str
    phase: Phase = "working"
    stop: Stop = field(default_factory=Stop)
    progress: Progress | None = None
    result: Any = None
    error: Reason | None = None
    mistake: str | None = None
    thread: threading.Thread | None = None

    def go_on(self) -> None:
        """Raise _Stopped where the work was asked to stop."""
        if self.stop.asked:
            raise _Stopped


class Desk:
    """The work that goes on or was the last, and the answers that weights and temperatures are tried on."""

    def __init__(self) -> None:
        self._work: _Work | None = None
        self._weighed: Answers | None = None
        self._calibrated: tuple[Answers, Calibrated] | None = None
        self._does: dict[str, Callable[..., Any]] = {
            "verify": lambda _work, key: shelving.verified(key),
            "import": lambda _work, path: shelving.imported(path),
            "weigh": self._weigh,
            "reweight": self._reweight,
            "compare": self._compare,
            "calibrate": self._calibrate,
            "adopt": self._adopt,
            "legacy-look": lambda work, path: apart.look(Path(path), work.go_on),
            "legacy-take": lambda work, path, wish: apart.take(Path(path), wish, work.go_on),
        }

    # The shelf.

    def promote(self, key: str, who: str | None) -> Shelf:
        """Prove a bundle and put it into use."""
        shelf.promote(key, who)
        return shelving.told()

    def rollback(self, who: str | None) -> Shelf:
        """Put the one before back into use."""
        shelf.rollback(who)
        return shelving.told()

    def restore(self, place: str) -> Shelf:
        """Take a bundle out of the trash."""
        shelf.restored(Path(place))
        return shelving.told()

    def labels(self, place: str, key: str) -> tuple[LabelRow, ...]:
        """The labels of a folder or table, and which of them are classes of the bundle, by name or by title."""
        classes = shelving.ensemble(key).description.classes
        names = {one.title.casefold(): one.name for one in classes} | {one.name.casefold(): one.name for one in classes}
        found = read_labels(place)
        count = Counter(film.label for film in (*found.films, *found.others))
        return tuple(LabelRow(label, films, names.get(label.casefold())) for label, films in sorted(count.items()))

    # Long work.

    def begin(self, what: str, *arguments: Any) -> int:
        """Start a piece of work; gives its number."""
        before = self._work
        if before is not None and before.phase == "working":
            raise BundleRefused("models-busy", what=_SAID[before.what])
        act = self._does[what]
        work = self._work = _Work(1 if before is None else before.number + 1, what)
        work.thread = threading.Thread(target=_carry_out, args=(work, act, arguments), name="models", daemon=True)
        work.thread.start()
        return work.number

    def look(self, number: int) -> Task:
        """How a piece of work stands."""
        work = self._work
        if work is None or work.number != number:
            # This process was started again: it knows of no such work.
            return Task(number, "", "failed", error=reason("worker-died"))
        if work.mistake is not None:
            told, work.mistake = work.mistake, None
            raise RuntimeError(f"the work ended by a mistake of our own:\n{told}")
        phase = work.phase
        done = phase == "done"
        return Task(number, work.what, phase, work.progress, work.result if done else None, work.error)

    def stop(self) -> None:
        """End what goes on; nothing comes of it."""
        if self._work is not None:
            self._work.stop.ask()

    def score(self, weights: tuple[float, ...]) -> Score:
        """What these weights would give on the films that were asked about last."""
        return weighing.scored(self._answers, weights)

    def point(self, kind: Literal["specificity", "sensitivity"], wanted: float) -> Point:
        """An operating point at the temperature that was fitted last."""
        answers, found = self._calibration
        return calibrating.point(answers, found.temperature, kind, wanted)

    def close(self, seconds: float) -> None:
        """Stop what goes on and wait for its thread, not longer than this."""
        work = self._work
        if work is not None and work.thread is not None:
            work.stop.ask()
            work.thread.join(seconds)

    def _weigh(self, work: _Work, key: str, place: str, aliases: Aliases) -> Films:
        self._weighed = _asked(work, (key,), place, aliases, "choose")
        return self._weighed.films()

    def _reweight(self, _work: _Work, weights: tuple[float, ...], name: str) -> str:
        return weighing.reweighted(self._answers, weights, name).digest

    def _compare(self, work: _Work, first: str, second: str, place: str, aliases: Aliases) -> Compared:
        return comparing.comparison(_asked(work, (first, second), place, aliases, "judge"))

    def _calibrate(self, work: _Work, key: str, place: str, aliases: Aliases) -> Calibrated:
        answers = _asked(work, (key,), place, aliases, "choose")
        found = calibrating.calibrated(answers)
        self._calibrated = answers, found
        return found

    def _adopt(self, _work: _Work, kind: Literal["specificity", "sensitivity"], wanted: float, name: str) -> str:
        return calibrating.adopted(self._calibration[0], kind, wanted, name).digest

    @property
    def _answers(self) -> Answers:
        if self._weighed is None:
            raise BundleRefused("models-forgotten")
        return self._weighed

    @property
    def _calibration(self) -> tuple[Answers, Calibrated]:
        if self._calibrated is None:
            raise BundleRefused("models-forgotten")
        return self._calibrated


class _Stopped(Exception):
    """Raised where the work was asked to stop."""


def _carry_out(work: _Work, act: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    phase: Phase = "failed"
    try:
        work.result = act(work, *arguments)
        phase = "done"
    except _Stopped:
        phase = "stopped"
    except HilumError as error:
        work.error = error.reason
    except Exception as mistake:
        work.error = reason("models-broken", what=f"{type(mistake).__name__}: {mistake}")
        work.mistake = traceback.format_exc()
    work.phase = phase


def _asked(work: _Work, keys: tuple[str, ...], place: str, aliases: Aliases, use: Use) -> Answers:
    bundles = [shelving.ensemble(key) for key in keys]
    answers = asked(bundles, _labels(place, bundles[0].classes, aliases), use, _telling(work), work.stop)
    work.go_on()
    return answers


def _labels(place: str, classes: tuple[str, ...], aliases: Aliases) -> Labels:
    """The films whose label is a class, or was given one; what was left out by choice is, whatever its name."""
    found = read_labels(place)
    left = {label for label, name in aliases.items() if not name}
    kept = [film for film in (*found.films, *found.others) if film.label not in left]
    labels = named(kept, classes, place, {label: name for label, name in aliases.items() if name})
    out = len(found.films) + len(found.others) - len(kept)
    return Labels(labels.films, labels.classes, {**labels.left_out, "(by choice)": out}, labels.others)


def _telling(work: _Work) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        work.progress = progress

    return tell


_SAID = {
    "verify": "a bundle is being verified",
    "import": "a bundle is being imported",
    "weigh": "films are being judged",
    "reweight": "a bundle is being made",
    "compare": "two bundles are being compared",
    "calibrate": "films are being judged",
    "adopt": "a bundle is being made",
    "legacy-look": "a Keras file is being read",
    "legacy-take": "a Keras file is being imported",
}
