"""The step “Start from”: which weights, which recipe, what of the networks learns, and every setting of the recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.errors import HilumError
from core.training import recipes
from core.training.offered import Offer, Ruler
from gui import theme
from gui.operation import Operation
from gui.pages import in_turns
from gui.training.asking import Choice
from gui.training.form import RecipeForm
from gui.training.ruler import RulerView
from gui.training.steps import StepPage, Wizard
from gui.widgets.choices import offer
from gui.widgets.labels import plain

DEFAULT: Final = "site-fine-tune"
IMAGENET, RANDOM = "imagenet", "random"
# While numbers are being typed, no network is built for each of them.
_RULER_AFTER_MS: Final = 400


class StartStep(StepPage):
    name = "start"
    title = "Start from"
    question = "What does the training begin with, and how does it go?"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.offers: tuple[Offer, ...] = ()
        self.buttons: dict[str, QRadioButton] = {}
        self._known: dict[str, tuple[str, str]] = {}  # name of a recipe → paper, title
        self._asked: Operation | None = None
        self._ruler: Operation | None = None
        self._measured = ("", "")
        self._group = QButtonGroup(self)
        self._starts = QVBoxLayout()
        self._starts.setSpacing(2)
        self._recipe = wizard.choices.recipe_name or DEFAULT
        self.recipes = Choice("Recipe", self._offer_recipes)
        self._summary = plain("", "quiet", wrap=True)
        self._warning = plain("", "quiet", wrap=True)
        self.ruler = RulerView()
        self._phase = plain("", "label", wrap=True)
        self.form = RecipeForm()
        self.form.changed.connect(self._settle)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_RULER_AFTER_MS)
        self._later.timeout.connect(self._measure)
        self._lay_out()

    def enter(self) -> None:
        if not self._known:
            in_turns(self._read_recipes(), self)
        if not self.offers:
            self._asked = self.wizard.trainer.ask(("starts",), self._know, self._cannot_know, looks=False)

    def may_leave(self) -> str | None:
        if not self.wizard.choices.start:
            return "Choose what the training begins with."
        if self.form.problem:
            return self.form.problem
        return None if self.wizard.choices.recipe else "Choose a recipe."

    def next_words(self) -> str:
        return "Next: what the networks will see, and how long it would take on this PC. Nothing is trained yet."

    def use_recipe(self, name: str) -> None:
        """Another recipe, as it is shipped."""
        self._recipe = name
        self._show_recipe()

    def use_start(self, start: str) -> None:
        """The folder of a bundle, "imagenet" or "random"."""
        was_bundle = self.wizard.choices.start not in ("", IMAGENET, RANDOM)
        self.wizard.choices.start = start
        self.wizard.choices.start_title = self._title(start)
        if start in self.buttons:
            self.buttons[start].setChecked(True)
        if was_bundle != (start not in (IMAGENET, RANDOM)) or self.form.recipe is None:
            self._show_recipe()
        else:
            self.form.put("network.start", start if start in (IMAGENET, RANDOM) else "bundle")
            self._settle()

    def stop(self) -> None:
        self._later.stop()
        for one in (self._asked, self._ruler):
            if one is not None:
                one.drop()

    def retheme(self) -> None:
        self.ruler.update()

    # What can be started from.

    def _know(self, offers: tuple[Offer, ...]) -> None:
        self.offers = offers
        while (item := self._starts.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for one in offers:
            self._offer_start(one.folder, _called(one), _about(one), enabled=not one.problem)
        self._offer_start(IMAGENET, "ImageNet weights", "Photographs taught the networks edges and textures; the "
                          "films teach the rest. Needs many more films than a bundle.")  # fmt: skip
        self._offer_start(RANDOM, "Nothing (random weights)", "Everything is learnt from these films. For thousands "
                          "of them, or to see what a published network could do with yours.")  # fmt: skip
        usable = next((one.folder for one in offers if one.in_use), IMAGENET)
        self.use_start(self.wizard.choices.start or usable)

    def _cannot_know(self, error: HilumError) -> None:
        self.notice.emit(error.reason.text)
        self._know(())

    def _offer_start(self, start: str, title: str, said: str, *, enabled: bool = True) -> None:
        button = self.buttons[start] = QRadioButton(title)
        # A long name of somebody's own must not push the others out of sight.
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setAccessibleName(title)
        button.setAccessibleDescription(said)
        button.setEnabled(enabled)
        button.clicked.connect(lambda _checked=False: self.use_start(start))
        self._group.addButton(button)
        self._starts.addWidget(button)
        label = plain(said, "label", wrap=True)
        label.setContentsMargins(theme.SPACE[4], 0, 0, theme.SPACE[0])
        self._starts.addWidget(label)

    def _title(self, start: str) -> str:
        known = next((f"{one.name} {one.version}" for one in self.offers if one.folder == start), Path(start).name)
        return {IMAGENET: "ImageNet weights", RANDOM: "random weights"}.get(start, known)

    # The recipe.

    def _offer_recipes(self, menu: QMenu) -> None:
        by_paper: dict[str, list[tuple[str, bool, Callable[[], None]]]] = {}
        for name, (paper, title) in self._known.items():
            by_paper.setdefault(paper, []).append((title, self._recipe == name, partial(self.use_recipe, name)))
        offer(menu, by_paper.pop("", []))
        for paper, own in sorted(by_paper.items()):
            offer(menu.addMenu(f"Paper {paper.upper()}"), own)

    def _read_recipes(self) -> Iterator[None]:
        """One file in each turn: thirty of them at once would hold the window up."""
        for name in recipes.names():
            one = recipes.read(name)
            self._known[name] = (one.paper, one.title)
            yield

    def _show_recipe(self) -> None:
        start = self.wizard.choices.start
        from_bundle = start not in (IMAGENET, RANDOM)
        self.form.show_recipe(self._recipe, from_bundle=from_bundle, start="bundle" if from_bundle else start)
        shown = recipes.read(self._recipe)
        self.recipes.say(shown.title)
        self._summary.setText(shown.summary.strip())

    def _settle(self) -> None:
        """Tell the other steps what was chosen, and measure what would learn, a little later."""
        choices = self.wizard.choices
        choices.recipe, choices.recipe_name, choices.changes = self.form.text, self._recipe, self.form.changes
        choices.seed = self.form.recipe.seed if self.form.recipe is not None else 0
        told = recipes.warnings(self.form.recipe) if self.form.recipe is not None else ()
        self._warning.setText("\n".join(f"To know: {one}" for one in told))
        self._warning.setVisible(bool(told))
        if choices.recipe:
            self._later.start()
        self.changed.emit()
        self.wizard.chose.emit()

    def _measure(self) -> None:
        choices = self.wizard.choices
        if self._measured != (choices.start, choices.recipe_name):
            # Bars of another network would be wrong until the new ones come.
            self._measured = choices.start, choices.recipe_name
            self._phase.setText("")
            self.ruler.wait("The ruler is being made: the networks are built once for it, which takes some seconds.")
        if self._ruler is not None:
            self._ruler.drop()
        request = ("ruler", choices.recipe, choices.start)
        self._ruler = self.wizard.trainer.ask(request, self._show_rulers, self._no_ruler, looks=False)

    def _show_rulers(self, rulers: tuple[Ruler, ...]) -> None:
        phases = len({one.phase for one in rulers})
        told = f"The training has {phases} phases, each with its own cut" if phases > 1 else "In the whole training"
        self._phase.setText(f"{told}: filled is what learns, strokes are batch normalisations.")
        self.ruler.show_rulers(rulers)

    def _no_ruler(self, error: HilumError) -> None:
        self._measured = ("", "")
        self._phase.setText("")
        self.ruler.wait(error.reason.text)

    def _lay_out(self) -> None:
        inside = QWidget()
        left = QVBoxLayout(inside)
        left.setContentsMargins(0, 0, theme.SPACE[2], 0)
        left.setSpacing(theme.SPACE[1])
        self._starts.addWidget(plain("Bundles are being looked up.", "quiet"))
        left.addLayout(self._starts)
        left.addWidget(plain("Recipe", "strong"))
        left.addWidget(self.recipes, 0, Qt.AlignmentFlag.AlignLeft)
        left.addWidget(self._summary)
        left.addWidget(self._warning)
        left.addWidget(plain("What learns", "strong"))
        left.addWidget(self._phase)
        left.addWidget(self.ruler)
        left.addStretch(1)
        scroll = QScrollArea()
        scroll.setProperty("look", "bare")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        right = QVBoxLayout()
        right.setSpacing(theme.SPACE[0])
        right.addWidget(plain("Settings of the recipe", "strong"))
        right.addWidget(self.form, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[3])
        row.addWidget(scroll, 5)
        row.addLayout(right, 6)
        self.column.addLayout(row, 1)
        self._warning.hide()


def _called(one: Offer) -> str:
    # The name, not the title: a radio button does not break its line, and a title is a sentence.
    name = f"{one.name} {one.version}".strip()
    return f"{name}, the bundle in use" if one.in_use else name


def _about(one: Offer) -> str:
    if one.problem:
        return one.problem
    members = "1 network" if len(one.members) == 1 else f"{len(one.members)} networks, all trained on the same split"
    whose = "came with Hilum" if one.shipped else "was made here"
    title = f"{one.title}. " if one.title else ""
    return f"{title}It {whose} and has {members}; each keeps its own input."
