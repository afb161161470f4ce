"""The trainer's process (core.jobs): one training at a time on a thread of its own, so that no request waits for it.

Whatever ends the process, the run's folder goes on from its last checkpoint: ("open", folder), then ("go-on",).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import psutil

from core import places
from core.background import OneRun, answering
from core.errors import HilumError, RunRefused
from core.files import write_whole
from core.imaging.sources import ImageRef
from core.inference import shelf
from core.inference.bundles import DESCRIPTION, load
from core.training import offers
from core.training.drawing import Drawer
from core.training.material import labels_for
from core.training.registering import registered
from core.training.resulting import RESULT, picked, read_result
from core.training.shelving import Shelf
from core.training.starting import BUNDLE
from core.training.state import Kind, PickedPoint, SiteResult, TrainState
from core.training.working import RECIPE, Asked, Run, read_asked, read_epochs, recipe_of, throw_away, work
from core.work_folders import ASKED, CACHE

# As many epochs in one answer as cost the window a few milliseconds.
_BATCH_EPOCHS = 500
_SECONDS_TO_CANCEL = 20.0


def serve() -> Callable[[Any], object]:
    """Give the function that answers

    ("start", labels, text of a recipe, start, folder or None, {"name", "use", "acknowledged": {code: words}}) → the
    run's folder; None makes one under places.home(); start: the folder of a bundle, every member of which is tuned
    then, or "imagenet" or "random" for the recipe's own network; ("open", folder), ("pause",), ("go-on",),
    ("keep-best",), ("cancel",) → None; ("look", version or None) → TrainState;
    ("result",) → SiteResult; ("heatmaps", numbers) → {number: JPEG}; ("refs", numbers) → {number: ImageRef};
    ("threshold", "sensitivity" | "specificity", share) → PickedPoint;
    ("register", name, version, use, card, PickedPoint or None), ("promote", digest, who) → a number: the
    TrainState.shelving that has it says when it is done, and the digest; ("starts",) → what can be started from,
    ("ruler", text of a recipe, start) → what would learn, ("log",) → who put what into use, ("rollback", who) → name
    of the one before (core.training.offers).

    Refuses "run-going-on", "run-unreadable", "nothing-to-keep", "result-missing", "point-unusable", and what recipes,
    labels and the shelf refuse. What ends a training is in its TrainState. pause keeps all that was learnt; cancel
    throws the run's folder away; keep-best makes a bundle of the best so far.
    """
    desk = Desk()
    known: dict[str, Callable[..., object]] = {
        "start": desk.start,
        "open": desk.open,
        "look": desk.look,
        "pause": desk.pause,
        "go-on": desk.go_on,
        "keep-best": desk.keep_best,
        "cancel": desk.cancel,
        "result": desk.result,
        "heatmaps": desk.heatmaps,
        "refs": desk.refs,
        "threshold": desk.threshold,
        "register": desk.register,
        "promote": desk.promote,
        "starts": offers.offered,
        "ruler": offers.rulers,
        "log": offers.promotions,
        "rollback": offers.rolled_back,
    }
    # It stops between two steps and writes a checkpoint; where that takes too long, the one before is whole.
    return answering(known, desk.close)


class Desk(OneRun[Run]):
    """The training that is open: read from its folder, and worked on by a thread when it was started here."""

    name = "trainer"

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()

    def close(self, seconds: float) -> None:
        """Stop the training, and let a bundle that is on its way to the shelf get there; not longer than this."""
        until = monotonic() + seconds
        super().close(seconds)
        self.shelf.wait(max(0.0, until - monotonic()))

    def start(
        self, labels: str, recipe: str, start: str, folder: str | None = None, told: Mapping[str, Any] | None = None
    ) -> str:
        """Begin a training, in a folder that has none yet."""
        self._refuse_while_going_on()
        given = told or {}
        asked = Asked(
            str(Path(labels).resolve()), start, str(given.get("name", "")), str(given.get("use", "")),
            dict(given.get("acknowledged", {})),
        )  # fmt: skip
        place = places.made(Path(folder) if folder else _fresh_folder())
        if (place / ASKED).exists():
            raise RunRefused("run-exists", what=place)
        write_whole(place / RECIPE, recipe)
        run = Run(place, asked)
        try:
            # Wrong ones are told now, not by a training that has failed.
            labels_for(recipe_of(place, asked), asked.labels)
        except HilumError:
            throw_away(run)
            raise
        write_whole(place / ASKED, msgspec.json.encode(asked))
        self._close_drawer()
        self._run = run
        work(run)
        return str(place)

    def open(self, folder: str) -> None:
        """Look at a training that is there, finished or not; nothing goes on by itself."""
        self._refuse_while_going_on()
        place = Path(folder)
        run = Run(place, read_asked(place), epochs=read_epochs(place))
        if (place / RESULT).is_file() and (place / BUNDLE / DESCRIPTION).is_file():
            run.result, run.phase = read_result(place), "done"
        self._close_drawer()
        self._run = run

    def look(self, version: tuple[str, int] | None) -> TrainState:
        """How the training stands, and the epochs that are new since a version; None: all of them."""
        run = self._run
        if self.shelf.mistake is not None:
            told, self.shelf.mistake = self.shelf.mistake, None
            raise RuntimeError(f"a mistake of our own ended the work on a bundle:\n{told}")
        if run is None:
            fresh = version is not None and version[0] != ""
            return TrainState(("", 0), fresh, "empty", shelving=self.shelf.state)
        if run.mistake is not None:
            told, run.mistake = run.mistake, None
            raise RuntimeError(f"the training ended by a mistake of our own:\n{told}")
        fresh = version is None or version[0] != run.token
        since = 0 if version is None or fresh else version[1]
        phase, stage = run.phase, run.stage
        rows = tuple(run.epochs[since : since + _BATCH_EPOCHS])
        return TrainState(
            (run.token, since + len(rows)),
            fresh,
            phase,
            str(run.folder),
            progress=run.progress if run.going_on else None,
            member=stage.member,
            members=stage.members,
            part=stage.part,
            parts=stage.parts,
            name=stage.name,
            curves=rows,
            more=since + len(rows) < len(run.epochs),
            device=stage.device,
            memory_bytes=_memory(),
            error=run.error,
            enough=run.enough.asked,
            result_ready=phase == "done" and run.result is not None,
            shelving=self.shelf.state,
        )

    def pause(self) -> None:
        """Rest after the step in hand; what was learnt is in a checkpoint then."""
        self._open.stop.ask()

    def go_on(self) -> None:
        """Go on from the last checkpoint."""
        self._refuse_while_going_on()
        run = self._open
        if run.phase != "done":
            read_asked(run.folder)  # it may have been forgotten meanwhile
            work(run)

    def keep_best(self) -> None:
        """End the training and make a bundle of the best so far."""
        run = self._open
        if not run.epochs:
            raise RunRefused("nothing-to-keep")
        with run.lock:
            run.enough.ask()
            if run.going_on:
                if run.stage.kind == "training":
                    run.stop.ask()
                return
        if run.phase != "done":
            work(run, enough=True)

    def cancel(self) -> None:
        """End the training and throw away what it made; one that is done stays."""
        run = self._open
        if run.phase == "done":
            return
        run.cancelled = True
        run.stop.ask()
        if run.thread is not None:
            run.thread.join(_SECONDS_TO_CANCEL)
        if not run.going_on:
            throw_away(run)
            self._run = None

    def result(self) -> SiteResult:
        """What came of it."""
        run = self._open
        if run.phase != "done" or run.result is None:
            raise RunRefused("result-missing", what=run.folder)
        return run.result

    def heatmaps(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Films of the result, by their numbers, with where the new bundle looked."""
        result, run = self.result(), self._open
        if run.drawer is None:
            run.drawer = Drawer(load(run.folder / BUNDLE), run.folder / CACHE)
        hashes = {row.number: row.sha256 for row in result.rows}
        return run.drawer.drawn({number: hashes[number] for number in numbers if number in hashes})

    def refs(self, numbers: Sequence[int]) -> dict[int, ImageRef]:
        """Where films of the result are, for the reading page."""
        wanted = set(numbers)
        rows = [row for row in self.result().rows if row.number in wanted]
        return {row.number: ImageRef(row.path, root=str(Path(row.path).parent)) for row in rows}

    def threshold(self, kind: Kind, wanted: float) -> PickedPoint:
        """The operating point that gives this sensitivity or specificity."""
        return picked(self.result(), kind, wanted)

    def register(self, name: str, version: str, use: str, card: str, point: PickedPoint | None = None) -> int:
        """Put the bundle on the shelf under its own name; it is not in use yet."""
        folder, result = self._open.folder, self.result()
        return self.shelf.begin(
            "register",
            lambda: registered(folder, result, name=name, version=version, use=use, card=card, point=point).digest,
        )

    def promote(self, digest: str, who: str | None = None) -> int:
        """Put a bundle of the shelf into use, once it has proved itself on this PC."""
        return self.shelf.begin("promote", lambda: shelf.promote(digest, who).digest)

    def _close_drawer(self) -> None:
        if self._run is not None and self._run.drawer is not None:
            self._run.drawer.close()
            self._run.drawer = None


def _memory() -> int:
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process().memory_info().rss)
    return 0


def _fresh_folder() -> Path:
    """A new folder under the user's data, named after now; the clock may be set back, so no name is used twice."""
    trainings = places.made(places.trainings())
    stamp = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    folder, number = trainings / stamp, 1
    while folder.exists():
        number += 1
        folder = trainings / f"{stamp}-{number}"
    return folder
