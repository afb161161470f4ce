"""The parts of the result page: figures, matrix with its films, curves, sources, threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QMenu, QRadioButton, QVBoxLayout, QWidget

from core.training.state import Bin, FilmRow, PickedPoint, Threshold
from gui import theme
from gui.screening.words import films
from gui.settings.section import button
from gui.training import result_words as words
from gui.training.asking import Choice
from gui.widgets.choices import offer
from gui.widgets.grids import Matrix, PlainTable
from gui.widgets.labels import plain
from gui.widgets.pictures import Pictures
from gui.widgets.plots import Plotted

Counts = Sequence[Sequence[int]]
ALL_SOURCES: Final = "All sources"
_MOST_PICTURES: Final = 24
_LEFT: Final = Qt.AlignmentFlag.AlignLeft


class FiguresPart(QWidget):
    """The new bundle beside the one in use, and beside what never saw a lung."""

    def __init__(self) -> None:
        super().__init__()
        self.table = PlainTable("Figures of the new bundle and of the one in use")
        self.shortcuts = PlainTable("Shortcuts beside the networks")
        self.warning = plain("", wrap=True)
        self._note = plain("", "quiet", wrap=True)
        column = _column(self)
        column.addWidget(self._note)
        column.addWidget(self.table, 3, _LEFT)
        column.addWidget(plain("What reaches as much without looking at a lung?", "strong"))
        column.addWidget(self.warning)
        column.addWidget(self.shortcuts, 2, _LEFT)
        column.addStretch()

    def show_figures(self, rows: Sequence[Sequence[str]], used: str, note: str) -> None:
        self.table.show_rows(["", "New bundle", used or "Bundle in use", "Difference"], rows)
        self._note.setText(note)

    def show_shortcuts(self, rows: Sequence[Sequence[str]], sentence: str, *, serious: bool) -> None:
        self.shortcuts.show_rows(["", "Right of all films", "AUROC, mean", "New bundle better by"], rows)
        self.warning.setText(sentence)
        self.warning.setProperty("look", "refer" if serious else "quiet")
        self.warning.style().polish(self.warning)


class MatrixPart(QWidget):
    """True classes down, called classes across; the films of a cell beside it. wanted(list of numbers): their
    heatmaps, to be put with pictures.put()."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._films: Sequence[FilmRow] = ()
        self._titles: dict[str, str] = {}
        self._matrices: dict[str, Counts] = {}
        self._source = ALL_SOURCES
        self.matrix = Matrix("True class by called class")
        self.sources = Choice("Source", self._offer)
        self.pictures = Pictures("Films of the chosen cell")
        self.heading = plain("", "strong", wrap=True)
        self.right, self.wrong = button("Right answers"), button("Wrong answers")
        self.right.clicked.connect(lambda: self._show("Right answers, the surest first", _right))
        self.wrong.clicked.connect(lambda: self._show("Wrong answers, the surest first", lambda one: not _right(one)))
        self.matrix.pressed_cell.connect(self.show_cell)
        left = QVBoxLayout()
        left.setSpacing(theme.SPACE[1])
        left.addWidget(self.sources, 0, Qt.AlignmentFlag.AlignLeft)
        left.addWidget(plain("Down: what the film is. Across: what the networks call it.", "label"))
        left.addWidget(self.matrix)
        row = QHBoxLayout()
        row.addWidget(self.right)
        row.addWidget(self.wrong)
        row.addStretch(1)
        left.addLayout(row)
        left.addWidget(
            plain(
                "Press a cell to see its films, with where the networks looked. "
                "Two clicks on one open it on the reading page.",
                "quiet",
                wrap=True,
            )
        )
        left.addStretch(1)
        right = QVBoxLayout()
        right.addWidget(self.heading)
        right.addWidget(self.pictures, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(theme.SPACE[3])
        whole.addLayout(left, 0)
        whole.addLayout(right, 1)

    def show_matrix(self, titles: Mapping[str, str], matrices: Mapping[str, Counts], films: Sequence[FilmRow]) -> None:
        """matrices: by source, ALL_SOURCES first. films: of SiteResult.rows."""
        self._titles, self._matrices, self._films = dict(titles), dict(matrices), films
        self.show_source(self._source if self._source in matrices else ALL_SOURCES)

    def show_source(self, source: str) -> None:
        self._source = source
        self.sources.say(source)
        self.sources.setVisible(len(self._matrices) > 1)
        names = list(self._titles.values())
        self.matrix.show_counts(names, names, self._matrices[source])

    def show_cell(self, row: int, column: int) -> None:
        names = list(self._titles)
        true, called = names[row], names[column]
        self._show(f"{self._titles[true]}, called {self._titles[called]}",
                   lambda one: (one.truth, one.called) == (true, called))  # fmt: skip

    def _show(self, heading: str, wanted: Callable[[FilmRow], bool]) -> None:
        here = [one for one in self._films if self._source in (ALL_SOURCES, one.source or "(unknown)") and wanted(one)]
        here.sort(key=self._sure, reverse=True)
        shown = here[:_MOST_PICTURES]
        more = f"; the first {len(shown)} of {films(len(here))}" if len(here) > len(shown) else f": {films(len(here))}"
        self.heading.setText(heading + more)
        self.pictures.show_films([(one.number, self._caption(one)) for one in shown])
        if shown:
            self.wanted.emit(tuple(one.number for one in shown))

    def _caption(self, one: FilmRow) -> str:
        return f"{self._titles[one.called]} {self._sure(one):.2f}\n{PurePath(one.path).name}"

    def _sure(self, one: FilmRow) -> float:
        return one.probabilities[list(self._titles).index(one.called)]

    def _offer(self, menu: QMenu) -> None:
        offer(menu, [(name, name == self._source, partial(self.show_source, name)) for name in self._matrices])


class CurvesPart(QWidget):
    """ROC, precision and recall of every class; reliability of one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.roc, self.recall, self.reliability = Plotted(), Plotted(), Plotted()
        self.classes = Choice("Class of the reliability", self._offer)
        self._bins: dict[str, Sequence[Bin]] = {}
        self._titles: dict[str, str] = {}
        self._chosen = ""
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[3])
        for one in (self.roc, self.recall, self.reliability):
            row.addWidget(one, 1)
        column = _column(self)
        column.addWidget(self.classes, 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(row, 1)

    def show_reliability(self, bins: Mapping[str, Sequence[Bin]], titles: Mapping[str, str], first: str) -> None:
        """bins: by class; first: the class to begin with."""
        self._bins, self._titles = dict(bins), dict(titles)
        self.show_class(first)

    def show_class(self, name: str) -> None:
        self._chosen = name
        self.classes.say(f"Reliability of {self._titles.get(name, name)}")
        self.reliability.show_chart(words.reliability(self._bins.get(name, ()), self._titles.get(name, name)))

    def _offer(self, menu: QMenu) -> None:
        offer(menu, [(self._titles.get(name, name), name == self._chosen, partial(self.show_class, name))
                     for name in self._bins])  # fmt: skip


class SourcesPart(QWidget):
    """Where it holds: the worst source first."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = plain("", wrap=True)
        self.table = PlainTable("Figures by source, the worst first")
        self.groups = PlainTable("Figures by group of patients")
        column = _column(self)
        column.addWidget(self.sentence)
        column.addWidget(self.table, 2, _LEFT)
        column.addWidget(plain("By group of patients", "strong"))
        column.addWidget(self.groups, 3, _LEFT)
        column.addStretch()

    def show_sources(self, rows: Sequence[Sequence[str]], groups: Sequence[Sequence[str]], sentence: str) -> None:
        self.table.show_rows(["Source", "Films", "Right of all films", "AUROC, mean"], rows)
        self.groups.show_rows(["Group", "Films", "Right of all films", "AUROC, mean"], groups)
        self.sentence.setText(sentence)


class ThresholdPart(QWidget):
    """wanted(str, float): "sensitivity" or "specificity", and how much of it."""

    wanted = Signal(str, float)

    def __init__(self) -> None:
        super().__init__()
        self.plotted = Plotted()
        self.kinds = {name: QRadioButton(name.capitalize()) for name in ("sensitivity", "specificity")}
        self.share = QLineEdit("95")
        self.apply = button("Pick the threshold", "primary")
        self._why = plain("", wrap=True)
        self._group = QButtonGroup(self)
        for one in self.kinds.values():
            one.setAccessibleName(one.text())
            self._group.addButton(one)
        self.kinds["sensitivity"].setChecked(True)
        self.share.setAccessibleName("Wanted share in percent")
        self.share.setFixedWidth(72)
        self.apply.clicked.connect(self._ask)
        self.share.returnPressed.connect(self._ask)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[2])
        row.addWidget(plain("I want a"))
        for one in self.kinds.values():
            row.addWidget(one)
        row.addWidget(plain("of"))
        row.addWidget(self.share)
        row.addWidget(plain("%"))
        row.addWidget(self.apply)
        row.addStretch(1)
        self._asking = QWidget()
        self._asking.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        column = _column(self)
        column.addWidget(self._why)
        column.addWidget(self._asking)
        column.addWidget(self.plotted, 1)

    @property
    def words(self) -> str:
        return self._why.text()

    def show_curve(self, points: Sequence[Threshold], chosen: PickedPoint | None, why_not: str) -> None:
        """why_not: why no threshold may be picked from these films; "" where one may."""
        self._why.setText(why_not)
        self._why.setVisible(bool(why_not))
        self._asking.setVisible(not why_not)
        self.plotted.show_chart(words.thresholds(points, chosen))

    def _ask(self) -> None:
        try:
            share = float(self.share.text().replace(",", ".")) / 100
        except ValueError:
            share = -1.0
        if not 0 < share <= 1:
            self._why.setText("A share is a number above 0, at most 100.")
            self._why.show()
            return
        self._why.hide()
        kind = next(name for name, one in self.kinds.items() if one.isChecked())
        self.wanted.emit(kind, share)


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.SPACE[1])
    return column


def _right(film: FilmRow) -> bool:
    return bool(film.truth == film.called)
