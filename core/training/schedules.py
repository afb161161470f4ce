"""How the rate goes through a phase, and when the phase ends: plain numbers, the same on every backend."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.training.recipe import Phase

# As Keras' ReduceLROnPlateau has it; its EarlyStopping wants any gain at all.
_PLATEAU_GAIN = 1e-4


def rate_at(phase: Phase, step: int, an_epoch: int, falls: int = 0) -> float:
    """The rate of a step (from 0), when an epoch has `an_epoch` steps and a plateau made it fall `falls` times.

    The warm-up rises in a straight line and reaches the whole rate with its last step. A cosine starts behind it and
    is at its floor with the last step of the last epoch that the phase may have.
    """
    warm_up = round(phase.warm_up * an_epoch)
    if step < warm_up:
        return phase.rate * (step + 1) / warm_up
    share = 1.0
    if phase.schedule == "cosine":
        left = phase.epochs * an_epoch - warm_up
        share = 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, left - 1))))
        share = phase.floor + (1 - phase.floor) * share
    elif phase.schedule == "plateau":
        share = max(phase.floor, phase.plateau_factor**falls)
    return phase.rate * share


@dataclass(slots=True)
class Course:
    """What the epochs of a phase have led to so far; plain numbers, kept in every checkpoint.

    best_loss, since_best: of the validation loss. best_kept: of what the phase keeps by. low, waited, falls: of the
    plateau. best_epoch: the epoch (from 0, in its phase) whose weights are kept, -1 for none yet.
    """

    best_loss: float = math.inf
    since_best: int = 0
    best_kept: float = math.inf
    best_epoch: int = -1
    low: float = math.inf
    waited: int = 0
    falls: int = 0

    def add(self, phase: Phase, epoch: int, loss: float, accuracy: float) -> bool:
        """Take in the validation figures of an epoch; gives whether its weights are the best so far."""
        self.since_best = 0 if loss < self.best_loss else self.since_best + 1
        self.best_loss = min(self.best_loss, loss)
        if loss < self.low - _PLATEAU_GAIN:
            self.low, self.waited = loss, 0
        else:
            self.waited += 1
            if self.waited >= phase.plateau_patience:
                self.falls, self.waited = self.falls + 1, 0
        value = -accuracy if phase.keep == "best-accuracy" else loss
        if value < self.best_kept:
            self.best_kept, self.best_epoch = value, epoch
            return True
        return False

    def is_over(self, phase: Phase) -> bool:
        return phase.early_stop is not None and self.since_best >= phase.early_stop
