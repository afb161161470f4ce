"""The window's end of the models process: quick questions, and one piece of long work that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from core.errors import HilumError, Reason
from core.models.state import Task
from gui.operation import Operation
from gui.process import Process

_EVERY_MS: Final = 200
NAME: Final = "models process"

Then = Callable[[Any], object]
Failed = Callable[[Reason | None], object]


class Watch(QObject):
    """told(Task): how the work stands. busy(bool): work began or ended. refused(HilumError): what nobody else took."""

    told = Signal(object)
    busy = Signal(bool)
    refused = Signal(object)

    def __init__(self, serve: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.process = Process(NAME, serve, parent=self)
        self._number: int | None = None
        self._then: Then | None = None
        self._failed: Failed | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)

    @property
    def working(self) -> bool:
        return self._failed is not None

    def ask(
        self, request: tuple[Any, ...], then: Then | None = None, refused: Callable[[HilumError], object] | None = None
    ) -> Operation:
        """Ask something that is answered at once."""
        self.process.start()
        operation = Operation(self.process, request).then(then or _nothing)
        return operation.refused(refused or self.refused.emit).run()

    def begin(self, request: tuple[Any, ...], then: Then, failed: Failed) -> bool:
        """Begin long work. then: with its result; failed: with the reason, or None when it was stopped. False, and
        nothing is begun, while other work goes on."""
        if self.working:
            return False
        self._then, self._failed = then, failed
        self.busy.emit(True)
        self.ask(("begin", *request), self._began, lambda error: self._end(lambda: failed(error.reason)))
        return True

    def stop_work(self) -> None:
        """Ask the work to stop."""
        if self.working:
            self.ask(("stop",))

    def stop(self) -> None:
        """End the process, and what it works on with it."""
        self._timer.stop()
        self.process.stop()

    def _began(self, number: int) -> None:
        self._number = number
        self._timer.start(0)

    def _look(self) -> None:
        Operation(self.process, ("look", self._number), urgent=False).then(self._take).refused(self._lost).run()

    def _lost(self, error: HilumError) -> None:
        """A mistake of ours was reported: nothing more will come of this work."""
        failed = self._failed
        self._end(lambda: failed(error.reason) if failed is not None else None)

    def _take(self, task: Task) -> None:
        self.told.emit(task)
        then, failed = self._then, self._failed
        if task.phase == "working":
            self._timer.start(_EVERY_MS)
        elif task.phase == "done" and then is not None:
            self._end(lambda: then(task.result))
        elif failed is not None:
            self._end(lambda: failed(task.error))

    def _end(self, last: Callable[[], object]) -> None:
        self._number = self._then = self._failed = None
        self.busy.emit(False)
        last()


def _nothing(_answer: Any) -> None:
    pass
