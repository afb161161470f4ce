"""The step “Classes”: what each label of the site becomes, how many films that makes, and what the count allows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QMenu, QScrollArea, QVBoxLayout, QWidget

from core.site.plan import ClassChoice
from core.site.state import ClassCount, LabelCount, SiteState
from gui import theme
from gui.training.asking import Choice, ask_words
from gui.training.site import BUSY, counted, site_of
from gui.training.steps import StepPage, Wizard
from gui.widgets.choices import offer
from gui.widgets.choices import plain as titled
from gui.widgets.labels import mark, plain

_LEFT_OUT: Final = "Left out"
_BUTTON: Final = 240
_PLAIN_LABEL: Final = 200


class ClassesStep(StepPage):
    name = "classes"
    title = "Classes"
    question = "What does each label mean to the networks?"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.site = site_of(wizard)
        self.buttons: dict[str, Choice] = {}
        self._shown: tuple[object, ...] = ()
        self._labels, self._classes = QGridLayout(), QGridLayout()
        self.together = plain("", wrap=True)
        self._sign = QVBoxLayout()
        self._lay_out()
        self.site.told.connect(self._show)
        self._show()

    def enter(self) -> None:
        self._show()

    def may_leave(self) -> str | None:
        state = self.site.state
        if state is None or len(state.classes) < 2:
            return "A training needs at least two classes."
        if self.site.phase in BUSY:
            return "The films are still being read."
        few = [one.title for one in state.classes if not one.allowed.trains]
        if few:
            return f"Too few films in {', '.join(few)}."
        return None if state.together is None or state.together.trains else state.together.words

    def next_words(self) -> str:
        return "Next: what is wrong with these films, or would mislead a network. Nothing is trained yet."

    def choose(self, label: str, to: str | None, title: str = "") -> None:
        """A class for a label; None leaves its films out."""
        self.site.change(("choose", (ClassChoice(label, to, title),)))

    def words(self) -> str:
        """Everything that the two tables say, for tests and for copying."""
        return "\n".join(
            label.text() for grid in (self._labels, self._classes) for label in _all_labels(grid)
        ) + f"\n{self.together.text()}"  # fmt: skip

    def retheme(self) -> None:
        self._shown = ()
        self._show()

    # What is shown.

    def _show(self) -> None:
        state = self.site.state
        if state is None:
            return
        now = (state.labels, state.choices, state.classes)
        # While the films are read the counts change often, and nobody sees it here.
        if now != self._shown and self.isVisible():
            self._shown = now
            self._show_labels(state)
            self._show_classes(state.classes)
            self._show_together(state)
        self.changed.emit()

    def _show_labels(self, state: SiteState) -> None:
        _empty(self._labels)
        self.buttons = {}
        for column, words in enumerate(("Label of the site", "Films", "Patients", "Not used", "Becomes")):
            self._labels.addWidget(_cell(words, "label", right=0 < column < 4), 0, column)
        counts = {one.label: one for one in state.labels}
        for row, choice in enumerate(state.choices, 1):
            count = counts.get(choice.label, LabelCount(choice.label, 0, 0, 0, 0))
            name = _cell(choice.label)
            name.setWordWrap(True)
            name.setMinimumWidth(_PLAIN_LABEL)
            self._labels.addWidget(name, row, 0)
            figures = (count.films, count.patients, count.excluded + count.problems)
            for column, figure in enumerate(figures, 1):
                self._labels.addWidget(_cell(f"{figure:,}", "" if figure else "quiet", right=True), row, column)
            button = Choice(f"What {choice.label} becomes", partial(self._offer, choice))
            button.say(self._said(choice, state))
            button.setFixedWidth(_BUTTON)
            self.buttons[choice.label] = button
            self._labels.addWidget(button, row, 4, Qt.AlignmentFlag.AlignLeft)

    def _show_classes(self, classes: tuple[ClassCount, ...]) -> None:
        _empty(self._classes)
        for column, words in enumerate(("Class", "Films", "Patients", "", "What that allows")):
            self._classes.addWidget(_cell(words, "label", right=column in (1, 2)), 0, column)
        for row, one in enumerate(classes, 1):
            title = f"{one.title} (new)" if not one.known else one.title
            self._classes.addWidget(_cell(title, "strong"), row, 0)
            self._classes.addWidget(_cell(f"{one.films:,}", right=True), row, 1)
            self._classes.addWidget(_cell(f"{one.patients:,}", right=True), row, 2)
            icon, token = ("agree", "quiet") if one.allowed.locked_test else ("caution", "refer")
            if not one.allowed.trains:
                icon, token = "refused", "error"
            self._classes.addWidget(mark(icon, token), row, 3, Qt.AlignmentFlag.AlignTop)
            words = plain(one.allowed.words, wrap=True)
            self._classes.addWidget(words, row, 4)

    def _show_together(self, state: SiteState) -> None:
        said = state.together.words if state.together is not None else ""
        if state.together is not None and state.together.trains and any(not one.known for one in state.classes):
            said += (
                " A class that the start does not know begins with nothing: its figures need more films than others."
            )
        missing = [title for name, title in state.bundle_classes if name not in {one.name for one in state.classes}]
        if missing and state.classes:
            said += f" The new bundle will not know: {', '.join(missing)}."
        unknown = sum(film.usable and not film.patient for film in self.site.films.values())
        if unknown:
            said += f" Of {counted(unknown, 'film')} no patient is known: each counts as a patient of its own."
        self.together.setText(said)

    def _said(self, choice: ClassChoice, state: SiteState) -> str:
        if choice.to is None:
            return _LEFT_OUT
        titles = dict(state.bundle_classes)
        return titles.get(choice.to) or f"{choice.title or choice.to} (new class)"

    def _offer(self, choice: ClassChoice, menu: QMenu) -> None:
        state = self.site.state
        assert state is not None
        rows: list[tuple[str, bool, Callable[[], object]]] = [
            (title, choice.to == name, partial(self.choose, choice.label, name, title))
            for name, title in state.bundle_classes
        ]
        known = {name for name, _title in state.bundle_classes}
        others = {one.to: one.title for one in state.choices if one.to is not None and one.to not in known}
        rows += [
            (f"{title or name} (new class)", choice.to == name, partial(self.choose, choice.label, name, title))
            for name, title in others.items()
        ]
        rows.append((_LEFT_OUT, choice.to is None, partial(self.choose, choice.label, None)))
        offer(menu, rows)
        menu.addSeparator()
        words = f"What is the class called that {choice.label} becomes?"
        another = menu.addAction(titled("A new class…"))
        another.triggered.connect(lambda: ask_words(self, "A new class", words, partial(self._named, choice.label)))

    def _named(self, label: str, title: str) -> None:
        self.choose(label, title, title)

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.SPACE[2], 0)
        column.setSpacing(theme.SPACE[2])
        for grid, stretched in ((self._labels, 4), (self._classes, 4)):
            grid.setHorizontalSpacing(theme.SPACE[3])
            grid.setVerticalSpacing(theme.SPACE[0])
            grid.setColumnStretch(stretched, 1)
            column.addLayout(grid)
            if grid is self._labels:
                rule = QFrame()
                rule.setProperty("look", "rule")
                rule.setFixedHeight(1)
                column.addWidget(rule)
        column.addWidget(self.together)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setProperty("look", "bare")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        self.column.addWidget(scroll, 1)


def _cell(text: str, look: str = "", *, right: bool = False) -> QLabel:
    label = plain(text, look)
    if right:
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


def _all_labels(grid: QGridLayout) -> list[QLabel]:
    found = [grid.itemAt(place).widget() for place in range(grid.count())]
    return [one for one in found if isinstance(one, QLabel)]


def _empty(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            # Hidden at once: deleted later, it would stay in the picture until the event loop comes round.
            widget.hide()
            widget.deleteLater()
