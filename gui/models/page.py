"""The models page: the shelf on the left, one bundle beside it."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.errors import HilumError, Reason
from core.models.state import BundleRow, LegacyTaken, Shelf, Verified
from gui.models.detail import Detail
from gui.models.importing import ImportPage
from gui.models.parts import scrolled
from gui.models.shelf import ShelfPanel
from gui.models.watch import Watch
from gui.pages import Page
from gui.services import Services
from gui.widgets.stack import Stack

SERVE: Final = "core.models.desk:serve"
_KERAS: Final = (".h5", ".keras", ".hdf5")
_BUSY: Final = "Something else is going on here; do that when it is done."
_FRESH: Final = "It is on the shelf, and not in use yet."


class ModelsPage(Page):
    """put_into_use(): another bundle is in use now, and the assessor was started again with it."""

    put_into_use = Signal()

    def __init__(self, services: Services, serve: str = SERVE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.watch = Watch(serve, self)
        self.shelf: Shelf | None = None
        self._key = self._trash = ""
        self.panel = ShelfPanel()
        self.detail = Detail(self.watch)
        self._import: tuple[ImportPage, QWidget] | None = None
        self._body, self._blank = Stack(), QWidget()
        self._lay_out()
        self._wire()

    @property
    def importing(self) -> ImportPage:
        """The form for a Keras file, made when it is first wanted."""
        if self._import is None:
            form = ImportPage(self.watch)
            form.made.connect(self._imported)
            form.closed.connect(lambda: self.choose(self._key))
            self._import = form, scrolled(form, "Import a Keras file")
            self._body.addWidget(self._import[1])
        return self._import[0]

    def refresh(self) -> None:
        """Ask for the shelf as it is now."""
        self.watch.ask(("shelf",), self._show_shelf, lambda error: self.panel.say(error.reason.text))

    def choose(self, key: str) -> None:
        """Show a bundle."""
        row = self._row(key)
        if row is not None and self.shelf is not None:
            self._key = key
            self.panel.mark(key)
            self.detail.show_bundle(row, self.shelf.bundles)
            self._body.setCurrentWidget(self.detail)

    def promote(self) -> None:
        """Put the bundle that is shown into use, proven on this PC first."""
        self.detail.say("The bundle is being proven on this PC.")
        self.watch.ask(("promote", self._key, self._who()), self._promoted, self._not_done)

    def roll_back(self) -> None:
        """Put the bundle into use that was in use before."""
        self.watch.ask(("rollback", self._who()), self._promoted, self._not_done)

    def verify(self) -> None:
        """Prove the bundle that is shown on every engine of this PC."""
        row = self.detail.row

        def done(found: Verified) -> None:
            if self.detail.row == row:
                self.detail.show_verified(found)

        began = self.watch.begin(("verify", self._key), done, self._failed)
        self.detail.say("The bundle is being proven on every engine of this PC." if began else _BUSY)

    def remove(self) -> None:
        """Move the bundle that is shown into the trash."""
        row = self.detail.row
        if row is not None:
            self.watch.ask(("remove", row.key), lambda place: self._removed(row, place), self._not_done)

    def add_bundle(self, path: str) -> None:
        """Copy a bundle onto the shelf: its folder or its .hilum file."""
        if self.watch.begin(("import", path), self._made, self._failed):
            self.panel.working.begin("The bundle is being checked and copied.")
        else:
            self.notice.emit(_BUSY)

    def import_keras(self, path: str) -> None:
        """Show what a Keras file holds, and ask for what it does not say."""
        form = self.importing
        assert self._import is not None
        self._body.setCurrentWidget(self._import[1])
        form.open_file(path)

    def export(self, path: str) -> None:
        """Write the bundle that is shown as one file."""
        self.watch.ask(("export", self._key, path), lambda where: self.notice.emit(f"Written to {where}."))

    def take(self, paths: list[str]) -> bool:
        """A .hilum file or a Keras file that was dropped here; films are for the reading page."""
        name = paths[0].lower() if len(paths) == 1 else ""
        if name.endswith(".hilum"):
            self.add_bundle(paths[0])
        elif name.endswith(_KERAS):
            self.import_keras(paths[0])
        else:
            return False
        return True

    def step(self, by: int) -> None:
        """The next or the previous bundle."""
        keys = list(self.panel.lines)
        if self._key in keys:
            self.choose(keys[max(0, min(len(keys) - 1, keys.index(self._key) + by))])

    def retheme(self) -> None:
        self.detail.retheme()

    def stop(self) -> None:
        self.watch.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        # A training or the command line may have put something onto the shelf.
        self.refresh()

    # Answers.

    def _show_shelf(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.panel.show_shelf(shelf)
        if self._row(self._key) is None:
            keys = [row.key for row in shelf.bundles if row.in_use] or [row.key for row in shelf.bundles]
            self._key = keys[0] if keys else ""
        if self._import is not None and self._body.currentWidget() is self._import[1]:
            self.panel.mark(self._key)
        elif self._key:
            self.choose(self._key)
        else:
            self._body.setCurrentWidget(self._blank)
            self.panel.say("There is no bundle on this PC. Add one, or import a Keras file.")

    def _promoted(self, shelf: Shelf) -> None:
        self.detail.say("")
        self._show_shelf(shelf)
        now = next((row for row in shelf.bundles if row.in_use), None)
        if now is not None:
            self.choose(now.key)
            self.notice.emit(f"{now.name} {now.version} is in use now; the networks start again with it.")
        points = self._services.preferences.under("point")
        self._services.assessor.renew({"operating_points": points} if points else None)
        self.put_into_use.emit()

    def _removed(self, row: BundleRow, place: str) -> None:
        self._trash = place
        self.panel.offer_undo(f"{f'{row.name} {row.version}'.strip()} is in the trash.")
        self.refresh()

    def _take_back(self) -> None:
        def taken_back(shelf: Shelf) -> None:
            self.panel.offer_undo("")
            self._show_shelf(shelf)

        self.watch.ask(("restore", self._trash), taken_back, self._not_done)

    def _imported(self, taken: LegacyTaken) -> None:
        self._made(
            taken.digest,
            f"Its OpenVINO form gives the Keras file's probabilities within {taken.probability:.1e} on {taken.images} "
            f"simulated films. {_FRESH}",
        )

    def _made(self, digest: str, said: str = _FRESH) -> None:
        def shown(shelf: Shelf) -> None:
            self._show_shelf(shelf)
            self.detail.go_to("card")
            self.detail.say(said)

        self.panel.working.hide()
        self._key = digest
        self._body.setCurrentWidget(self.detail)
        self.watch.ask(("shelf",), shown)

    def _not_done(self, error: HilumError) -> None:
        self._failed(error.reason)

    def _failed(self, reason: Reason | None) -> None:
        self.panel.working.hide()
        self.detail.say(reason.text if reason is not None else "Stopped; nothing was changed.")

    def _row(self, key: str) -> BundleRow | None:
        rows = self.shelf.bundles if self.shelf is not None else ()
        return next((row for row in rows if row.key == key), None)

    def _who(self) -> str | None:
        """The reader's initials; None: the account's name."""
        return self._services.preferences.value("reader") or None

    # Questions.

    def _ask_bundle(self) -> None:
        self._pick("Add a bundle", "Bundles (*.hilum bundle.json)", self._add_file)

    def _add_file(self, path: str) -> None:
        # A folder is chosen by the description in it: one dialog serves both.
        self.add_bundle(path.removesuffix("/bundle.json"))

    def _ask_keras(self) -> None:
        self._pick("Import a Keras file", "Keras models (*.h5 *.keras *.hdf5)", self.import_keras)

    def _ask_export(self) -> None:
        row = self.detail.row
        if row is None:
            return
        dialog = QFileDialog(self.window(), "Export as one file", f"{row.name}-{row.version}.hilum", "Bundle (*.hilum)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("hilum")
        _open(dialog, self.export)

    def _pick(self, title: str, kinds: str, then: Any) -> None:
        dialog = QFileDialog(self.window(), title, "", kinds)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        _open(dialog, then)

    # How it hangs together.

    def _wire(self) -> None:
        self.watch.refused.connect(self._not_done)
        self.watch.process.died.connect(self.notice)
        self.watch.process.unusable.connect(lambda error: self.panel.say(error.reason.text))
        self.panel.chosen.connect(self.choose)
        self.panel.add.connect(self._ask_bundle)
        self.panel.keras.connect(self._ask_keras)
        self.panel.back.connect(self.roll_back)
        self.panel.undo.connect(self._take_back)
        self.panel.working.stopped.connect(self.watch.stop_work)
        self.detail.promote.connect(self.promote)
        self.detail.verify.connect(self.verify)
        self.detail.export.connect(self._ask_export)
        self.detail.remove.connect(self.remove)
        self.detail.made.connect(self._made)

    def _lay_out(self) -> None:
        for widget in (self._blank, self.detail):
            self._body.addWidget(widget)
        body = QWidget()
        body.setProperty("panel", True)
        inner = QVBoxLayout(body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self._body)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.panel)
        row.addWidget(body, 1)


def _open(dialog: QFileDialog, then: Any) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(then)
    dialog.open()
