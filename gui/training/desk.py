"""The window's end of one of the wizard's processes: it is asked things, and looked at while it is busy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from core.errors import HilumError
from gui.operation import Operation
from gui.process import Process

_EVERY_MS: Final = 250
# In every other phase something is under way, and the state is asked for again.
_RESTING: Final = frozenset({"empty", "ready", "paused", "stopped", "done", "failed"})


class Desk(QObject):
    """told(state): the answer to ("look", since), again and again while its phase does not rest or it says `more` or
    `busy`. refused(HilumError): something that was asked for, where the asker took no refusals itself. lost(): the
    process ended and was started anew.

    The process is spawned by the first question. Every state has `phase` and `version`; the version goes into the
    next look, so that a state tells only what is new.
    """

    told = Signal(object)
    refused = Signal(object)
    lost = Signal()

    def __init__(self, name: str, serve: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.process = Process(name, serve, parent=self)
        self.process.died.connect(self._died)
        self.state: Any = None
        self._version: Any = None
        self._looking = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)

    def ask(
        self,
        request: tuple[Any, ...],
        then: Callable[[Any], None] | None = None,
        refused: Callable[[HilumError], None] | None = None,
        *,
        looks: bool = True,
        through: Callable[[Any], object] | None = None,
    ) -> Operation:
        """Ask anything. looks: what it changes is told soon after its answer. through: work on the answer that is too
        slow for the window. drop() the operation of an asker that is gone."""
        self.process.start()

        def take(answer: Any) -> None:
            if then is not None:
                then(answer)
            if looks:
                self.look_soon(0)

        operation = Operation(self.process, request).then(take).refused(refused or self.refused.emit)
        if through is not None:
            operation.through(through)
        return operation.run()

    def look_soon(self, milliseconds: int = 0) -> None:
        """Ask for the state; told() has it."""
        if not self._looking:
            self._timer.start(milliseconds)

    def forget(self) -> None:
        """The next look is told everything, not only what is new."""
        self._version = None

    def stop(self) -> None:
        """End the process."""
        self._timer.stop()
        self.process.stop()

    def _died(self, _sentence: str) -> None:
        self._version = None
        self._looking = False
        self.lost.emit()

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self.process.start()
            look = Operation(self.process, ("look", self._version), urgent=False)
            look.then(self._take).refused(self._again).run()

    def _again(self, _error: HilumError) -> None:
        """A mistake of ours was reported; the next look says how things stand."""
        self._looking = False
        self.look_soon(_EVERY_MS)

    def _take(self, state: Any) -> None:
        self._looking = False
        self.state = state
        self._version = getattr(state, "version", None)
        self.told.emit(state)
        if getattr(state, "more", False):
            self.look_soon(0)
        elif state.phase not in _RESTING or getattr(state, "busy", False):
            self.look_soon(_EVERY_MS)
