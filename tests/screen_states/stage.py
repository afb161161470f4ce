"""What every state of the window is drawn with: an open window, films for it, and a way to wait.

A state is a function of a Stage that brings the window there, and answers which widget to draw; None: the window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QWidget

from gui.window import Window

LIMIT_MS = 30_000


@dataclass(frozen=True)
class Stage:
    """A window for one state. folder: for files that states make; height: of the window, in its own pixels."""

    window: Window
    folder: Path
    height: int

    def until(self, holds: Callable[[], object], at_least_ms: int = 0) -> None:
        """Let the window work until something holds, though never for longer than LIMIT_MS."""
        loop, clock, limit = QEventLoop(), QTimer(), QTimer()
        clock.timeout.connect(lambda: loop.quit() if holds() else None)
        limit.setSingleShot(True)
        limit.timeout.connect(loop.quit)
        pause = QTimer()
        pause.setSingleShot(True)
        pause.timeout.connect(lambda: clock.start(20))
        pause.start(at_least_ms)
        limit.start(LIMIT_MS)
        loop.exec()

    def film(self, name: str, source: str | None = None) -> str:
        """The path of a film; its name says what the stand-in workers do with it."""
        path = self.folder / f"{name}.png"
        if not path.exists():
            path.write_bytes(drawn_film(source))
        return str(path)

    def open_and_wait(self, *paths: str) -> None:
        """Open files; the first is assessed, and what the others are is known."""
        self.window.open_paths(list(paths))
        page = self.window.page
        self.until(lambda: page.studies.entries and page.studies.entries[0].assessment is not None, 100)
        self.until(lambda: all(entry.facts or entry.reason for entry in page.studies.entries))

    def press(self, *names: str) -> None:
        """Trigger actions by their names."""
        for name in names:
            self.window.actions_[name].trigger()


State = Callable[[Stage], QWidget | None]
STATES: dict[str, State] = {}
ASSESSORS: dict[str, str] = {}  # of the states that have another than the usual stand-in


def state(act: State) -> State:
    """Keep a state under its function's name, with hyphens."""
    STATES[act.__name__.replace("_", "-")] = act
    return act


def with_assessor(worker: str) -> Callable[[State], State]:
    """Keep a state whose window has another worker in place of the usual assessor."""

    def keep(act: State) -> State:
        ASSESSORS[act.__name__.replace("_", "-")] = worker
        return state(act)

    return keep


def drawn_film(source: str | None) -> bytes:
    """A simulated film as PNG bytes, or a drawn one where there are none."""
    import cv2
    import numpy as np

    from core.places import SAMPLES

    samples = sorted(SAMPLES.glob("*.png")) if SAMPLES.is_dir() else []
    if source is not None or samples:
        return (Path(source) if source else samples[0]).read_bytes()
    r, c = np.mgrid[0:1000, 0:900] / 1000
    body = np.exp(-(((c - 0.45) / 0.42) ** 4)) * 150
    for side in (0.25, 0.65):
        body -= 100 * np.exp(-((((r - 0.45) / 0.3) ** 2 + ((c - side) / 0.14) ** 2) ** 2))
    body += np.random.default_rng(1).normal(0, 4, body.shape) + 40
    return bytes(cv2.imencode(".png", np.clip(body, 0, 255).astype(np.uint8))[1])
