"""The command line says what is wrong in one sentence and never shows a traceback unasked."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import types
from pathlib import Path

import pytest

from core.cli import main
from core.errors import RunRefused, UsageRefused

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch):
    """Put a stand-in command on the table whose run does what the test says."""

    def put(act) -> None:
        module = types.ModuleType("core.cli.standin")
        module.HELP = "stand-in"
        module.add_arguments = lambda parser: parser.add_argument("--count", type=int)
        module.run = act
        monkeypatch.setitem(sys.modules, "core.cli.standin", module)
        monkeypatch.setitem(main.COMMANDS, "standin", "stand-in")

    return put


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run("no:window", [name, "--help"]) == 0
    assert f"python main.py {name}" in capsys.readouterr().out.split("\n\n", 1)[1]


@pytest.mark.parametrize("name", main.COMMANDS)
def test_a_command_is_a_module_with_the_three_parts(name: str) -> None:
    module = importlib.import_module(f"core.cli.{name}")
    assert isinstance(module.HELP, str)
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.run)


def raising(error: BaseException):
    def act(options: argparse.Namespace) -> int:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RunRefused("run-in-use", what="runs/a"), 1, "Another process works on the run runs/a."),
        (UsageRefused("path-missing", what="x.dcm"), 2, "There is nothing at x.dcm."),
        (KeyboardInterrupt(), 130, "Stopped."),
        (ZeroDivisionError("division by zero"), 1, "A fault in Hilum itself (ZeroDivisionError)"),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(command, capsys, error, code, words) -> None:
    command(raising(error))
    assert main.run("no:window", ["standin"]) == code
    told = capsys.readouterr()
    assert words in told.err
    assert "Traceback" not in told.err + told.out


def test_debug_shows_where_an_error_came_from(command, capsys) -> None:
    command(raising(RunRefused("run-in-use", what="runs/a")))
    main.run("no:window", ["standin", "--debug"])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--frobnicate"], ["standin", "--count", "many"]])
def test_wrong_usage_is_exit_code_two(command, capsys, words) -> None:
    command(lambda options: 0)
    assert main.run("no:window", words) == 2
    assert capsys.readouterr().err


def test_words_that_are_no_command_go_to_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    window = types.ModuleType("standin_window")
    window.run = lambda paths: seen.append(paths) or 0
    monkeypatch.setitem(sys.modules, "standin_window", window)
    assert main.run("standin_window:run", ["./screen", "a film.dcm"]) == 0
    assert main.run("standin_window:run", []) == 0
    assert seen == [["./screen", "a film.dcm"], []]


def test_help_imports_no_library_that_it_does_not_need() -> None:
    code = (
        "import sys; sys.argv = ['main.py', '--help']\n"
        "from core.cli.main import run; run('gui.app:run')\n"
        "heavy = {'numpy', 'PySide6', 'pydicom', 'openvino', 'keras', 'tensorflow', 'cv2', 'rich'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
