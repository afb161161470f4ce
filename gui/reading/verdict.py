"""The reader's verdict at the foot of the findings: one key gives it, initials sign it, the record keeper keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from core.errors import HilumError
from core.records.verdict import Known, Study, Verdict
from gui import theme
from gui.commands import VERDICTS
from gui.reading import words
from gui.reading.findings import WIDTH
from gui.reading.giving import Giving
from gui.reading.verdict_parts import BUTTON, Choice, Line, Question
from gui.services import Services
from gui.widgets.stack import Stack

if TYPE_CHECKING:
    from core.inference.assessment import Assessment

MOST_INITIALS, MOST_NOTE = 8, 500
_COLUMNS_NARROW, _COLUMNS_WIDE = 2, 3


class VerdictPanel(QFrame):
    """About one film. given(Known): what is known of it changed, or was learnt. notice(str): a sentence for the
    notice line. holds: whether a verdict stands (the word "verdict" of commands.When); changed() when that changes.
    """

    given = Signal(object)
    notice = Signal(str)
    changed = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._giving = Giving(services, self)
        self._titles: Mapping[str, str] = {}
        self._classes: tuple[str, ...] = ()
        self._then: Callable[[], None] | None = None
        self._before: QWidget | None = None
        self._findings: list[Choice] = []
        self.setProperty("panel", True)
        self.setAccessibleName("Your verdict")
        self._lay_out()
        self._wire()
        self._redraw()

    # What the page tells.

    def about(
        self,
        study: Study | None,
        assessment: Assessment | None,
        titles: Mapping[str, str],
        classes: Sequence[str],
    ) -> None:
        """From now on it is about this film (None: none is shown); call again when its assessment has come.

        classes: names in the order of their keys, as the bundle has them; () while it is not known.
        """
        if tuple(classes) != self._classes or dict(titles) != dict(self._titles):
            self._titles, self._classes = dict(titles), tuple(classes)[:VERDICTS]
            self._name_findings()
        if self._giving.about(study, assessment):
            self._close_question()
        self._redraw()

    @property
    def holds(self) -> bool:
        """Whether a verdict stands."""
        return self._giving.verdict is not None

    @property
    def sentence(self) -> str:
        """What it says now."""
        return self._state.sentence

    # Verdicts.

    def agree(self) -> None:
        """The ensemble is right."""
        if self._giving.spoken is not None:
            self._signed(partial(self._giving.give, finding=self._giving.spoken, agrees=True))

    def disagree(self) -> None:
        """The ensemble is wrong; which finding it is stays open."""
        if self._giving.spoken is not None:
            self._signed(partial(self._giving.give, finding=None, agrees=False))

    def find(self, place: int) -> None:
        """The finding at this place (from 0) of the classes."""
        if place < len(self._classes) and self._giving.study is not None:
            finding, spoken = self._classes[place], self._giving.spoken
            agrees = None if spoken is None else finding == spoken
            self._signed(partial(self._giving.give, finding=finding, agrees=agrees))

    def withdraw(self) -> None:
        """Take the verdict back; it stays in the history."""
        if self._giving.verdict is not None:
            self._signed(self._giving.withdraw)

    def ask_note(self) -> None:
        """Open the note field."""
        if self._giving.study is not None:
            self._ask(self._note, self._own_note)

    def ask_initials(self, then: Callable[[], None] | None = None) -> None:
        """Ask who reads, in place; then(): what was to be signed."""
        self._then = then
        self._ask(self._initials, self._giving.reader)

    @property
    def _own_note(self) -> str:
        return self._giving.mine.note if self._giving.mine is not None else ""

    def _signed(self, act: Callable[[], None]) -> None:
        """Do what needs initials; ask for them first when nobody has given any."""
        if self._giving.reader:
            act()
        else:
            self.ask_initials(act)

    def _know(self, known: Known) -> None:
        self._redraw()
        self.given.emit(known)

    def _not_kept(self, error: HilumError) -> None:
        self._redraw()
        self._state.say("Your verdict was not kept")
        self.notice.emit(f"Your verdict was not kept. {error.reason.text}")

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        # Something may have been forgotten on the settings page meanwhile.
        super().showEvent(event)
        self._giving.ask()

    # How it looks.

    def _redraw(self) -> None:
        verdict, spoken = self._giving.verdict, self._giving.spoken
        self._state.say(self._said(verdict), verdict.note if verdict is not None else "")
        self._agree.setChecked(verdict is not None and verdict.agrees is True)
        self._disagree.setChecked(verdict is not None and verdict.agrees is False)
        for name, button in zip(self._classes, self._findings, strict=True):
            button.setChecked(verdict is not None and verdict.finding == name)
            button.setEnabled(self._giving.study is not None)
        self._agree.setEnabled(spoken is not None)
        self._disagree.setEnabled(spoken is not None)
        self._note_button.setEnabled(self._giving.study is not None)
        self._back.setVisible(verdict is not None)
        self._sign.name(self._giving.reader or "Sign", "")
        self._sign.setToolTip(
            "Verdicts are signed with these initials" if self._giving.reader else "Give your initials"
        )
        self._sign.setAccessibleName(f"Initials, {self._giving.reader or 'none yet'}")
        self.changed.emit()

    def _said(self, verdict: Verdict | None) -> str:
        if verdict is None:
            return "Your verdict"
        whose = "Your verdict" if verdict.reader == self._giving.reader else "Verdict"
        if verdict.finding is not None:
            said = words.title(verdict.finding, self._titles)
        elif verdict.agrees is False:
            said = "not that"
        else:
            said = "a note"
        note = ", note" if verdict.note and said != "a note" else ""
        return f"{whose}: {said}, {verdict.reader}, {_clock(verdict.at)}{note}"

    def _name_findings(self) -> None:
        """A button and a command for every class of the bundle."""
        for button in self._findings:
            self._grid.removeWidget(button)
            button.deleteLater()
        self._findings = []
        actions = self._services.actions
        for place in range(VERDICTS):
            name = f"verdict.finding-{place + 1}"
            is_there = place < len(self._classes)
            actions[name].setVisible(is_there)
            if is_there:
                title = words.title(self._classes[place], self._titles)
                actions.name(name, f"Verdict: {title}")
                self._findings.append(self._choice(name, title))
        room = (self._width - theme.SPACE[0] * (_COLUMNS_WIDE - 1)) // _COLUMNS_WIDE
        fits = all(button.wanted <= room for button in self._findings)
        is_wide = len(self._findings) > 2 * _COLUMNS_NARROW or (fits and len(self._findings) == _COLUMNS_WIDE)
        columns = _COLUMNS_WIDE if is_wide else _COLUMNS_NARROW
        for place, button in enumerate(self._findings):
            self._grid.addWidget(button, place // columns, place % columns)
            button.show()
        rows = 1 + max(1, -(-len(self._findings) // columns))
        self._stack.setFixedHeight(rows * BUTTON + (rows - 1) * theme.SPACE[0])

    def _choice(self, name: str, title: str) -> Choice:
        action = self._services.actions[name]
        button = Choice(title, "")
        button.follow(action)
        # The answer of the record keeper says how it stands; a press alone does not.
        button.clicked.connect(lambda: (self._redraw(), action.trigger()))
        return button

    def _ask(self, question: Question, text: str) -> None:
        if self._stack.currentWidget() is self._choices:
            self._before = QApplication.focusWidget()
        self._stack.setCurrentWidget(question)
        question.ask(text)

    def _close_question(self) -> None:
        if self._stack.currentWidget() is self._choices:
            return
        self._then = None
        self._stack.setCurrentWidget(self._choices)
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take_initials(self, text: str) -> None:
        then = self._then
        self._services.preferences.put("reader", text.upper())
        self._close_question()
        if then is not None:
            then()

    def _take_note(self, text: str) -> None:
        self._close_question()
        if text != self._own_note:
            self._signed(partial(self._giving.give, note=text))

    def _export_labels(self) -> None:
        from gui.settings.labels import LabelsExport

        export = LabelsExport(self._services.records, self)
        export.told.connect(self.notice)
        export.ask()

    @property
    def _width(self) -> int:
        return WIDTH - 2 * theme.SPACE[2]

    def _wire(self) -> None:
        self._giving.known.connect(self._know)
        self._giving.refused.connect(self._not_kept)
        does = self._services.actions.does
        does("verdict.agree", self.agree)
        does("verdict.disagree", self.disagree)
        for place in range(VERDICTS):
            does(f"verdict.finding-{place + 1}", partial(self.find, place))
        does("verdict.note", self.ask_note)
        does("verdict.withdraw", self.withdraw)
        does("file.labels", self._export_labels)
        for question in (self._note, self._initials):
            question.left.connect(self._close_question)
        self._note.answered.connect(self._take_note)
        self._initials.answered.connect(self._take_initials)
        self._sign.clicked.connect(lambda _checked=False: self.ask_initials())
        self._services.preferences.changed.connect(lambda name: self._redraw() if name == "reader" else None)

    def _lay_out(self) -> None:
        self._state = Line()
        self._back = self._services.actions.button("verdict.withdraw")
        self._agree = self._choice("verdict.agree", "Agree")
        self._disagree = self._choice("verdict.disagree", "Disagree")
        self._note_button = self._services.actions.button("verdict.note")
        self._note_button.setFixedHeight(BUTTON)  # else the last row of findings loses its lower edge
        self._sign = Choice("Sign", "")
        self._sign.setCheckable(False)
        self._note = Question("Note to the verdict", MOST_NOTE, "Keep", may_be_empty=True)
        self._initials = Question("Your initials sign every verdict", MOST_INITIALS, "Sign")
        head, first = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self._state, 1)
        head.addWidget(self._back)
        first.setSpacing(theme.SPACE[0])
        first.addWidget(self._agree, 5)
        first.addWidget(self._disagree, 6)
        first.addWidget(self._note_button)
        first.addWidget(self._sign, 3)
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.SPACE[0])
        self._choices = QWidget()
        column = QVBoxLayout(self._choices)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        column.addLayout(first)
        column.addLayout(self._grid)
        column.addStretch(1)
        self._stack = Stack()
        for page in (self._choices, self._note, self._initials):
            self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.SPACE[2], theme.SPACE[1], theme.SPACE[2], theme.SPACE[2])
        whole.setSpacing(theme.SPACE[0])
        whole.addLayout(head)
        whole.addWidget(self._stack)
        self._name_findings()


def _clock(at: str) -> str:
    """The time of day here, or the date when it was not today."""
    when = datetime.fromisoformat(at).astimezone()
    return when.strftime("%H:%M" if when.date() == datetime.now().astimezone().date() else "%Y-%m-%d")
