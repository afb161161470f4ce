"""The training engine: phases, one after the other, that go on after any interruption as if there had been none.

Keras calls only (compile, train_on_batch), so that every backend trains. What a step sees depends on (seed, epoch,
film); everything else that decides what comes next is in the checkpoint: weights, dropout's state, the optimiser with
its moving averages, the sums of the epoch so far, the best weights, and how long nothing got better.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused
from core.networks.backend import Devices, keras
from core.networks.members import Member
from core.places import made
from core.progress import Meter, Progress, Stop
from core.training import checkpoint, features
from core.training.checkpoint import Arrays, Checkpoint
from core.training.features import Border
from core.training.feed import Feed, ahead
from core.training.recipe import Phase
from core.training.schedules import Course, rate_at
from core.training.stretch import Stretch, random_layers

Curve = dict[str, Any]
_EVERY_SECONDS = 60.0
# A checkpoint may take this share of the time.
_SHARE_OF_TIME = 0.05


@dataclass(frozen=True, slots=True)
class Fitted:
    """curves: one row an epoch: phase, epoch (from 1), loss, accuracy, validation_loss, validation_accuracy (None
    without validation films), rate (of its last step), seconds. kept: the phase and epoch of each phase's weights."""

    curves: tuple[Curve, ...]
    kept: tuple[tuple[str, int], ...]


def fit(
    member: Member,
    feed: Feed,
    validation: Feed | None,
    phases: Sequence[Phase],
    *,
    seed: int,
    folder: Path,
    loss: Callable[[Any, Any], Any] | None = None,
    start: str = "",
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Stop | None = None,
    every: float = _EVERY_SECONDS,
    devices: Devices | None = None,
    on_epoch: Callable[[Curve], None] = lambda row: None,
) -> Fitted | None:
    """Train the member from its present weights; it holds the kept ones afterwards. None when it was stopped: a second
    call on the same folder goes on from there, as it does after kill -9, and ends bit for bit as an undisturbed one
    would (one thread, deterministic operations).

    loss: (targets, outputs) → (n,), in place of the phases' own, for a member whose outputs are no classes; accuracy
    is then the share of outputs on the right side of 0. start: what the present weights are, as a recipe says it
    (random, imagenet, …); where it is given, layers that have learnt nothing are not frozen. every: seconds between
    checkpoints, at least (0: after every step); there is also one at the end of each phase, and when stopped.
    devices: what core.networks.backend.several_gpus gives, inside which the member was built; one when left out.
    on_epoch: told every row of the curves as it comes, those of an earlier call on the folder first.
    Validation loss is the plain cross-entropy: no smoothing, no regularisers.
    Refuses (RunRefused) "loss-not-finite", "frozen-random", "binary-loss", "validation-needed", "smote-features",
    "run-differs", "run-unreadable", "disk-full", "place-unwritable".
    """
    run = _Run(member, feed, validation, tuple(phases), seed, made(folder), loss, report, stop, every,
               devices or Devices(1), on_epoch)  # fmt: skip
    run.check(start)
    run.resume_or_begin()
    while run.at.phase < len(run.phases):
        if not run.through_phase():
            return None
    return Fitted(tuple(run.at.curves), tuple((name, epoch) for name, epoch in run.at.kept))


@dataclass(slots=True)
class _At:
    """Where a run stands; goes into the checkpoint as it is. epochs: done in all phases, the number that draws."""

    phase: int = 0
    epoch: int = 0
    step: int = 0
    epochs: int = 0
    loss: float = 0.0
    right: float = 0.0
    films: int = 0
    seconds: float = 0.0
    features: bool | None = None
    course: Course = field(default_factory=Course)
    curves: list[Curve] = field(default_factory=list)
    kept: list[list[Any]] = field(default_factory=list)


