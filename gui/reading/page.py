"""The reading page: the list, the film and its twin, the findings, and the two processes that serve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.errors import HilumError
from gui.operation import Operation
from gui.pages import Page
from gui.reading import placards
from gui.reading.asking import Asking
from gui.reading.film_area import FilmArea, laid_down
from gui.reading.findings import WIDTH, FindingsPanel
from gui.reading.list_panel import ListPanel
from gui.reading.meaning import Meaning, meaning_of
from gui.reading.memory import Memory, ask_forget
from gui.reading.studies import Entry
from gui.reading.verdict import VerdictPanel
from gui.services import Services

if TYPE_CHECKING:
    from core.imaging.sources import ImageRef
    from core.inference.assessment import Assessment, Maps
    from gui.widgets.film import Film

# A list is for reading; whole folders are screened.
MOST_FILMS = 500
_NOTHING_YET = "What the ensemble finds in a film appears here."


class ReadingPage(Page):
    """Opens what is chosen, shows it, asks the ensemble about it. Late answers of the film before are dropped.

    assessed(Assessment): for the status bar. left: the panel of the list; right: that of findings and verdict.
    """

    assessed = Signal(object)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        actions, decoder, assessor = services.actions, services.decoder, services.assessor
        self._services, self._actions, self._decoder = services, actions, decoder
        self.left = ListPanel(services)
        self.studies, self.list = self.left.studies, self.left.list
        self.area = FilmArea(actions, services.preferences)
        self.findings = FindingsPanel(actions)
        self.verdict = VerdictPanel(services)
        self.right = QWidget()
        self.memory = Memory(services, self.studies, self)
        self.meaning = Meaning()
        self._entry: Entry | None = None
        self._maps: Maps | None = None
        self._asking = Asking(decoder, assessor, self)
        self._opening: Operation | None = None
        self._asked_anew = False
        self._lay_out()
        self._wire()
        self.show_nothing()

    # What the window asks for.

    def open_paths(self, paths: Sequence[str]) -> None:
        """List what lies at the paths and show the first of it."""
        if not paths:
            return
        if self._opening is not None:
            # Somebody wants another film than the one that is still being decoded.
            self._opening.drop()
            self._opening = None
        if self.area.film is None:
            placards.looking(self.area.show_placard(), paths)
        Operation(self._decoder, ("find", tuple(paths), MOST_FILMS)).then(self._list).refused(self._cannot_list).run()

    def open_refs(self, refs: Sequence[ImageRef], index: int) -> None:
        """Put these films on the list and show one of them."""
        self._show_entry(self.left.add(refs)[list(dict.fromkeys(refs)).index(refs[index])])

    def networks_ready(self) -> None:
        self._asking.ready, self._asking.unusable = True, None
        if self._entry is None:
            self.findings.wait(_NOTHING_YET)
        if self._asked_anew:
            self._asked_anew = False
            Operation(self._services.assessor, ("about",)).then(self._start_anew).run()

    def know_bundle(self, about: Mapping[str, Any]) -> None:
        """What the bundle's numbers stand for; it comes before the first answer about a film."""
        meaning = meaning_of(about)
        self._put_meaning(meaning.at_site(self._services.preferences.value(f"prevalence/{meaning.bundle}")))

    def another_bundle(self) -> None:
        """What was answered so far is of the one before."""
        self._asking.ready, self._asked_anew = False, True

    def networks_unusable(self, error: HilumError) -> None:
        self._asking.ready, self._asking.unusable = False, error
        self._tell_changed()
        if self._entry is None or self.area.film is not None:
            self.findings.not_assessed("No networks", error.reason)

    def show_nothing(self) -> None:
        """The empty page: what belongs here and how to get it."""
        self._leave_film(None)
        placards.nothing_open(self.area.show_placard(), self._actions)
        if self._asking.unusable is not None:
            self.findings.not_assessed("No networks", self._asking.unusable.reason)
        else:
            self.findings.wait(_NOTHING_YET)
        self._tell_changed()

    def step(self, by: int) -> None:
        self.left.step(by)

    def search(self) -> None:
        if self.studies.entries:
            self._actions["view.list"].setChecked(True)
            self.left.show()
            self.left.search()

    def retheme(self) -> None:
        """Marks are drawn in the colours of the theme: draw them again."""
        self.findings.redraw()
        self.list.viewport().update()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        # Who listens to changed() was not there yet when the page was made.
        super().showEvent(event)
        self._tell_changed()
        self.memory.ask_again()

    # The list.

    def _list(self, found: Any) -> None:
        refs, more = found
        entries = self.left.add(refs)
        if more:
            self.notice.emit(
                f"The first {len(refs)} files are listed; a longer folder is a task for screening, not for reading."
            )
        if entries:
            self._show_entry(entries[0])
        else:
            self._show_what_was()
            self.notice.emit("There is no file in that folder.")

    def _cannot_list(self, error: HilumError) -> None:
        self.notice.emit(error.reason.text)
        self._show_what_was()

    def _show_what_was(self) -> None:
        """Nothing new is there to be shown."""
        if self._entry is None:
            self.show_nothing()
        elif self.area.film is None:
            self._open(self._entry)

    def _take_off(self, entries: Sequence[Entry]) -> None:
        """Take films off the list; when the one that is shown goes, the next one is shown."""
        following = self.left.remove(entries)
        if self._entry not in entries:
            self._tell_changed()
        elif following is not None:
            self._show_entry(following)
        else:
            self.left.go_to(None)
            self.show_nothing()

    def _ask_forget(self) -> None:
        entry = self._entry
        if entry is not None:
            ask_forget(entry.who, len(self.memory.of_study(entry)), self, lambda: self.memory.forget(entry))

    def _forgotten(self, entries: Sequence[Entry]) -> None:
        self._take_off(entries)
        self.notice.emit("The study is forgotten.")

    # The film.

    def _show_entry(self, entry: Entry) -> None:
        self.left.go_to(entry)
        is_there = self._opening is not None or self.area.film is not None
        if entry is not self._entry or not is_there:
            self._open(entry)

    def _open(self, entry: Entry) -> None:
        self._leave_film(entry)
        self.left.glances.hold()
        placards.opening(self.area.show_placard(patient=True), entry)
        self.findings.wait("The film is being opened.")
        opening = Operation(self._decoder, ("open", entry.ref), key=entry.ref).through(laid_down)
        self._opening = opening.then(self._show_film).refused(self._explain).run()
        self._tell_changed()

    def _leave_film(self, entry: Entry | None) -> None:
        """What was asked of the film before is no longer wanted."""
        if self._opening is not None:
            self._opening.drop()
            self._opening = None
        self._entry, self._maps = entry, None
        self._asking.about(entry.ref if entry is not None else None)
        self.verdict.about(None, None, self.meaning.titles, self.meaning.classes)

    def _show_film(self, shown: Film) -> None:
        entry, self._opening = self._entry, None
        if entry is None:
            return
        radiograph = shown.radiograph
        entry.state, entry.facts, entry.reason, entry.read = "opened", radiograph.facts, None, True
        entry.sha256 = radiograph.sha256
        self.studies.touch(entry)
        self.area.show_film(shown)
        self.area.remark("")
        self.memory.note_read(entry)
        self._tell_verdict()
        self._asking.ask()

    def _explain(self, error: HilumError) -> None:
        """The file cannot be shown: what, why, what now."""
        entry, self._opening = self._entry, None
        if entry is None:
            return
        self.left.mark_unread(entry, error)
        placards.cannot_show(self.area.show_placard(), self._actions, entry, error)
        self.findings.wait("There is no film to assess.")
        self.left.glances.go_on()
        self._tell_changed()

    # The ensemble.

    def _await(self) -> None:
        """An answer is on its way: what stood here before is no longer true of this film."""
        if self._entry is not None:
            self._entry.assessment, self._entry.finding = None, ""
            self.studies.touch(self._entry)
        self._maps = None
        self.area.put_maps(None, "", self.meaning.title)
        sentence = "The ensemble is asked." if self._asking.ready else "The networks are getting ready."
        self.findings.wait(sentence, "" if self._asking.ready else "The film can be read meanwhile.")
        self.area.remark(sentence)
        self._tell_verdict()
        self._tell_changed()

    def _show_assessment(self, assessment: Assessment, maps: Maps | None) -> None:
        entry = self._entry
        if entry is None:
            return
        entry.assessment, self._maps = assessment, maps
        self._say_finding(entry)
        self._show_findings(entry)
        self.area.remark("" if maps is not None else "No heatmap: the film was not assessed.")
        self.area.put_maps(maps, assessment.finding or "", self.meaning.title)
        self.findings.choose(assessment.finding or "")
        self._tell_verdict()
        self.assessed.emit(assessment)
        self._tell_changed()

    def _show_findings(self, entry: Entry) -> None:
        if entry.assessment is not None:
            maps = self._maps
            speaks = (
                {name for name, values in zip(maps.classes, maps.values, strict=True) if float(values.max()) > 0}
                if maps is not None
                else set()
            )
            self.findings.show_assessment(entry.assessment, self.meaning, entry.facts, speaks)

    def _say_finding(self, entry: Entry) -> None:
        probabilities = entry.assessment.probabilities if entry.assessment is not None else None
        entry.finding = self.meaning.finding(probabilities) if probabilities else ""
        self.studies.touch(entry)

    def _put_meaning(self, meaning: Meaning) -> None:
        """The numbers stand for something else: say them again."""
        self.meaning = meaning
        for entry in self.studies.entries:
            self._say_finding(entry)
        self.memory.put_meaning(meaning)
        if self._entry is not None and self._entry.assessment is not None:
            chosen = self.area.chosen
            self._show_findings(self._entry)
            self.findings.choose(chosen)
        self._tell_verdict()

    def _prefer(self, name: str) -> None:
        """A preference has changed."""
        if name == f"prevalence/{self.meaning.bundle}":
            self._put_meaning(self.meaning.at_site(self._services.preferences.value(name)))
        elif name == f"point/{self.meaning.bundle}":
            self._asked_anew = True

    def _start_anew(self, about: Mapping[str, Any]) -> None:
        """Another operating point or bundle is in use: earlier answers were given under the one before."""
        for entry in self.studies.entries:
            entry.assessment = None
        self.know_bundle(about)
        if self.area.film is not None:
            self._asking.ask()

    def _not_assessed(self, error: HilumError) -> None:
        has_networks = self._asking.unusable is None
        self.findings.not_assessed("Not assessed" if has_networks else "No networks", error.reason)
        self.area.remark("No heatmap: the film was not assessed.")
        self.left.glances.go_on()

    def _declare(self, **changes: Any) -> None:
        """Corrections change what the networks see, and the picture follows."""
        if self.area.film is None:
            return
        self._asking.declare(**changes)
        self.area.correct(self._asking.corrections)
        self._asking.ask()

    def _try_again(self) -> None:
        if self._entry is not None and self.area.film is None:
            self._open(self._entry)
        else:
            self._asking.ask_again()

    # The reader's verdict, and what is remembered.

    def _tell_verdict(self) -> None:
        entry = self._entry if self.area.film is not None else None
        study = self.memory.study(entry) if entry is not None else None
        assessment = entry.assessment if entry is not None else None
        self.verdict.about(study, assessment, self.meaning.titles, self.meaning.classes)

    def _take_verdict(self, known: Any) -> None:
        if self._entry is not None:
            self.memory.take(self._entry, known)
        self._tell_changed()

    # How it hangs together.

    def _wire(self) -> None:
        self.left.chosen.connect(self._show_entry)
        self.left.known.connect(self.memory.ask)
        self.left.left.connect(lambda: self.area.setFocus(Qt.FocusReason.OtherFocusReason))
        self.memory.forgotten.connect(self._forgotten)
        self.memory.notice.connect(self.notice)
        self.verdict.given.connect(self._take_verdict)
        self.verdict.notice.connect(self.notice)
        self.verdict.changed.connect(self._tell_changed)
        self.findings.chosen.connect(self.area.choose)
        self.findings.overridden.connect(self._asking.ask)
        self._asking.begun.connect(self._await)
        self._asking.settled.connect(self.left.glances.go_on)
        self._asking.answered.connect(self._show_assessment)
        self._asking.failed.connect(self._not_assessed)
        self.area.finding.connect(self.findings.choose)
        self._services.preferences.changed.connect(self._prefer)
        does: Callable[[str, Callable[[], object]], None] = self._actions.does
        does("file.close", lambda: self._take_off([self._entry] if self._entry is not None else []))
        does("file.forget", self._ask_forget)
        does("findings.assess", self._try_again)
        does("findings.override", self.findings.ask_override)
        does("findings.negative", lambda: self._declare(negative=self._actions["findings.negative"].isChecked()))
        does("findings.mirrored", lambda: self._declare(mirrored=self._actions["findings.mirrored"].isChecked()))
        does("findings.turned", lambda: self._declare(turned=(self._asking.corrections.turned + 90) % 360))

    def _tell_changed(self) -> None:
        """Which commands make sense, and how the checkable ones stand."""
        film = self.area.film
        shown = self._entry if film is not None else None
        assessment = shown.assessment if shown is not None else None
        holds = {
            "reading": True,
            "list": bool(self.studies.entries),
            "film": shown is not None,
            "presets": film is not None and len(film.radiograph.voi) > 1,
            "networks": shown is not None or (self._entry is not None and self._entry.state == "failed"),
            "map": assessment is not None and assessment.probabilities is not None,
            "gate": assessment is not None and assessment.status == "refused",
            "verdict": shown is not None and self.verdict.holds,
        }
        corrections = self._asking.declares
        self._actions["findings.negative"].setChecked(corrections is not None and corrections.negative)
        self._actions["findings.mirrored"].setChecked(corrections is not None and corrections.mirrored)
        self.changed.emit(frozenset(word for word, is_so in holds.items() if is_so))

    def _lay_out(self) -> None:
        self.right.setFixedWidth(WIDTH)
        column = QVBoxLayout(self.right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self.findings, 1)
        column.addWidget(self.verdict)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.left)
        row.addWidget(self.area, 1)
        row.addWidget(self.right)
