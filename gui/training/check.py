"""The step “Check”: what is wrong with the films, with pictures, what it means, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.site.state import Finding, Table
from gui import theme
from gui.operation import Operation
from gui.training.site import BUSY, counted, site_of
from gui.training.steps import StepPage, Wizard
from gui.training.thumbs import Thumbs
from gui.widgets.labels import plain

_SIGNS: Final = {"blocker": ("refused", "error"), "warning": ("caution", "refer"), "note": ("about", "quiet")}
_WORDS: Final = {"blocker": "to solve", "warning": "to look at", "note": "to know"}
_LABELS: Final = "labels.csv"


class CheckStep(StepPage):
    """opened(refs, index): read these films on the reading page, this one first."""

    opened = Signal(object, int)

    name = "check"
    title = "Check"
    question = "What could mislead a network that learns from these films?"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.site = site_of(wizard)
        self._shown: tuple[object, ...] = ()
        self._front = ""
        self._here = False
        self._labels_for: object = None
        self._asked: Operation | None = None
        self.progress = plain("", "quiet", wrap=True)
        self._bar = QProgressBar()
        self.list = QListWidget()
        self._title, self._meaning, self._todo = (
            plain("", "finding", wrap=True), plain("", wrap=True), plain("", "quiet", wrap=True),
        )  # fmt: skip
        self._table = QGridLayout()
        self.thumbs = Thumbs(self.site, "Films that it is about")
        self.leave_out, self.acknowledge = QPushButton("Leave these films out"), QPushButton("Acknowledge")
        self.words = QLineEdit()
        self._foot = plain("", "quiet", wrap=True)
        self._aside = QWidget()
        self._lay_out()
        self.site.told.connect(self._show)
        self._show()

    @property
    def finding(self) -> Finding | None:
        """The one in front."""
        found = self.site.state.findings if self.site.state is not None else None
        return next((one for one in found or () if one.code == self._front), None)

    def enter(self) -> None:
        self._here = True
        self._check()
        self._show()

    def leave(self) -> None:
        self._here = False

    def may_leave(self) -> str | None:
        state = self.site.state
        if state is not None and state.error is not None:
            return state.error.text
        if self.site.phase == "checking" or state is None or state.findings is None:
            return "The films are being checked first."
        open_ones = [one for one in state.findings if _is_open(one, dict(state.acknowledged))]
        if not open_ones:
            return None if self.wizard.choices.labels else "The list of films is being written."
        how = "Solve it" if not open_ones[0].may_acknowledge else "Solve it, or say why it does no harm"
        return f"{open_ones[0].title}. {how}."

    def next_words(self) -> str:
        return "Next: what the training begins with. Nothing is trained yet."

    def step(self, by: int) -> None:
        self.thumbs.step(by)

    # What is asked.

    def _check(self) -> None:
        """Look at the films whenever they are others than those that were looked at."""
        state = self.site.state
        if state is not None and state.phase == "ready" and state.findings is None and state.error is None:
            self.wizard.site.ask(("check",))

    def _leave_out(self) -> None:
        finding, numbers = self.finding, self.thumbs.numbers_chosen
        if finding is not None:
            why = f"{finding.title[0].lower()}{finding.title[1:]}"
            self.site.change(("exclude", tuple(numbers or finding.numbers), f"check: {why}"))

    def _acknowledge(self) -> None:
        if self.finding is not None and self.words.text().strip():
            self.site.change(("acknowledge", self.finding.code, self.words.text()))

    def _open(self, front: int) -> None:
        if self.site.films[front].sha256:
            self._asked = self.site.around(front, self.thumbs.numbers, self.opened.emit)

    def stop(self) -> None:
        if self._asked is not None:
            self._asked.drop()

    def _write_labels(self) -> None:
        """The list of films that the training reads, once nothing stands against them."""
        state = self.site.state
        if state is None or state.findings is None or self._labels_for is state.findings:
            return
        self._labels_for = state.findings
        path = str(Path(state.folder) / _LABELS)

        def written(_rows: int) -> None:
            self.wizard.choices.labels = path
            self.wizard.chose.emit()
            self.changed.emit()

        self.wizard.site.ask(("labels", path), written, looks=False)

    # What is shown.

    def _show(self) -> None:
        state = self.site.state
        if state is None:
            return
        if self._here:
            self._check()
        checking = state.phase == "checking"
        self._bar.setVisible(checking)
        if checking and state.progress is not None:
            self._bar.setRange(0, state.progress.total or 0)
            self._bar.setValue(state.progress.done)
        elif checking:
            self._bar.setRange(0, 0)
        self.progress.setText(self._said())
        now = (state.findings, tuple(sorted(state.acknowledged.items())))
        if now != self._shown:
            self._shown = now
            if state.findings is None:
                # The films are others than those whose list was written.
                self.wizard.choices.labels = ""
            self.wizard.choices.acknowledged = dict(state.acknowledged)
            self._show_list(state.findings or ())
        if state.findings is not None and not any(_is_open(one, dict(state.acknowledged)) for one in state.findings):
            self._write_labels()
        self.changed.emit()

    def _said(self) -> str:
        state = self.site.state
        assert state is not None
        if state.phase in BUSY:
            return "The films are still being read."
        if state.phase == "checking":
            done = f": {state.progress.done:,} of {state.progress.total or 0:,}" if state.progress is not None else ""
            return f"The films are being looked at{done}."
        if state.error is not None:
            return state.error.text
        if state.findings is None:
            return ""
        left = sum(_is_open(one, dict(state.acknowledged)) for one in state.findings)
        if left:
            return f"{counted(left, 'finding')} to solve or to acknowledge."
        return f"{counted(len(state.findings), 'finding')}, nothing left to solve." if state.findings else (
            "Nothing was found: the files can be read, look like chest films, and nothing besides the chest tells the "
            "classes apart that was looked for.")  # fmt: skip

    def _show_list(self, findings: tuple[Finding, ...]) -> None:
        said = self.site.state.acknowledged if self.site.state is not None else {}
        self.list.blockSignals(True)
        self.list.clear()
        for one in findings:
            icon, token = _SIGNS[one.severity]
            word = "acknowledged" if one.code in said else _WORDS[one.severity]
            item = QListWidgetItem(QIcon(theme.icon(icon, token)), f"{one.title}\n{word}", self.list)
            item.setData(Qt.ItemDataRole.UserRole, one.code)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{one.title}, {word}")
            item.setToolTip(one.title)
        codes = [one.code for one in findings]
        row = codes.index(self._front) if self._front in codes else 0
        self.list.setCurrentRow(row if codes else -1)
        self.list.blockSignals(False)
        self._aside.setVisible(bool(codes))
        self.list.setVisible(bool(codes))
        self._show_finding()

    def _show_finding(self) -> None:
        item = self.list.currentItem()
        self._front = item.data(Qt.ItemDataRole.UserRole) if item is not None else ""
        finding = self.finding
        if finding is None:
            self.thumbs.show_numbers([])
            return
        self._title.setText(finding.title)
        self._meaning.setText(finding.meaning)
        self._todo.setText(f"What to do: {finding.todo}")
        _fill(self._table, finding.table)
        self.thumbs.show_numbers([number for number in finding.numbers if number in self.site.films])
        self.thumbs.setVisible(bool(finding.numbers))
        said = self.site.state.acknowledged.get(finding.code, "") if self.site.state is not None else ""
        acknowledges = finding.severity != "note" and finding.may_acknowledge
        self.words.setVisible(acknowledges)
        self.acknowledge.setVisible(acknowledges)
        if not self.words.hasFocus() or said:
            self.words.setText(said)
        self.acknowledge.setText("Acknowledged" if said else "Acknowledge")
        self._foot.setText("What you say goes into the card of the new bundle." if acknowledges else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        finding = self.finding
        count = len(self.thumbs.numbers_chosen) or (len(finding.numbers) if finding is not None else 0)
        chosen = "the chosen films" if self.thumbs.numbers_chosen else "all of them"
        self.leave_out.setText(f"Leave out {chosen} ({count:,})")
        self.leave_out.setAccessibleName(self.leave_out.text())
        self.leave_out.setVisible(finding is not None and bool(finding.numbers) and finding.severity != "note")
        said = self.site.state.acknowledged.get(self._front, "") if self.site.state is not None else ""
        typed = self.words.text().strip()
        self.acknowledge.setEnabled(bool(typed) and typed != said)

    def _lay_out(self) -> None:
        self._bar.setProperty("look", "page")
        self._bar.setFixedHeight(3)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Films looked at")
        self.list.setAccessibleName("Findings")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setWordWrap(True)
        self.list.setFixedWidth(300)
        self.list.setSpacing(2)
        self.list.currentRowChanged.connect(lambda _row: self._show_finding())
        self.words.setPlaceholderText("Why it does no harm here")
        self.words.setAccessibleName("Why it does no harm here; goes into the card")
        self.words.textChanged.connect(lambda _text: self._show_buttons())
        self.words.returnPressed.connect(self._acknowledge)
        self.acknowledge.setAccessibleName("Acknowledge the finding in these words")
        self.acknowledge.clicked.connect(lambda _checked=False: self._acknowledge())
        self.leave_out.clicked.connect(lambda _checked=False: self._leave_out())
        self.thumbs.chosen.connect(self._show_buttons)
        self.thumbs.opened.connect(self._open)
        self._table.setHorizontalSpacing(theme.SPACE[3])
        self._table.setVerticalSpacing(2)
        column = QVBoxLayout(self._aside)
        column.setContentsMargins(theme.SPACE[2], 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        for label in (self._title, self._meaning, self._todo):
            column.addWidget(label)
        column.addLayout(self._table)
        column.addWidget(self.thumbs, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addWidget(self.leave_out)
        row.addWidget(self.words, 1)
        row.addWidget(self.acknowledge)
        column.addLayout(row)
        column.addWidget(self._foot)
        column.addStretch(0)
        beside = QHBoxLayout()
        beside.setSpacing(theme.SPACE[2])
        beside.addWidget(self.list)
        beside.addWidget(self._aside, 1)
        self.column.addWidget(self.progress)
        self.column.addWidget(self._bar)
        self.column.addLayout(beside, 1)


def _is_open(finding: Finding, said: dict[str, str]) -> bool:
    return finding.severity == "blocker" and not (finding.may_acknowledge and finding.code in said)


def _fill(grid: QGridLayout, table: Table | None) -> None:
    """Rows of a finding; the first one is the heading. Numbers stand right."""
    while (item := grid.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
    columns = max((len(row) for row in table or ()), default=0)
    for column in range(max(columns, grid.columnCount())):
        grid.setColumnStretch(column, 0)
    if table is None:
        return
    # What is left of the width goes to the last column, so that the others stand near each other.
    grid.setColumnStretch(columns - 1, 1)
    for row, cells in enumerate(table):
        for column, cell in enumerate(cells):
            label = plain(cell, "label" if row == 0 else "", wrap=column == columns - 1)
            figures = len(table) > 1 and table[1][column].replace(".", "", 1).isdigit()
            if figures and column < columns - 1:
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, row, column)
