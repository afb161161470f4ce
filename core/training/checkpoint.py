"""What a training has to remember to go on as if nothing had happened, in one file that is whole or not there."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused
from core.files import whole_file

Arrays = list[NDArray[Any]]
_STATE = "state"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Lists of arrays by name (weights, optimiser …), and the plain numbers beside them."""

    arrays: Mapping[str, Sequence[NDArray[Any]]]
    state: Mapping[str, Any]


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write it beside its place and rename: who is killed meanwhile has the one before.

    Refuses "disk-full" and "place-unwritable" (RunRefused); the one before stays.
    """
    named: dict[str, NDArray[Any]] = {
        f"{name}/{number:05d}": np.asarray(array)
        for name, arrays in checkpoint.arrays.items()
        for number, array in enumerate(arrays)
    }
    # Floats go through JSON unchanged: Python writes the shortest text that reads back as the same number.
    state = np.frombuffer(json.dumps(checkpoint.state).encode(), np.uint8)
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **{_STATE: state}, **named)


def read(path: Path) -> Checkpoint | None:
    """The checkpoint, or None where there is none yet. Refuses "run-unreadable" (RunRefused)."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            state = json.loads(stored[_STATE].tobytes())
            arrays: dict[str, Arrays] = {}
            for name in sorted(stored.files):
                if name != _STATE:
                    arrays.setdefault(name.rpartition("/")[0], []).append(stored[name])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunRefused("run-unreadable", what=path.parent, why=f"{path.name}: {error}") from error
    return Checkpoint(arrays, state)


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed process left half written."""
    for part in folder.glob(".hilum-*.part"):
        part.unlink(missing_ok=True)
