"""Write a screenshot of every state of the window: python tests/screens.py OUT [NAME…]

At 1366 × 768, and at 3840 × 2160 with 200 % scaling. They are for people to look at, and are compared with nothing.
The films are drawn, or taken from the simulated samples where those are there; the networks are stand-ins.
The states are those of tests/screen_states, by subject.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"1366": (1366, 768, "1"), "4k": (1920, 1080, "2")}
SUBJECTS = ("reading", "canvas", "studies", "settings", "verdict", "screening", "site", "training", "models", "help")
STAND_INS = {"decoder": "tests.gui.standins:decoder", "assessor": "tests.gui.standins:assessor"}
STAND_INS |= {"screener": "tests.stand_in_screening:serve", "trainer": "tests.stand_in_training:trainer"}
STAND_INS |= {"models": "tests.stand_in_models:serve"}


def main(out: Path, names: list[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for size, (_width, _height, scale) in SIZES.items():
        # The scale of the screen can be set only before Qt starts: one process for each.
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(ROOT)}
        environment["HILUM_HOME"] = tempfile.mkdtemp(prefix="hilum-screens-")
        command = [sys.executable, __file__, "--one", size, str(out), *names]
        subprocess.run(command, env=environment, check=True)


def one_size(size: str, out: Path, names: list[str]) -> None:
    from gui import system

    system.keep_constants_alive()
    from PySide6.QtWidgets import QApplication

    from gui import theme
    from gui.window import Window
    from tests.screen_states.stage import ASSESSORS, STATES, Stage

    for subject in SUBJECTS:
        importlib.import_module(f"tests.screen_states.{subject}")  # it keeps its states in STATES
    application = QApplication([])
    folder = Path(tempfile.mkdtemp(prefix="hilum-films-"))
    width, height, _scale = SIZES[size]
    for name, act in STATES.items():
        if names and name not in names:
            continue
        theme.apply(application, theme.DARK)
        window = Window(workers={**STAND_INS, "assessor": ASSESSORS.get(name, STAND_INS["assessor"])})
        window.resize(width, height)
        window.show()
        stage = Stage(window, folder, height)
        stage.until(lambda window=window: window.state)  # type: ignore[misc]
        shown = act(stage) or window
        stage.until(lambda: True, 60)
        shown.grab().save(str(out / f"{name}-{size}.png"))
        window.close()
        window.deleteLater()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one_size(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    elif len(sys.argv) < 2:
        sys.exit(__doc__)
    else:
        main(Path(sys.argv[1]), sys.argv[2:])
