"""What a training that was stopped has reached so far: its best weights, as if they were those of its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.networks.members import Member
from core.training import checkpoint
from core.training.fit import Fitted
from core.training.recipe import Phase
from core.training.schedules import Course


def best_so_far(member: Member, phases: Sequence[Phase], folder: Path) -> Fitted | None:
    """Give the member the best weights that a stopped fit left in its folder; None when there are none.

    The best epoch of the phase in hand where the phase keeps its best one and has judged one; else the weights as
    they stood when it was stopped.
    """
    stored = checkpoint.read(folder / "checkpoint.npz")
    if stored is None:
        return None
    at = stored.state["at"]
    course = Course(**at["course"])
    weights, kept = stored.arrays["weights"], list(at["kept"])
    if at["phase"] < len(phases):
        phase = phases[at["phase"]]
        best = checkpoint.read(folder / f"best-{at['phase']}-{course.best_epoch}.npz")
        epoch = at["epoch"]
        if phase.keep != "last" and best is not None:
            weights, epoch = best.arrays["weights"], course.best_epoch + 1
        kept.append([phase.name, epoch])
    for variable, value in zip(member.model.variables, weights, strict=True):
        variable.assign(value)
    return Fitted(tuple(at["curves"]), tuple((name, epoch) for name, epoch in kept))
