"""A training in words and curves: how far it is, what the curves show. Nothing here draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.training.watching import Epoch
from gui.screening.words import count, lasting
from gui.widgets.plots import Axis, Chart, Line

# A gap below this between training and validation is what chance makes of a small set.
_GAP = 0.05
_EPOCH = Axis("epoch", whole=True)


def headline(state: Any) -> str:
    """What is going on, in one line."""
    told = _stands(state)
    if state.phase in ("training", "reading", "judging"):
        progress = state.progress
        if progress is not None and progress.remaining is not None:
            told += f" · {lasting(progress.remaining)} left"
    return told


def details(state: Any) -> str:
    """Rate, device and memory, as far as they are known."""
    progress = state.progress
    parts = []
    if progress is not None and progress.rate and state.phase in ("training", "reading", "judging"):
        unit = "films" if state.phase == "reading" else "steps"
        parts.append(f"{progress.rate:.3g} {unit} a second")
    if progress is not None and progress.note:
        parts.append(progress.note)
    if state.device:
        parts.append(state.device)
    if state.memory_bytes:
        parts.append(f"{memory(state.memory_bytes)} of memory")
    return " · ".join(parts)


def memory(count_bytes: float) -> str:
    return f"{count_bytes / 2**30:.1f} GiB" if count_bytes >= 2**30 else f"{count_bytes / 2**20:.0f} MiB"


def loss_chart(rows: Sequence[Epoch]) -> Chart:
    lines = _lines(rows, "loss", "validation_loss")
    return Chart("Loss", _EPOCH, Axis("loss", "cross-entropy"), lines, rules=_phases(rows), sentence=_of_loss(rows),
                 empty="The first epoch is under way.")  # fmt: skip


def accuracy_chart(rows: Sequence[Epoch]) -> Chart:
    lines = _lines(rows, "accuracy", "validation_accuracy")
    return Chart("Accuracy", _EPOCH, Axis("right", "share of films", 0, 1), lines, rules=_phases(rows),
                 sentence=_of_accuracy(rows), empty="The first epoch is under way.")  # fmt: skip


def _stands(state: Any) -> str:
    phase = state.phase
    if phase == "reading":
        progress = state.progress
        if progress is not None and progress.total:
            return f"Films are read: {count(progress.done)} of {count(progress.total)}"
        return "Films are read"
    if phase == "training":
        return f"Training{_which(state)}"
    return {
        "judging": "The result is judged on films that no network was trained on",
        "paused": f"Paused{_which(state)}",
        "stopped": f"Stopped{_which(state)}; everything up to the last checkpoint is kept",
        "done": "Done",
        "failed": "It could not go on",
    }.get(phase, "No training")


def _which(state: Any) -> str:
    told = ""
    if state.members > 1:
        told += f", network {state.member} of {state.members}"
    if state.parts > 1:
        told += f", part {state.part} of {state.parts}"
    return told


def _lines(rows: Sequence[Epoch], training: str, validation: str) -> tuple[Line, ...]:
    numbers = tuple(range(1, len(rows) + 1))
    lines = [Line("training", numbers, tuple(getattr(row, training) for row in rows), "quiet", dashed=True)]
    held_out = [getattr(row, validation) for row in rows]
    if any(one is not None for one in held_out):
        values = tuple(float("nan") if one is None else one for one in held_out)
        lines.append(Line("validation", numbers, values, dots=len(rows) <= 40))
    return tuple(lines)


def _phases(rows: Sequence[Epoch]) -> tuple[tuple[float, str], ...]:
    """Where another phase begins: half an epoch before its first."""
    names = [row.phase for row in rows]
    return tuple(
        (number + 0.5, f"“{name}”") for number, name in enumerate(names) if number and name != names[number - 1]
    )


def _of_loss(rows: Sequence[Epoch]) -> str:
    known = [(row.validation_loss, number) for number, row in enumerate(rows, 1) if row.validation_loss is not None]
    if not known:
        return "There are no validation films: that the loss falls says nothing about other films." if rows else ""
    best, at = min(known)
    if at == known[-1][1]:
        return f"The validation loss is lowest now: {best:.3f} in epoch {at}."
    since = known[-1][1] - at
    epochs = "1 epoch" if since == 1 else f"{since} epochs"
    return f"The validation loss was lowest in epoch {at}: {best:.3f}. It has not fallen for {epochs}."


def _of_accuracy(rows: Sequence[Epoch]) -> str:
    if not rows or rows[-1].validation_accuracy is None:
        return ""
    last = rows[-1]
    gap = last.accuracy - last.validation_accuracy
    told = f"Now {last.accuracy:.2f} in training, {last.validation_accuracy:.2f} on validation films"
    if gap > _GAP:
        return f"{told}: the networks know the training films better by {gap:.2f}; more of that is learning by heart."
    return f"{told}."


def networks(rows: Iterable[Epoch]) -> list[tuple[int, int, str]]:
    """Every (part, member, name) with curves, in the order in which they came."""
    return list(dict.fromkeys((row.part, row.member, row.name) for row in rows))
