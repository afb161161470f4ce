"""The step “Run”: the training as it goes on, in its own process, and what changes its course."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import HilumError
from core.training.watching import Epoch
from gui import theme
from gui.screening.words import lasting
from gui.settings.section import button
from gui.training import run_words
from gui.training.steps import UNFINISHED, StepPage, Wizard
from gui.widgets.labels import plain
from gui.widgets.plots import Plotted
from gui.widgets.stack import Stack

LABELS: Final = "labels.csv"
_PARTS: Final = 1000
_GOING_ON: Final = ("reading", "training", "judging")
_RESTING: Final = ("paused", "stopped", "failed")
_CANCEL: Final = (
    "Cancel the training? What the networks have learnt so far is thrown away; the films and their labels stay."
)


class RunStep(StepPage):
    name = "run"
    title = "Run"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self._rows: dict[tuple[int, int, str, int], Epoch] = {}
        self._network: tuple[int, int] | None = None
        self._followed = True
        self._starting = False
        self._before, self._live = _Before(), QWidget()
        self.headline, self._details = plain("", "finding"), plain("", "quiet")
        self._trouble = plain("", "error", wrap=True)
        self._bar = QProgressBar()
        self.loss, self.accuracy = Plotted(), Plotted()
        self._networks = QWidget()
        self._group = QButtonGroup(self)
        self._network_buttons: dict[tuple[int, int], QPushButton] = {}
        self.pause, self.go_on = button("Pause"), button("Go on", "primary")
        self.keep, self.cancel = button("Stop and keep the best"), button("Cancel…")
        self._question = QFrame()
        self._stack = Stack()
        self._lay_out()
        self._before.start.clicked.connect(self.start)
        for one, request in ((self.pause, "pause"), (self.go_on, "go-on"), (self.keep, "keep-best")):
            one.clicked.connect(partial(self._ask, request))
        self.cancel.clicked.connect(self._question.show)
        wizard.trainer.told.connect(self._tell)
        wizard.trainer.lost.connect(self._pick_up)
        wizard.site.told.connect(lambda _state: self._before.show_choices(self.wizard))

    @property
    def state(self) -> Any:
        """What the trainer told last; None before that."""
        return self.wizard.trainer.state

    @property
    def rows(self) -> tuple[Epoch, ...]:
        """Every epoch that is known, of all networks."""
        return tuple(self._rows.values())

    def enter(self) -> None:
        self._before.show_choices(self.wizard)
        if self.wizard.choices.folder:
            self.wizard.trainer.look_soon()

    def may_leave(self) -> str | None:
        if not self.wizard.choices.folder:
            return "Start the training."
        if self.state is not None and self.state.phase == "done":
            return None
        return "The result comes when the training is done."

    def next_words(self) -> str:
        return "Next: what the new bundle is worth, beside the one in use."

    def stands_alone(self) -> bool:
        return bool(self.wizard.choices.folder)

    # Its course.

    def start(self) -> None:
        """Write down what was decided, and begin."""
        site, choices = self.wizard.site, self.wizard.choices
        folder = getattr(site.state, "folder", "")
        if self._starting or not folder:
            return
        self._starting = True
        self._before.start.setEnabled(False)
        choices.name, choices.use = self._before.name.text().strip(), self._before.use.text().strip()
        labels = choices.labels = str(Path(folder) / LABELS)
        noted = {
            "start": choices.start,
            "recipe": choices.recipe_name,
            "changes": choices.changes,
            "seed": choices.seed,
        }
        site.ask(("note", noted), looks=False)
        site.ask(("labels", labels), lambda _rows: site.ask(("plan",), self._begin, self._refuse), self._refuse)

    def _begin(self, plan: Any) -> None:
        choices = self.wizard.choices
        choices.acknowledged = dict(plan.acknowledgements)
        told = {"name": choices.name, "use": choices.use, "acknowledged": choices.acknowledged}
        request = ("start", choices.labels, choices.recipe, choices.start, None, told)
        self.wizard.trainer.forget()
        self.wizard.trainer.ask(request, self._began, self._refuse)

    def _began(self, folder: str) -> None:
        self._starting = False
        self._rows.clear()
        self.wizard.choices.folder = folder
        self.wizard.services.preferences.put(UNFINISHED, folder)
        self._stack.setCurrentWidget(self._live)
        self.wizard.chose.emit()

    def _refuse(self, error: HilumError) -> None:
        self._starting = False
        self._before.start.setEnabled(True)
        self._before.say(error.reason.text)
        self.notice.emit(error.reason.text)

    def _ask(self, request: str, _checked: bool = False) -> None:
        self.wizard.trainer.ask((request,))

    def _cancel(self) -> None:
        self._question.hide()

        def cancelled(_answer: object) -> None:
            self.wizard.choices.folder = ""
            self.wizard.services.preferences.put(UNFINISHED, None)
            self._rows.clear()
            self._before.start.setEnabled(True)
            self._before.show_choices(self.wizard)
            self._stack.setCurrentWidget(self._before)
            self.wizard.chose.emit()

        self.wizard.trainer.ask(("cancel",), cancelled)

    def _pick_up(self) -> None:
        """The process ended under the training: a fresh one opens its folder, and it rests until it is wanted."""
        if self.wizard.choices.folder:
            self.wizard.trainer.ask(("open", self.wizard.choices.folder))

    # What it shows.

    def _tell(self, state: Any) -> None:
        if not self.wizard.choices.folder:
            return
        if state.fresh:
            self._rows.clear()
        for row in state.curves:
            self._rows[row.part, row.member, row.phase, row.epoch] = row
        self._stack.setCurrentWidget(self._live)
        self.headline.setText(run_words.headline(state))
        self._details.setText(run_words.details(state))
        self._trouble.setText(state.error.text if state.error is not None else "")
        self._trouble.setVisible(state.error is not None)
        going_on = state.phase in _GOING_ON
        self._bar.setVisible(going_on)
        if going_on:
            self._show_progress(state.progress)
        self.pause.setVisible(state.phase in ("reading", "training"))
        self.go_on.setVisible(state.phase in _RESTING)
        self.keep.setVisible(bool(self._rows) and state.phase in ("training", *_RESTING))
        self.cancel.setVisible(state.phase in ("reading", "training", *_RESTING))
        self._offer_networks()
        self._draw()
        self.changed.emit()

    def _show_progress(self, progress: Any) -> None:
        known = progress is not None and bool(progress.total)
        self._bar.setRange(0, _PARTS if known else 0)
        if known:
            self._bar.setValue(round(_PARTS * progress.done / progress.total))

    def _offer_networks(self) -> None:
        known = run_words.networks(self.rows)
        for place in self._network_buttons.keys() - {one[:2] for one in known}:
            self._network_buttons.pop(place).deleteLater()  # of an earlier training
        row = self._networks.layout()
        assert isinstance(row, QHBoxLayout)
        for part, member, name in known:
            if (part, member) not in self._network_buttons:
                title = name or f"Network {member}"
                title += f", part {part}" if max(one for one, _member, _name in known) > 1 else ""
                made = self._network_buttons[part, member] = button(title, "choice")
                made.setCheckable(True)
                # Chosen, its title is bold: it is as wide from the beginning.
                bold = QFont(made.font())
                bold.setBold(True)
                made.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(title) + 2 * theme.SPACE[2])
                made.clicked.connect(partial(self._choose, (part, member)))
                self._group.addButton(made)
                # The layout shows it when it is next laid out; to show it here would lay out the whole window at once.
                row.insertWidget(row.count() - 1, made)
        self._networks.setVisible(len(known) > 1)
        for place, made in self._network_buttons.items():
            made.setChecked(place == self._shown())

    def _choose(self, network: tuple[int, int], _checked: bool = False) -> None:
        self._network = network
        self._draw()

    def _shown(self) -> tuple[int, int] | None:
        """The network whose curves are drawn: the chosen one, else the latest."""
        known = run_words.networks(self.rows)
        latest = known[-1][:2] if known else None
        return self._network if self._network in [one[:2] for one in known] else latest

    def _draw(self) -> None:
        shown = self._shown()
        rows = [row for row in self.rows if (row.part, row.member) == shown]
        self.loss.show_chart(run_words.loss_chart(rows))
        self.accuracy.show_chart(run_words.accuracy_chart(rows))

    def _lay_out(self) -> None:
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(2)
        self._bar.setProperty("look", "page")
        self._bar.setAccessibleName("Progress of the training")
        self.headline.setFont(theme.font(theme.FINDING))
        networks = QHBoxLayout(self._networks)
        networks.setContentsMargins(0, 0, 0, 0)
        networks.setSpacing(2)
        networks.addStretch(1)
        column = QVBoxLayout(self._live)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        for widget in (self.headline, self._details, self._bar, self._trouble):
            column.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE[1])
        for one in (self.pause, self.go_on, self.keep, self.cancel):
            buttons.addWidget(one)
        buttons.addStretch(1)
        column.addLayout(buttons)
        column.addWidget(self._question)
        column.addWidget(self._networks)
        plots = QHBoxLayout()
        plots.setSpacing(theme.SPACE[3])
        plots.addWidget(self.loss, 1)
        plots.addWidget(self.accuracy, 1)
        column.addLayout(plots, 1)
        self._ask_in_place()
        self._trouble.hide()
        self._stack.addWidget(self._before)
        self._stack.addWidget(self._live)
        self.column.addWidget(self._stack, 1)

    def _ask_in_place(self) -> None:
        self._question.setProperty("look", "question")
        row = QHBoxLayout(self._question)
        row.setContentsMargins(theme.SPACE[2], theme.SPACE[1], theme.SPACE[2], theme.SPACE[1])
        row.addWidget(plain(_CANCEL, wrap=True), 1)
        sure, back = button("Cancel the training"), button("No")
        sure.clicked.connect(self._cancel)
        back.clicked.connect(self._question.hide)
        row.addWidget(sure)
        row.addWidget(back)
        self._question.hide()


class _Before(QWidget):
    """What will be done, and what it is for, before it begins."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.use = QLineEdit(), QLineEdit()
        self.start = button("Start the training", "primary")
        self._facts, self._trouble = plain("", wrap=True), plain("", "error", wrap=True)
        self._time = plain("", "quiet", wrap=True)
        self.name.setPlaceholderText("our-chest-films")
        self.use.setPlaceholderText("Frontal chest radiographs of adults, sorted for reading")
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.SPACE[2])
        grid.setVerticalSpacing(theme.SPACE[1])
        for line, (title, field) in enumerate((("Name of the bundle", self.name), ("Meant for", self.use))):
            field.setAccessibleName(title)
            field.setFixedWidth(460)
            grid.addWidget(plain(title), line, 0)
            grid.addWidget(field, line, 1)
        grid.setColumnStretch(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[2])
        column.addWidget(plain("Is everything as it should be?", "finding"))
        column.addWidget(self._facts)
        column.addWidget(self._time)
        column.addLayout(grid)
        column.addWidget(plain("Both can be changed before it is registered.", "quiet"))
        column.addWidget(self._trouble)
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        self._trouble.hide()

    def say(self, trouble: str) -> None:
        self._trouble.setText(trouble)
        self._trouble.setVisible(bool(trouble))

    def show_choices(self, wizard: Wizard) -> None:
        site, choices = wizard.site.state, wizard.choices
        lines = [f"{one.title or one.name}: {one.films} films of {one.patients} patients"
                 for one in getattr(site, "classes", ())]  # fmt: skip
        begins = f"Begins with {choices.start_title}." if choices.start_title else ""
        self._facts.setText("\n".join([*lines, begins] if lines else [begins]))
        trial = getattr(site, "dry_run", None)
        self._time.setText(
            f"About {lasting(trial.seconds_for_all)} on this PC ({trial.device}), and "
            f"{run_words.memory(trial.memory_bytes)} of memory. It can be paused, stopped and gone on with at any time,"
            " also after the window was closed. Reading goes on meanwhile."
            if trial is not None
            else "How long it takes was not measured; the step before measures it."
        )
        if not self.name.text() and choices.name:
            self.name.setText(choices.name)
