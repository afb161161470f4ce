"""The window: menus, the page, the notice line, the status bar; and the two processes behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QVBoxLayout, QWidget

from core import places
from core.errors import HilumError
from gui import theme
from gui.commands import Actions
from gui.operation import Operation
from gui.process import Process
from gui.reading import words
from gui.reading.page import ReadingPage
from gui.widgets.film import warm_up
from gui.widgets.labels import plain
from gui.widgets.notice import Notice

if TYPE_CHECKING:
    from core.inference.assessment import Assessment

DECODER: Final = "core.imaging.desk:serve"
ASSESSOR: Final = "core.inference.worker:serve"
# dicom.md section 6: what one file may cost before its process is ended.
DECODE_SECONDS, DECODE_BYTES = 20.0, 3 * 2**30
# The list folds by itself where it would leave too little for the films.
FOLD_LIST_BELOW = 1100
RESEARCH_USE: Final = "Research use. Not a medical device."


class Window(QMainWindow):
    """One window of Hilum. first_painted() is emitted once; the processes start after it.

    workers: other modules for "decoder" and "assessor", for tests.
    """

    first_painted = Signal()

    def __init__(self, workers: Mapping[str, str] | None = None, settings: QSettings | None = None) -> None:
        super().__init__()
        workers = workers or {}
        self._settings = settings
        self.setWindowTitle("Hilum")
        self.setMinimumSize(720, 480)
        self.setAcceptDrops(True)
        self.decoder = Process(
            "decoder",
            workers.get("decoder", DECODER),
            seconds=DECODE_SECONDS,
            memory_bytes=DECODE_BYTES,
            parent=self,
        )
        self.assessor = Process("engine", workers.get("assessor", ASSESSOR), parent=self)
        self.actions_ = Actions(self)
        self.actions_.refresh(self._always())
        self.page = ReadingPage(self.actions_, self.decoder, self.assessor)
        self.notice = Notice()
        self._state = plain("", "quiet")
        self._research = plain(RESEARCH_USE, "quiet")
        self._painted = self._knows_bundle = False
        self._full_from_maximised = False
        self._list_wanted_by_hand = False
        self._lay_out()
        self._wire()
        self._restore()

    def open_paths(self, paths: Sequence[str]) -> None:
        """List files, folders and archives and show the first film."""
        self.page.open_paths(paths)

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
        self.actions_["view.light"].setChecked(chosen is theme.LIGHT)
        self.page.retheme()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # Behind this paint, so that the reader sees the window before anything else is loaded.
            QTimer.singleShot(0, self._after_first_paint)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self._remember()
        self.stop()
        super().closeEvent(event)

    def stop(self) -> None:
        """End both processes; closing the window does it."""
        for process in (self.decoder, self.assessor):
            process.end_soon()
        for process in (self.decoder, self.assessor):
            process.stop()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.open_paths(paths)

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        if not self._list_wanted_by_hand:
            wide = self.width() >= FOLD_LIST_BELOW
            self.actions_["view.list"].setChecked(wide)
            self.page.left.setVisible(wide)

    def _after_first_paint(self) -> None:
        self.first_painted.emit()
        self._state.setText("The networks are getting ready.")
        # First in the queue: the titles of the classes are there before the first answer about a film.
        Operation(self.assessor, ("about",)).then(self._know_bundle).run()
        self.decoder.before = warm_up
        self.decoder.start()
        self.assessor.start()

    def _know_bundle(self, about: Mapping[str, object]) -> None:
        self._knows_bundle = True
        self.page.know_bundle(about)
        self._state.setText("{name} {version} · {engine} {device} {precision}".format(**about))
        if about.get("note"):
            self.notice.say(str(about["note"]))

    def _networks_ready(self) -> None:
        self.page.networks_ready()
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

    def _always(self) -> frozenset[str]:
        return frozenset({"samples"}) if _samples() else frozenset()

    def _open_files(self) -> None:
        self._pick(QFileDialog.FileMode.ExistingFiles, "Open files")

    def _open_folder(self) -> None:
        self._pick(QFileDialog.FileMode.Directory, "Open a folder")

    def _pick(self, mode: QFileDialog.FileMode, title: str) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self.open_paths)
        dialog.open()

    def _full_screen(self) -> None:
        if self.isFullScreen():
            self.showMaximized() if self._full_from_maximised else self.showNormal()
        else:
            self._full_from_maximised = self.isMaximized()
            self.showFullScreen()
        self.menuBar().setVisible(not self.isFullScreen())

    def _fold(self, name: str, panel: QWidget) -> None:
        # Who folds the panel that has the keyboard wants to go on with the film.
        self.page.area.film_canvas.setFocus(Qt.FocusReason.OtherFocusReason)
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
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.page, 1)
        column.addWidget(self.notice)
        self.setCentralWidget(body)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setContentsMargins(theme.SPACE[1], 0, theme.SPACE[1], 0)
        self.statusBar().addWidget(self._state, 1)
        self.statusBar().addPermanentWidget(self._research)
        for name in ("view.list", "view.findings"):
            self.actions_[name].setChecked(True)

    def _wire(self) -> None:
        does = self.actions_.does
        does("file.open", self._open_files)
        does("file.folder", self._open_folder)
        does("file.samples", lambda: self.open_paths(_samples()))
        does("file.quit", self.close)
        does("view.list", lambda: self._fold("view.list", self.page.left))
        does("view.findings", lambda: self._fold("view.findings", self.page.findings))
        does("view.full", self._full_screen)
        does(
            "view.light",
            lambda: self.use_theme(theme.LIGHT if self.actions_["view.light"].isChecked() else theme.DARK),
        )
        does("help.shortcuts", self._shortcuts)
        does("help.about", self._about)
        self.page.changed.connect(self._refresh)
        self.page.notice.connect(self.notice.say)
        self.page.assessed.connect(self._assessed)
        self.decoder.died.connect(self.notice.say)
        self.assessor.died.connect(self.notice.say)
        self.decoder.unusable.connect(lambda error: self.notice.say(error.reason.text))
        self.assessor.unusable.connect(self._networks_unusable)
        self.assessor.ready.connect(self._networks_ready)

    def _refresh(self, holds: frozenset[str]) -> None:
        self.actions_.refresh(holds | self._always())

    def _restore(self) -> None:
        self.resize(1366, 768)
        if self._settings is None:
            return
        geometry = self._settings.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        self.actions_["view.light"].setChecked(theme.tokens() is theme.LIGHT)

    def _remember(self) -> None:
        if self._settings is not None:
            self._settings.setValue("geometry", self.saveGeometry())
            self._settings.setValue("theme", theme.tokens().name)


def _samples() -> list[str]:
    """The simulated films that come with the program; what explains them is no film."""
    if not places.SAMPLES.is_dir():
        return []
    return sorted(str(path) for path in places.SAMPLES.iterdir() if path.suffix in (".dcm", ".png"))
