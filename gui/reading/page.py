"""The reading page: the list, the film and its twin, the findings, and the two processes that serve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.errors import HilumError, ImageRefused
from core.imaging.geometry import MIRROR, UPRIGHT, clockwise
from gui import theme
from gui.operation import Operation
from gui.pages import Page
from gui.reading import words
from gui.reading.asking import Asking
from gui.reading.film_area import FilmArea
from gui.reading.findings import FindingsPanel
from gui.reading.studies import WIDTH, Entry, Studies, StudyList
from gui.services import Services
from gui.widgets.film import Film, film
from gui.widgets.labels import plain

if TYPE_CHECKING:
    from core.imaging.sources import ImageRef
    from core.inference.assessment import Assessment, Maps

# A list is for reading; whole folders are screened.
MOST_FILMS = 500
_WHAT_NOW = {
    "refused": "Trying again gives the same answer. The other films on the list are not affected.",
    "failed": "Trying again may help.",
    "worker-died": "It was tried twice and is not tried again. The other films are not affected.",
}
_NOTHING_YET = "What the ensemble finds in a film appears here."


class ReadingPage(Page):
    """Opens what is chosen, shows it, asks the ensemble about it. Late answers of the film before are dropped.

    assessed(Assessment): for the status bar.
    """

    assessed = Signal(object)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        actions, decoder, assessor = services.actions, services.decoder, services.assessor
        self._services, self._actions, self._decoder = services, actions, decoder
        self.studies = Studies(self)
        self.list = StudyList(self.studies)
        self.area = FilmArea(actions)
        self.findings = FindingsPanel(actions)
        self._count = plain("", "label")
        self._entry: Entry | None = None
        self._asking = Asking(decoder, assessor, self)
        self._opening: Operation | None = None
        self._lay_out()
        self._wire()
        self.show_nothing()

    # What the window asks for.

    def open_paths(self, paths: Sequence[str]) -> None:
        """List what lies at the paths and show the first of it."""
        if not paths:
            return
        if not self.studies.entries:
            self.area.show_placard().say("Looking for films", "\n".join(_named(paths)), busy=True)
        Operation(self._decoder, ("find", tuple(paths), MOST_FILMS)).then(self._list).refused(self._cannot_list).run()

    def open_refs(self, refs: Sequence[ImageRef], index: int) -> None:
        """Put these films on the list and show one of them."""
        self._list((refs, False))
        self._go_to(self.studies.entries.index(next(one for one in self.studies.entries if one.ref == refs[index])))

    def networks_ready(self) -> None:
        self._asking.ready, self._asking.unusable = True, None
        if self._entry is None:
            self.findings.wait(_NOTHING_YET)

    def know_bundle(self, about: Mapping[str, Any]) -> None:
        """The titles of the classes; they come before the first answer about a film."""
        self._asking.titles = dict(about["titles"])

    def networks_unusable(self, error: HilumError) -> None:
        self._asking.ready, self._asking.unusable = False, error
        self._tell_changed()
        if self._entry is None or self.area.view.film is not None:
            self.findings.not_assessed("No networks", error.reason)

    def show_nothing(self) -> None:
        """The empty page: what belongs here and how to get it."""
        self._entry = None
        self._asking.about(None)
        buttons = [self._actions.push(name) for name in ("file.open", "file.folder")]
        if self._actions["file.samples"].isEnabled():
            buttons.append(self._actions.push("file.samples"))
        self.area.show_placard().say(
            "No film is open",
            "Drop frontal chest radiographs here: DICOM, PNG, JPEG or TIFF files, folders, or a ZIP of them.",
            hint="Nothing leaves this PC.",
            buttons=buttons,
        )
        if self._asking.unusable is not None:
            self.findings.not_assessed("No networks", self._asking.unusable.reason)
        else:
            self.findings.wait(_NOTHING_YET)
        self._tell_changed()

    def retheme(self) -> None:
        """Marks are drawn in the colours of the theme: draw them again."""
        self.findings.redraw()
        self.list.viewport().update()

    # The list.

    def _list(self, found: Any) -> None:
        refs, more = found
        entries = self.studies.add(refs)
        if more:
            self.notice.emit(
                f"The first {len(refs)} files are listed; a longer folder is a task for screening, not for reading."
            )
        for entry in entries:
            if entry.state == "listed" and entry.facts is None:
                describing = Operation(self._decoder, ("describe", entry.ref), key=entry.ref, urgent=False)
                describing.then(partial(self._describe, entry)).refused(partial(self._mark_unread, entry)).run()
        self._count.setText(f"{len(self.studies.entries)} films" if len(self.studies.entries) != 1 else "1 film")
        if entries:
            self._go_to(self.studies.entries.index(entries[0]))
        elif not self.studies.entries:
            self.show_nothing()
            self.notice.emit("There is no file in that folder.")

    def _cannot_list(self, error: HilumError) -> None:
        self.notice.emit(error.reason.text)
        if not self.studies.entries:
            self.show_nothing()

    def _describe(self, entry: Entry, description: Any) -> None:
        entry.facts = description.facts
        if description.status in ("refused", "failed"):
            entry.state = description.status
            entry.reason = description.reasons[0] if description.reasons else None
        self.studies.touch(entry)

    def _mark_unread(self, entry: Entry, error: HilumError) -> None:
        entry.state = "refused" if isinstance(error, ImageRefused) else "failed"
        entry.reason = error.reason
        self.studies.touch(entry)

    def _go_to(self, row: int) -> None:
        if 0 <= row < len(self.studies.entries):
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            index = self.studies.index(row)
            self.list.selectionModel().setCurrentIndex(index, flags)
            self.list.scrollTo(index)

    def step(self, by: int) -> None:
        self._go_to(self.list.currentIndex().row() + by)

    def _close_current(self) -> None:
        row = self.list.currentIndex().row()
        if row < 0:
            return
        self.studies.remove(row)
        self._count.setText(f"{len(self.studies.entries)} films")
        if self.studies.entries:
            self._show_entry(self.studies.entries[min(row, len(self.studies.entries) - 1)])
        else:
            self._count.setText("")
            self.show_nothing()

    # The film.

    def _show_entry(self, entry: Entry) -> None:
        if self._opening is not None:
            self._opening.drop()
        self._entry = entry
        self._asking.about(entry.ref)
        self.area.show_placard().say(f"Opening {entry.ref.name}", "Decoding the file", busy=True)
        self.findings.wait("The film is being opened.")
        opening = Operation(self._decoder, ("open", entry.ref), key=entry.ref).through(film)
        self._opening = opening.then(self._show_film).refused(self._explain).run()
        self._tell_changed()

    def _show_film(self, shown: Film) -> None:
        entry = self._entry
        if entry is None:
            return
        entry.state, entry.facts, entry.reason = "opened", shown.radiograph.facts, None
        self.studies.touch(entry)
        self.area.show_film(shown)
        self.area.remark("", sides=shown.radiograph.sides)
        self._asking.ask()

    def _explain(self, error: HilumError) -> None:
        """The file cannot be shown: what, why, what now."""
        entry = self._entry
        if entry is None:
            return
        self._mark_unread(entry, error)
        mark = words.REFUSED if entry.state == "refused" else words.FAILED
        self.area.show_placard().say(
            f"{mark.word}: {entry.ref.name}",
            error.reason.text,
            mark=mark.icon,
            token=mark.token,
            hint=_WHAT_NOW.get(error.code, _WHAT_NOW[entry.state]),
            buttons=[self._actions.push("findings.assess")] if _may_help(error) else [],
        )
        self.findings.wait("There is no film to assess.")
        self._tell_changed()

    # The ensemble.

    def _await(self) -> None:
        """An answer is on its way: what stood here before is no longer true of this film."""
        if self._entry is not None:
            self._entry.assessment, self._entry.finding = None, ""
            self.studies.touch(self._entry)
        self.area.put_maps(None, "", self._asking.title)
        sentence = "The ensemble is asked." if self._asking.ready else "The networks are getting ready."
        self.findings.wait(sentence, "" if self._asking.ready else "The film can be read meanwhile.")
        self.area.remark(sentence)
        self._tell_changed()

    def _show_assessment(self, assessment: Assessment, maps: Maps | None) -> None:
        entry = self._entry
        if entry is None:
            return
        entry.assessment = assessment
        finding = assessment.finding or ""
        if assessment.probabilities is not None and finding:
            entry.finding = f"{self._asking.title(finding)} {words.probability(assessment.probabilities[finding])}"
        self.studies.touch(entry)
        self.findings.show_assessment(assessment, self._asking.titles, entry.facts)
        self.area.remark("" if maps is not None else "No heatmap: the film was not assessed.")
        self.area.put_maps(maps, finding, self._asking.title)
        self.findings.choose(finding)
        self.assessed.emit(assessment)
        self._tell_changed()

    def _not_assessed(self, error: HilumError) -> None:
        has_networks = self._asking.unusable is None
        self.findings.not_assessed("Not assessed" if has_networks else "No networks", error.reason)
        self.area.remark("No heatmap: the film was not assessed.")

    def _declare(self, **changes: Any) -> None:
        """Corrections change what the networks see, and the picture follows."""
        if self.area.view.film is None:
            return
        self._asking.declare(**changes)
        corrections = self._asking.corrections
        turn = clockwise(corrections.turned).then(MIRROR if corrections.mirrored else UPRIGHT)
        self.area.view.turned(turn)
        self.area.view.invert(corrections.negative)
        self._asking.ask()

    def _try_again(self) -> None:
        if self._entry is not None and self.area.view.film is None:
            self._show_entry(self._entry)
        else:
            self._asking.ask_again()

    # How it hangs together.

    def _wire(self) -> None:
        self.list.selectionModel().currentChanged.connect(
            lambda now, _before: self._show_entry(self.studies.entries[now.row()]) if now.isValid() else None
        )
        self.findings.chosen.connect(self.area.choose)
        self.findings.overridden.connect(self._asking.ask)
        self._asking.begun.connect(self._await)
        self._asking.answered.connect(self._show_assessment)
        self._asking.failed.connect(self._not_assessed)
        self.area.finding.connect(self.findings.choose)
        does: Callable[[str, Callable[[], object]], None] = self._actions.does
        does("file.close", self._close_current)
        does("findings.assess", self._try_again)
        does("findings.override", self.findings.ask_override)
        does("findings.negative", lambda: self._declare(negative=self._actions["findings.negative"].isChecked()))
        does("findings.mirrored", lambda: self._declare(mirrored=self._actions["findings.mirrored"].isChecked()))
        does("findings.turned", lambda: self._declare(turned=(self._asking.corrections.turned + 90) % 360))

    def _tell_changed(self) -> None:
        """Which commands make sense, and how the checkable ones stand."""
        self._empty.setVisible(not self.studies.entries)
        shown = self._entry if self.area.view.film is not None else None
        assessment = shown.assessment if shown is not None else None
        holds = {
            "reading": True,
            "list": bool(self.studies.entries),
            "film": shown is not None,
            "networks": shown is not None or (self._entry is not None and self._entry.state == "failed"),
            "map": assessment is not None and assessment.probabilities is not None,
            "gate": assessment is not None and assessment.status == "refused",
        }
        corrections = self._asking.declares
        self._actions["findings.negative"].setChecked(corrections is not None and corrections.negative)
        self._actions["findings.mirrored"].setChecked(corrections is not None and corrections.mirrored)
        self.changed.emit(frozenset(word for word, is_so in holds.items() if is_so))

    def _lay_out(self) -> None:
        self.left = QWidget()
        self.left.setProperty("panel", True)
        self.left.setFixedWidth(WIDTH)
        column = QVBoxLayout(self.left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(theme.SPACE[2], theme.SPACE[3], theme.SPACE[2], theme.SPACE[1])
        head.addWidget(plain("STUDIES", "label"), 1)
        head.addWidget(self._count, 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(head)
        self._empty = plain("Films that you open are listed here.", "quiet", wrap=True)
        self._empty.setContentsMargins(theme.SPACE[2], 0, theme.SPACE[2], 0)
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.left)
        row.addWidget(self.area, 1)
        row.addWidget(self.findings)


def _may_help(error: HilumError) -> bool:
    return not isinstance(error, ImageRefused) and error.code != "worker-died"


def _named(paths: Sequence[str]) -> list[str]:
    return [*paths[:3], *(["…"] if len(paths) > 3 else [])]
