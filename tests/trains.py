"""Runs `train` in a process of its own, with one thread, so that two runs can be compared to the last bit.

python -m tests.trains ACT [-- ACT…]     one after the other; ends with the worst exit code, and says each of them
ACT: run ARGUMENTS…     train with these
     kill STEP ARGUMENTS…     ends in SIGKILL behind its STEP-th training step
     interrupt STEP ARGUMENTS…     gets a Ctrl-C there
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any

from tests import offline

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
ONE_THREAD["TF_DETERMINISTIC_OPS"] = "1"
NO_INTERNET = "The kernel gives no internet socket."
_SIGNALS = {"kill": getattr(signal, "SIGKILL", signal.SIGTERM), "interrupt": signal.SIGINT}


def start(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Do so where the kernel denies the internet, if it can: then NO_INTERNET is said first."""
    environment = os.environ | ONE_THREAD | {"HILUM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    # "refuse", not "end": TensorFlow looks at its import whether there is IPv6.
    denied = [sys.executable, str(ROOT / "tests" / "offline.py"), "refuse"] if offline.is_possible() else []
    command = [*denied, sys.executable, "-m", "tests.trains", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=900, check=False)


def _train(words: list[str]) -> int:
    from core.cli.main import run

    return run("nowhere:nothing", ["train", *words])


@contextmanager
def _signal_behind(step: int, number: int) -> Iterator[None]:
    from core.training.stretch import Stretch

    learn, done = Stretch.step, [0]

    def counted(stretch: Stretch, *arguments: Any) -> tuple[float, float]:
        answer = learn(stretch, *arguments)
        done[0] += 1
        if done[0] == step:
            signal.raise_signal(number)
        return answer

    Stretch.step = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        Stretch.step = learn  # type: ignore[method-assign]


def _done(what: str, *rest: str) -> int:
    is_cut = what in _SIGNALS
    with _signal_behind(int(rest[0]), _SIGNALS[what]) if is_cut else nullcontext():
        code = _train(list(rest[is_cut:]))
    print(f"exit {code}", flush=True)
    return code


def main(words: list[str]) -> int:
    try:
        socket.socket(socket.AF_INET).close()
    except PermissionError:
        print(NO_INTERNET, flush=True)
    return max(_done(*part) for is_end, part in groupby(words, lambda word: word == "--") if not is_end)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
