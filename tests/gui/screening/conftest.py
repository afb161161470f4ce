"""The screening page of a window with a real screening process, and folders of films for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.screening.page import ScreeningPage
from gui.window import Window
from tests.gui.conftest import LONG, OpenWindow
from tests.one_process import png

SCREENER = "tests.stand_in_screening:serve"


@pytest.fixture
def window(open_window: OpenWindow) -> Window:
    return open_window(screener=SCREENER)


@pytest.fixture
def page(window: Window) -> ScreeningPage:
    made = window.go_to("screening")
    assert isinstance(made, ScreeningPage)
    return made


@pytest.fixture
def at_rest(qtbot: QtBot, page: ScreeningPage) -> Callable[[], None]:
    """Wait until the run is at rest and all its rows are there."""

    def wait() -> None:
        qtbot.waitUntil(lambda: page.state.phase == "resting" and not page.state.more, timeout=LONG)

    return wait


def films(folder: Path, *names: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(png(40 * number + 10) if name.endswith(".png") else b"not a film")
    return str(folder)


def many(folder: Path, count: int, word: str = "slow") -> str:
    return films(folder, *(f"{number:03}-{word}.png" for number in range(count)))


def cells(page: ScreeningPage, column: int) -> list[str]:
    model = page.rows
    return [model.data(model.index(line, column)) for line in range(model.rowCount())]
