"""Giving a verdict: what it rests on, what was sent, what is kept. Nothing here draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.errors import HilumError
from core.records.verdict import Known, Study, Verdict
from gui.operation import Operation
from gui.services import Services

if TYPE_CHECKING:
    from core.inference.assessment import Assessment


class Giving(QObject):
    """Tells the record keeper what the reader says of one film. known(Known): what it knows now; refused(HilumError).

    verdict is the one that is kept. The one that was sent last may be younger: a second key may come before the
    first verdict is on the disk, and goes on from it.
    """

    known = Signal(object)
    refused = Signal(object)

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._assessment: Assessment | None = None
        self._sent: Verdict | None = None
        self._last: object = None
        self.study: Study | None = None
        self.verdict: Verdict | None = None

    def about(self, study: Study | None, assessment: Assessment | None) -> bool:
        """From now on it is about this film; whether that is another than before."""
        is_new = study is None or self.study is None or study.mark != self.study.mark
        self.study, self._assessment = study, assessment
        if is_new:
            self.verdict = self._sent = None
            self.ask()
        return is_new

    @property
    def reader(self) -> str:
        """The initials; "" while nobody has given any."""
        return str(self._services.preferences.value("reader") or "")

    @property
    def spoken(self) -> str | None:
        """The ensemble's finding of this film."""
        if self.study is None or self._assessment is None or self._assessment.probabilities is None:
            return None
        return self._assessment.finding

    @property
    def mine(self) -> Verdict | None:
        """What this reader said last of this film; another reader's finding and note are not theirs."""
        return self._sent if self._sent is not None and self._sent.reader == self.reader else None

    def give(self, **said: Any) -> None:
        """Say finding and agrees, or note; what is not said now stays as this reader said it before."""
        if self.study is None:
            return
        told = self._assessment if self.spoken is not None else None
        probabilities = told.probabilities if told is not None else None
        before = self.mine
        verdict = Verdict(
            mark=self.study.mark,
            path=self.study.path,
            finding=before.finding if before is not None else None,
            agrees=before.agrees if before is not None else None,
            note=before.note if before is not None else "",
            reader=self.reader,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            bundle=told.bundle.digest if told is not None and told.bundle is not None else None,
            bundle_name=told.bundle.name if told is not None and told.bundle is not None else None,
            ensemble_finding=self.spoken,
            probabilities=dict(probabilities) if probabilities is not None else None,
        )
        verdict = replace(verdict, **said)
        # The same key twice says nothing new.
        if before is None or replace(verdict, at=before.at) != before:
            self._sent = verdict
            self._tell(("verdict", verdict), lambda answer: answer)

    def withdraw(self) -> None:
        """Take back what is kept, or is about to be."""
        if self.study is not None and self._sent is not None:
            self._sent = None
            self._tell(("withdraw", self.study.mark, self.reader), lambda answer: answer)

    def ask(self) -> None:
        """Learn what is kept of the film."""
        if self.study is not None:
            mark = self.study.mark
            self._tell(("known", (mark,)), lambda answer: answer[mark])

    def _tell(self, request: tuple[object, ...], known: Callable[[Any], Known]) -> None:
        """The record keeper answers in the order of asking; perhaps another film is shown by then."""
        assert self.study is not None
        mark, self._last = self.study.mark, request

        def take(answer: object) -> None:
            if self.study is not None and self.study.mark == mark:
                self.verdict = known(answer).verdict
                if request is self._last:
                    self._sent = self.verdict
                self.known.emit(known(answer))

        Operation(self._services.records, request).then(take).refused(self._refuse).run()

    def _refuse(self, error: HilumError) -> None:
        self._sent = self.verdict
        self.refused.emit(error)
