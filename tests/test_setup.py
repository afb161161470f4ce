"""What the set-up promises: one universal lock with hashes, one without TensorFlow, free licences, kept layers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def packages(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", lock, flags=re.MULTILINE))


def test_the_lock_has_hashes_and_names_no_index() -> None:
    blocks = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if block.strip())
    assert not re.search(r"https?://|--index|--find-links|file:", LOCK)


def test_the_lock_covers_running_testing_and_linting() -> None:
    assert packages(LOCK) >= {
        "pyside6-essentials",
        "openvino",
        "tensorflow",
        "keras",
        "pytest",
        "ruff",
        "mypy",
        "import-linter",
    }
    assert not packages(LOCK) & {"pyside6", "pyside6-addons", "pylibjpeg-libjpeg", "python-gdcm"}


def test_without_training_there_is_no_tensorflow_and_all_else() -> None:
    script = ROOT / "tools" / "lock_without_training.py"
    smaller = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert not packages(smaller) & {"tensorflow", "keras", "h5py", "absl-py"}
    assert packages(smaller) >= {"numpy", "openvino", "openvino-telemetry", "shiboken6", "pydicom", "pytest", "joblib"}
    assert packages(smaller) < packages(LOCK)


def test_nothing_that_is_installed_is_under_the_gpl() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=csv"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ours = packages(LOCK)
    # Qt is under the LGPL (or the GPL, at the user's choice); nothing else may be under any GPL alone.
    rows = [row.replace('"', "").split(",", 2) for row in listed.splitlines()[1:]]
    found = [
        f"{name}: {licence}"
        for name, _version, licence in rows
        if re.sub("[_.]", "-", name.lower()) in ours
        and re.search(r"\bA?GPL|GNU General|Affero", licence)
        and "LGPL" not in licence
    ]
    assert not found


def test_the_layers_are_kept() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    modules = [path for folder in ("core", "gui", "tests", "tools") for path in (ROOT / folder).rglob("*.py")]
    assert not [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in modules
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    ]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_the_program_starts_where_its_environment_is_a_link(tmp_path: Path) -> None:
    shutil.copy(ROOT / "main.py", tmp_path)
    (tmp_path / "core").symlink_to(ROOT / "core")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    environment = {name: value for name, value in os.environ.items() if name != "HILUM_ANY_PYTHON"}
    command = [sys.executable, str(tmp_path / "main.py"), "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("usage:")
