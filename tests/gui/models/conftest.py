"""The models page on a stand-in process, closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui import theme
from gui.commands import Actions
from gui.models.page import ModelsPage
from gui.preferences import Preferences
from gui.process import Process
from gui.services import Services

LONG = 30_000
Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> Iterator[ModelsPage]:
    """The page with its shelf told."""
    theme.apply(qapp, theme.DARK)
    owner = QWidget()
    processes = [Process(name, "tests.gui.standins:assessor", parent=owner) for name in ("decoder", "engine", "keeper")]
    services = Services(Actions(owner), Preferences(None, owner), *processes)
    services.preferences.put("reader", "AR")
    made = ModelsPage(services, "tests.stand_in_models:serve")
    made.resize(1300, 720)
    made.show()
    qtbot.waitUntil(lambda: made.detail.row is not None, timeout=LONG)
    yield made
    made.stop()
    made.close()
    for widget in (made, owner):
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
