"""The window's end of the screening process: what it is asked, and a look at the run several times a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.errors import HilumError
from core.screening.state import State
from gui.operation import Operation
from gui.process import Process

_EVERY_MS = 200


class Watch(QObject):
    """told(State): what is new. refused(HilumError): something that was asked for. lost(): the process ended under a
    run; it was started again and has the run open, at rest."""

    told = Signal(object)
    refused = Signal(object)
    lost = Signal()

    def __init__(self, serve: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.process = Process("screening process", serve, parent=self)
        self.process.died.connect(lambda _sentence: self._soon(0))
        self._version: tuple[str, int] | None = None
        self._folder: str | None = None
        self._looking = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)

    def begin(self, request: tuple[Any, ...]) -> None:
        """Ask for another run: ("start", …), ("drop", …) or ("open", …)."""
        # "start" and "drop" answer with the run's folder, "open" names it.
        self.ask(request, lambda folder: self._began(folder or request[1]))

    def ask(self, request: tuple[Any, ...], then: Callable[[Any], None] | None = None) -> Operation:
        """Ask anything; what it changes is told soon."""
        self.process.start()

        def take(answer: Any) -> None:
            if then is not None:
                then(answer)
            self._soon(0)

        return Operation(self.process, request).then(take).refused(self.refused.emit).run()

    def stop(self) -> None:
        """End the process; the run can be gone on with."""
        self._timer.stop()
        self.process.stop()

    def _began(self, folder: str) -> None:
        self._folder = folder

    def _soon(self, milliseconds: int) -> None:
        if not self._looking:
            self._timer.start(milliseconds)

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            Operation(self.process, ("look", self._version), urgent=False).then(self._take).refused(self._again).run()

    def _again(self, _error: HilumError) -> None:
        """A mistake of ours was reported; the next look says how the run stands."""
        self._looking = False
        self._soon(_EVERY_MS)

    def _take(self, state: State) -> None:
        self._looking = False
        if state.folder is None and self._folder is not None:
            # Another process than the one that was asked: it knows of no run.
            folder, self._folder = self._folder, None
            self.lost.emit()
            self.begin(("open", folder))
            return
        self._folder = state.folder
        self._version = state.version
        self.told.emit(state)
        if state.more:
            self._soon(0)
        elif state.phase in ("starting", "running", "stopping"):
            self._soon(_EVERY_MS)
