"""Starting and ending, in fresh processes: what is loaded when, the second start, and what Qt needs of a PC."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gui import system
from tests.gui.conftest import STAND_INS, MakeFilm

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60
PYSIDE = {"PySide6", "shiboken6", "shibokensupport", "signature_bootstrap"}
# Debian's Python has a sitecustomize of its own, which comes before anything of ours.
BEFORE_PAINT = PYSIDE | {"platformdirs", "core", "gui", "sitecustomize"}
NEVER = {"pydicom", "imagecodecs", "pylibjpeg", "openvino", "tensorflow", "keras", "sklearn", "scipy", "PIL", "torch"}


class Probe:
    """A window in another process, and the events that it tells."""

    def __init__(self, home: Path, paths: list[Path], quit_after: str = "") -> None:
        words = {"workers": STAND_INS, "paths": [str(path) for path in paths], "quit_after": quit_after}
        environment = {**os.environ, "HILUM_HOME": str(home), "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/gui/start_probe.py"), json.dumps(words)],
            cwd=home,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def until(self, event: str) -> dict[str, Any]:
        """Read what it tells until this event."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told: dict[str, Any] = json.loads(line)
            if told["event"] == event:
                return told
        raise AssertionError(f"the window ended before {event}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def probes() -> Iterator[list[Probe]]:
    started: list[Probe] = []
    yield started
    for probe in started:
        probe.end()


def packages(modules: list[str]) -> set[str]:
    tops = {name.partition(".")[0] for name in modules}
    return {name for name in tops if name not in sys.stdlib_module_names and not name.startswith("_")}


def test_before_the_first_paint_there_is_only_qt_and_never_a_decoder_or_engine(
    tmp_path: Path, make_film: MakeFilm, probes: list[Probe]
) -> None:
    probes.append(Probe(tmp_path, [make_film("refer")], quit_after="assessed"))
    painted = probes[0].until("painted")
    assert packages(painted["modules"]) <= BEFORE_PAINT
    assert [name for name in painted["modules"] if name.startswith("core.imaging.")] == []
    assessed = probes[0].until("assessed")
    assert packages(assessed["modules"]) & NEVER == set()
    assert probes[0].until("ended")["code"] == 0


def test_the_window_never_opens_a_film_itself(tmp_path: Path, make_film: MakeFilm, probes: list[Probe]) -> None:
    film = make_film("refer")
    probes.append(Probe(tmp_path, [film], quit_after="assessed"))
    opened = probes[0].until("assessed")["opened"]
    assert opened, "the probe notes what is opened"
    assert [path for path in opened if film.name in path] == []


def test_closing_the_window_ends_every_process(tmp_path: Path, make_film: MakeFilm, probes: list[Probe]) -> None:
    probes.append(Probe(tmp_path, [make_film("refer")], quit_after="assessed"))
    pids = probes[0].until("assessed")["pids"]
    assert all(pids)
    probes[0].until("ended")
    probes[0].process.wait(LIMIT)
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_a_window_that_is_killed_leaves_no_process(tmp_path: Path, make_film: MakeFilm, probes: list[Probe]) -> None:
    probes.append(Probe(tmp_path, [make_film("refer")]))
    children = [psutil.Process(pid) for pid in probes[0].until("assessed")["pids"]]
    probes[0].process.kill()
    _gone, alive = psutil.wait_procs(children, LIMIT)
    assert alive == []


def test_a_second_start_hands_its_paths_to_the_first_window(
    tmp_path: Path, make_film: MakeFilm, probes: list[Probe]
) -> None:
    first_film, second_film = make_film("first"), make_film("second")
    probes.append(Probe(tmp_path, [first_film]))
    probes[0].until("assessed")
    probes.append(Probe(tmp_path, [second_film]))
    assert probes[1].until("ended")["code"] == 0
    assert probes[0].until("assessed")["names"] == ["first.png", "second.png"]


def test_after_a_crash_the_next_start_is_the_first_again_and_says_where_the_report_is(
    tmp_path: Path, make_film: MakeFilm, probes: list[Probe]
) -> None:
    probes.append(Probe(tmp_path, []))
    probes[0].until("painted")
    crash = tmp_path / "reports" / "crash.txt"
    probes[0].end()
    crash.write_text("Fatal Python error: Segmentation fault")
    probes.append(Probe(tmp_path, [make_film("refer")], quit_after="assessed"))
    assert probes[1].until("ended")["code"] == 0
    kept = list((tmp_path / "reports").glob("*-crash-*.txt"))
    assert [path.read_text() for path in kept] == ["Fatal Python error: Segmentation fault"]


@pytest.mark.skipif(sys.platform != "linux", reason="screens are named by DISPLAY on Linux only")
@pytest.mark.parametrize(("display", "sentence"), [("", "There is no screen here"), (":4711", "cannot be reached")])
def test_without_a_screen_it_is_one_sentence(tmp_path: Path, display: str, sentence: str) -> None:
    environment = {**os.environ, "HILUM_HOME": str(tmp_path), "DISPLAY": display, "HILUM_ANY_PYTHON": "1"}
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    command = [sys.executable, str(ROOT / "main.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_missing_library_is_named_with_its_package() -> None:
    error = "libEGL.so.1: cannot open shared object file: No such file or directory"
    sentence = system._import_sentence(error)
    assert sentence.startswith("Qt needs the system librar")
    assert "libEGL.so.1" in sentence
    assert "libegl1" in sentence


def test_several_missing_libraries_are_one_sentence() -> None:
    assert system.missing_sentence(["libxcb-cursor.so.0", "libxkbcommon-x11.so.0"]) == (
        "Qt needs the system libraries libxcb-cursor.so.0 and libxkbcommon-x11.so.0: "
        "install the packages libxcb-cursor0 and libxkbcommon-x11-0."
    )
    assert "the package that holds it" in system.missing_sentence(["libnew.so.9"])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_qt_cannot_use_up_none(tmp_path: Path) -> None:
    """PySide6 6.12.0 on Python 3.11 loses a reference to None with every call that returns it."""
    program = (
        "from gui import system; system.keep_constants_alive()\n"
        "from PySide6.QtCore import QObject\n"
        "one = QObject()\n"
        "for _ in range(50_000): one.setObjectName('x')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=LIMIT, cwd=tmp_path)
