"""A training of the wizard: its folder, and the thread that works on it until it is done, stopped, or has failed."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from core.errors import HilumError, Reason, RunRefused, reason
from core.inference.bundles import Bundle
from core.progress import Progress, Stop
from core.training import offers, recipes
from core.training.answers import ANSWERS
from core.training.drawing import Drawer
from core.training.handed import PART, hand_over
from core.training.material import labels_for
from core.training.outcome import Outcome
from core.training.recipe import Recipe
from core.training.resulting import RESULT, read_result, result_of
from core.training.run import Task
from core.training.starting import BUNDLE
from core.training.state import Phase, SiteResult
from core.training.train import TWIN, train
from core.training.watching import Epoch, Stage, Watch
from core.work_folders import ASKED, CACHE, RUN_LOCK, TRAINER_LOCK

RECIPE = "asked.toml"
_EPOCHS = "epochs.jsonl"
# ASKED first: a folder without it is no training any more, whatever else could not be removed.
_MADE = (ASKED, RECIPE, _EPOCHS, RESULT, ANSWERS, "run.json", RUN_LOCK, TRAINER_LOCK, "recipe.toml", "splits.csv",
         "report.json", "report.md", "predictions.csv", BUNDLE, TWIN, "folds", CACHE, PART)  # fmt: skip
_GOING_ON = ("reading", "training", "judging")


class Asked(msgspec.Struct, frozen=True):
    """What a training was begun with, kept in its folder so that it can be gone on with.

    labels: LABELS; start: the folder of a bundle, "imagenet", "random", or "" for what the recipe says.
    """

    labels: str
    start: str
    name: str = ""
    use: str = ""
    acknowledged: dict[str, str] = {}


@dataclass(slots=True)
class Run:
    """The training that is open. phase is changed under `lock` only; epochs grow on the run's thread."""

    folder: Path
    asked: Asked
    phase: Phase = "stopped"
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    epochs: list[Epoch] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: Stop = field(default_factory=Stop)
    enough: Stop = field(default_factory=Stop)
    stage: Stage = field(default_factory=lambda: Stage("reading"))
    progress: Progress | None = None
    error: Reason | None = None
    mistake: str | None = None
    cancelled: bool = False
    result: SiteResult | None = None
    drawer: Drawer | None = None
    thread: threading.Thread | None = None

    @property
    def going_on(self) -> bool:
        return self.phase in _GOING_ON


def work(run: Run, *, enough: bool = False) -> None:
    """Train on a thread. It is a daemon: closing the window does not wait for a step."""
    run.stop, run.enough = Stop(), Stop()
    if enough:
        run.enough.ask()
    run.progress, run.error, run.stage, run.phase = None, None, Stage("reading"), "reading"
    run.epochs, run.token = [], secrets.token_hex(4)
    run.thread = threading.Thread(target=_train, args=(run,), name="training", daemon=True)
    run.thread.start()


def _train(run: Run) -> None:
    judged: list[tuple[Sequence[Task], Outcome]] = []

    def on_stage(stage: Stage) -> None:
        with run.lock:
            if stage.kind != run.stage.kind:
                run.progress = None
            run.stage, run.phase = replace(stage, device=stage.device or run.stage.device), stage.kind
            # Wanted while films were read: the first training ends where it stands.
            if stage.kind == "training" and run.enough.asked:
                run.stop.ask()

    def on_progress(progress: Progress) -> None:
        run.progress = progress

    rest: Phase = "failed"
    try:
        # Longer than the engine holds the run: what is judged afterwards must not be forgotten meanwhile either.
        with FileLock(run.folder / TRAINER_LOCK, timeout=0), open(run.folder / _EPOCHS, "w", encoding="utf-8") as file:

            def on_epoch(row: Epoch) -> None:
                run.epochs.append(row)
                file.write(msgspec.json.encode(row).decode() + "\n")
                file.flush()

            recipe = recipe_of(run.folder, run.asked)
            hand_over(Path(run.asked.labels), run.folder)
            bundle = train(
                recipe, labels_for(recipe, run.asked.labels), run.folder, start=_start(run.asked), resume=True,
                report=on_progress, stop=run.stop, watch=Watch(on_stage, on_epoch, run.enough),
                acknowledged=run.asked.acknowledged, on_judged=lambda tasks, found: judged.append((tasks, found)),
            )  # fmt: skip
            rest = "paused"
            if bundle is not None:
                on_stage(Stage("judging"))
                run.result = _result(run, bundle, judged[-1])
                rest = "done"
    except Timeout:
        run.error = RunRefused("run-in-use", what=run.folder).reason
    except HilumError as error:
        run.error = error.reason
    except OSError as error:
        run.error = RunRefused("place-unwritable", what=run.folder, why=error.strerror or error).reason
    except Exception as mistake:
        run.error = reason("run-broken", what=f"{type(mistake).__name__}: {mistake}")
        run.mistake = traceback.format_exc()
    if run.cancelled:
        rest = "empty"
        throw_away(run)
    with run.lock:
        run.phase = rest


def _result(run: Run, bundle: Bundle, judged: tuple[Sequence[Task], Outcome]) -> SiteResult:
    """Of a run that was finished before, what was judged then: looking twice would be another opening."""
    if (run.folder / RESULT).is_file():
        found = read_result(run.folder)
        if found.bundle.digest == bundle.digest:
            return found
    asked = run.asked
    return result_of(run.folder, bundle, *judged, acknowledged=asked.acknowledged, name=asked.name, use=asked.use)


def recipe_of(folder: Path, asked: Asked) -> Recipe:
    """What was asked for: with a bundle to start from its members are tuned, whatever network the recipe describes."""
    recipe = recipes.read(folder / RECIPE)
    if not asked.start:
        return recipe
    kind = asked.start if asked.start in offers.BESIDES else "bundle"
    network = msgspec.structs.replace(recipe.network, start=kind)
    return recipes.checked(msgspec.to_builtins(msgspec.structs.replace(recipe, network=network)), folder / RECIPE)


def _start(asked: Asked) -> Path | None:
    return None if not asked.start or asked.start in offers.BESIDES else Path(asked.start)


def read_asked(folder: Path) -> Asked:
    try:
        return msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
    except (OSError, msgspec.DecodeError) as error:
        raise RunRefused("run-unreadable", what=folder, why="it is no training of this window") from error


def read_epochs(folder: Path) -> list[Epoch]:
    """The epochs that were told; the last line may be half written."""
    path = folder / _EPOCHS
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.is_file() else []
    return [msgspec.json.decode(line, type=Epoch) for line in lines if line.endswith("\n")]


def throw_away(run: Run) -> None:
    """Remove all that the run has made; its folder too, where nothing else is in it."""
    if run.drawer is not None:
        run.drawer.close()
        run.drawer = None
    for name in _MADE:
        place = run.folder / name
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        run.folder.rmdir()
