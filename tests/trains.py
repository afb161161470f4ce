"""Runs `train` in a process of its own, with one thread, so that two runs can be compared to the last bit.

python -m tests.trains kill STEP ARGUMENTS…     ends in SIGKILL behind the STEP-th training step of this process
python -m tests.trains interrupt STEP ARGUMENTS…     gets a Ctrl-C there
python -m tests.trains run ARGUMENTS… [-- ARGUMENTS…]     one command after the other; ends with the worst exit code
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
ONE_THREAD["TF_DETERMINISTIC_OPS"] = "1"
_SIGNALS = {"kill": getattr(signal, "SIGKILL", signal.SIGTERM), "interrupt": signal.SIGINT}


def start(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ONE_THREAD | {"HILUM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.trains", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300, check=False)


def _train(words: list[str]) -> int:
    from core.cli.main import run

    return run("nowhere:nothing", ["train", *words])


def _signal_behind(step: int, number: int) -> None:
    from core.training.stretch import Stretch

    learn, done = Stretch.step, [0]

    def counted(stretch: Stretch, *arguments: Any) -> tuple[float, float]:
        answer = learn(stretch, *arguments)
        done[0] += 1
        if done[0] == step:
            signal.raise_signal(number)
        return answer

    Stretch.step = counted  # type: ignore[method-assign]


def main(words: list[str]) -> int:
    what, *rest = words
    if what in _SIGNALS:
        _signal_behind(int(rest[0]), _SIGNALS[what])
        return _train(rest[1:])
    commands = [list(part) for is_end, part in groupby(rest, lambda word: word == "--") if not is_end]
    return max(_train(command) for command in commands)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
