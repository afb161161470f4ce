"""The step “Result”: what the new bundle is worth, in one sentence first, then figure by figure."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from core.errors import HilumError
from core.training.state import PickedPoint, SiteResult
from gui.operation import Operation
from gui.training import result_words as words
from gui.training.result_parts import (
    ALL_SOURCES,
    CurvesPart,
    FiguresPart,
    MatrixPart,
    SourcesPart,
    ThresholdPart,
)
from gui.training.steps import StepPage, Wizard
from gui.widgets.labels import plain
from gui.widgets.pictures import SIDE, decoded
from gui.widgets.stack import Stack

# Every heatmap is computed anew; a few at a time come soon.
_AT_ONCE = 4


class ResultStep(StepPage):
    """opened(refs, index): read these films on the reading page, this one first."""

    opened = Signal(object, int)

    name = "result"
    title = "Result"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.result: SiteResult | None = None
        self._of = ""
        self._asked: list[Operation] = []
        self._pictures: list[Operation] = []
        self.sentence = plain("", "finding", wrap=True)
        self.judged = plain("", "quiet", wrap=True)
        self.figures, self.matrix, self.curves = FiguresPart(), MatrixPart(), CurvesPart()
        self.sources, self.threshold = SourcesPart(), ThresholdPart()
        self._stack = Stack()
        self.tabs: dict[str, QToolButton] = {}
        self.matrix.wanted.connect(self._want_pictures)
        self.matrix.pictures.opened.connect(self._open)
        self.threshold.wanted.connect(self._pick)
        self._lay_out()

    def enter(self) -> None:
        folder = self.wizard.choices.folder
        if self.result is None or self._of != folder:
            self._of, self.result = folder, None
            self.sentence.setText("The result is being put together.")
            self._asked = [self.wizard.trainer.ask(("result",), self._show, self._cannot, looks=False)]

    def may_leave(self) -> str | None:
        return None if self.result is not None else "The result is being put together."

    def next_words(self) -> str:
        return "Next: name it and put it on the shelf. The bundle in use stays in use until you say otherwise."

    def step(self, by: int) -> None:
        self.matrix.pictures.step(by)

    def show_part(self, name: str, _checked: bool = False) -> None:
        """Bring a part to the front: figures, films, curves, sources or threshold."""
        self.tabs[name].setChecked(True)
        self._stack.setCurrentIndex(list(self.tabs).index(name))

    def stop(self) -> None:
        for one in (*self._asked, *self._pictures):
            one.drop()

    def _show(self, result: SiteResult) -> None:
        self.result = result
        titles = dict(zip(result.classes, result.titles, strict=True))
        new, used, compared = result.report, result.used_report or {}, result.compared or {}
        self.sentence.setText(result.sentence)
        self.judged.setText(_judged(result))
        self.figures.show_figures(
            words.figure_rows(new["figures"], used.get("figures"), compared.get("difference"), titles),
            result.used.words if result.used is not None else "",
            " ".join(one for one in (result.small, *result.warnings) if one),
        )
        self.figures.show_shortcuts(
            words.baseline_rows(new["figures"], new["baselines"]), result.shortcuts, serious=result.they_come_close
        )
        matrices = {ALL_SOURCES: result.confusion}
        if len(result.confusion_by_source) > 1:
            matrices |= dict(result.confusion_by_source)
        self.matrix.show_matrix(titles, matrices, result.rows)
        self.curves.roc.show_chart(words.roc(result.roc, titles))
        self.curves.recall.show_chart(words.precision_recall(result.pr, titles))
        first = next((name for name in result.suspicious if name in result.reliability), result.classes[0])
        self.curves.show_reliability(result.reliability, titles, first)
        self.sources.show_sources(
            words.group_rows(result.groups, lambda kind: kind == "source"),
            words.group_rows(result.groups, lambda kind: kind != "source"), words.worst(result.groups),
        )  # fmt: skip
        self.threshold.show_curve(result.operating, result.point, result.may_pick or "")
        self.changed.emit()

    def _cannot(self, error: HilumError) -> None:
        self.sentence.setText(error.reason.text)

    def _want_pictures(self, numbers: tuple[int, ...]) -> None:
        for one in self._pictures:
            one.drop()
        ratio = self.devicePixelRatioF()
        self._pictures = [
            self.wizard.trainer.ask(("heatmaps", numbers[first : first + _AT_ONCE]), self._put_pictures, looks=False,
                                    through=partial(decoded, side=SIDE, ratio=ratio))
            for first in range(0, len(numbers), _AT_ONCE)
        ]  # fmt: skip

    def _open(self, number: int) -> None:
        """A film on the reading page, with those that stand beside it."""
        numbers = self.matrix.pictures.numbers

        def found(refs: dict[int, Any]) -> None:
            self.opened.emit(tuple(refs[one] for one in numbers), numbers.index(number))

        self._asked.append(self.wizard.trainer.ask(("refs", numbers), found, looks=False))

    def _put_pictures(self, images: dict[int, QImage]) -> None:
        self.matrix.pictures.put(images)

    def _pick(self, kind: str, share: float) -> None:
        def picked(point: PickedPoint) -> None:
            self.wizard.choices.point = point
            if self.result is not None:
                self.threshold.show_curve(self.result.operating, point, "")

        self._asked.append(self.wizard.trainer.ask(("threshold", kind, share), picked, looks=False))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        group = QButtonGroup(self)
        parts = (("figures", "Figures", self.figures), ("films", "Matrix and films", self.matrix),
                 ("curves", "Curves", self.curves), ("sources", "Where it holds", self.sources),
                 ("threshold", "Threshold", self.threshold))  # fmt: skip
        for name, title, part in parts:
            button = self.tabs[name] = QToolButton()
            button.setText(title)
            button.setAccessibleName(title)
            button.setCheckable(True)
            button.clicked.connect(partial(self.show_part, name))
            group.addButton(button)
            row.addWidget(button)
            self._stack.addWidget(part)
        row.addStretch(1)
        for widget in (self.sentence, self.judged):
            self.column.addWidget(widget)
        self.column.addLayout(row)
        self.column.addWidget(self._stack, 1)
        self.show_part("figures")


def _judged(result: SiteResult) -> str:
    """On what: films, patients, how they were held out, how often they were opened, what was left out."""
    how = f"{result.protocol[:1].upper()}{result.protocol[1:]}"
    told = f"Judged on {result.films} films of {result.patients} patients. {how}."
    if result.openings:
        times = "once" if result.openings == 1 else f"{result.openings} times"
        bundles = "" if result.openings_bundles <= 1 else f" for {result.openings_bundles} bundles"
        told += f" These films were opened {times}{bundles} on this PC."
    for why, films in result.left_out.items():
        told += f" Left out: {films} ({why})."
    return told
