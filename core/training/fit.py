"""Fine-tuning a member, resumable after every pass.

The recipe that transferred best to hospitals nobody here had (docs/ensemble.md): start from a linear probe, all
layers but the batch normalisations, which stay as the start weights have them; a low rate that falls along a cosine;
then average the weights with the probe's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files import write_whole
from core.imaging.prepare import Step
from core.networks.backbones import cuts
from core.networks.members import Member
from core.places import made
from core.progress import Meter, Progress, Stop
from core.training.augmentation import Strength, augmented
from core.training.balance import one_pass
from core.training.feed import Film, batches, outputs

Weights = list[NDArray[np.float32]]
_NORM_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to learn from: films, targets (films, classes) that add up to 1, and how much each film counts."""

    films: Sequence[Film]
    targets: NDArray[np.float32]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to learn. rate: AdamW's at its highest, after `warm_up` passes. norms: whether batch normalisations learn.

    first: the part of the backbone (core.networks.backbones.cuts) from which on layers learn; those before keep the
    start weights' edges and spots, and cost no backward pass.

    A network with start weights keeps its normalisations: with few steps a pass their moving statistics lag behind,
    and learning them pulls the features towards the sources at hand.
    """

    passes: int = 6
    rate: float = 2e-4
    warm_up: float = 0.25
    batch: int = 32
    decay: float = 1e-4
    smoothing: float = 0.05
    norms: bool = False
    first: str = "stem"
    seed: int = 0
    strength: Strength = field(default_factory=Strength)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The weights after the last pass, and one line a pass: number, loss in training, loss in validation."""

    last: Weights
    best: Weights
    log: tuple[dict[str, float], ...]


