"""A training for some steps, so that its time and memory on this PC are known before it starts (core.site.trial)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from core.errors import RunRefused
from core.jobs import Worker, WorkerDied
from core.progress import Progress, Stop
from core.site.state import DryRun
from core.site.trial import Prepared, Timed

_LOOK_SECONDS = 0.2


def timed(
    recipe: Path, labels: Path, cache: Path, start: str, *, report: Callable[[Progress], None], stop: Stop
) -> DryRun | None:
    """Time every network of the training in a process of its own, which ends with this; None when it was stopped.

    recipe, labels: files. cache: settled films. start: see core.site.trial.starting_from.
    Refuses "dry-run-ended" when the process dies, and what the training itself would refuse.
    """
    worker = Worker("core.site.trial:serve")
    try:
        _answer(worker, stop)
        worker.ask(("prepare", str(recipe), str(labels), str(cache), start))
        prepared = cast(Prepared | None, _answer(worker, stop))
        taken: list[Timed] = []
        for number in range(prepared.members if prepared else 0):
            report(Progress(number, prepared.members if prepared else None, None, None, "trying real steps"))
            worker.ask(("member", number))
            one = cast(Timed | None, _answer(worker, stop))
            if one is None:
                break
            taken.append(one)
    except WorkerDied as error:
        raise RunRefused("dry-run-ended") from error
    finally:
        worker.stop()
    if prepared is None or len(taken) < prepared.members:
        return None
    steps = sum(one.steps for one in taken)
    return DryRun(
        steps=steps,
        seconds_a_step=sum(one.steps * one.step_seconds for one in taken) / steps,
        memory_bytes=max(one.memory_bytes for one in taken),
        seconds_for_all=sum(one.seconds for one in taken),
        members=len(taken),
        device=taken[0].device,
        each=tuple((one.name, one.step_seconds, one.seconds) for one in taken),
    )


def _answer(worker: Worker, stop: Stop) -> object:
    """The next answer, or None when it was stopped."""
    while not stop.asked:
        answer = worker.answer(_LOOK_SECONDS)
        if answer is None:
            continue
        if answer.error is not None:
            raise answer.error
        return answer.value if answer.value is not None else ()
    return None
