"""The wizard's pages about a site's films, on the real process and drawn films."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import theme
from gui.process import Process
from gui.training.desk import Desk
from gui.training.steps import Wizard
from tests.films import write_png
from tests.labelled_films import drawn

LONG = 90_000  # ms; generous: decoders and networks start in processes of their own


@pytest.fixture
def wizard(qapp: QApplication) -> Iterator[Wizard]:
    """A wizard whose processes end with the test."""
    theme.apply(qapp, theme.DARK)
    records = Process("record keeper", "core.records.desk:serve")
    site, trainer = Desk("site data process", "core.site.desk:serve"), Desk("trainer", "core.training.desk:serve")
    services: Any = SimpleNamespace(records=records)
    made = Wizard(services, site, trainer)
    yield made
    for process in (site, trainer, records):
        process.stop()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Twelve films of two findings, and one file that is none."""
    for number in range(12):
        label = ("bright", "dark")[number % 2]
        folder = tmp_path / "films" / label
        folder.mkdir(parents=True, exist_ok=True)
        write_png(folder / f"{number:02d}.png", drawn(number, label))
    (tmp_path / "films" / "dark" / "words.png").write_text("no picture")
    return tmp_path / "films"


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    """Let the window work until something holds."""

    def wait(holds: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(holds()), timeout=LONG)

    return wait
