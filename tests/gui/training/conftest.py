"""The training page in a window, with stand-ins for its two processes, or with the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import theme
from gui.commands import Actions
from gui.preferences import Preferences
from gui.process import Process
from gui.services import Services
from gui.training.page import TrainingPage
from gui.training.register import RegisterStep
from gui.training.result import ResultStep
from gui.training.run import RunStep
from gui.training.start import StartStep
from gui.training.steps import StepPage, Wizard
from tests.gui.conftest import LONG
from tests.gui.training.walking import write_films

SITE, TRAINER = "tests.stand_in_training:site", "tests.stand_in_training:trainer"


class Films(StepPage):
    """A first step that is answered when the test says so."""

    name, title, question = "data", "Data", "Which films?"
    why: str | None = "Choose a folder."

    def __init__(self, wizard: Wizard) -> None:
        super().__init__(wizard)
        wizard.site.look_soon()

    def may_leave(self) -> str | None:
        return self.why

    def answer(self, why: str | None = None) -> None:
        self.why = why
        self.changed.emit()


STEPS = (
    ("data", "Data", Films), ("start", "Start from", StartStep), ("run", "Run", RunStep),
    ("result", "Result", ResultStep), ("register", "Register", RegisterStep),
)  # fmt: skip


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of simulated films; not to be changed."""
    return write_films(tmp_path_factory.mktemp("films"))


MakePage = Callable[[], TrainingPage]


@pytest.fixture
def services(qapp: QApplication) -> Iterator[Services]:
    """What a window gives its pages; its processes are there, and nobody starts them."""
    theme.apply(qapp, theme.DARK)
    owner = QObject()
    processes = (
        Process(name, "tests.gui.standins:no_bundle", parent=owner) for name in ("decoder", "engine", "records")
    )
    yield Services(Actions(owner), Preferences(None, owner), *processes)
    owner.deleteLater()


@pytest.fixture
def make_page(qtbot: QtBot, services: Services) -> Iterator[MakePage]:
    pages: list[TrainingPage] = []

    def make() -> TrainingPage:
        page = TrainingPage(services, SITE, TRAINER, STEPS)
        pages.append(page)
        page.resize(1094, 660)
        page.show()
        return page

    yield make
    for page in pages:
        page.stop()
        page.close()
        page.deleteLater()


@pytest.fixture
def page(qtbot: QtBot, make_page: MakePage) -> TrainingPage:
    """With its first step answered and the site's state known."""
    made = make_page()
    step = made.page("data")
    assert isinstance(step, Films)
    step.answer()
    qtbot.waitUntil(lambda: made.wizard.site.state is not None, timeout=LONG)
    return made


@pytest.fixture
def ready_to_run(qtbot: QtBot, page: TrainingPage) -> RunStep:
    """The run step in front, with a start and a recipe chosen."""
    page.move(1)
    qtbot.waitUntil(lambda: page.current.may_leave() is None, timeout=LONG)
    page.move(1)
    run = page.current
    assert isinstance(run, RunStep)
    return run
