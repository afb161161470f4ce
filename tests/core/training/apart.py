"""Trains in a process of its own, with one thread and deterministic operations, and is cut off where it is told.

python -m tests.core.training.apart kill FOLDER step:7      ends in SIGKILL behind the 7th step of this process
python -m tests.core.training.apart finish FOLDER OTHER     goes on in FOLDER, then trains undisturbed and with many
                                                            cuts in OTHER; prints what came out of each, as JSON
Cuts: step:N behind a step, write:N in the middle of the N-th checkpoint, done:N where a phase has just ended.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from core.progress import Progress
from core.training import checkpoint
from core.training.fit import fit
from core.training.recipe import Augmentation, Phase
from tests.core.training.small import DROPOUT, feed, member

CHANGES = Augmentation(rotation=10, shift_pixels=3, zoom=0.1, noise=4, gamma=0.2)
# Everything that has a memory: dropout, moving averages, momenta, a falling rate, a plateau, the best epoch, norms.
WHOLE = (
    Phase(name="one", epochs=2, rate=3e-3, batch=8, optimiser="adamw", schedule="cosine", average=0.8, warm_up=0.5),
    Phase(name="two", epochs=4, rate=0.3, batch=16, optimiser="sgd", momentum=0.9, schedule="plateau",
          plateau_patience=1, keep="best-loss", early_stop=3, norms="measured", smoothing=0.1),
)  # fmt: skip
KEPT = (
    Phase(name="head", trainable="head", epochs=3, rate=3e-3, batch=8, average=0.5, keep="best-accuracy"),
    Phase(name="all", epochs=1, rate=1e-3, batch=8),
)
CUTS = ("write:2", "done:1", "step:2", "write:2")


class Cut(BaseException):
    """The end, where the process itself shall live on."""


def _raise() -> NoReturn:
    raise Cut


def _kill() -> NoReturn:
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    raise AssertionError("survived")


def train(folder: Path, phases: tuple[Phase, ...], cut: str = "", end: Callable[[], NoReturn] = _raise) -> str | None:
    """Train, or go on; a digest of curves and weights at the end, None when it was cut off."""
    kind, _colon, text = cut.partition(":")
    left = {kind: int(text or 0)}

    def count(what: str) -> bool:
        left[what] = left.get(what, 0) - 1
        return left[what] == 0

    def report(progress: Progress) -> None:
        if count("done" if progress.note.endswith("done") else "step"):
            end()

    savez = np.savez

    def broken(file: Any, *arrays: Any, **named: Any) -> None:
        if not count("write"):
            return savez(file, *arrays, **named)
        whole = io.BytesIO()
        savez(whole, *arrays, **named)
        file.write(whole.getvalue()[: len(whole.getvalue()) // 2])
        file.flush()
        end()

    options = {} if phases is KEPT else {"augmentation": CHANGES}
    checkpoint.np.savez = broken  # type: ignore[assignment]
    try:
        # Another seed than before: what counts comes from the checkpoint.
        own = member(seed=1 if not (folder / "checkpoint.npz").exists() else 99, cut="stem", head=DROPOUT)
        found = fit(own, feed(**options), feed(8, 1), phases, seed=5, folder=folder, report=report, every=0)
    except Cut:
        return None
    finally:
        checkpoint.np.savez = savez  # type: ignore[assignment]
    assert found is not None
    curves = json.dumps([{**row, "seconds": 0} for row in found.curves])
    digest = hashlib.sha256(curves.encode())
    for array in own.model.get_weights():
        digest.update(np.ascontiguousarray(array).tobytes())
    return f"{len(found.curves)} epochs, {found.kept}, {digest.hexdigest()}"


def main() -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    what, folder, last = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if what == "kill":
        train(folder, WHOLE, last, _kill)
        return
    found = {"killed": train(folder, WHOLE)}
    for name, phases in (("whole", WHOLE), ("kept", KEPT)):
        found[f"{name}, undisturbed"] = train(Path(last) / name, phases)
        ends = [train(Path(last) / f"{name}, cut", phases, cut) for cut in CUTS]
        found[f"{name}, cut"] = train(Path(last) / f"{name}, cut", phases)
        found[f"{name}, cuts"] = sum(end is None for end in ends)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
