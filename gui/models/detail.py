"""One bundle: what it is, what may be done with it, its card, its members, and the two things that films tell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.models.state import BundleRow, Verified
from gui import theme
from gui.models import words
from gui.models.calibrate import CalibrateTab
from gui.models.compare import CompareTab
from gui.models.parts import READING_WIDTH, Card, scrolled
from gui.models.watch import Watch
from gui.models.weights import WeightsTab
from gui.widgets.labels import Shortened, plain
from gui.widgets.stack import Stack

TABS = (("card", "Card"), ("weights", "Members and weights"), ("compare", "Compare"), ("calibrate", "Calibrate"))


class Detail(QWidget):
    """promote(), verify(), export(), remove(): asked for, about the bundle that is shown. made(str): a new bundle."""

    promote = Signal()
    verify = Signal()
    export = Signal()
    remove = Signal()
    made = Signal(str)

    def __init__(self, watch: Watch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row: BundleRow | None = None
        self._title = plain("", "title", wrap=True)
        self._line = Shortened("quiet")
        self._said = plain("", wrap=True)
        self._working = False
        self.use = _button("Put into use", self.promote, "primary")
        self.check = _button("Verify", self.verify)
        self.pack = _button("Export as one file…", self.export)
        self.delete = _button("Delete", self.remove)
        self.tabs: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._stack = Stack()
        self.card = Card()
        self._watch = watch
        self._shelf: Sequence[BundleRow] = ()
        # Made when they are first wanted: each would delay the first look at a card.
        self._films: dict[str, tuple[WeightsTab | CompareTab | CalibrateTab, QWidget]] = {}
        self._lay_out()
        watch.busy.connect(self._be_busy)
        self.go_to("card")

    @property
    def weights(self) -> WeightsTab:
        tab = self._tab("weights")
        assert isinstance(tab, WeightsTab)
        return tab

    @property
    def compare(self) -> CompareTab:
        tab = self._tab("compare")
        assert isinstance(tab, CompareTab)
        return tab

    @property
    def calibrate(self) -> CalibrateTab:
        tab = self._tab("calibrate")
        assert isinstance(tab, CalibrateTab)
        return tab

    @property
    def sentence(self) -> str:
        """What it says above the card."""
        return self._said.text() if not self._said.isHidden() else ""

    def show_bundle(self, row: BundleRow, shelf: Sequence[BundleRow]) -> None:
        """Another bundle, or the same one as the shelf says now."""
        other = self.row is None or self.row.key != row.key
        self.row, self._shelf = row, shelf
        self._title.setText(row.title or row.name)
        digest = f", digest {row.digest[:12]}" if row.digest else ""
        self._line.say(f"{row.name} {row.version}, {words.standing(row)}{digest}".replace(" ,", ","))
        if other or row.problem is not None:
            self.say(row.problem.text if row.problem is not None else "")
        self.card.show_card(row.card)
        works = row.problem is None
        films = works and row.kind == "ensemble"
        for name, button in self.tabs.items():
            button.setVisible(works if name == "card" else films)
        if films:
            for tab, _scrolled in self._films.values():
                tab.about(row, shelf)
        if other or not films:
            self.go_to("card")
        self._refresh()

    def go_to(self, name: str) -> None:
        """Bring one of TABS to the front."""
        if name == "card":
            self._stack.setCurrentIndex(0)
        else:
            self._tab(name)
            self._stack.setCurrentWidget(self._films[name][1])
        self.tabs[name].setChecked(True)

    def say(self, text: str) -> None:
        """A sentence above the card; "" takes it away."""
        self._said.setText(text)
        self._said.setVisible(bool(text))

    def show_verified(self, found: Verified) -> None:
        """What the proof on this PC gave."""
        proofs = "; ".join(
            f"{one.engine} on {one.device} in {one.precision}, probabilities within {one.probability:.1e}, maps within "
            f"{100 * one.map:.2f} % of their scale"
            for one in found.proofs
        )
        missing = "".join(f" Not tried: {why}" for why in found.missing.values())
        self.say(f"Verified: description, files and answers on simulated films are as published ({proofs}).{missing}")

    def retheme(self) -> None:
        self.card.retheme()
        for tab, _scrolled in self._films.values():
            tab.update()

    def _tab(self, name: str) -> WeightsTab | CompareTab | CalibrateTab:
        if name not in self._films:
            makers = {"weights": WeightsTab, "compare": CompareTab, "calibrate": CalibrateTab}
            tab = makers[name](self._watch)
            tab.made.connect(self.made)
            area = scrolled(tab, dict(TABS)[name])
            self._films[name] = tab, area
            self._stack.addWidget(area)
            if self.row is not None and self.row.problem is None and self.row.kind == "ensemble":
                tab.about(self.row, self._shelf)
        return self._films[name][0]

    def _be_busy(self, working: bool) -> None:
        self._working = working
        self._refresh()

    def _refresh(self) -> None:
        row = self.row
        works = row is not None and row.problem is None
        films = works and row is not None and row.kind == "ensemble"
        self.use.setVisible(bool(films))
        self.use.setEnabled(bool(films and row is not None and not row.in_use))
        self.check.setVisible(works)
        self.check.setEnabled(not self._working)
        self.pack.setVisible(works)
        self.delete.setVisible(row is not None and not row.shipped)
        self.delete.setEnabled(row is not None and not row.in_use)
        self.delete.setToolTip("It goes to the trash, and can be taken back.")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE[1])
        for button in (self.use, self.check, self.pack, self.delete):
            buttons.addWidget(button)
        buttons.addStretch(1)
        tabs = QHBoxLayout()
        tabs.setSpacing(theme.SPACE[0])
        for name, title in TABS:
            tab = QPushButton(title)
            tab.setProperty("look", "choice")
            tab.setAccessibleName(title)
            tab.setCheckable(True)
            tab.setMinimumWidth(tab.fontMetrics().horizontalAdvance(title) + 2 * theme.SPACE[3])
            tab.clicked.connect(partial(self.go_to, name))
            self._group.addButton(tab)
            self.tabs[name] = tab
            tabs.addWidget(tab)
        tabs.addStretch(1)
        head = QVBoxLayout()
        head.setContentsMargins(theme.SPACE[4], theme.SPACE[3], theme.SPACE[4], theme.SPACE[1])
        head.setSpacing(theme.SPACE[1])
        for widget in (self._title, self._line, self._said):
            head.addWidget(widget)
        head.addLayout(buttons)
        head.addSpacing(theme.SPACE[0])
        head.addLayout(tabs)
        self._said.hide()
        rule = QFrame()
        rule.setFixedHeight(1)
        rule.setProperty("look", "rule")
        self._stack.addWidget(self._reading())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(rule)
        column.addWidget(self._stack, 1)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)

    def _reading(self) -> QWidget:
        """The card in a column as wide as it reads well."""
        self.card.setMaximumWidth(READING_WIDTH + 40)
        page = QWidget()
        page.setProperty("panel", True)
        row = QHBoxLayout(page)
        row.setContentsMargins(theme.SPACE[4], theme.SPACE[2], 0, 0)
        row.addWidget(self.card, 1000)
        row.addStretch(1)
        return page


def _button(text: str, signal: object, look: str = "") -> QPushButton:
    made = QPushButton(text)
    made.setAccessibleName(text.rstrip("…"))
    if look:
        made.setProperty("look", look)
    made.clicked.connect(lambda _checked=False: signal.emit())  # type: ignore[attr-defined]
    return made
