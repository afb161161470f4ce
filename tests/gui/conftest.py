"""A window on stand-in workers, closed after the test with everything that it started."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import system, theme
from gui.reading.finding_row import FindingRow
from gui.window import Window
from tests.films import write_png

system.keep_constants_alive()
STAND_INS = {"decoder": "tests.gui.standins:decoder", "assessor": "tests.gui.standins:assessor"}
LONG = 30_000  # ms; generous: two cores are shared with other tests

OpenWindow = Callable[..., Window]
MakeFilm = Callable[..., Path]


@pytest.fixture
def make_film(tmp_path: Path) -> MakeFilm:
    """A drawn film as a PNG whose name says what the stand-in workers do with it."""

    def make(name: str, rows: int = 300, columns: int = 260) -> Path:
        r, c = np.indices((rows, columns))
        return write_png(tmp_path / f"{name}.png", ((r * 3 + c * 5) % 199 + 20).astype(np.uint8))

    return make


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication) -> Iterator[OpenWindow]:
    """Open a window on stand-in workers. After the test no thread of it is left (nor a process: tests/conftest.py)."""
    windows: list[Window] = []
    theme.apply(qapp, theme.DARK)

    def make(**workers: str) -> Window:
        window = Window(workers={**STAND_INS, **workers})
        windows.append(window)
        with qtbot.waitSignal(window.first_painted, timeout=LONG):
            window.show()
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [thread.name for thread in threading.enumerate() if thread.name.endswith("-reader")]


@pytest.fixture
def wait(qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    """Let the window work until something holds."""

    def until(holds: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(holds()), timeout=LONG)

    return until


def assessed(window: Window) -> bool:
    """Whether the findings of the film stand in the panel."""
    return window.page.findings.findChild(FindingRow) is not None
