"""What the Help menu shows."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QWidget

from tests.screen_states.stage import Stage, state


@state
def shortcuts(stage: Stage) -> QWidget | None:
    stage.press("help.shortcuts")
    stage.until(lambda: True, 100)
    return QApplication.activeModalWidget()


@state
def about(stage: Stage) -> QWidget | None:
    stage.until(lambda: "getting ready" not in stage.window.state)
    stage.press("help.about")
    stage.until(lambda: True, 100)
    return QApplication.activeModalWidget()