@dataclass
class _Run:
    member: Member
    feed: Feed
    validation: Feed | None
    phases: tuple[Phase, ...]
    seed: int
    folder: Path
    loss: Callable[[Any, Any], Any] | None
    report: Callable[[Progress], None]
    stop: Stop | None
    every: float
    devices: Devices
    on_epoch: Callable[[Curve], None]

    def __post_init__(self) -> None:
        self.at = _At()
        self._optimiser: Arrays | None = None
        self._asked = self._mark()
        self._meter = Meter()
        self._saved_at, self._saving_took = monotonic(), 0.0

    def check(self, start: str) -> None:
        """What can be known before anything is computed."""
        for phase in self.phases:
            who = f"The phase {phase.name}"
            if self.loss is None and phase.loss == "binary" and self.member.classes != 2:
                raise RunRefused("binary-loss", what=who, present=self.member.classes)
            watched = phase.early_stop is not None or phase.keep != "last" or phase.schedule == "plateau"
            if watched and self.validation is None:
                raise RunRefused("validation-needed", what=who)
        unlearnt = random_layers(self.member, start)
        for phase in self.phases:
            learns = Stretch.learning(self.member, phase)
            frozen = [name for name in unlearnt if name not in learns]
            if frozen:
                raise RunRefused("frozen-random", what=f"The phase {phase.name}", layer=frozen[-1])
            unlearnt = ()

    # --- where it stands ---

    def _mark(self) -> str:
        """What a folder must have been made with to be gone on with."""
        asked = [self.phases, self.seed, self.member.architecture, len(self.feed), len(self.validation or ())]
        return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]

    def resume_or_begin(self) -> None:
        checkpoint.clear_leftovers(self.folder)
        stored = checkpoint.read(self.folder / "checkpoint.npz")
        if stored is None:
            self._seed_dropout()
            self._save()
        else:
            if stored.state["asked"] != self._asked:
                raise RunRefused("run-differs", present=stored.state["asked"], asked=self._asked)
            state = dict(stored.state["at"])
            self.at = _At(**(state | {"course": Course(**state["course"])}))
            _assign(self._variables, stored.arrays["weights"])
            self._optimiser = list(stored.arrays.get("optimiser", ())) or None
            for row in self.at.curves:
                self.on_epoch(row)
        steps = [phase.epochs * self._an_epoch(phase, self.feed) for phase in self.phases]
        done = sum(steps[: self.at.phase])
        if self.at.phase < len(self.phases):
            done += self.at.epoch * steps[self.at.phase] // self.phases[self.at.phase].epochs + self.at.step
        self._meter = Meter(sum(steps), done)

    def _seed_dropout(self) -> None:
        """What dropout draws is a function of the seed, not of what was built before in this process."""
        weights = {id(variable) for variable in self.member.model.weights}
        others = [variable for variable in self._variables if id(variable) not in weights]
        for number, variable in enumerate(others):
            draw = np.random.default_rng([self.seed, number])
            variable.assign(draw.integers(0, 2**31, variable.shape).astype(variable.dtype))

    @property
    def _variables(self) -> list[Any]:
        return list(self.member.model.variables)

    def _save(self, stretch: Stretch | None = None) -> None:
        began = monotonic()
        arrays = {"weights": _values(self._variables)}
        if stretch is not None:
            arrays["optimiser"] = _values(stretch.optimiser.variables)
        if not all(np.isfinite(array).all() for array in arrays["weights"]):
            raise self._not_finite()
        state = {"asked": self._asked, "at": asdict(self.at)}
        checkpoint.write(self.folder / "checkpoint.npz", Checkpoint(arrays, state))
        self._forget_older()
        self._saved_at = monotonic()
        self._saving_took = self._saved_at - began

    def _save_now_and_then(self, stretch: Stretch) -> None:
        since = monotonic() - self._saved_at
        if not self.every or since >= max(self.every, self._saving_took / _SHARE_OF_TIME):
            self._save(stretch)

    def _forget_older(self) -> None:
        """Best weights and features that no checkpoint needs any more."""
        needed = {self._best_path().name, *(path.name for path in self._feature_paths())}
        for pattern in ("best-*.npz", "features-*"):
            for path in self.folder.glob(pattern):
                if path.name not in needed:
                    # Windows keeps a file that is still mapped; the next checkpoint removes it.
                    with contextlib.suppress(PermissionError):
                        path.unlink(missing_ok=True)

    def _best_path(self) -> Path:
        return self.folder / f"best-{self.at.phase}-{self.at.course.best_epoch}.npz"

    def _feature_paths(self) -> list[Path]:
        names = [f"features-{self.at.phase}-{part}" for part in ("train", "validation")]
        return [self.folder / f"{name}{suffix}" for name in names for suffix in (".f32", ".npz")]

    # --- a phase ---

    def through_phase(self) -> bool:
        """From where the run stands to the end of its phase; False when it was stopped."""
        phase = self.phases[self.at.phase]
        stretch = Stretch(self.member, phase, self.loss, features.beside_of(self.feed))
        found = features.border(self.member.model) if self.loss is None else None
        if isinstance(self.feed, features.KeptFeatures):
            if found is None or found.layer != self.feed.layer:
                raise ValueError(f"features of {self.feed.layer} are no input of the phase {phase.name}")
            return self._through(stretch, found, self.feed, self.validation)
        if self.at.features is None:
            self.at.features = features.worth(self.feed, phase, found, self.folder)
        features.refuse_without_border(self.feed, phase, self.at.features)
        feed, validation = self.feed, self.validation
        if self.at.features:
            assert found is not None
            train_path, _npz, validation_path, _npz = self._feature_paths()
            kept = features.kept(feed, found, train_path, self.stop)
            judged = None if validation is None else features.kept(validation, found, validation_path, self.stop)
            if kept is None or (validation is not None and judged is None):
                return False
            feed, validation = kept, judged
        return self._through(stretch, found if self.at.features else None, feed, validation)

    def _through(self, stretch: Stretch, found: Border | None, feed: Feed, validation: Feed | None) -> bool:
        """The phase's epochs. found: where the features stand that the feeds give; None when they give films."""
        phase = stretch.phase
        with stretch.compiled(self.devices, found):
            if self._optimiser is not None:
                _assign(stretch.optimiser.variables, self._optimiser)
                self._optimiser = None
            while self.at.epoch < phase.epochs and not self.at.course.is_over(phase):
                if not self._through_epoch(stretch, feed):
                    return False
                self._judge(stretch, validation)
            self._finish(stretch)
        return True

    def _through_epoch(self, stretch: Stretch, feed: Feed) -> bool:
        phase, at = stretch.phase, self.at
        order = feed.order(at.epochs)
        an_epoch = self._an_epoch(phase, feed)
        began, before = monotonic(), at.seconds
        for pixels, targets, counts in ahead(feed, order[at.step * phase.batch :], phase.batch, at.epochs):
            if self.stop is not None and self.stop.asked:
                self._save(stretch)
                return False
            rate = rate_at(phase, at.epoch * an_epoch + at.step, an_epoch, at.course.falls)
            loss, accuracy = stretch.step(pixels, targets, counts, rate)
            at.loss, at.right = at.loss + loss * len(pixels), at.right + accuracy * len(pixels)
            at.films += len(pixels)
            at.step += 1
            if not math.isfinite(loss):
                raise self._not_finite(rate)
            at.seconds = before + monotonic() - began
            self.report(self._meter.add(note=self._note(phase, rate)))
            self._save_now_and_then(stretch)
        return True

    def _judge(self, stretch: Stretch, validation: Feed | None) -> None:
        """The end of an epoch: figures on the validation films, and whether its weights are the best so far."""
        phase, at, began = stretch.phase, self.at, monotonic()
        rate = stretch.rate
        loss = accuracy = None
        last = stretch.averaged()
        if validation is not None:
            loss, accuracy = stretch.judged(validation)
            if not math.isfinite(loss):
                raise self._not_finite(rate)
        at.curves.append(
            {
                "phase": phase.name, "epoch": at.epoch + 1, "loss": at.loss / at.films, "accuracy": at.right / at.films,
                "validation_loss": loss, "validation_accuracy": accuracy, "rate": rate,
                "seconds": round(at.seconds + monotonic() - began, 3),
            }
        )  # fmt: skip
        self.on_epoch(at.curves[-1])
        is_best = loss is not None and accuracy is not None and at.course.add(phase, at.epoch, loss, accuracy)
        if is_best and phase.keep != "last":
            checkpoint.write(self._best_path(), Checkpoint({"weights": _values(self._variables)}, {}))
        stretch.put_back(last)
        at.epoch, at.epochs, at.step = at.epoch + 1, at.epochs + 1, 0
        at.loss, at.right, at.films, at.seconds = 0.0, 0.0, 0, 0.0
        self._save_now_and_then(stretch)

    def _finish(self, stretch: Stretch) -> None:
        """Take the weights that the phase keeps, and stand at the beginning of the next one."""
        phase, at = stretch.phase, self.at
        kept = at.epoch
        if phase.keep == "last":
            stretch.averaged()
        else:
            best = checkpoint.read(self._best_path())
            assert best is not None
            _assign(self._variables, best.arrays["weights"])
            kept = at.course.best_epoch + 1
        if phase.norms == "measured":
            stretch.measure_norms(self.feed, at.epochs)
        unused = (phase.epochs - at.epoch) * self._an_epoch(phase, self.feed)
        self.report(self._meter.add(unused, note=f"{phase.name} done"))
        self.at = _At(phase=at.phase + 1, epochs=at.epochs, curves=at.curves, kept=[*at.kept, [phase.name, kept]])
        self._save()

    @staticmethod
    def _an_epoch(phase: Phase, feed: Feed) -> int:
        return -(-len(feed.order(0)) // phase.batch)

    def _note(self, phase: Phase, rate: float) -> str:
        at = self.at
        loss = at.loss / at.films
        return f"{phase.name}: epoch {at.epoch + 1} of {phase.epochs}, loss {loss:.4f}, rate {rate:.1e}"

    def _not_finite(self, rate: float | None = None) -> RunRefused:
        phase = self.phases[min(self.at.phase, len(self.phases) - 1)]
        return RunRefused(
            "loss-not-finite", what=f"the phase {phase.name}", epoch=self.at.epoch + 1, rate=rate or phase.rate
        )


def averaged(some: Arrays, others: Arrays, share: float) -> Arrays:
    """share·some + (1 − share)·others (WiSE-FT, Wortsman et al. 2022): half-way between probe and fine-tuned."""
    return [share * one + (1 - share) * other for one, other in zip(some, others, strict=True)]


def _values(variables: Sequence[Any]) -> Arrays:
    return [np.asarray(keras().ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
