"""The step “Register”: name, use and card of the new bundle; onto the shelf, into use, and back again."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from core.errors import HilumError
from core.training.state import SiteResult
from gui import theme
from gui.settings.section import button
from gui.training.steps import UNFINISHED, StepPage, Wizard
from gui.widgets.grids import PlainTable
from gui.widgets.labels import plain

_ACTIONS = {"promote": "put into use", "rollback": "went back to"}


class RegisterStep(StepPage):
    name = "register"
    title = "Register"
    question = "What is it called, and is it to be used?"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.digest = ""
        self._of = ""
        self._asked = 0  # the number of what the shelf is doing for this page; 0: nothing
        self.fields = {"name": QLineEdit(), "version": QLineEdit(), "use": QLineEdit(), "who": QLineEdit()}
        self.card = QPlainTextEdit()
        self.register = button("Put it on the shelf", "primary")
        self.promote = button("Use it from now on", "primary")
        self.roll_back = button("Go back to the one before")
        self.standing = plain("", wrap=True)
        self.log = PlainTable("Who put which bundle into use, and when")
        self.register.clicked.connect(self._register)
        self.promote.clicked.connect(self._promote)
        self.roll_back.clicked.connect(self._roll_back)
        wizard.trainer.told.connect(self._tell)
        for field in self.fields.values():
            field.textChanged.connect(lambda _text: self._refresh())
        self._lay_out()

    def enter(self) -> None:
        ask, choices = self.wizard.trainer.ask, self.wizard.choices
        if self._of != choices.folder:
            self._of, self.digest = choices.folder, ""
            ask(("result",), self._show_draft, looks=False)
        reader = self.wizard.services.preferences.value("reader")
        if not self.fields["who"].text() and isinstance(reader, str):
            self.fields["who"].setText(reader)
        ask(("log",), self._show_log, looks=False)
        self._refresh()

    def may_leave(self) -> str | None:
        return None

    def next_words(self) -> str:
        if not self.digest:
            return "On the shelf it can be used, exported and compared; the bundle in use stays in use."
        return "The reading page asks the bundle in use; every result says which one that was."

    def _show_draft(self, result: SiteResult) -> None:
        """What the training wrote: everything can be changed before it is registered."""
        self.fields["name"].setText(result.name or result.bundle.name)
        self.fields["version"].setText(result.bundle.version)
        self.fields["use"].setText(result.use)
        self.card.setPlainText(result.card)
        self._refresh()

    def _register(self) -> None:
        name, version, use = (self.fields[key].text().strip() for key in ("name", "version", "use"))
        request = ("register", name, version, use, self.card.toPlainText(), self.wizard.choices.point)
        self._ask(request, "The bundle is being put together, and proves that it is whole.")

    def _promote(self) -> None:
        said = "Proving… The bundle shows on this PC that it gives what it must."
        self._ask(("promote", self.digest, self._who()), said)

    def _ask(self, request: tuple[Any, ...], words: str) -> None:
        def begun(number: int) -> None:
            self._asked = number

        self.standing.setText(words)
        self.register.setEnabled(False)
        self.promote.setEnabled(False)
        self.wizard.trainer.ask(request, begun, self._refused)

    def _tell(self, state: Any) -> None:
        if not self._asked:
            return
        shelving = state.shelving
        if shelving is None or shelving.number != self._asked:
            self._end("The trainer ended before it was done. Nothing has changed; try it once more.")
        elif shelving.error is not None:
            self._end(shelving.error.text)
        elif not shelving.busy and shelving.step == "register":
            self.digest = shelving.digest
            self.wizard.services.preferences.put(UNFINISHED, None)
            self._end(f"{self._called()} is on the shelf ({self.digest[:12]}). It is not in use yet.")
        elif not shelving.busy:
            self._end(f"{self._called()} is in use now.")
            self._changed_bundle()

    def _end(self, words: str) -> None:
        self._asked = 0
        self.standing.setText(words)
        self._refresh()

    def _roll_back(self) -> None:
        def back(answer: Any) -> None:
            self.standing.setText(f"{answer} is in use again.")
            self._changed_bundle()

        self.wizard.trainer.ask(("rollback", self._who()), back, self._refused)

    def _changed_bundle(self) -> None:
        self.wizard.bundle_changed.emit()
        self.wizard.trainer.ask(("log",), self._show_log, looks=False)
        self._refresh()

    def _refused(self, error: HilumError) -> None:
        self.standing.setText(error.reason.text)
        self._refresh()

    def _show_log(self, lines: tuple[tuple[str, str, str, str, str], ...]) -> None:
        """lines: oldest first, as core.training.offers.promotions gives them."""
        self.log.show_rows(
            ["When (UTC)", "Who", "What", "Bundle"],
            [
                [when.replace("T", " ")[:16], who, _ACTIONS.get(action, action), f"{name} {version}"]
                for when, who, action, name, version in reversed(lines)
            ],
        )
        self.roll_back.setEnabled(bool(lines))

    def _refresh(self) -> None:
        named = all(self.fields[key].text().strip() for key in ("name", "version", "use"))
        on_shelf = bool(self.digest)
        self.register.setEnabled(named and not on_shelf and not self._asked)
        self.promote.setEnabled(on_shelf and bool(self._who()) and not self._asked)
        for key in ("name", "version", "use"):
            self.fields[key].setReadOnly(on_shelf)
        self.card.setReadOnly(on_shelf)
        self.changed.emit()

    def _called(self) -> str:
        return f"{self.fields['name'].text()} {self.fields['version'].text()}"

    def _who(self) -> str:
        return self.fields["who"].text().strip()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.SPACE[2])
        grid.setVerticalSpacing(theme.SPACE[1])
        titles = {"name": "Name", "version": "Version", "use": "Meant for"}
        for line, (key, title) in enumerate(titles.items()):
            self.fields[key].setAccessibleName(title)
            grid.addWidget(plain(title), line, 0)
            grid.addWidget(self.fields[key], line, 1)
        self.card.setAccessibleName("Card of the bundle")
        left = QVBoxLayout()
        left.setSpacing(theme.SPACE[1])
        left.addLayout(grid)
        heading = plain("Card (Markdown; the models page shows it)", "strong")
        heading.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        left.addWidget(heading)
        left.addWidget(self.card, 1)
        self.fields["who"].setAccessibleName("Your initials")
        self.fields["who"].setMaximumWidth(120)
        right = QVBoxLayout()
        right.setSpacing(theme.SPACE[1])
        who = QHBoxLayout()
        who.addWidget(plain("Your initials"))
        who.addWidget(self.fields["who"])
        who.addStretch(1)
        left_side = Qt.AlignmentFlag.AlignLeft
        right.addWidget(self.register, 0, left_side)
        right.addLayout(who)
        right.addWidget(self.promote, 0, left_side)
        right.addWidget(self.roll_back, 0, left_side)
        right.addWidget(self.standing)
        right.addWidget(plain("Who put what into use", "strong"))
        right.addWidget(self.log, 1, left_side)
        right.addStretch()
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[4])
        row.addLayout(left, 1)
        row.addLayout(right, 1)
        self.column.addLayout(row, 1)
