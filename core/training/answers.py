"""What the networks of a run say of its films, with the bundle's constants: kept beside the bundle, for looking at."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused
from core.files import whole_file
from core.training.splitting import Numbers

ANSWERS = "answers.npz"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answers:
    """numbers, probabilities (films, classes): of the films that judged, by networks that had not trained on them.

    picking, picking_probabilities: of those that may pick a threshold, the validation part, or the same ones.
    """

    numbers: Numbers
    probabilities: Floats
    picking: Numbers
    picking_probabilities: Floats


def write_answers(path: Path, answers: Answers) -> None:
    """Refuses "disk-full" and "place-unwritable" (RunRefused)."""
    with whole_file(path) as file:
        np.savez(file, **{name: getattr(answers, name) for name in Answers.__dataclass_fields__})


def read_answers(path: Path) -> Answers:
    """Refuses "run-unreadable" (RunRefused)."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Answers(**{name: stored[name] for name in Answers.__dataclass_fields__})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunRefused("run-unreadable", what=path, why="the answers of its networks are damaged") from error
