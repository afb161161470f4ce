"""The members of a bundle and their weights: dragged, with what they would score on labelled films beside."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from core.errors import Reason
from core.models.state import BundleRow, Films, Score
from gui import theme
from gui.models import words
from gui.models.films import FilmsChooser
from gui.models.naming import Naming
from gui.models.parts import emptied
from gui.models.watch import Watch
from gui.operation import Operation
from gui.widgets.labels import plain

_STEPS = 100
# A slider that is dragged asks at rest, not at every pixel.
_ASK_MS = 80
_HINT = (
    "The ensemble adds up its members' answers by these weights. Films that this bundle has not seen tell what other "
    "weights would score; what chose the weights flatters them, so look at other films before such a bundle is used."
)


class WeightsTab(QWidget):
    """made(str): a new bundle, by its digest."""

    made = Signal(str)

    def __init__(self, watch: Watch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self._row: BundleRow | None = None
        self._asking: Operation | None = None
        self._judged = False
        self.sliders: list[QSlider] = []
        self._shares: list[QLabel] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.SPACE[3])
        self._grid.setVerticalSpacing(theme.SPACE[0])
        self.own = QPushButton("As they are")
        self.own.clicked.connect(self._put_own)
        self.equal = QPushButton("All equal")
        self.equal.clicked.connect(self._put_equal)
        for button in (self.own, self.equal):
            button.setAccessibleName(f"Weights: {button.text().lower()}")
        self.chooser = FilmsChooser(watch, "Judge these films", self._request)
        self.chooser.judged.connect(self._show_films)
        self.chooser.failed.connect(self._say)
        self._films = plain("", "quiet", wrap=True)
        self._score = QGridLayout()
        self._score.setHorizontalSpacing(theme.SPACE[3])
        self.figures: dict[str, QLabel] = {}
        for line, (name, title) in enumerate(
            (("auroc", "Mean AUROC"), ("log_loss", "Log loss (lower is better)"), ("accuracy", "Accuracy"),
             ("better_by", "Mean AUROC against its own weights"))
        ):  # fmt: skip
            self.figures[name] = plain("–", "strong" if name == "better_by" else "")
            self.figures[name].setAccessibleName(title)
            self._score.addWidget(plain(title), line, 0)
            self._score.addWidget(self.figures[name], line, 1)
        self._score.setColumnStretch(2, 1)
        self._results = QWidget()
        self.naming = Naming("Make a bundle with these weights")
        self.naming.wanted.connect(self._make)
        self._lay_out()

    @property
    def weights(self) -> tuple[float, ...]:
        """As the sliders stand, adding up to 1."""
        values = [slider.value() for slider in self.sliders]
        total = sum(values)
        return tuple(value / total for value in values) if total else tuple(1 / len(values) for _ in values)

    @property
    def sentence(self) -> str:
        return self._films.text()

    def about(self, row: BundleRow, _shelf: Sequence[BundleRow] = ()) -> None:
        """Another bundle, or the same one as the shelf says now."""
        if self._row is not None and self._row.key == row.key:
            return
        self._row = row
        self._judged = False
        self.chooser.about(row)
        self._films.setText("")
        self._results.hide()
        self.naming.field.setText(f"{row.name}-reweighted")
        self._fill(row)

    def _fill(self, row: BundleRow) -> None:
        emptied(self._grid)
        self.sliders, self._shares = [], []
        for column, heading in enumerate(("member", "backbone", "parameters", "weight")):
            self._grid.addWidget(plain(heading, "label"), 0, column)
        for line, member in enumerate(row.members, 1):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, _STEPS)
            slider.setMinimumWidth(180)
            slider.setAccessibleName(f"Weight of {member.name}")
            share = plain("", "strong")
            self.sliders.append(slider)
            self._shares.append(share)
            for column, widget in enumerate(
                (plain(member.name), plain(member.backbone, "quiet"),
                 plain(f"{member.parameters / 1e6:.1f} million", "quiet"), slider, share)
            ):  # fmt: skip
                self._grid.addWidget(widget, line, column)
        self._grid.setColumnStretch(3, 1)
        several = len(row.members) > 1
        for widget in (self.own, self.equal, self.chooser, *self.sliders):
            widget.setVisible(several)
        self._put_own()
        for slider in self.sliders:
            slider.valueChanged.connect(self._moved)

    def _put_own(self) -> None:
        if self._row is not None:
            self._put([member.weight for member in self._row.members])

    def _put_equal(self) -> None:
        self._put([1.0] * len(self.sliders))

    def _put(self, weights: list[float]) -> None:
        # By the largest: a slider then has room to both sides, and shares are kept to one in two hundred.
        top = max(weights)
        for slider, weight in zip(self.sliders, weights, strict=True):
            slider.setValue(round(_STEPS * weight / top * 0.8))
        self._moved()

    def _moved(self) -> None:
        for label, share in zip(self._shares, self.weights, strict=True):
            label.setText(f"{share:.2f}")
        if self._judged:
            self._timer.start(_ASK_MS)

    def _request(self, place: str, aliases: object) -> tuple[object, ...]:
        return ("weigh", self._row.key if self._row is not None else "", place, aliases)

    def _show_films(self, films: Films) -> None:
        self._judged = True
        titles = self._row.classes if self._row is not None else {}
        self._films.setText(" ".join(one for one in (words.films(films, titles), films.small) if one))
        self._results.show()
        self._ask()

    def _ask(self) -> None:
        if self._asking is not None:
            self._asking.drop()
        self._asking = self._watch.ask(("score", self.weights), self._show, lambda error: self._say(error.reason.text))

    def _show(self, score: Score) -> None:
        self._asking = None
        for name in ("auroc", "log_loss", "accuracy"):
            self.figures[name].setText(words.span(getattr(score, name)))
        self.figures["better_by"].setText(words.span(score.better_by, signed=True))

    def _say(self, text: str) -> None:
        self._films.setText(text)

    def _make(self, name: str) -> None:
        def done(digest: str) -> None:
            self.naming.end()
            self.made.emit(digest)

        if self._watch.begin(("reweight", self.weights, name), done, self._not_made):
            self.naming.begin()

    def _not_made(self, reason: Reason | None) -> None:
        self.naming.end(reason.text if reason is not None else "Stopped; nothing was made.")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE[1])
        buttons.addWidget(self.own)
        buttons.addWidget(self.equal)
        buttons.addStretch(1)
        inner = QVBoxLayout(self._results)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.SPACE[1])
        inner.addLayout(self._score)
        inner.addSpacing(theme.SPACE[1])
        inner.addWidget(self.naming)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        column.addWidget(plain(_HINT, "quiet", wrap=True))
        column.addLayout(self._grid)
        column.addLayout(buttons)
        column.addSpacing(theme.SPACE[2])
        column.addWidget(plain("What they score", "finding"))
        column.addWidget(self.chooser)
        column.addWidget(self._films)
        column.addWidget(self._results)
        column.addStretch(1)
        self._results.hide()
