"""What is known of the films on the list, and in which order they stand: searched, by study, unread first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QImage

from gui import theme
from gui.reading import words

if TYPE_CHECKING:
    from core.errors import Reason
    from core.imaging.radiograph import Facts
    from core.imaging.sources import ImageRef
    from core.inference.assessment import Assessment
    from core.records.verdict import Known

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
# Of a line of the list: here, because Qt asks for it five hundred times in a row, and one call is quicker than two.
WIDTH, PICTURE = 232, 48
FILM_SIZE, TITLE_SIZE = QSize(WIDTH, PICTURE + 2 * theme.SPACE[1]), QSize(WIDTH, 28)
# Films are looked at one by one; the list is not arranged anew for each of them.
_ARRANGE_MS = 250


@dataclass(slots=True, eq=False)
class Entry:
    """A film on the list. state: what the list knows of its file; assessment: the newest, if any.

    finding: its highest probability in words. small: its picture; looked: whether it was asked for since it was let go.
    read: shown in this window, or noted as read before. known: what the record keeper says; verdict: that in words.
    """

    ref: ImageRef
    state: Literal["listed", "opened", "refused", "failed"] = "listed"
    facts: Facts | None = None
    reason: Reason | None = None
    assessment: Assessment | None = None
    finding: str = ""
    sha256: str | None = None
    small: QImage | None = None
    looked: bool = False
    read: bool = False
    known: Known | None = None
    verdict: str = ""

    @property
    def mark(self) -> words.Mark | None:
        if self.state == "refused":
            return words.REFUSED
        if self.state == "failed":
            return words.FAILED
        return words.mark_of(self.assessment) if self.assessment is not None else None

    @property
    def study(self) -> str | None:
        """What the films of one study have in common."""
        return self.facts.study_uid if self.facts is not None else None

    @property
    def who(self) -> str:
        """The patient, where the file names one, else the file."""
        return words.person(self.facts) or self.ref.name

    @property
    def facts_line(self) -> str:
        if self.reason is not None and self.state in ("refused", "failed"):
            return self.reason.text
        return words.facts_line(self.facts, short=True) if self.facts is not None else ""

    @property
    def outcome(self) -> str:
        """The mark's word and the finding, in as few words as the list has room for."""
        mark = self.mark
        if mark is None:
            return ""
        if mark in (words.REFER, words.NOT_REFERRED):
            return f"{mark.word if mark is words.REFER else 'Below:'} {self.finding}"
        if mark is words.FAILED and self.reason is not None and self.reason.code == "worker-died":
            return "Failed twice, not tried again"
        return mark.word

    @property
    def place(self) -> str:
        """Where the file is."""
        return self.ref.path if self.ref.member is None else f"{self.ref.path} ! {self.ref.member}"

    @property
    def spoken(self) -> str:
        seen = "" if self.state in ("refused", "failed") else "read" if self.read else "unread"
        name = self.who if self.who == self.ref.name else f"{self.who}, {self.ref.name}"
        return ", ".join(part for part in (name, self.facts_line, self.outcome, self.verdict, seen) if part)

    def answers_to(self, sought: Sequence[str]) -> bool:
        """Whether every sought word is in the name, id, file name, date, view, outcome or verdict."""
        facts = self.facts
        stated = (facts.patient_id, facts.study_date, facts.study_description) if facts is not None else ()
        told = (self.who, self.ref.name, self.facts_line, self.outcome, self.verdict, *stated)
        hay = "\n".join(part for part in told if part).casefold()
        return all(word in hay for word in sought)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: a film, or (entry None) the title of the films of one study that follow.

    grouped: the film stands under a title. parted: it does not, and the film before it does.
    """

    entry: Entry | None
    title: str = ""
    grouped: bool = False
    parted: bool = False


class Studies(QAbstractListModel):
    """All films in the order in which they were opened (entries), and the lines of the list (rows)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.rows: list[Row] = []
        self._places: dict[Entry, int] = {}
        self._sought: tuple[str, ...] = ()
        self._unread_first = False
        # Read when it was last sorted: a film that is read now does not leave its place under the reader's eyes.
        self._behind: set[Entry] = set()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_ARRANGE_MS)
        self._soon.timeout.connect(self.arrange)

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and self.rows[index.row()].entry is None:
            return Qt.ItemFlag.NoItemFlags  # the arrow keys pass it by
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == ROW:
            return row
        entry = row.entry
        if role == Qt.ItemDataRole.SizeHintRole:
            return FILM_SIZE if entry is not None else TITLE_SIZE
        if entry is None:
            shown = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
            return row.title if role in shown else None
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.who
        if role == Qt.ItemDataRole.ToolTipRole:
            told = (entry.who, entry.place, entry.facts_line, entry.outcome, entry.verdict)
            return "\n".join(dict.fromkeys(part for part in told if part))
        return entry.spoken if role == Qt.ItemDataRole.AccessibleTextRole else None

    @property
    def films(self) -> list[Entry]:
        """The films on the list as it is shown, from top to bottom."""
        return [row.entry for row in self.rows if row.entry is not None]

    def entry_at(self, index: Index) -> Entry | None:
        """The film in a line; None for a title."""
        return self.rows[index.row()].entry if index.isValid() else None

    def place(self, entry: Entry | None) -> QModelIndex:
        """Where a film stands; an invalid index when the search leaves it out."""
        row = self._places.get(entry) if entry is not None else None
        return self.index(row) if row is not None else QModelIndex()

    def add(self, refs: Sequence[ImageRef]) -> list[Entry]:
        """Put films at the end; those that are on the list already stay where they are. Gives the entries, in order."""
        known = {entry.ref: entry for entry in self.entries}
        new = [Entry(ref) for ref in dict.fromkeys(refs) if ref not in known]
        self.entries.extend(new)
        known.update((entry.ref, entry) for entry in new)
        self.arrange()
        return [known[ref] for ref in dict.fromkeys(refs)]

    def remove(self, entries: Sequence[Entry]) -> None:
        gone = set(entries)
        self.entries = [entry for entry in self.entries if entry not in gone]
        self._behind -= gone
        self.arrange()

    def touch(self, entry: Entry) -> None:
        """Something about an entry is new."""
        index = self.place(entry)
        if index.isValid():
            self.dataChanged.emit(index, index)
        if not self._soon.isActive() and (self._sought or entry.study is not None):
            self._soon.start()

    def was_read(self, entry: Entry) -> None:
        """The record keeper says that it was read before."""
        entry.read = True
        self._behind.add(entry)
        if self._unread_first:
            self._soon.start()
        self.touch(entry)

    def search(self, text: str) -> None:
        """Leave only the films that answer to every word."""
        self._sought = tuple(text.casefold().split())
        self.arrange()

    def put_unread_first(self, wanted: bool) -> None:
        self._unread_first = wanted
        self._behind = {entry for entry in self.entries if entry.read}
        self.arrange()

    def arrange(self) -> None:
        """Work out the lines anew; films keep what is selected of them."""
        self._soon.stop()
        before, rows = self.rows, self._arranged()
        places = {row.entry: number for number, row in enumerate(rows) if row.entry is not None}
        if rows == before:
            return
        if rows[: len(before)] == before:
            self.beginInsertRows(QModelIndex(), len(before), len(rows) - 1)
            self.rows, self._places = rows, places
            self.endInsertRows()
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        films = [before[index.row()].entry for index in kept]
        self.rows, self._places = rows, places
        self.changePersistentIndexList(kept, [self.place(film) for film in films])
        self.layoutChanged.emit()

    def _arranged(self) -> list[Row]:
        studies: dict[Hashable, list[Entry]] = {}
        for entry in self.entries:
            if not self._sought or entry.answers_to(self._sought):
                studies.setdefault(entry.study or entry, []).append(entry)
        groups = list(studies.values())
        if self._unread_first:
            groups.sort(key=lambda films: all(film in self._behind for film in films))
        rows: list[Row] = []
        for films in groups:
            several = len(films) > 1
            parted = bool(rows) and rows[-1].grouped and not several
            if several:
                rows.append(Row(None, _title(films)))
            rows.extend(Row(film, grouped=several, parted=parted) for film in films)
        return rows


def _title(films: Sequence[Entry]) -> str:
    """Whose study, of which day, and how many films of it are open."""
    facts = films[0].facts
    date = words.dated(facts.study_date) if facts is not None else ""
    return " · ".join(part for part in (words.person(facts) or "One study", date, f"{len(films)} films") if part)
