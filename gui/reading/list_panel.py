"""The panel of the study list: search field, order, the list, and what looks at the files behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from core.errors import HilumError, ImageRefused
from gui import theme
from gui.reading.glances import Glances
from gui.reading.studies import WIDTH, Entry, Studies
from gui.reading.study_list import StudyList
from gui.services import Services
from gui.widgets.labels import plain

if TYPE_CHECKING:
    from core.imaging.facts import Description
    from core.imaging.sources import ImageRef

_UNREAD_FIRST = "unread-first"


class ListPanel(QWidget):
    """chosen(Entry): the reader went to another film. known(Entry): its file was looked at. left(): a search ended."""

    chosen = Signal(object)
    known = Signal(object)
    left = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = services.preferences
        self.studies = Studies(self)
        self.list = StudyList(self.studies)
        self.field = _SearchField()
        self.glances = Glances(services.decoder, lambda: self.studies.films, self.list.in_sight, self)
        self._title = plain("", "label")
        self._unread_first = QToolButton()
        self._empty = plain("", "quiet", wrap=True)
        self._shown: Entry | None = None
        self._lay_out()
        self._wire()
        self._tell()

    def add(self, refs: Sequence[ImageRef]) -> list[Entry]:
        """Put films at the end of the list; gives their entries, in order."""
        return self.studies.add(refs)

    def remove(self, entries: Sequence[Entry]) -> Entry | None:
        """Take films off; gives the one that stands where the first of them stood, None when none is left."""
        films = self.studies.films
        place = min((films.index(entry) for entry in entries if entry in films), default=0)
        self.glances.let_go(entries)
        self.studies.remove(entries)
        films = self.studies.films or self.studies.entries
        return films[min(place, len(films) - 1)] if films else None

    def go_to(self, entry: Entry | None) -> None:
        """Show a film as the chosen one; a search that leaves it out ends."""
        if entry is not None and not self.studies.place(entry).isValid():
            self.field.clear()
        index = self.studies.place(entry)
        self._shown = entry
        self.list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if index.isValid():
            self.list.scrollTo(index)

    def step(self, by: int) -> None:
        """Choose the next (1) or previous (-1) film on the list as it is shown."""
        films = self.studies.films
        here = films.index(self._shown) if self._shown in films else -1 if by > 0 else len(films)
        if 0 <= here + by < len(films):
            self._choose(films[here + by])

    def search(self) -> None:
        """Give the keyboard to the search field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def _choose(self, entry: Entry) -> None:
        if entry is not self._shown:
            self.go_to(entry)
            self.chosen.emit(entry)

    def _take(self, entry: Entry, description: Description) -> None:
        entry.facts = description.facts or entry.facts
        entry.sha256 = description.sha256 or entry.sha256
        if description.status in ("refused", "failed") and entry.state == "listed":
            entry.state = "refused" if description.status == "refused" else "failed"
            entry.reason = description.reasons[0] if description.reasons else None
        self.studies.touch(entry)
        self.known.emit(entry)

    def _cannot_look(self, entry: Entry, error: HilumError) -> None:
        if entry.state == "listed":
            self.mark_unread(entry, error)

    def mark_unread(self, entry: Entry, error: HilumError) -> None:
        """Its file cannot be read, and why."""
        entry.state = "refused" if isinstance(error, ImageRefused) else "failed"
        entry.reason = error.reason
        self.studies.touch(entry)

    def _tell(self) -> None:
        """How many films there are, and how many of them the search leaves."""
        count, shown = len(self.studies.entries), len(self.studies.films)
        told = f"{count}" if shown == count else f"{shown} OF {count}"
        self._title.setText(f"STUDIES · {told}" if count else "STUDIES")
        for widget in (self.field, self._unread_first, self.list):
            widget.setVisible(bool(count))
        self._empty.setText(
            "Films that you open are listed here." if not count else "No film answers to that. Esc shows all of them."
        )
        self._empty.setVisible(not shown)

    def _sort(self, wanted: bool) -> None:
        self._preferences.put(_UNREAD_FIRST, wanted or None)
        self.studies.put_unread_first(wanted)

    def _to_list(self) -> None:
        self.list.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.list.currentIndex().isValid() and self.studies.films:
            self._choose(self.studies.films[0])

    def _wire(self) -> None:
        studies = self.studies
        for changed in (studies.rowsInserted, studies.layoutChanged):
            changed.connect(self._tell)
            changed.connect(self._look)
        self.list.moved.connect(self._look)
        self.list.selectionModel().currentChanged.connect(lambda now, _before: self._go(studies.entry_at(now)))
        self.glances.looked.connect(self._take)
        self.glances.refused.connect(self._cannot_look)
        self.field.textChanged.connect(studies.search)
        self.field.left.connect(self.left)
        self.field.down.connect(self._to_list)
        self._unread_first.toggled.connect(self._sort)
        self._unread_first.setChecked(bool(self._preferences.value(_UNREAD_FIRST, False)))

    def _look(self) -> None:
        self.glances.look()

    def _go(self, entry: Entry | None) -> None:
        if entry is not None:
            self._choose(entry)

    def _lay_out(self) -> None:
        self.setProperty("panel", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._unread_first.setText("Unread first")
        self._unread_first.setAccessibleName("Unread first")
        self._unread_first.setProperty("look", "small")
        self._unread_first.setCheckable(True)
        self._unread_first.setToolTip("Films that nobody has read yet stand first")
        self._unread_first.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._unread_first.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._empty.setContentsMargins(theme.SPACE[2], theme.SPACE[1], theme.SPACE[2], 0)
        head, searching = QHBoxLayout(), QHBoxLayout()
        head.setContentsMargins(theme.SPACE[2], theme.SPACE[1], theme.SPACE[1], theme.SPACE[0])
        head.addWidget(self._title, 1)
        head.addWidget(self._unread_first)
        searching.setContentsMargins(theme.SPACE[2], 0, theme.SPACE[2], theme.SPACE[1])
        searching.addWidget(self.field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(searching)
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        column.addStretch(0)


class _SearchField(QLineEdit):
    """left(): Escape, after it was emptied. down(): on to the list."""

    left = Signal()
    down = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Search")
        self.setAccessibleName("Search the list by name, id, date or finding")
        self.setToolTip("Name, id, date, view or finding (Ctrl+F)")
        self.setAcceptDrops(False)  # files dropped here are for the window

    def event(self, event: QEvent) -> bool:
        # Escape would close the notice: here it ends the search.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.down.emit()
        else:
            super().keyPressEvent(event)
