"""A training that is interrupted at any moment ends bit for bit as an undisturbed one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow")


def _apart(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.core.training.apart", *arguments],
        capture_output=True, text=True, cwd=Path(__file__).parents[3], timeout=300,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, check=False,
    )  # fmt: skip


def test_a_training_that_is_killed_or_cut_anywhere_gives_the_same_bits(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    ended = _apart("kill", str(killed), "write:4")
    if hasattr(signal, "SIGKILL"):
        assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert len(list(killed.glob(".hilum-*.part"))) == 1  # in the middle of a checkpoint
    ended = _apart("finish", str(killed), str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["killed"] == found["whole, undisturbed"] == found["whole, cut"]
    assert found["kept, undisturbed"] == found["kept, cut"]
    assert found["whole, cuts"] == found["kept, cuts"] == 4
    left = sorted(path.name for path in killed.iterdir())
    assert left == ["checkpoint.npz"]
