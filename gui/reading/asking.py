"""Asks the ensemble about the film that is shown; answers that come too late are dropped."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.errors import HilumError
from gui.operation import Operation
from gui.process import Process

if TYPE_CHECKING:
    from core.imaging.prepare import Corrections
    from core.imaging.sources import ImageRef


class Asking(QObject):
    """One film at a time. begun(): an earlier answer is no longer true; settled(): the decoder has done its part;
    answered(Assessment, Maps or None); failed(HilumError). ready: the networks are; unusable: why they are not."""

    begun = Signal()
    settled = Signal()
    answered = Signal(object, object)
    failed = Signal(object)

    def __init__(self, decoder: Process, assessor: Process, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decoder, self._assessor = decoder, assessor
        self.ready = False
        self.unusable: HilumError | None = None
        self._ref: ImageRef | None = None
        self._corrections: Corrections | None = None
        self._running: list[Operation] = []

    def about(self, ref: ImageRef | None) -> None:
        """From now on it is about this film, with no corrections declared."""
        self.drop()
        self._ref, self._corrections = ref, None

    def ask(self, override: str | None = None) -> None:
        """Assess the film, under the declared corrections; override: the reader's reason to do so all the same."""
        if self._ref is None:
            return
        self.drop()
        self.begun.emit()
        if self.unusable is not None:
            # It said why; asking again with every film would cost a start each time. ask_again() does.
            self.failed.emit(self.unusable)
            return
        settling = Operation(self._decoder, ("settle", self._ref, self.corrections), key=self._ref)
        self._run(settling.then(lambda settled: self._assess(settled, override)))

    def ask_again(self) -> None:
        """Ask although the networks could not be used before."""
        self.unusable = None
        self.ask()

    @property
    def corrections(self) -> Corrections:
        """What the reader has declared of the film."""
        if self._corrections is None:
            self._corrections = importlib.import_module("core.imaging.prepare").Corrections()
        return self._corrections

    @property
    def declares(self) -> Corrections | None:
        """The corrections, or None when none was ever declared of this film."""
        return self._corrections

    def declare(self, **changes: Any) -> None:
        """Change the corrections; the caller asks again."""
        self._corrections = replace(self.corrections, **changes)

    def drop(self) -> None:
        """What is under way is no longer wanted."""
        for operation in self._running:
            operation.drop()
        self._running.clear()

    def _assess(self, settled: object, override: str | None) -> None:
        self.settled.emit()
        asking = Operation(self._assessor, ("assess", settled, override), key=self._ref)
        self._run(asking.then(lambda answer: self.answered.emit(*answer)))

    def _run(self, operation: Operation) -> None:
        self._running.append(operation.refused(self.failed.emit).run())
