"""The training page: the steps on the left, one question beside them, and a foot that says what happens next."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from core import places
from gui import theme
from gui.pages import Page
from gui.services import Services
from gui.training.desk import Desk
from gui.training.steps import UNFINISHED, Standing, StepList, StepPage, Wizard
from gui.widgets.labels import plain
from gui.widgets.stack import Stack

SITE: Final = "core.site.desk:serve"
TRAINER: Final = "core.training.desk:serve"

MakeStep = Callable[[Wizard], StepPage]
# Name, title, module and class of every step, in order.
_STEPS: Final = (
    ("data", "Data", "data", "DataStep"),
    ("classes", "Classes", "classes", "ClassesStep"),
    ("check", "Check", "check", "CheckStep"),
    ("start", "Start from", "start", "StartStep"),
    ("preview", "Preview", "preview", "PreviewStep"),
    ("run", "Run", "run", "RunStep"),
    ("result", "Result", "result", "ResultStep"),
    ("register", "Register", "register", "RegisterStep"),
)


class TrainingPage(Page):
    """The wizard. Its steps are made when they are first wanted, its processes start with their first question.

    steps: (name, title, maker) of every step, in order; None: those of the product.
    opened(refs, index): read these films on the reading page, this one first. put_into_use(): another bundle is in use,
    and the assessor starts again with it.
    """

    opened = Signal(object, int)
    put_into_use = Signal()

    def __init__(
        self,
        services: Services,
        site: str = SITE,
        trainer: str = TRAINER,
        steps: Sequence[tuple[str, str, MakeStep]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._declared = tuple(steps or _of_the_product())
        self._site = Desk("site data process", site, self)
        self._trainer = Desk("trainer", trainer, self)
        # While the process starts, on the thread that has nothing else to do.
        self._site.process.before = _import_ahead
        self.wizard = Wizard(services, self._site, self._trainer, self)
        self._made: dict[int, StepPage] = {}
        self._here = -1
        self.list = StepList([title for _name, title, _make in self._declared])
        self._stack = Stack()
        self.words = plain("", "quiet", wrap=True)
        self.back, self.next = QPushButton("Back"), QPushButton("Next")
        self._lay_out()
        self.list.wanted.connect(self.go_to)
        self.back.clicked.connect(lambda: self.move(-1))
        self.next.clicked.connect(lambda: self.move(1))
        self.wizard.chose.connect(self._refresh)
        self.wizard.bundle_changed.connect(self._another_bundle)
        for desk in (self._site, self._trainer):
            desk.told.connect(lambda _state: self._refresh())
            desk.refused.connect(lambda error: self.notice.emit(error.reason.text))
            desk.process.died.connect(self.notice.emit)
            desk.process.unusable.connect(lambda error: self.notice.emit(error.reason.text))
        self.go_to(0)
        self._pick_up()

    # Steps.

    @property
    def current(self) -> StepPage:
        """The step in front."""
        return self._made[self._here]

    def page(self, name: str) -> StepPage:
        """The step of that name; made when it is first wanted."""
        return self._step(self._number(name))

    def go_to(self, step: int | str) -> None:
        """Bring a step to the front, where those before it allow that."""
        number = self._number(step) if isinstance(step, str) else step
        if not 0 <= number < len(self._declared) or number == self._here or self.blocked_by(number):
            return
        page = self._step(number)
        if self._here >= 0:
            self.current.leave()
        self._here = number
        self._stack.setCurrentWidget(page)
        page.enter()
        self._refresh()

    def blocked_by(self, number: int) -> str:
        """Why this step cannot be entered; "" where it can."""
        if self._stands_alone(number):
            return ""
        first = max((one for one in range(number) if self._stands_alone(one)), default=0)
        for earlier in range(first, number):
            page = self._made.get(earlier)
            why = page.may_leave() if page is not None else f"{self._declared[earlier][1]} comes first."
            if why is not None:
                return why
        return ""

    def move(self, by: int) -> None:
        """The next (1) or the previous (-1) step."""
        self.go_to(self._here + by)

    # Trainings.

    def open_training(self, folder: str) -> None:
        """Go on with a training of earlier, or look at what came of it."""

        def opened(_answer: object) -> None:
            self.wizard.choices.folder = folder
            self._trainer.forget()
            self._step(self._number("run"))
            self.wizard.chose.emit()
            self.go_to("run")

        self._trainer.ask(("open", folder), opened)

    def ask_open(self) -> None:
        dialog = QFileDialog(self, "Open a training")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        folder = places.trainings()
        if folder.is_dir():
            dialog.setDirectory(str(folder))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda chosen: self.open_training(chosen[0]))
        dialog.open()

    def command(self, name: str) -> None:
        """A row of gui.commands without its group."""
        if name in ("next", "back"):
            self.move(1 if name == "next" else -1)
        elif name == "open":
            self.ask_open()
        else:
            self._trainer.ask((name,))

    def let_go(self, then: Callable[[], None]) -> None:
        """Close the site's films, so that what is kept of them can be erased; a training goes on."""
        if getattr(self._site.state, "phase", "empty") == "empty":
            then()
            return
        self._site.ask(("close",), lambda _answer: then())
        self._site.forget()

    # What the window asks of a page.

    def step(self, by: int) -> None:
        self.current.step(by)

    def take(self, paths: list[str]) -> bool:
        """Files that were dropped are for the step in front, where it wants some."""
        taken = getattr(self.current, "take", None)
        return bool(taken and taken(paths))

    def retheme(self) -> None:
        for page in self._made.values():
            page.retheme()

    def stop(self) -> None:
        for page in self._made.values():
            page.stop()
        for desk in (self._site, self._trainer):
            desk.process.end_soon()
        for desk in (self._site, self._trainer):
            desk.stop()

    def _pick_up(self) -> None:
        """A training that the window left unfinished is offered again, at rest."""
        folder = self.wizard.services.preferences.value(UNFINISHED)
        if isinstance(folder, str) and Path(folder).is_dir():
            self.open_training(folder)

    def _another_bundle(self) -> None:
        services = self.wizard.services
        points = services.preferences.under("point")
        services.assessor.renew({"operating_points": points} if points else None)
        self.put_into_use.emit()

    def _stands_alone(self, number: int) -> bool:
        page = self._made.get(number)
        return page is not None and page.stands_alone()

    def _number(self, name: str) -> int:
        return next(number for number, (own, _title, _make) in enumerate(self._declared) if own == name)

    def _step(self, number: int) -> StepPage:
        if number not in self._made:
            page = self._made[number] = self._declared[number][2](self.wizard)
            page.changed.connect(self._refresh)
            page.notice.connect(self.notice)
            page.wanted.connect(self.go_to)
            if isinstance(shown := getattr(page, "opened", None), SignalInstance):
                shown.connect(self.opened)
            self._stack.addWidget(page)
        return self._made[number]

    def _refresh(self) -> None:
        if self._here < 0:
            return
        self.list.show_standing([self._standing(number) for number in range(len(self._declared))])
        why = self.current.may_leave()
        last = self._here == len(self._declared) - 1
        self.words.setText(why or self.current.next_words())
        self.next.setVisible(not last)
        self.next.setEnabled(why is None)
        self.back.setEnabled(self._here > 0 and not self.blocked_by(self._here - 1))
        self.changed.emit(frozenset({"wizard"} | self._holds()))

    def _holds(self) -> set[str]:
        phase = getattr(self._trainer.state, "phase", "empty")
        resting = {"training-resting"} if phase in ("paused", "stopped", "failed") else set()
        return {"training"} if phase in ("reading", "training") else resting

    def _standing(self, number: int) -> tuple[Standing, str]:
        if number == self._here:
            return "here", ""
        why = self.blocked_by(number)
        if why:
            return "blocked", why
        page = self._made.get(number)
        return ("done", "") if page is not None and page.may_leave() is None else ("open", "")

    def _lay_out(self) -> None:
        for button in (self.back, self.next):
            button.setAccessibleName(button.text())
        self.next.setProperty("look", "primary")
        self.words.setAccessibleName("What happens next")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        foot = QWidget()
        foot.setProperty("panel", True)
        row = QHBoxLayout(foot)
        row.setContentsMargins(theme.SPACE[4], theme.SPACE[1], theme.SPACE[3], theme.SPACE[1])
        row.setSpacing(theme.SPACE[1])
        row.addWidget(self.words, 1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self._stack, 1)
        column.addWidget(foot)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(1)
        whole.addWidget(self.list)
        whole.addLayout(column, 1)


def _import_ahead() -> None:
    """The modules of the later steps: whoever comes to them does not wait for them."""
    for _name, _title, module, _kind in _STEPS:
        importlib.import_module(f"gui.training.{module}")


def _of_the_product() -> list[tuple[str, str, MakeStep]]:
    """Every step's module is imported when the step is first wanted."""
    return [(name, title, _from(module, kind)) for name, title, module, kind in _STEPS]


def _from(module: str, kind: str) -> MakeStep:
    def make(wizard: Wizard) -> StepPage:
        made = getattr(importlib.import_module(f"gui.training.{module}"), kind)(wizard)
        assert isinstance(made, StepPage)
        return made

    return make
