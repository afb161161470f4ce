"""Two bundles on one labelled folder: a sentence first, the figures under it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.models.state import BundleRow, Compared
from gui import theme
from gui.models import words
from gui.models.films import FilmsChooser
from gui.models.parts import Choice
from gui.models.watch import Watch
from gui.widgets.grids import PlainTable
from gui.widgets.labels import plain

_HINT = (
    "Both bundles answer about the same films; films that either of them saw are left out. Where a table names a test "
    "split, only that is judged, and each look at it is counted: every look makes its figures a little less honest."
)


class CompareTab(QWidget):
    """The bundle that is shown, against another one of the shelf with the same classes. made: never."""

    made = Signal(str)

    def __init__(self, watch: Watch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: BundleRow | None = None
        self._others: list[BundleRow] = []
        self.other = Choice("The other bundle", 320)
        self.other.chosen.connect(lambda _value: self._clear())
        self._none = plain("", "quiet", wrap=True)
        self.chooser = FilmsChooser(watch, "Compare on these films", self._request)
        self.chooser.judged.connect(self._show)
        self.chooser.failed.connect(self._say)
        self._sentence = plain("", "finding", wrap=True)
        self._films = plain("", "quiet", wrap=True)
        self.table = PlainTable("Figures of both bundles")
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addWidget(plain("Compared with"))
        row.addWidget(self.other)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        column.addWidget(plain(_HINT, "quiet", wrap=True))
        column.addLayout(row)
        for widget in (self._none, self.chooser, self._sentence, self._films, self.table):
            column.addWidget(widget)
        column.addStretch(1)
        self._clear()

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    @property
    def films(self) -> str:
        return self._films.text()

    def about(self, row: BundleRow, shelf: Sequence[BundleRow]) -> None:
        """Another bundle, or another shelf."""
        others = [
            one for one in shelf if one.key != row.key and one.problem is None and set(one.classes) == set(row.classes)
        ]
        if self._row is not None and self._row.key == row.key and others == self._others:
            return
        before = self.other.value
        self._row, self._others = row, others
        # The bundle in use is what a new one has to be better than.
        keys = [one.key for one in others]
        wanted = before if before in keys else next((one.key for one in others if one.in_use), keys[0] if keys else "")
        self.other.show_choices([(one.key, f"{one.name} {one.version}") for one in others], wanted)
        self.other.setEnabled(bool(others))
        self._none.setVisible(not others)
        self._none.setText("There is no other bundle of the same classes on the shelf; add one, or train one.")
        self.chooser.setVisible(bool(others))
        self.chooser.about(row)
        self._clear()

    def _request(self, place: str, aliases: object) -> tuple[object, ...]:
        # The other one first: differences are of the bundle that is shown.
        return ("compare", self.other.value, self._row.key if self._row is not None else "", place, aliases)

    def _show(self, found: Compared) -> None:
        titles = self._row.classes if self._row is not None else {}
        self._sentence.setText(found.sentence)
        said = words.films(found.films, titles)
        if found.openings is not None:
            said += f" This test split was opened {found.openings} times on this PC."
        self._films.setText(said)
        rows = [
            [words.figure(name), words.span(first), words.span(second), words.span(difference, signed=True)]
            for name, first, second, difference in found.rows
        ]
        self.table.show_rows(["", found.first, found.second, "difference"], rows)
        for widget in (self._sentence, self._films, self.table):
            widget.show()

    def _say(self, text: str) -> None:
        self._clear()
        self._films.setText(text)
        self._films.show()

    def _clear(self) -> None:
        for widget in (self._sentence, self._films, self.table):
            widget.hide()
        self._sentence.setText("")
        self._films.setText("")
