"""The step “Result”: what the new bundle is worth, in one sentence first, then figure by figure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QToolButton, QWidget

from core.errors import HilumError
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

# Every heatmap is computed anew; a few at a time come soon.
_AT_ONCE = 4


class ResultStep(StepPage):
    name = "result"
    title = "Result"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.result: Any = None
        self._of = ""
        self._asked: list[Operation] = []
        self._pictures: list[Operation] = []
        self.sentence = plain("", "finding", wrap=True)
        self.judged = plain("", "quiet", wrap=True)
        self.figures, self.matrix, self.curves = FiguresPart(), MatrixPart(), CurvesPart()
        self.sources, self.threshold = SourcesPart(), ThresholdPart()
        self._stack = QStackedWidget()
        self.tabs: dict[str, QToolButton] = {}
        self.matrix.wanted.connect(self._want_pictures)
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

    def _show(self, result: Any) -> None:
        self.result = result
        titles: Mapping[str, str] = dict(result.classes)
        new, used = result.new, result.used
        self.sentence.setText(result.sentence)
        self.judged.setText(_judged(result))
        compared = result.compared or {}
        self.figures.show_figures(
            words.figure_rows(new["figures"], used and used["figures"], compared.get("difference"), titles),
            result.used_name, new["small"] or "",
        )  # fmt: skip
        self.figures.show_shortcuts(
            words.baseline_rows(new["figures"], new["baselines"]), result.baselines_sentence,
            serious=result.baselines_serious,
        )  # fmt: skip
        matrices = {ALL_SOURCES: new["confusion"]}
        if len(result.confusion_by_source) > 1:
            matrices |= dict(result.confusion_by_source)
        self.matrix.show_matrix(titles, matrices, result.films)
        self.curves.roc.show_chart(words.roc(result.roc, new["figures"], titles))
        self.curves.recall.show_chart(words.precision_recall(result.precision_recall, titles))
        self.curves.reliability.show_chart(words.reliability(result.reliability))
        groups = [
            [f"{group}: {row[0]}", *row[1:]]
            for group, parts in new["by_group"].items()
            for row in words.source_rows(parts)
        ]
        self.sources.show_sources(words.source_rows(new["by_source"]), groups, result.worst)
        self.threshold.show_curve(result.points, result.point, result.why_no_point)
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

    def _put_pictures(self, images: dict[int, QImage]) -> None:
        self.matrix.pictures.put(images)

    def _pick(self, kind: str, share: float) -> None:
        def picked(point: Mapping[str, Any]) -> None:
            self.wizard.choices.point = dict(point)
            self.threshold.show_curve(self.result.points, point, "")

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


def _judged(result: Any) -> str:
    """On what: films, patients, how they were held out, how often the test was opened, what was left out."""
    told = f"Judged on {result.new['films']} films of {result.new['patients']} patients that no network was trained on."
    if result.openings:
        times = "once" if result.openings == 1 else f"{result.openings} times"
        told += f" The locked test was opened {times}."
    if result.left_out:
        told += f" {result.left_out} films were left out of the comparison: one of the bundles had seen them."
    return told
