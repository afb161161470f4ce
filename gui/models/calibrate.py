"""Calibration on site data, three steps long: films, reliability before and after, what is adopted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from core.errors import Reason
from core.models.state import BundleRow, Calibrated, Point, Reliability
from gui import theme
from gui.models import words
from gui.models.films import FilmsChooser
from gui.models.naming import Naming
from gui.models.parts import Choice
from gui.models.watch import Watch
from gui.operation import Operation
from gui.widgets.labels import plain
from gui.widgets.plots import Axis, Chart, Line, Plotted
from gui.widgets.stack import Stack

_STEPS = ("1  Films", "2  Reliability", "3  Adopt")
_LOWEST, _HIGHEST = 50, 99
_HINT = (
    "Whether 0.7 means 70 of 100 at this site: one number, the temperature, is fitted to labelled films of the site. "
    "It makes probabilities more or less certain, and never changes which class is the likeliest."
)


class CalibrateTab(QWidget):
    """made(str): a new bundle, by its digest."""

    made = Signal(str)

    def __init__(self, watch: Watch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self._row: BundleRow | None = None
        self._found: Calibrated | None = None
        self._asking: Operation | None = None
        self.steps: list[QPushButton] = []
        self._group = QButtonGroup(self)
        self._stack = Stack()
        self.chooser = FilmsChooser(watch, "Judge these films", self._request)
        self.chooser.judged.connect(self._show)
        self.chooser.failed.connect(self._say)
        self._failed = plain("", "quiet", wrap=True)
        self.of = Choice("Whose probability")
        self.of.chosen.connect(lambda _value: self._draw())
        self.before, self.after = Plotted(), Plotted()
        self._figures = plain("", "", wrap=True)
        self._films = plain("", "quiet", wrap=True)
        self._why_not = plain("", "finding", wrap=True)
        self.kind = Choice("What is wanted")
        self.kind.chosen.connect(lambda _value: self._ask())
        self.wanted = QSlider(Qt.Orientation.Horizontal)
        self.wanted.setRange(_LOWEST, _HIGHEST)
        self.wanted.setFixedWidth(220)
        self.wanted.setAccessibleName("How much of it")
        self.wanted.valueChanged.connect(self._ask)
        self._wanted_words = plain("", "strong")
        self._point = plain("", "", wrap=True)
        self._temperature = plain("", "", wrap=True)
        self.naming = Naming("Adopt as a new bundle")
        self.naming.wanted.connect(self._adopt)
        self._may = QWidget()
        self._lay_out()
        self.go_to(0)

    @property
    def step(self) -> int:
        return self._stack.currentIndex()

    @property
    def why_not(self) -> str:
        return self._why_not.text() if not self._why_not.isHidden() else ""

    @property
    def sentences(self) -> str:
        """All that it says of reliability and of the point."""
        labels = (self._failed, self._films, self._figures, self._temperature, self._point)
        return "\n".join(label.text() for label in labels if label.text())

    def about(self, row: BundleRow, _shelf: Sequence[BundleRow] = ()) -> None:
        """Another bundle, or the same one as the shelf says now."""
        if self._row is not None and self._row.key == row.key:
            return
        self._row, self._found = row, None
        self.chooser.about(row)
        self._failed.setText("")
        self.naming.field.setText(f"{row.name}-calibrated")
        self.of.show_choices([("suspicion", "the suspicion"), *row.classes.items()])
        self.kind.show_choices([("specificity", "specificity"), ("sensitivity", "sensitivity")])
        self.wanted.setValue(90)
        self.go_to(0)

    def go_to(self, number: int) -> None:
        """Bring a step to the front; the later ones need films that were judged."""
        if number and self._found is None:
            number = 0
        self._stack.setCurrentIndex(number)
        for place, button in enumerate(self.steps):
            button.setEnabled(place == 0 or self._found is not None)
            button.setChecked(place == number)

    def _request(self, place: str, aliases: object) -> tuple[object, ...]:
        return ("calibrate", self._row.key if self._row is not None else "", place, aliases)

    def _say(self, text: str) -> None:
        self._found = None
        self._failed.setText(text)
        self.go_to(0)

    def _show(self, found: Calibrated) -> None:
        self._found = found
        self._failed.setText("")
        titles = self._row.classes if self._row is not None else {}
        self._films.setText(words.films(found.films, titles))
        self._figures.setText(_in_words(found))
        helps = found.better_by.low is not None and found.better_by.low > 0
        self._temperature.setText(
            f"Temperature {found.temperature:.3f}, fitted on all these films, instead of {found.own_temperature:.3f}. "
            + ("Probabilities are better by it." if helps else "That it helps is not shown by these films.")
        )
        self._why_not.setText(found.why_not or "")
        self._why_not.setVisible(found.why_not is not None)
        self._may.setVisible(found.why_not is None)
        self._draw()
        self._ask()
        self.go_to(1)

    def _draw(self) -> None:
        found = self._found
        if found is None:
            return
        titles = dict(self._row.classes) if self._row is not None else {}
        of = titles.get(self.of.value, self.of.value)
        self.before.show_chart(
            _chart(f"Before: temperature {found.own_temperature:.3f}", found.before, self.of.value, of)
        )
        self.after.show_chart(_chart("After: temperature of the other patients' films", found.after, self.of.value, of))

    def _ask(self, *_: object) -> None:
        self._wanted_words.setText(f"{self.wanted.value()} of 100")
        if self._found is None or self._found.why_not is not None:
            return
        if self._asking is not None:
            self._asking.drop()
        request = ("point", self.kind.value, self.wanted.value() / 100)
        self._asking = self._watch.ask(request, self._show_point, lambda error: self._point.setText(error.reason.text))

    def _show_point(self, point: Point) -> None:
        self._asking = None
        self._point.setText(
            f"Refer from a suspicion of {point.threshold:.3f}. On these same films that gives sensitivity "
            f"{words.span(point.sensitivity)} and specificity {words.span(point.specificity)}."
        )

    def _adopt(self, name: str) -> None:
        def done(digest: str) -> None:
            self.naming.end()
            self.made.emit(digest)

        def failed(reason: Reason | None) -> None:
            self.naming.end(reason.text if reason is not None else "Stopped; nothing was made.")

        request = ("adopt", self.kind.value, self.wanted.value() / 100, name)
        if self._watch.begin(request, done, failed):
            self.naming.begin()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE[0])
        for number, title in enumerate(_STEPS):
            button = QPushButton(title)
            button.setProperty("look", "choice")
            button.setAccessibleName(title)
            button.setCheckable(True)
            button.setMinimumWidth(120)
            button.clicked.connect(partial(self.go_to, number))
            self._group.addButton(button)
            self.steps.append(button)
            head.addWidget(button)
        head.addStretch(1)
        for page in (self._films_step(), self._reliability_step(), self._adopt_step()):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[2])
        column.addWidget(plain(_HINT, "quiet", wrap=True))
        column.addLayout(head)
        column.addWidget(self._stack, 1)

    def _films_step(self) -> QWidget:
        page, column = _page()
        column.addWidget(plain("Which labelled films of this site?", "finding"))
        column.addWidget(self.chooser)
        column.addWidget(self._failed)
        column.addStretch(1)
        return page

    def _reliability_step(self) -> QWidget:
        page, column = _page()
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addWidget(plain("Reliability of"))
        row.addWidget(self.of)
        row.addStretch(1)
        plots = QHBoxLayout()
        plots.setSpacing(theme.SPACE[3])
        plots.addWidget(self.before, 1)
        plots.addWidget(self.after, 1)
        for plot in (self.before, self.after):
            plot.setMinimumHeight(260)
        column.addWidget(self._figures)
        column.addWidget(self._films)
        column.addLayout(row)
        column.addLayout(plots, 1)
        column.addLayout(_further("Next: what is adopted", lambda: self.go_to(2)))
        return page

    def _adopt_step(self) -> QWidget:
        page, column = _page()
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        for widget in (plain("Wanted:"), self.kind, self.wanted, self._wanted_words):
            row.addWidget(widget)
        row.addStretch(1)
        inner = QVBoxLayout(self._may)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.SPACE[1])
        inner.addWidget(plain("An operating point, and the bundle with it", "finding"))
        inner.addWidget(self._temperature)
        inner.addLayout(row)
        inner.addWidget(self._point)
        inner.addWidget(self.naming)
        column.addWidget(self._why_not)
        column.addWidget(self._may)
        column.addStretch(1)
        return page


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.SPACE[1])
    return page, column


def _further(text: str, does: object) -> QHBoxLayout:
    button = QPushButton(text)
    button.setAccessibleName(text)
    button.clicked.connect(does)
    row = QHBoxLayout()
    row.addWidget(button)
    row.addStretch(1)
    return row


def _chart(title: str, of: Reliability, name: str, words_: str) -> Chart:
    bins = of.curves[name]
    line = Line(
        "",
        [one.said for one in bins],
        [one.found for one in bins],
        lows=[one.low for one in bins],
        highs=[one.high for one in bins],
        dots=True,
    )
    least = min((one.films for one in bins), default=0)
    return Chart(
        title,
        Axis(f"said: {words_}", low=0, high=1),
        Axis("of the films, had it", low=0, high=1),
        (line,),
        diagonal=True,
        sentence=f"On the diagonal the probability means what it says. A dot is {least} films or more.",
    )


def _in_words(found: Calibrated) -> str:
    before, after = found.before, found.after
    return (
        f"Log loss {words.span(before.log_loss)} before, {words.span(after.log_loss)} after: "
        f"{words.span(found.better_by, signed=True)} less. Expected calibration error "
        f"{words.span(before.expected_error)} before, {words.span(after.expected_error)} after; slope of the suspicion "
        f"{words.span(before.slope)} before, {words.span(after.slope)} after (1 is right, below 1 is too sure)."
    )
