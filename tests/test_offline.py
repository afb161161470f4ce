"""Nothing phones home: the kernel ends whatever tries to open an internet socket, and all work gets done.

Training: tests/core/cli/test_train.py, whose runs have no internet.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.inference.bundles import Bundle
from core.places import SAMPLES
from tests import offline

pytestmark = pytest.mark.skipif(not offline.is_possible(), reason="the filter is for Linux")
ROOT = Path(__file__).resolve().parent.parent
SAMPLE = SAMPLES / "01-normal-dx.dcm"


def denied(how: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tests/offline.py", how, sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("how", ["end", "refuse"])
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_the_filter_itself_denies_the_internet_and_leaves_the_rest(how: str, family: str) -> None:
    code = "import socket; socket.socket(socket.AF_UNIX).close(); print('here'); socket.socket(socket.{})"
    tried = denied(how, "-u", "-c", code.format(family))
    assert tried.stdout == "here\n" and tried.returncode != 0


def test_the_main_job_opens_no_internet_socket(tmp_path: Path) -> None:
    done = denied("end", "main.py", "demo", "--no-window", "--json", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(list(SAMPLES.iterdir()))
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")


def test_screening_opens_no_internet_socket(tmp_path: Path, small_bundle: Bundle) -> None:
    run = tmp_path / "run"
    words = ["screen", str(SAMPLE), "-o", str(run), "--bundle", str(small_bundle.folder), "--json"]
    done = denied("end", "main.py", *words, "--html", str(run / "page.html"))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == [SAMPLE.name]
