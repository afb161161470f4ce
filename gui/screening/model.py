"""The rows of a run as a table: sorted by suspicion, filtered and searched with numpy, never compared in Python.

Ten thousand rows are arranged in a few milliseconds, so that rows may arrive while one scrolls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from core.screening.state import Brief
from gui.reading import words
from gui.screening.words import count

Index = QModelIndex | QPersistentModelIndex
Filter = Literal["all", "refer", "below", "abstained", "refused", "failed"]
Numbers = NDArray[np.int64]

FILTERS: Final[tuple[Filter, ...]] = ("all", "refer", "below", "abstained", "refused", "failed")
RESULT, SUSPICION, FINDING, STUDY, FILM, VIEW, REASONS, VERDICT = range(8)
TITLES: Final = ("Result", "Suspicion", "Finding", "Study", "Film", "View", "Reasons", "Verdict")
_STATUSES: Final = ("assessed", "abstained", "refused", "failed")
# Below the threshold that the slider shows, whatever the operating point of the run.
BELOW: Final = words.Mark(words.NOT_REFERRED.icon, "Below", words.NOT_REFERRED.token)
_NO_SUSPICION = -1.0
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Rows(QAbstractTableModel):
    """Places are those of arrival; `shown` says which of them the table has, and in which order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.titles: Mapping[str, str] = {}
        self._roles = {
            int(Qt.ItemDataRole.DisplayRole): self.text,
            int(Qt.ItemDataRole.ToolTipRole): self._tip,
            int(Qt.ItemDataRole.AccessibleTextRole): lambda row, column: f"{TITLES[column]}: {self.text(row, column)}",
        }
        self.threshold = 0.5
        self.names = False
        self.grouped = False
        self.filter: Filter = "all"
        self.search = ""
        self.clear()

    # What comes in.

    def clear(self) -> None:
        """Forget everything: another run."""
        self.beginResetModel()
        self._rows: list[Brief] = []
        self._places: dict[int, int] = {}
        self._studies: dict[str, int] = {}
        self._verdicts: dict[int, str] = {}
        # Columns of the rows, with room to grow.
        self._suspicion = np.empty(0)
        self._status = np.empty(0, np.int8)
        self._study = np.empty(0, np.int64)
        self._number = np.empty(0, np.int64)
        self._told: list[tuple[str, str]] = []
        self.shown: Numbers = np.empty(0, np.int64)
        self.endResetModel()

    def update(self, rows: Sequence[Brief], gone: Sequence[int] = ()) -> None:
        """Take rows that are new or changed, and drop those that are no longer current."""
        new = [row for row in rows if row.number not in self._places]
        self._grow(len(self._rows) + len(new))
        for row in rows:
            place = self._places.get(row.number)
            if place is None:
                place = self._places[row.number] = len(self._rows)
                self._rows.append(row)
                self._told.append(("", ""))
            self._put(place, row)
        for number in gone:
            if (place := self._places.get(number)) is not None:
                self._status[place] = -1
        if rows or gone:
            self._arrange(changed=len(new) < len(rows))

    def know_verdicts(self, verdicts: Mapping[int, str]) -> None:
        """Number of the row → what the reader said."""
        if verdicts != {number: self._verdicts.get(number, "") for number in verdicts}:
            self._verdicts.update(verdicts)
            self._touch()

    # What is asked for.

    def arrange(self, **wishes: Any) -> None:
        """Change threshold, filter, search, grouped, names; the table follows."""
        for name, value in wishes.items():
            setattr(self, name, value)
        self._arrange(changed=True)

    def row(self, at: int) -> Brief:
        """What stands in a line of the table."""
        return self._rows[int(self.shown[at])]

    def line(self, number: int) -> int | None:
        """In which line of the table a row stands."""
        place = self._places.get(number)
        found = np.flatnonzero(self.shown == place) if place is not None else ()
        return int(found[0]) if len(found) else None

    @property
    def suspicions(self) -> NDArray[np.float64]:
        """Of the assessed and abstained films, in the order of arrival."""
        current = self._suspicion[: len(self._rows)]
        return current[(current >= 0) & (self._status[: len(self._rows)] >= 0)]

    @property
    def counts(self) -> dict[Filter, int]:
        """How many rows each filter would show, the search left aside."""
        return {name: int(self._passing(name).sum()) for name in FILTERS}

    @property
    def commonest_reason(self) -> tuple[str, int] | None:
        """The sentence that stands first most often, and how often, among films without an assessment."""
        first = Counter(
            row.reasons[0].text
            for row, status in zip(self._rows, self._status, strict=False)
            if status >= 2 and row.reasons
        )
        return first.most_common(1)[0] if first else None

    @property
    def films(self) -> list[Brief]:
        """All current rows, in the order of arrival."""
        return [row for row, status in zip(self._rows, self._status, strict=False) if status >= 0]

    def begins_group(self, at: int) -> bool:
        """Whether a line is the first of its study, in a grouped table."""
        return self.grouped and (at == 0 or self._study[self.shown[at]] != self._study[self.shown[at - 1]])

    @property
    def lines_above(self) -> int | None:
        """How many lines stand at or above the threshold; None where the table is not sorted by suspicion."""
        return None if self.grouped else int((self._suspicion[self.shown] >= self.threshold).sum())

    # For the view.

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, _parent: Index | None = None) -> int:  # noqa: N802
        return len(TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        answer = self._roles.get(role)
        return answer(self._rows[self.shown[index.row()]], index.column()) if answer is not None else None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section == SUSPICION else int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def mark(self, row: Brief) -> words.Mark:
        """The sign and word of a row at the threshold of now."""
        if row.status == "refused":
            return words.REFUSED
        if row.status == "failed":
            return words.FAILED
        if row.status == "abstained":
            return words.ABSTAINED
        return words.REFER if row.suspicion is not None and row.suspicion >= self.threshold else BELOW

    def name(self, row: Brief) -> str:
        """The film's name, or its number where names are hidden."""
        shown = row.name if row.frame == 1 else f"{row.name} · frame {row.frame}"
        return shown if self.names else count(row.number)

    def text(self, row: Brief, column: int) -> str:
        """What stands in a cell."""
        if column == RESULT:
            return self.mark(row).word
        if column == SUSPICION:
            return words.probability(row.suspicion) if row.suspicion is not None else ""
        if column == FINDING:
            return words.title(row.finding, self.titles) if row.finding else ""
        if column == STUDY:
            return row.study[:8] if row.study else ""
        if column == FILM:
            return self.name(row)
        if column == VIEW:
            return row.view or ""
        if column == REASONS:
            return " ".join(reason.text for reason in row.reasons)
        return self._verdicts.get(row.number, "")

    def _tip(self, row: Brief, column: int) -> str:
        if column == REASONS:
            return "\n".join(reason.text for reason in row.reasons)
        return row.study or "" if column == STUDY else ""

    # How it is arranged.

    def _grow(self, length: int) -> None:
        if length > len(self._suspicion):
            room = max(1024, 2 * length)
            for name in ("_suspicion", "_status", "_study", "_number"):
                column = getattr(self, name)
                larger = np.empty(room, column.dtype)
                larger[: len(column)] = column
                setattr(self, name, larger)

    def _put(self, place: int, row: Brief) -> None:
        self._rows[place] = row
        self._number[place] = row.number
        # What a search looks through, prepared here: the name is looked at only where names are shown.
        finding = words.title(row.finding, self.titles) if row.finding else ""
        said = " ".join(reason.text for reason in row.reasons)
        own = f"{row.number} {row.status} {finding} {row.study or ''} {row.view or ''} {said}"
        self._told[place] = own.casefold(), row.name.casefold()
        self._suspicion[place] = row.suspicion if row.suspicion is not None else _NO_SUSPICION
        self._status[place] = _STATUSES.index(row.status)
        # A film of no known study is a study of its own.
        key = row.study or f"film {row.number}"
        self._study[place] = self._studies.setdefault(key, len(self._studies))

    def _passing(self, name: Filter) -> NDArray[np.bool_]:
        length = len(self._rows)
        status, suspicion = self._status[:length], self._suspicion[:length]
        if name in _STATUSES:
            return status == _STATUSES.index(name)
        if name == "refer":
            return (status >= 0) & (suspicion >= max(self.threshold, 0.0))
        if name == "below":
            return (status >= 0) & (suspicion >= 0) & (suspicion < self.threshold)
        return status >= 0

    def _wanted(self) -> Numbers:
        found = np.flatnonzero(self._passing(self.filter))
        if needle := self.search.casefold().strip():
            told, names = self._told, self.names
            hits = [place for place in found if needle in told[place][0] or (names and needle in told[place][1])]
            found = np.array(hits, np.int64)
        suspicion, number = self._suspicion[found], self._number[found]
        if not self.grouped:
            return found[np.lexsort((number, -suspicion))]
        study = self._study[found]
        highest = np.full(len(self._studies), _NO_SUSPICION)
        np.maximum.at(highest, study, suspicion)
        return found[np.lexsort((number, -suspicion, study, -highest[study]))]

    def _arrange(self, *, changed: bool) -> None:
        """Become what is wanted: rows that only come are inserted and sorted in, so that nobody loses his place."""
        wanted = self._wanted()
        before = self.shown
        if changed and np.array_equal(wanted, before):
            self._touch()
            return
        # Masks and not numpy's set functions: those import its masked arrays at first use, 30 ms in the window.
        is_wanted, was_shown = np.zeros((2, len(self._rows)), np.bool_)
        is_wanted[wanted], was_shown[before] = True, True
        if changed or not is_wanted[before].all():
            self.beginResetModel()
            self.shown = wanted
            self.endResetModel()
            return
        coming = wanted[~was_shown[wanted]]
        if len(coming):
            self.beginInsertRows(QModelIndex(), len(before), len(before) + len(coming) - 1)
            self.shown = np.concatenate([before, coming])
            self.endInsertRows()
        if np.array_equal(self.shown, wanted):
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        lines = np.empty(len(self._rows), np.int64)
        lines[wanted] = np.arange(len(wanted))
        moved = [self.index(int(lines[self.shown[one.row()]]), one.column()) for one in kept]
        self.shown = wanted
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _touch(self) -> None:
        if len(self.shown):
            last = self.index(len(self.shown) - 1, len(TITLES) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
