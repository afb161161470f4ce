"""The steps of the training wizard: what every one of them is, what they share, and their list on the left.

A step is one page with one question. It says by itself whether the next one may follow (may_leave), and the list says
so too: done, here, open, or blocked with the sentence of the step that blocks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.training.state import PickedPoint
from gui import theme
from gui.services import Services
from gui.training.desk import Desk
from gui.widgets.labels import plain

WIDTH: Final = 208
# The preference that holds the folder of the training that is not done yet.
UNFINISHED: Final = "training/folder"
Standing = Literal["done", "here", "open", "blocked"]


@dataclass(slots=True)
class Choices:
    """What later steps need of earlier ones, as plain values. Empty: not chosen yet.

    recipe: the text of a recipe (TOML) with the settings that were changed, recipe_name: whose; start: the folder of a
    bundle, "imagenet" or "random"; start_title: the same in words; labels: the CSV that the site's process wrote;
    folder: of the training; acknowledged: {code of a finding: the words of who knows it}.
    """

    recipe: str = ""
    recipe_name: str = ""
    start: str = ""
    start_title: str = ""
    seed: int = 0
    labels: str = ""
    folder: str = ""
    name: str = ""
    use: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    point: PickedPoint | None = None


class Wizard(QObject):
    """What every step is given: the window's services, the two processes, and what was chosen so far.

    site: core.site.desk; trainer: core.training.desk. Both are made with the wizard and start with the first question
    (gui.training.desk.Desk). chose(): something in `choices` is different now. bundle_changed(): another one is in use.
    """

    chose = Signal()
    bundle_changed = Signal()

    def __init__(self, services: Services, site: Desk, trainer: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.services = services
        self.site = site
        self.trainer = trainer
        self.choices = Choices()


class StepPage(QWidget):
    """One step. changed(): may_leave() or next_words() may answer differently now. notice(str): a sentence for the
    notice line. wanted(str): bring the step of that name to the front (its name, as "check").

    Subclasses set the three class attributes; everything they show goes into self.column (a vertical layout).
    """

    changed = Signal()
    notice = Signal(str)
    wanted = Signal(str)

    name: str = ""
    title: str = ""
    question: str = ""

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.wizard = wizard
        self.setAccessibleName(self.title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(theme.SPACE[4], theme.SPACE[3], theme.SPACE[4], theme.SPACE[2])
        self.column.setSpacing(theme.SPACE[1])
        if self.question:
            self.column.addWidget(plain(self.question, "finding", wrap=True))

    def enter(self) -> None:
        """The step comes to the front: ask for what may have changed since."""

    def leave(self) -> None:
        """Another step comes to the front."""

    def may_leave(self) -> str | None:
        """Why the next step cannot follow yet, in one sentence that says what to do; None: it can."""
        return None

    def stands_alone(self) -> bool:
        """Whether it can be entered whatever the steps before it say (a training of earlier was opened)."""
        return False

    def next_words(self) -> str:
        """What happens next, for the foot of the page: "Next: … It takes about …"."""
        return ""

    def step(self, by: int) -> None:
        """The next (1) or previous (-1) picture, where the step shows some."""

    def retheme(self) -> None:
        """Draw anew what was drawn in the colours of the theme."""

    def stop(self) -> None:
        """The window closes."""


class StepList(QFrame):
    """The steps below each other with their standing. wanted(int): this one was pressed."""

    wanted = Signal(int)

    def __init__(self, titles: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", True)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("Steps")
        self.rows = [_Row(number, title) for number, title in enumerate(titles, 1)]
        inside = QWidget()
        inside.setProperty("panel", True)
        column = QVBoxLayout(inside)
        column.setContentsMargins(theme.SPACE[1], theme.SPACE[2], theme.SPACE[1], theme.SPACE[2])
        column.setSpacing(2)
        for number, row in enumerate(self.rows):
            row.clicked.connect(lambda _checked=False, number=number: self.wanted.emit(number))
            column.addWidget(row)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    def show_standing(self, standings: Sequence[tuple[Standing, str]]) -> None:
        """One (standing, sentence) a step; the sentence says why it is blocked. What blocks several is said once."""
        before = ""
        for row, (standing, why) in zip(self.rows, standings, strict=True):
            row.show_standing(standing, why, again=bool(why) and why == before)
            before = why

    def words(self) -> list[str]:
        """What stands under each title, for tests and screen readers."""
        return [row.words for row in self.rows]


class _Row(QPushButton):
    """A number, a title and its standing in words."""

    def __init__(self, number: int, title: str) -> None:
        super().__init__()
        self.setProperty("look", "step")
        self.setCheckable(True)
        self._called = title
        self._told: tuple[Standing, str, bool] | None = None
        self._title = plain(f"{number}  {title}")
        self.standing = plain("", "label", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE[2], theme.SPACE[0] + 2, theme.SPACE[1], theme.SPACE[0] + 2)
        column.setSpacing(0)
        for label in (self._title, self.standing):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)

    @property
    def words(self) -> str:
        return self.standing.text()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def show_standing(self, standing: Standing, why: str, *, again: bool = False) -> None:
        """again: the step before says why already."""
        self.setChecked(standing == "here")  # a press has changed it
        if (standing, why, again) == self._told:
            return
        self._told = (standing, why, again)
        self.setEnabled(standing != "blocked")
        whole = {"done": "✓ done", "here": "▸ here", "open": "open", "blocked": f"blocked: {why}"}[standing]
        self.standing.setText("blocked" if again else whole)
        self.setToolTip(why)
        self._title.setProperty("look", {"here": "strong", "blocked": "quiet"}.get(standing, ""))
        self._title.style().polish(self._title)
        self.setAccessibleName(f"{self._called}, {whole.lstrip('✓▸ ')}")
        self._fit()

    def _fit(self) -> None:
        """As high as the sentence needs at this width, which a scroll bar makes less."""
        self.setMinimumHeight(self.layout().heightForWidth(self.width()))
