"""Hilum: hands over to the command line, which opens the window when no command is named."""

import multiprocessing
import os
import sys
from pathlib import Path


def _in_own_environment() -> None:
    """Go on with the interpreter of .venv, so that `python main.py` works without activating it."""
    folder = Path(__file__).resolve().parent / ".venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and Path(sys.prefix).resolve() != folder.resolve() and not os.environ.get("HILUM_ANY_PYTHON"):
        arguments = [str(python), str(Path(__file__).resolve()), *sys.argv[1:]]
        if os.name == "nt":  # exec on Windows returns to the shell at once
            import subprocess

            sys.exit(subprocess.call(arguments))
        os.execv(python, arguments)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    _in_own_environment()

    from core.cli.main import run

    sys.exit(run(window="gui.app:run"))