def fine_tune(
    member: Member,
    lesson: Lesson,
    validation: Lesson,
    steps: Sequence[Step],
    schedule: Schedule,
    *,
    folder: Path,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Stop | None = None,
) -> Fitted | None:
    """Train the member from its present weights; None when it was stopped (the folder then goes on from there).

    folder: its checkpoints (last, best, optimiser). A second call on the same folder goes on after the last whole pass
    and ends as an undisturbed one would. The member holds the last weights afterwards.
    """
    import tensorflow as tf

    made(folder)
    _choose_layers(member, schedule)
    variables = member.model.trainable_variables
    per_pass = -(-len(lesson.films) // schedule.batch)
    optimiser = _optimiser(schedule, per_pass)
    optimiser.build(variables)
    log = _resumed(folder, member, optimiser)

    def loss_of(pixels: Any, targets: Any) -> Any:
        logits = member.model(pixels, training=schedule.norms)
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))

    def one_step(pixels: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(pixels, targets)
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    step = tf.function(one_step, reduce_retracing=True, jit_compile=False)  # jit: ten times slower on a CPU
    smooth = lesson.targets * (1 - schedule.smoothing) + schedule.smoothing / lesson.targets.shape[1]
    meter = Meter((schedule.passes - len(log)) * per_pass)
    for number in range(len(log), schedule.passes):
        order = one_pass(lesson.weights, len(lesson.films), schedule.seed, number)

        def change(film: Film, index: int, number: int = number) -> Film:
            return augmented(film, schedule.seed, number, index, schedule.strength)

        losses = []
        for pixels, chosen in batches(lesson.films, steps, order, schedule.batch, change):
            if stop is not None and stop.asked:
                return None
            losses.append(float(step(pixels, smooth[chosen])))
            report(meter.add(note=f"pass {number + 1} of {schedule.passes}"))
        logits = outputs(member.model, validation.films, steps)
        log.append(
            {"pass": number, "training": float(np.mean(losses)), "validation": cross_entropy(validation, logits)}
        )
        _keep(folder, member, optimiser, log)
    if schedule.norms:
        _measure_norms(member, lesson, steps, schedule)
    return Fitted(member.model.get_weights(), _read(folder / "best.npz"), tuple(log))


def cross_entropy(lesson: Lesson, logits: NDArray[np.floating[Any]]) -> float:
    """Mean of −Σ target·log p over the films, by their weights; natural logarithm."""
    shifted = logits - logits.max(1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return float(np.average(-(lesson.targets * logs).sum(1), weights=lesson.weights))


def averaged(some: Weights, others: Weights, share: float) -> Weights:
    """share·some + (1 − share)·others (WiSE-FT, Wortsman et al. 2022): half-way between probe and fine-tuned."""
    return [share * one + (1 - share) * other for one, other in zip(some, others, strict=True)]


def _choose_layers(member: Member, schedule: Schedule) -> None:
    parts = cuts(str(member.architecture["backbone"]))
    resting = parts[: parts.index(schedule.first)]
    for layer in member.model.layers:
        is_norm = type(layer).__name__ == "BatchNormalization"
        layer.trainable = not layer.name.startswith(resting) and (schedule.norms or not is_norm)


def _measure_norms(member: Member, lesson: Lesson, steps: Sequence[Step], schedule: Schedule) -> None:
    """Take the normalisations' statistics anew, with the final weights, as plain means over batches of films.

    After a few hundred steps the moving ones lag far behind: a member that ranked at 0.70 came out at 0.55.
    """
    norms = [layer for layer in member.model.layers if type(layer).__name__ == "BatchNormalization"]
    kept = [layer.momentum for layer in norms]
    order = one_pass(lesson.weights, len(lesson.films), schedule.seed, schedule.passes)[: _NORM_BATCHES * 64]

    def change(film: Film, index: int) -> Film:
        return augmented(film, schedule.seed, schedule.passes, index, schedule.strength)

    for number, (pixels, _chosen) in enumerate(batches(lesson.films, steps, order, 64, change), 1):
        for layer in norms:
            layer.momentum = 1 - 1 / number
        member.model(pixels, training=True)
    for layer, momentum in zip(norms, kept, strict=True):
        layer.momentum = momentum


def _optimiser(schedule: Schedule, per_pass: int) -> Any:
    from core.networks.backend import keras

    optimisers = keras().optimizers
    warm_up = round(schedule.warm_up * per_pass)
    rate = optimisers.schedules.CosineDecay(
        schedule.rate * 0.05 if warm_up else schedule.rate,
        max(1, schedule.passes * per_pass - warm_up),
        alpha=0.01,
        warmup_target=schedule.rate if warm_up else None,
        warmup_steps=warm_up,
    )
    return optimisers.AdamW(rate, weight_decay=schedule.decay, global_clipnorm=1.0)


def _keep(folder: Path, member: Member, optimiser: Any, log: list[dict[str, float]]) -> None:
    """One file holds weights and optimiser together: a run killed in between must not find them of two passes."""
    weights = member.model.get_weights()
    if log[-1]["validation"] <= min(line["validation"] for line in log):
        _write(folder / "best.npz", weights)
    _write(folder / "last.npz", weights + [np.asarray(variable) for variable in optimiser.variables], log)


def _resumed(folder: Path, member: Member, optimiser: Any) -> list[dict[str, float]]:
    if not (folder / "last.npz").exists():
        return []
    with np.load(folder / "last.npz") as stored:
        log: list[dict[str, float]] = json.loads(str(stored["log"]))
    arrays = _read(folder / "last.npz")
    count = len(member.model.get_weights())
    member.model.set_weights(arrays[:count])
    for variable, value in zip(optimiser.variables, arrays[count:], strict=True):
        variable.assign(value)
    return log


def _write(path: Path, arrays: Weights, log: list[dict[str, float]] | None = None) -> None:
    beside = path.with_suffix(".part.npz")
    named: dict[str, Any] = {f"{number:05d}": array for number, array in enumerate(arrays)}
    np.savez(beside, log=json.dumps(log), **named)
    beside.replace(path)
    if log is not None:
        write_whole(path.parent / "log.json", json.dumps(log, indent=1))


def _read(path: Path) -> Weights:
    with np.load(path) as stored:
        return [stored[name] for name in sorted(stored.files) if name != "log"]
