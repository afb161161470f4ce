"""The step “Data”: where the films are, what each is, and which are right."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core import places
from core.errors import HilumError
from core.records.verdict import Exported
from core.site.plan import SiteFilm
from gui import theme
from gui.operation import Operation
from gui.training.asking import menu_of
from gui.training.look import FilmLook
from gui.training.site import BUSY, counted, site_of, usable
from gui.training.steps import StepPage, Wizard
from gui.training.thumbs import Thumbs
from gui.widgets.labels import Shortened, plain
from gui.widgets.stack import Stack

_REASONS: Final = (
    "not a frontal chest film", "poor quality", "wrong or doubtful label", "the same film twice", "a child",
)  # fmt: skip
_WHAT_BELONGS: Final = (
    "A folder with one sub-folder for each finding (its name is the label), or a table (CSV) with the columns path and "
    "label. DICOM, PNG, JPEG and TIFF; patients are recognised from DICOM or from a column named patient. The films "
    "stay where they are and are not changed."
)
_ALL, _RELABELLED, _OUT, _UNREAD = "all", "relabelled", "left out", "cannot be read"


class DataStep(StepPage):
    """opened(refs, index): read these films on the reading page, this one first."""

    opened = Signal(object, int)

    name = "data"
    title = "Data"
    question = "Which films is the training made of?"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.site = site_of(wizard)
        self._asked: Operation | None = None
        self.folder, self.table, self.verdicts = (
            QPushButton("Open a folder…"), QPushButton("Open a table…"), QPushButton("Use my verdicts"),
        )  # fmt: skip
        self.place = Shortened("quiet")
        self.progress_words = plain("", "quiet", wrap=True)
        self._bar = QProgressBar()
        self.labels = QListWidget()
        self.thumbs = Thumbs(self.site, "Films")
        self.look = FilmLook(wizard)
        self.relabel = menu_of("Relabel", self._labels_known, self._relabel, other="Another label…",
                               question="What do the chosen films show?")  # fmt: skip
        self.leave_out = menu_of("Leave out", lambda: _REASONS, self._exclude, other="Another reason…",
                                 question="Why are the chosen films left out?")  # fmt: skip
        self.take_in = QPushButton("Take in again")
        self.read = QPushButton("Open")
        self._stack = Stack()
        self._lay_out()
        self.site.told.connect(self._show)
        self._show()

    # The wizard.

    def enter(self) -> None:
        if self.site.phase == "empty" and not self.place.words:
            self.folder.setFocus()

    def may_leave(self) -> str | None:
        if self.site.phase in BUSY:
            return "The films are being read; the next step needs all of them."
        if not self.site.complete:
            return "Open a folder or a table with labelled films."
        return None if usable(self.site.films.values()) else "No film can be used; open others, or take some in again."

    def next_words(self) -> str:
        count = len(usable(self.site.films.values()))
        return f"Next: what the labels of {counted(count, 'film')} mean. Nothing is trained yet."

    def step(self, by: int) -> None:
        self.thumbs.step(by)

    def take(self, paths: list[str]) -> bool:
        """A folder or a table that was dropped."""
        if len(paths) == 1 and (Path(paths[0]).is_dir() or paths[0].lower().endswith((".csv", ".tsv"))):
            self.open(paths[0])
            return True
        return False

    def stop(self) -> None:
        self.site.stop()
        self.look.stop()
        if self._asked is not None:
            self._asked.drop()

    # Where the films are.

    def open(self, place: str) -> None:
        """Read a folder or a table."""
        self.thumbs.show_numbers([])
        self.place.say(place)
        self.site.open(place)

    def _ask_folder(self) -> None:
        self._ask("Films: a folder with a sub-folder for each finding", QFileDialog.FileMode.Directory)

    def _ask_table(self) -> None:
        dialog = self._ask("Films: a table with the columns path and label", QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Tables (*.csv *.tsv *.txt)", "All files (*)"])

    def _ask(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda chosen: self.open(chosen[0]))
        dialog.open()
        return dialog

    def _use_verdicts(self) -> None:
        """The record keeper writes its verdicts as a table, which is opened like any other."""
        try:
            path = str(places.made(places.sites()) / "verdicts.csv")
        except HilumError as error:
            self.notice.emit(error.reason.text)
            return

        def written(done: Exported) -> None:
            if not done.rows:
                self.notice.emit("There are no verdicts with a finding yet; give some on the reading page first.")
                return
            if done.disagreeing:
                self.notice.emit(f"Readers disagree on {counted(done.disagreeing, 'film')}; the newest verdict counts.")
            self.open(path)

        records = self.wizard.services.records
        records.start()
        asked = Operation(records, ("labels", path))
        self._asked = asked.then(written).refused(lambda error: self.notice.emit(error.reason.text)).run()

    # What is done with them.

    def _labels_known(self) -> list[str]:
        return [one.label for one in self.site.state.labels] if self.site.state else []

    def _relabel(self, label: str) -> None:
        self.site.change(("relabel", tuple(self.thumbs.numbers_chosen), label))

    def _exclude(self, why: str) -> None:
        self.site.change(("exclude", tuple(self.thumbs.numbers_chosen), why))

    def _include(self) -> None:
        self.site.change(("include", tuple(self.thumbs.numbers_chosen)))

    def _open_films(self, front: int | None = None) -> None:
        """The film in front on the reading page, with those that stand around it."""
        front = self.thumbs.front if front is None else front
        if front is not None and self.site.films[front].sha256:
            self._asked = self.site.around(front, self.thumbs.numbers, self.opened.emit)

    # What is shown.

    def _show(self) -> None:
        state = self.site.state
        busy = self.site.phase in BUSY
        self._stack.setCurrentIndex(1 if self.site.films else 0)
        self._bar.setVisible(busy)
        words = ""
        if busy:
            words = "The folder is being listed." if self.site.phase == "listing" else "The films are being read."
        if state is not None and state.progress is not None and busy:
            done, total = state.progress.done, state.progress.total or 0
            self._bar.setRange(0, total)
            self._bar.setValue(done)
            left = state.progress.remaining
            words = f"{done:,} of {total:,} films read" + (f" · about {max(1, round(left))} s left" if left else "")
        elif busy:
            self._bar.setRange(0, 0)
        elif state is not None and state.error is not None:
            words = state.error.text
        elif self.site.complete and state is not None:
            patients = len({film.patient for film in self.site.films.values() if film.patient})
            known = f" of {counted(patients, 'known patient')}" if patients else ", no patient known"
            count = len(usable(self.site.films.values()))
            others = f", {state.total - count:,} not used" if state.total > count else ""
            words = f"{counted(count, 'film')}{known}{others}"
        self.progress_words.setText(words)
        self.progress_words.setVisible(bool(words))
        if state is not None and state.place:
            self.place.say(state.place)
        self._show_labels()
        self._show_films()
        self.changed.emit()

    def _show_labels(self) -> None:
        """The labels with their counts; choosing one shows its films alone."""
        state = self.site.state
        films = self.site.films.values()
        rows = [(_ALL, "All films", len(self.site.films))]
        rows += [(f"={one.label}", one.label, one.films + one.excluded + one.problems) for one in
                 (state.labels if state else ())]  # fmt: skip
        special = ((_RELABELLED, "Relabelled", sum(film.relabelled for film in films)),
                   (_OUT, "Left out", sum(bool(film.excluded) for film in films)),
                   (_UNREAD, "Cannot be read", sum(bool(film.problem) for film in films)))  # fmt: skip
        rows += [row for row in special if row[2]]
        chosen = self._filter
        self.labels.blockSignals(True)
        if [self.labels.item(n).data(Qt.ItemDataRole.UserRole) for n in range(self.labels.count())] != [
            key for key, _title, _count in rows
        ]:
            self.labels.clear()
            for key, _title, _count in rows:
                item = QListWidgetItem(self.labels)
                item.setData(Qt.ItemDataRole.UserRole, key)
        for place, (key, title, count) in enumerate(rows):
            self.labels.item(place).setText(f"{title}   {count:,}")
            if key == chosen:
                self.labels.setCurrentRow(place, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if self.labels.currentRow() < 0:
            self.labels.setCurrentRow(0)
        self.labels.blockSignals(False)

    @property
    def _filter(self) -> str:
        item = self.labels.currentItem()
        return item.data(Qt.ItemDataRole.UserRole) if item is not None else _ALL

    def _show_films(self) -> None:
        chosen = self._filter
        self.thumbs.show_numbers([film.number for film in self.site.films.values() if _belongs(film, chosen)])
        self._show_chosen()

    def _show_chosen(self) -> None:
        numbers, front = self.thumbs.numbers_chosen, self.thumbs.front
        films = [self.site.films[number] for number in numbers if number in self.site.films]
        more = f" · {counted(len(films) - 1, 'other film')} chosen with it" if len(films) > 1 else ""
        self.look.show_film(self.site.films.get(front) if front is not None else None, more)
        self.relabel.setEnabled(bool(films))
        self.leave_out.setEnabled(bool(films))
        self.take_in.setEnabled(any(film.excluded for film in films))
        self.read.setEnabled(front is not None and bool(self.site.films[front].sha256))

    def _lay_out(self) -> None:
        for button, slot, words in (
            (self.folder, self._ask_folder, "Open a folder with one sub-folder for each finding"),
            (self.table, self._ask_table, "Open a table with the columns path and label"),
            (self.verdicts, self._use_verdicts, "Use the verdicts of the reading page as labels"),
            (self.take_in, self._include, "Take the chosen films in again"),
            (self.read, self._open_films, "Open the film on the reading page"),
        ):
            button.setAccessibleName(words)
            button.setToolTip(words)
            button.clicked.connect(lambda _checked=False, slot=slot: slot())
        self.folder.setProperty("look", "primary")
        self._bar.setProperty("look", "page")
        self._bar.setFixedHeight(3)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Films read")
        self.labels.setAccessibleName("Labels")
        self.labels.setFrameShape(QFrame.Shape.NoFrame)
        self.labels.setFixedWidth(180)
        self.labels.setStyleSheet(f"QListWidget::item {{ padding: {theme.SPACE[0]}px {theme.SPACE[1]}px; }}")
        self.labels.currentRowChanged.connect(lambda _row: self._show_films())
        self.thumbs.chosen.connect(self._show_chosen)
        self.thumbs.opened.connect(self._open_films)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE[1])
        for button in (self.folder, self.table, self.verdicts):
            top.addWidget(button)
        top.addWidget(self.place, 1)
        self.column.addLayout(top)
        self.column.addWidget(self.progress_words)
        self.column.addWidget(self._bar)
        empty = plain(_WHAT_BELONGS, "quiet", wrap=True)
        empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack.addWidget(empty)
        self._stack.addWidget(self._films_panel())
        self.column.addWidget(self._stack, 1)

    def _films_panel(self) -> QWidget:
        aside = QWidget()
        aside.setFixedWidth(288)
        column = QVBoxLayout(aside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        column.addWidget(self.look, 1)
        for pair in ((self.relabel, self.leave_out), (self.take_in, self.read)):
            row = QHBoxLayout()
            row.setSpacing(theme.SPACE[1])
            for button in pair:
                row.addWidget(button)
            row.addStretch(1)
            column.addLayout(row)
        panel = QWidget()
        row = QHBoxLayout(panel)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE[2])
        row.addWidget(self.labels)
        row.addWidget(self.thumbs, 1)
        row.addWidget(aside)
        return panel


def _belongs(film: SiteFilm, chosen: str) -> bool:
    match chosen:
        case "all":
            return True
        case "relabelled":
            return film.relabelled
        case "left out":
            return bool(film.excluded)
        case "cannot be read":
            return bool(film.problem)
    return film.label == chosen[1:]
