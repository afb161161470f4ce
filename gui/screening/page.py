"""The screening page: a run as it goes on, or one of before; its table, the chosen film, and the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from core import places
from core.errors import HilumError
from core.records.verdict import FilmMark, Known
from core.screening.state import BATCH_ROWS, Brief, State
from gui import theme
from gui.operation import Operation
from gui.pages import Page
from gui.screening import words
from gui.screening.empty import Empty
from gui.screening.exporting import ExportSheet
from gui.screening.head import Head, Sieve
from gui.screening.model import Rows
from gui.screening.preview import Preview
from gui.screening.table import Table
from gui.screening.threshold import ThresholdPanel
from gui.screening.watch import Watch
from gui.services import Services
from gui.widgets.stack import Stack

if TYPE_CHECKING:
    from core.imaging.sources import ImageRef

# The reading page has a list to read, not a whole run: as many films around the one that was opened.
MOST_OPENED = 500
_PANEL = 320
_LOST = "The screening process ended unexpectedly. What is done is kept; go on when you like."
_NOTHING = State(("", 0), True, "empty")


class ScreeningPage(Page):
    """opened(refs, index): read these films, this one first."""

    opened = Signal(object, int)

    def __init__(self, services: Services, serve: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self._actions = services, services.actions
        self.watch = Watch(serve, self)
        self.rows = Rows(self)
        self.head = Head(self._actions)
        self.sieve = Sieve(self._actions)
        self.table = Table(self.rows)
        self.preview = Preview()
        self.threshold = ThresholdPanel()
        self.state = _NOTHING
        self._lost = False
        self._bundle: str | None = None
        self._picture: Operation | None = None
        self._lay_out()
        self._wire()
        self._show_nothing()

    # What the window asks for.

    def ask_folder(self) -> None:
        """Which folder to screen?"""
        self._pick("Screen a folder", "", lambda folder: self.start([folder]))

    def ask_open(self) -> None:
        """Which run to open?"""
        runs = places.home() / "runs"
        self._pick("Open a run", str(runs if runs.is_dir() else places.home()), self.open_run)

    def start(self, paths: Sequence[str], run_folder: str | None = None) -> None:
        """Screen what lies at the paths."""
        self.watch.begin(("start", tuple(paths), run_folder, self._point()))

    def open_run(self, folder: str) -> None:
        """Show a run of before, whoever made it."""
        self.watch.begin(("open", folder))

    def take(self, paths: list[str]) -> bool:
        """What is dropped here is screened; a run's folder is opened."""
        self.watch.begin(("drop", tuple(paths), self._point()))
        return True

    def step(self, by: int) -> None:
        self.table.step(by)

    def search(self) -> None:
        self.sieve.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.sieve.field.selectAll()

    def retheme(self) -> None:
        for part in (self.table, self.sieve, self.empty, self._nothing_here):
            part.retheme()
        self._ink_first()
        self._preview_again(self.table.current)

    def stop(self) -> None:
        self.watch.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        # Verdicts may have been given on the reading page meanwhile.
        self._ask_verdicts(self.rows.films)

    # What the run tells.

    def _take(self, state: State) -> None:
        if state.fresh:
            self.rows.clear()
            self.sieve.reset()
            self.threshold.forget()
            self.rows.arrange(filter="all", search="")
        if state.phase in ("starting", "running"):
            self._lost = False
        if state.about is not None and state.about != self.state.about:
            self.rows.titles = state.about.titles
            self.threshold.about(state.about)
        news = state.fresh or bool(state.rows or state.gone)
        self.state = replace(state, rows=(), gone=())
        if state.rows or state.gone:
            self.rows.update(state.rows, state.gone)
            self._ask_verdicts(state.rows)
        if news or state.finished:
            self._count()
            self.threshold.show_films(self.rows.suspicions, state.finished)
        self._show_state()

    def _show_state(self) -> None:
        state = self.state
        trouble = words.trouble(state) or (_LOST if self._lost else "")
        if not trouble and not state.more:
            trouble = words.all_refused(state, self.rows.commonest_reason if state.finished else None)
        self.head.show_state(state, trouble)
        if state.phase == "empty":
            self._show_nothing(state)
        else:
            none = state.finished and not state.counts
            if none:
                where = ", ".join(state.roots)
                self._nothing_here.say("There is nothing to screen", f"No file was found under {where}.", _WHAT_BELONGS)
            self._run_or_none.setCurrentIndex(1 if none else 0)
            self._body.setCurrentIndex(1)
        self._tell_changed()

    def _show_nothing(self, state: State = _NOTHING) -> None:
        if state.error is not None:
            self.empty.say("The run did not begin", words.trouble(state), icon="failed", token="error")
        else:
            self.empty.say(
                "No run is open",
                "A run goes through a folder of any size and sorts its films by suspicion.",
                _WHAT_BELONGS,
            )
        self._body.setCurrentIndex(0)
        self._tell_changed()

    def _refused(self, error: HilumError) -> None:
        self.notice.emit(error.reason.text)

    def _be_lost(self) -> None:
        self._lost = True

    def _tell_changed(self) -> None:
        state = self.state
        open_ = state.phase != "empty"
        holds = {
            "list": self.rows.rowCount() > 0,
            "run": open_,
            "running": state.phase in ("starting", "running"),
            "resumable": open_ and state.phase == "resting",
        }
        self.changed.emit(frozenset(word for word, is_so in holds.items() if is_so))

    # The table and what stands beside it.

    def _arrange(self, **wishes: Any) -> None:
        self.rows.arrange(**wishes)
        self._tell_changed()

    def _try_threshold(self, threshold: float) -> None:
        self.rows.arrange(threshold=threshold)
        self._count()
        self.table.viewport().update()

    def _count(self) -> None:
        self.sieve.count(self.rows.counts)

    def _preview(self, row: Brief | None) -> None:
        if self._picture is not None:
            self._picture.drop()
        self._preview_again(row)

    def _preview_again(self, row: Brief | None) -> None:
        if row is None:
            self.preview.show_row(None)
            return
        about = self.state.about
        name = self.rows.name(row) if self.rows.names else f"FILM {self.rows.name(row)}"
        classes = about.classes if about is not None else ()
        self.preview.show_row(row, name, self.rows.mark(row), classes, self.rows.titles)
        request = Operation(self.watch.process, ("picture", row.number)).through(_image)
        self._picture = request.then(self.preview.picture.show_image).run()

    def _open_line(self, line: int) -> None:
        """Give the films around a line to the reading page, in the order of the table."""
        first = max(0, min(line - MOST_OPENED // 2, self.rows.rowCount() - MOST_OPENED))
        last = min(first + MOST_OPENED, self.rows.rowCount())
        numbers = tuple(self.rows.row(at).number for at in range(first, last))
        self.watch.ask(("refs", numbers), partial(self._give, numbers, self.rows.row(line).number))

    def _give(self, numbers: tuple[int, ...], wanted: int, places_: dict[int, ImageRef]) -> None:
        known = [number for number in numbers if number in places_]
        if wanted in known:
            self.opened.emit(tuple(places_[number] for number in known), known.index(wanted))

    def _ask_verdicts(self, rows: Sequence[Brief]) -> None:
        for start in range(0, len(rows), BATCH_ROWS):
            marks = {
                row.number: FilmMark(row.sha256, row.frame)
                for row in rows[start : start + BATCH_ROWS]
                if row.sha256 is not None
            }
            if marks:
                asked = ("known", tuple(dict.fromkeys(marks.values())))
                Operation(self._services.records, asked, urgent=False).then(partial(self._know, marks)).run()

    def _know(self, marks: dict[int, FilmMark], known: dict[FilmMark, Known]) -> None:
        said = {number: known[mark].verdict for number, mark in marks.items() if mark in known}
        self.rows.know_verdicts({number: words.verdict(one, self.rows.titles) for number, one in said.items()})

    # Commands.

    def _group(self) -> None:
        self._arrange(grouped=self._actions["run.group"].isChecked())

    def _names(self) -> None:
        shown = self._actions["run.names"].isChecked()
        self.table.show_names(shown)
        self._arrange(names=shown)
        self._preview_again(self.table.current)

    def _export(self, kind: str) -> None:
        sheet = ExportSheet(kind, self.state.folder or str(places.home()), self.state.finished, self)
        sheet.wanted.connect(self._write)
        sheet.open()

    def _write(self, kind: str, path: str, identifiers: bool) -> None:
        self.watch.ask(("export", kind, path, identifiers), lambda where: self.notice.emit(f"Written to {where}."))

    def _pick(self, title: str, begin: str, then: Any) -> None:
        dialog = QFileDialog(self, title, begin)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(then)
        dialog.open()

    def _point(self) -> str | None:
        """The operating point that the reader has chosen for the bundle in use."""
        return self._services.preferences.value(f"point/{self._bundle}") if self._bundle else None

    def _know_bundle(self, about: dict[str, Any]) -> None:
        self._bundle = str(about["name"])

    # How it hangs together.

    def _wire(self) -> None:
        self.watch.told.connect(self._take)
        self.watch.refused.connect(self._refused)
        self.watch.lost.connect(self._be_lost)
        self.watch.process.died.connect(self.notice)
        self.watch.process.unusable.connect(self._refused)
        self.table.picked.connect(self._preview)
        self.table.wanted.connect(self._open_line)
        self.preview.opened.connect(lambda: self._open_line(self.table.currentIndex().row()))
        self.threshold.moved.connect(self._try_threshold)
        self.sieve.chosen.connect(lambda name: self._arrange(filter=name))
        self.sieve.sought.connect(lambda text: self._arrange(search=text))
        does = self._actions.does
        does("run.stop", lambda: self.watch.ask(("stop",)))
        does("run.resume", lambda: self.watch.ask(("go-on",)))
        does("run.group", self._group)
        does("run.names", self._names)
        for kind in ("csv", "json", "html"):
            does(f"run.{kind}", partial(self._export, kind))
        Operation(self._services.assessor, ("about",)).then(self._know_bundle).run()

    def _ink_first(self) -> None:
        # On the accent colour the icon has the colour of the ground, as the words have.
        self._first.setIcon(theme.icon("screen", "ground"))

    def _lay_out(self) -> None:
        first = self._actions.push("run.folder")
        first.setProperty("look", "primary")
        self._first = first
        self._ink_first()
        self.empty = Empty([first, self._actions.push("run.open")])
        self._nothing_here = Empty([self._actions.push("run.folder")])
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.sieve)
        left.addWidget(self.table, 1)
        # Every widget is made inside the next larger one: to move a finished part into another styles all of it anew.
        self._body = Stack(self)
        run = QWidget(self._body)
        self._run_or_none = Stack(run)
        inner = QWidget(self._run_or_none)
        panel = QWidget(inner)
        about_film = QScrollArea(panel)
        about_film.setWidgetResizable(True)
        about_film.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        about_film.setWidget(self.preview)
        self.preview.setProperty("panel", True)
        rule = QFrame()
        rule.setFixedHeight(1)
        rule.setProperty("look", "rule")
        panel.setProperty("panel", True)
        panel.setFixedWidth(_PANEL)
        right = QVBoxLayout(panel)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(about_film, 1)
        right.addWidget(rule)
        right.addWidget(self.threshold)
        self.threshold.setProperty("panel", True)
        middle = QHBoxLayout(inner)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(1)
        middle.addLayout(left, 1)
        middle.addWidget(panel)
        column = QVBoxLayout(run)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        column.addWidget(self.head)
        self._run_or_none.addWidget(inner)
        self._run_or_none.addWidget(self._nothing_here)
        column.addWidget(self._run_or_none, 1)
        self._body.addWidget(self.empty)
        self._body.addWidget(run)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._body)
        self.preview.show_row(None)


_WHAT_BELONGS = (
    "Drop a folder, files or a ZIP archive of DICOM, PNG, JPEG or TIFF films here. A run that was stopped can be "
    "opened and gone on with; drop its folder here, or choose it."
)


def _image(jpeg: bytes | None) -> QImage | None:
    """On the reader thread: a small picture out of the journal."""
    return QImage.fromData(jpeg) if jpeg is not None else None
