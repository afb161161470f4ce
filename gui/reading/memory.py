"""What the record keeper knows of the films on the list, and what it is told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from core.records.verdict import FilmMark, Known, Study, study_of
from gui.operation import Operation
from gui.reading import words
from gui.reading.meaning import Meaning
from gui.reading.studies import Entry, Studies
from gui.services import Services

if TYPE_CHECKING:
    from PySide6.QtGui import QImage


class Memory(QObject):
    """Puts what is known into the entries. Names and pictures are told only if the reader wants it.

    forgotten(tuple of Entry): what was kept of these films is erased. notice(str): a sentence for the notice line.
    """

    forgotten = Signal(object)
    notice = Signal(str)

    def __init__(self, services: Services, studies: Studies, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records, self._preferences, self._studies = services.records, services.preferences, studies
        self._meaning = Meaning()
        self._without_picture: set[Entry] = set()
        self._records.ready.connect(self._ask_trouble)

    def ask(self, entry: Entry) -> None:
        """Ask whether a film that was looked at was read before, and what was said of it."""
        mark = mark_of(entry)
        if mark is not None:
            asking = Operation(self._records, ("known", (mark,)), urgent=False)
            asking.then(partial(self._know, entry, mark)).run()
        if entry in self._without_picture and entry.small is not None:
            self.note_read(entry)

    def ask_again(self) -> None:
        """Something may have been forgotten on another page meanwhile."""
        films = [(mark, entry) for entry in self._studies.entries if (mark := mark_of(entry)) is not None]

        def know(known: Mapping[FilmMark, Known]) -> None:
            for mark, entry in films:
                if mark in known:
                    self._put(entry, known[mark])

        if films:
            marks = tuple({mark for mark, _entry in films})
            Operation(self._records, ("known", marks), urgent=False).then(know).run()

    def note_read(self, entry: Entry) -> None:
        """A film was shown; its picture follows when it is there."""
        wants_picture = bool(self._preferences.value("keep/thumbnails", False))
        self._without_picture.discard(entry)
        if wants_picture and entry.small is None:
            self._without_picture.add(entry)
        picture = _png(entry.small) if wants_picture and entry.small is not None else None
        study = self.study(entry, names=bool(self._preferences.value("keep/names", False)), picture=picture)
        if study is not None:
            Operation(self._records, ("read", study), urgent=False).run()

    def study(self, entry: Entry, *, names: bool = False, picture: bytes | None = None) -> Study | None:
        """The record of a film; None while it is not known which film the file holds."""
        if entry.sha256 is None or entry.facts is None:
            return None
        return study_of(entry.ref, entry.sha256, entry.facts, names=names, thumbnail=picture)

    def take(self, film: Entry, known: Known) -> None:
        """What is known of a film now; the same film may be on the list twice."""
        for entry in self._studies.entries:
            is_same = entry.sha256 == film.sha256 and entry.sha256 is not None and entry.ref.frame == film.ref.frame
            if entry is film or is_same:
                self._put(entry, known)

    def put_meaning(self, meaning: Meaning) -> None:
        """Say verdicts in the titles of this bundle."""
        self._meaning = meaning
        for entry in self._studies.entries:
            self._say_verdict(entry)

    def forget(self, entry: Entry) -> None:
        """Erase everything that is kept of the study that a film belongs to."""
        mark = mark_of(entry)
        if mark is not None:
            self._without_picture.discard(entry)
            erasing = Operation(self._records, ("forget", mark))
            erasing.then(lambda _count: self.forgotten.emit(tuple(self.of_study(entry))))
            erasing.refused(lambda error: self.notice.emit(f"It was not forgotten. {error.reason.text}")).run()

    def of_study(self, film: Entry) -> list[Entry]:
        """The films on the list that belong to the same study."""
        return [
            one
            for one in self._studies.entries
            if one is film
            or (one.study is not None and one.study == film.study)
            or (one.sha256 is not None and one.sha256 == film.sha256)
        ]

    def _ask_trouble(self) -> None:
        """Whether it could open what it keeps; told once."""
        Operation(self._records, ("trouble",)).then(lambda told: self.notice.emit(told) if told else None).run()

    def _know(self, entry: Entry, mark: FilmMark, known: Mapping[FilmMark, Known]) -> None:
        if mark in known:
            self.take(entry, known[mark])

    def _put(self, entry: Entry, known: Known) -> None:
        entry.known = known
        if known.read and not entry.read:
            self._studies.was_read(entry)
        self._say_verdict(entry)

    def _say_verdict(self, entry: Entry) -> None:
        verdict = entry.known.verdict if entry.known is not None else None
        finding = self._meaning.title(verdict.finding) if verdict is not None and verdict.finding else ""
        entry.verdict = words.of_verdict(verdict.agrees, finding) if verdict is not None else ""
        self._studies.touch(entry)


def ask_forget(who: str, files: int, parent: QWidget, then: Callable[[], None]) -> None:
    """Nothing brings back what is forgotten, so it is asked once."""
    question = QMessageBox(parent)
    question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    question.setWindowTitle("Forget this study")
    question.setText(f"Forget what is kept of {who}?")
    question.setTextFormat(Qt.TextFormat.PlainText)
    question.setInformativeText(
        "Verdicts, notes, and names and pictures where they were kept are erased and cannot be brought back. "
        + ("The file stays where it is." if files == 1 else f"Its {files} files stay where they are.")
    )
    forget = question.addButton("Forget", QMessageBox.ButtonRole.DestructiveRole)
    keep = question.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
    question.setDefaultButton(keep)
    question.setEscapeButton(keep)
    forget.clicked.connect(then)
    question.open()


def mark_of(entry: Entry) -> FilmMark | None:
    """Which film an entry is, once its file was read."""
    return FilmMark(entry.sha256, entry.ref.frame) if entry.sha256 is not None else None


def _png(picture: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
