"""Labelled films of the site: chosen, their labels joined to the bundle's classes, judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.errors import Reason
from core.models.state import BundleRow, LabelRow
from gui import theme
from gui.models.parts import Choice, Working, emptied
from gui.models.watch import Watch
from gui.widgets.labels import Shortened, plain

_LEAVE_OUT = ("", "leave out")
# More labels than this are no classes, and would not fit; the first ones show what is wrong.
_MOST_LABELS = 24


class FilmsChooser(QWidget):
    """Asks for films and has them judged. judged(object): what came of it. failed(str): why nothing did.

    request: from place and aliases what is to be begun. verb: the button's words ("Judge these films").
    """

    judged = Signal(object)
    failed = Signal(str)

    def __init__(
        self,
        watch: Watch,
        verb: str,
        request: Callable[[str, Mapping[str, str]], tuple[Any, ...]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._watch, self._request = watch, request
        self._bundle: BundleRow | None = None
        self._mine = False
        self.place = ""
        self.choices: dict[str, Choice] = {}
        self.folder = _button("Choose a folder…", self._ask_folder)
        self.table = _button("Choose a table (CSV)…", self._ask_table)
        self.path = Shortened("quiet")
        self._said = plain("", "quiet", wrap=True)
        self._labels = QGridLayout()
        self._labels.setHorizontalSpacing(theme.SPACE[3])
        self._labels.setVerticalSpacing(2)
        self._labels.setColumnStretch(3, 1)
        self.judge = _button(verb, self.begin)
        self.judge.setProperty("look", "primary")
        self.working = Working()
        self.working.stopped.connect(watch.stop_work)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addWidget(self.folder)
        row.addWidget(self.table)
        row.addWidget(self.path, 1)
        last = QHBoxLayout()
        last.addWidget(self.judge)
        last.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        column.addLayout(row)
        column.addWidget(self._said)
        column.addLayout(self._labels)
        column.addLayout(last)
        column.addWidget(self.working)
        watch.told.connect(lambda task: self.working.tell(task) if self._mine else None)
        watch.busy.connect(self._refresh)
        self._forget()

    @property
    def sentence(self) -> str:
        return self._said.text()

    @property
    def aliases(self) -> dict[str, str]:
        """Label → class, "" where it is left out."""
        return {label: choice.value for label, choice in self.choices.items()}

    def about(self, bundle: BundleRow) -> None:
        """The bundle whose classes the labels are to be."""
        same = self._bundle is not None and self._bundle.classes == bundle.classes
        self._bundle = bundle
        if not same:
            self._forget()

    def look_at(self, place: str) -> None:
        """Ask what labels there are."""
        if self._bundle is not None:
            # Not to be judged any more: the path that stands there is another one now.
            self._unusable("The labels are being read.")
            self.path.say(place)
            request = ("labels", place, self._bundle.key)
            self._watch.ask(request, partial(self._show, place), lambda error: self._unusable(error.reason.text))

    def begin(self) -> None:
        """Have the films judged."""
        if self._bundle is None or not self.place:
            return
        self._mine = True
        began = self._watch.begin(self._request(self.place, self.aliases), self._done, self._failed)
        self._mine = began
        if began:
            self.working.begin("Getting ready.")

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a folder with one sub-folder a class")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open(dialog)

    def _ask_table(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a table of labels", "", "Labels (*.csv)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._open(dialog)

    def _open(self, dialog: QFileDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.look_at)
        dialog.open()

    def _forget(self) -> None:
        self.place = ""
        self.path.say("")
        self._clear()
        names = ", ".join(self._bundle.classes) if self._bundle is not None else ""
        self._said.setText(
            f"A folder with one sub-folder a class ({names}), or a CSV with at least the columns path and label; a "
            "column patient keeps films of one patient together."
        )
        self._refresh()

    def _unusable(self, text: str) -> None:
        self.place = ""
        self._clear()
        self._said.setText(text)
        self._refresh()

    def _show(self, place: str, rows: Sequence[LabelRow]) -> None:
        bundle = self._bundle
        if bundle is None:
            return
        self._clear()
        self.place = place
        shown = rows[:_MOST_LABELS]
        said = "Each label is one of the bundle's classes, or is left out."
        if len(rows) > len(shown):
            said += f" {len(rows) - len(shown)} more labels are left out unless they are classes."
        self._said.setText(said)
        for column, heading in enumerate(("label", "films", "is")):
            self._labels.addWidget(plain(heading, "label"), 0, column)
        for line, row in enumerate(shown, 1):
            choice = Choice(f"What {row.label or 'no label'} is")
            choice.show_choices([*bundle.classes.items(), _LEAVE_OUT], row.to or "")
            choice.chosen.connect(self._refresh)
            self.choices[row.label] = choice
            self._labels.addWidget(plain(row.label or "(none)"), line, 0)
            self._labels.addWidget(plain(str(row.films)), line, 1)
            self._labels.addWidget(choice, line, 2)
        self._refresh()

    def _clear(self) -> None:
        self.choices = {}
        emptied(self._labels)

    def _refresh(self, *_: object) -> None:
        self.judge.setVisible(bool(self.place))
        self.judge.setEnabled(any(self.aliases.values()) and not self._watch.working)

    def _done(self, result: Any) -> None:
        self._mine = False
        self.working.hide()
        self.judged.emit(result)

    def _failed(self, reason: Reason | None) -> None:
        self._mine = False
        self.working.hide()
        self.failed.emit(reason.text if reason is not None else "Stopped; nothing came of it.")


def _button(text: str, does: Callable[[], object]) -> QPushButton:
    made = QPushButton(text)
    made.setAccessibleName(text.rstrip("…"))
    made.clicked.connect(lambda _checked=False: does())
    return made
