"""Without TensorFlow everything works but training and the keras engine (assess: tests/core/inference)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.inference.bundles import Bundle
from core.places import SAMPLES

ROOT = Path(__file__).resolve().parent.parent


def without(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tests/without_training.py", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_screening_needs_no_tensorflow(small_bundle: Bundle, tmp_path: Path) -> None:
    words = ["screen", str(SAMPLES), "-o", str(tmp_path / "run"), "--bundle", str(small_bundle.folder), "--json"]
    done = without(*words)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(list(SAMPLES.iterdir()))
    assert {row["engine"] for row in rows} == {"openvino"}


@pytest.mark.parametrize("words", [["describe", str(SAMPLES)], ["about"], ["bundle", "list"]])
def test_the_small_commands_need_no_tensorflow(words: list[str]) -> None:
    done = without(*words, "--json")
    assert done.returncode == 0, done.stderr


def test_the_keras_engine_says_that_it_is_missing(small_bundle: Bundle) -> None:
    film = str(next(SAMPLES.iterdir()))
    done = without("assess", film, "--engine", "keras", "--bundle", str(small_bundle.folder))
    assert done.returncode == 1
    assert "is not installed on this PC" in done.stderr
    assert "Traceback" not in done.stderr
