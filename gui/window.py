"""The window: menus, the rail of pages, the notice line, the status bar; and the processes behind them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from core import places
from core.errors import HilumError
from gui import making, theme
from gui.commands import Actions
from gui.operation import Operation
from gui.pages import Page, in_turns
from gui.preferences import Preferences
from gui.process import Process
from gui.rail import Rail
from gui.reading import words
from gui.reading.film_area import warm_up
from gui.reading.page import ReadingPage
from gui.services import Services
from gui.widgets.labels import plain
from gui.widgets.notice import Notice
from gui.widgets.stack import Stack

if TYPE_CHECKING:
    from core.inference.assessment import Assessment

DECODER: Final = "core.imaging.desk:serve"
ASSESSOR: Final = "core.inference.worker:serve"
RECORDS: Final = "core.records.desk:serve"
# dicom.md section 6: what one file may cost before its process is ended.
DECODE_SECONDS, DECODE_BYTES = 20.0, 3 * 2**30
# The list folds by itself where it would leave too little for the films.
FOLD_LIST_BELOW = 1100
# After this long nothing of the start is under way any more.
IDLE_MS = 2000
RESEARCH_USE: Final = "Research use. Not a medical device."


class Window(QMainWindow):
    """One window of Hilum. first_painted() is emitted once; the processes start after it.

    workers: other modules for "decoder", "assessor", "records", and those of gui.making, for tests.
    """

    first_painted = Signal()

    def __init__(self, workers: Mapping[str, str] | None = None, settings: QSettings | None = None) -> None:
        super().__init__()
        self._workers = workers = workers or {}
        self.setWindowTitle("Hilum")
        self.setMinimumSize(720, 480)
        self.setAcceptDrops(True)
        self.preferences = Preferences(settings, self)
        self.decoder = Process(
            "decoder", workers.get("decoder", DECODER), seconds=DECODE_SECONDS, memory_bytes=DECODE_BYTES, parent=self
        )
        points = self.preferences.under("point")
        arguments = {"operating_points": points} if points else None
        self.assessor = Process("engine", workers.get("assessor", ASSESSOR), arguments, parent=self)
        self.records = Process("record keeper", workers.get("records", RECORDS), parent=self)
        self.actions_ = Actions(self)
        self.services = Services(self.actions_, self.preferences, self.decoder, self.assessor, self.records)
        self.page = ReadingPage(self.services)
        self.rail = Rail(self.actions_)
        self.notice = Notice()
        self._pages: dict[str, Page] = {"reading": self.page}
        self._holds: dict[str, frozenset[str]] = {}
        self._recent: tuple[str, ...] = ()
        self._stack = Stack()
        self._state = plain("", "quiet")
        self._research = plain(RESEARCH_USE, "quiet")
        self._painted = self._knows_bundle = False
        self._full_from_maximised = False
        self._list_wanted_by_hand = False
        self._lay_out()
        self._wire()
        self._restore()
        self.go_to("reading")

    # Pages.

    @property
    def current(self) -> Page:
        """The page in front."""
        page = self._stack.currentWidget()
        assert isinstance(page, Page)
        return page

    def go_to(self, name: str) -> Page:
        """Bring a page to the front; made when it is first wanted. name: one of making.NAMES."""
        page = self._pages.get(name) or self._made(name)
        self._put(page)
        self._stack.setCurrentWidget(page)
        # Not the rail: keys are for what is in front.
        page.setFocus(Qt.FocusReason.OtherFocusReason)
        for other in making.NAMES:
            self.actions_[f"view.{other}"].setChecked(other == name)
        self._refresh()
        return page

    def open_paths(self, paths: Sequence[str]) -> None:
        """List files, folders and archives on the reading page and show the first film."""
        if paths:
            self.go_to("reading")
            self.page.open_paths(paths)
            Operation(self.records, ("opened", tuple(paths))).then(self._know_recent).run()

    def open_refs(self, refs: object, index: int) -> None:
        """List films that another page knows, and show one of them."""
        self.go_to("reading")
        self.page.open_refs(refs, index)

    def another_bundle(self) -> None:
        """Another bundle is in use, and the assessor starts again with it."""
        self._knows_bundle = False
        self._state.setText("The networks are getting ready.")
        self.page.another_bundle()

    def let_go(self, then: Callable[[], None]) -> None:
        """Close what the training page has open of a site's films, where it is there, and go on."""
        self._pages.get("training", self.page).let_go(then)

    def come_forward(self) -> None:
        """In front of other windows, as far as the desktop allows it."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    @property
    def state(self) -> str:
        """What the status bar says about the networks."""
        return self._state.text()

    def use_theme(self, chosen: theme.Tokens) -> None:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, chosen)
        self.actions_.recolour()
        self.rail.recolour()
        self.actions_["view.light"].setChecked(chosen is theme.LIGHT)
        self.preferences.put("theme", chosen.name)
        for page in self._pages.values():
            page.retheme()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # Behind this paint, so that the reader sees the window before anything else is loaded.
            QTimer.singleShot(0, self._after_first_paint)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.preferences.put("geometry", self.saveGeometry().toBase64().toStdString())
        self.stop()
        super().closeEvent(event)

    def stop(self) -> None:
        """End every process; closing the window does it."""
        for page in self._pages.values():
            page.stop()
        processes = (self.decoder, self.assessor, self.records)
        for process in processes:
            process.end_soon()
        for process in processes:
            process.stop()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        if not self.current.take(paths):
            self.open_paths(paths)

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        if not self._list_wanted_by_hand:
            wide = self.width() >= FOLD_LIST_BELOW
            self.actions_["view.list"].setChecked(wide)
            self.page.left.setVisible(wide)

    def _made(self, name: str) -> Page:
        page = self._pages[name] = making.made(name, self, self._workers)
        page.changed.connect(partial(self._know_holds, name))
        page.notice.connect(self.notice.say)
        return page

    def _make_ahead(self) -> Iterator[None]:
        """The screening page while nobody waits for it, in steps none of which holds the window up."""
        import gui.screening.page  # noqa: F401

        yield
        page = self._pages.get("screening") or self._made("screening")
        yield
        self._put(page)
        yield from making.imported_ahead()

    def _put(self, page: Page) -> None:
        if self._stack.indexOf(page) < 0:
            self._stack.addWidget(page)

    def _know_holds(self, name: str, holds: frozenset[str]) -> None:
        self._holds[name] = holds
        self._refresh()

    # The processes.

    def _after_first_paint(self) -> None:
        self.first_painted.emit()
        self._state.setText("The networks are getting ready.")
        # First in the queue: the titles of the classes are there before the first answer about a film.
        Operation(self.assessor, ("about",)).then(self._know_bundle).run()
        Operation(self.records, ("recent",)).then(self._know_recent).run()
        Operation(self.records, ("trouble",)).then(lambda told: self.notice.say(told) if told else None).run()
        self.decoder.before = warm_up
        # While nobody waits for it: the first film then finds its canvases made.
        self.decoder.ready.connect(lambda: self.page.area.pair)
        self.decoder.start()
        self.records.start()
        self.assessor.start()

    def _know_bundle(self, about: Mapping[str, object]) -> None:
        self._knows_bundle = True
        self.page.know_bundle(about)
        self._state.setText("{name} {version} · {engine} {device} {precision}".format(**about))
        if about.get("note"):
            self.notice.say(str(about["note"]))

    def _networks_ready(self) -> None:
        self.page.networks_ready()
        QTimer.singleShot(IDLE_MS, self, partial(in_turns, self._make_ahead(), self))
        if not self._knows_bundle:
            # Ready at a later try: what was asked at the start was answered with the refusal of then.
            Operation(self.assessor, ("about",)).then(self._know_bundle).run()

    def _networks_unusable(self, error: HilumError) -> None:
        self._state.setText("No networks; films can be read")
        self.notice.say(error.reason.text)
        self.page.networks_unusable(error)

    def _assessed(self, assessment: Assessment) -> None:
        bundle = assessment.bundle
        if bundle is None:
            return
        engine = " ".join(one for one in (assessment.engine, assessment.device, assessment.precision) if one)
        took = f" · {words.seconds(assessment.seconds.infer)}" if assessment.probabilities is not None else ""
        self._state.setText(f"{bundle.name} {bundle.version} · {engine}{took}")

    def _know_recent(self, paths: tuple[str, ...]) -> None:
        self._recent = paths
        self._refresh()

    # Commands of the window itself.

    def _pick(self, mode: QFileDialog.FileMode, title: str) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self.open_paths)
        dialog.open()

    def _open_recent(self) -> None:
        from gui.palette import ask_recent

        ask_recent(self._recent, lambda path: self.open_paths([path]), self)

    def _find_command(self) -> None:
        from gui.palette import ask_command

        ask_command(self.actions_, self)

    def _search(self) -> None:
        self.current.search()

    def _full_screen(self) -> None:
        if self.isFullScreen():
            self.showMaximized() if self._full_from_maximised else self.showNormal()
        else:
            self._full_from_maximised = self.isMaximized()
            self.showFullScreen()
        self.menuBar().setVisible(not self.isFullScreen())
        self.rail.setVisible(not self.isFullScreen())

    def _fold(self, name: str, panel: QWidget) -> None:
        # Who folds the panel that has the keyboard wants to go on with the film.
        self.page.area.setFocus(Qt.FocusReason.OtherFocusReason)
        self._list_wanted_by_hand = self._list_wanted_by_hand or name == "view.list"
        panel.setVisible(self.actions_[name].isChecked())

    def _shortcuts(self) -> None:
        from gui.dialogs import Shortcuts

        Shortcuts(self.actions_, self).open()

    def _about(self) -> None:
        from gui.dialogs import About

        About(self.state, self).open()

    def _lay_out(self) -> None:
        self.actions_.fill(self.menuBar())
        # In full screen the menu bar is away, and its shortcuts are to go on working.
        self.addActions([action for _command, action in self.actions_])
        self._stack.addWidget(self.page)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.rail)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self.notice)
        row.addLayout(column, 1)
        self.setCentralWidget(body)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setContentsMargins(theme.SPACE[1], 0, theme.SPACE[1], 0)
        self.statusBar().addWidget(self._state, 1)
        self.statusBar().addPermanentWidget(self._research)
        for name in ("view.list", "view.findings", "view.patient"):
            self.actions_[name].setChecked(True)

    def _wire(self) -> None:
        does = self.actions_.does
        does("file.open", lambda: self._pick(QFileDialog.FileMode.ExistingFiles, "Open files"))
        does("file.folder", lambda: self._pick(QFileDialog.FileMode.Directory, "Open a folder"))
        does("file.recent", self._open_recent)
        does("file.samples", lambda: self.open_paths(_samples()))
        does("file.quit", self.close)
        for name in making.NAMES:
            does(f"view.{name}", partial(self.go_to, name))
        for name in ("folder", "open"):
            # The command is about runs, wherever it is given; the page does the rest.
            does(f"run.{name}", lambda name=name: getattr(self.go_to("screening"), f"ask_{name}")())
        for name in ("next", "back", "open", "pause", "go-on", "keep-best"):
            does(f"training.{name}", lambda name=name: self.go_to("training").command(name))
        does("view.search", self._search)
        does("view.list", lambda: self._fold("view.list", self.page.left))
        does("view.findings", lambda: self._fold("view.findings", self.page.right))
        does("view.full", self._full_screen)
        does(
            "view.light",
            lambda: self.use_theme(theme.LIGHT if self.actions_["view.light"].isChecked() else theme.DARK),
        )
        does("film.next", lambda: self.current.step(1))
        does("film.previous", lambda: self.current.step(-1))
        does("help.palette", self._find_command)
        does("help.shortcuts", self._shortcuts)
        does("help.about", self._about)
        self.page.changed.connect(partial(self._know_holds, "reading"))
        self.page.notice.connect(self.notice.say)
        self.page.assessed.connect(self._assessed)
        for process in (self.decoder, self.assessor, self.records):
            process.died.connect(self.notice.say)
        for process in (self.decoder, self.records):
            process.unusable.connect(lambda error: self.notice.say(error.reason.text))
        self.assessor.unusable.connect(self._networks_unusable)
        self.assessor.ready.connect(self._networks_ready)

    def _refresh(self) -> None:
        front = next((name for name, page in self._pages.items() if page is self._stack.currentWidget()), "reading")
        holds = set(self._holds.get(front, ()))
        # Runs and trainings go on behind the reading page, and can be stopped from there.
        holds |= self._holds.get("screening", frozenset()) & {"running"}
        holds |= self._holds.get("training", frozenset()) & {"training", "training-resting"}
        if _samples():
            holds.add("samples")
        if self._recent:
            holds.add("recent")
        self.actions_.refresh(frozenset(holds))

    def _restore(self) -> None:
        self.resize(1366, 768)
        geometry = self.preferences.value("geometry")
        if isinstance(geometry, str):
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        for command, _action in self.actions_:
            keys = self.preferences.value(f"keys/{command.id}")
            if isinstance(keys, str):
                self.actions_.remap(command.id, keys)
        self.actions_["view.light"].setChecked(theme.tokens() is theme.LIGHT)


@functools.cache
def _samples() -> list[str]:
    """The simulated films that come with the program; what explains them is no film."""
    found = places.SAMPLES.iterdir() if places.SAMPLES.is_dir() else ()
    return sorted(str(path) for path in found if path.suffix in (".dcm", ".png"))
