"""The step “Preview”: what the networks will see, and what the training will take on this PC, before it starts."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QScrollArea, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from core.errors import HilumError
from core.site.state import Cell, DryRun, Preview, SiteState
from gui import theme
from gui.operation import Operation
from gui.training.asking import Choice
from gui.training.site import images, site_of
from gui.training.steps import StepPage, Wizard
from gui.widgets.choices import offer
from gui.widgets.labels import plain

_COLUMNS: Final = 6
_ROWS: Final = 6
_CELL: Final = 128
_TITLE: Final = 20
_MIB: Final = 2**20


class PreviewStep(StepPage):
    name = "preview"
    title = "Preview"
    question = "What will the networks see, and how long will it take here?"

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(wizard, parent)
        self.site = site_of(wizard)
        self._asked: Operation | None = None
        self._shown_for: tuple[object, ...] = ()
        self._timed_for: tuple[object, ...] = ()
        self._here = False
        self.grid = Grid()
        self.seed = QSpinBox()
        self.again = QPushButton("Other films and draws")
        self.members = Choice("Network whose view is shown", self._offer_members)
        self.members.hide()
        self._names: tuple[str, ...] = ()
        self._member = 0
        self.sentence = plain("", "quiet", wrap=True)
        self.try_steps = QPushButton("Try the steps again")
        self.time_words = plain("", wrap=True)
        self._lay_out()
        self.site.told.connect(self._show)

    def enter(self) -> None:
        self._here = True
        choices = self.wizard.choices
        if self._shown_for[: len(self._asked_for)] != self._asked_for:
            self._member = 0
        if self._shown_for != self._wanted:
            self._ask_grid()
        if choices.recipe:
            kept = {"start": choices.start, "recipe": choices.recipe_name, "seed": choices.seed}
            self.wizard.site.ask(("note", kept), looks=False)
        if self._timed_for != self._asked_for and choices.recipe:
            self._time()
        self._show()

    def leave(self) -> None:
        self._here = False
        if self.site.phase == "timing":
            self._timed_for = ()
            self.wizard.site.ask(("stop",))

    def next_words(self) -> str:
        done = self._dry_run
        if done is None:
            return "Next: the training. How long it takes is being measured; you can start without."
        return f"Next: the training. It takes at most {_duration(done.seconds_for_all)} on this PC, and can be stopped."

    def stop(self) -> None:
        if self._asked is not None:
            self._asked.drop()

    @property
    def _asked_for(self) -> tuple[object, ...]:
        """What the pictures and the time depend on."""
        choices = self.wizard.choices
        return choices.recipe, choices.start, choices.labels

    @property
    def _wanted(self) -> tuple[object, ...]:
        return *self._asked_for, self.seed.value(), self._member

    @property
    def _dry_run(self) -> DryRun | None:
        state = self.site.state
        return state.dry_run if state is not None and self._timed_for == self._asked_for else None

    # What is asked.

    def _ask_grid(self) -> None:
        choices = self.wizard.choices
        if not choices.recipe:
            self.sentence.setText("Choose a recipe first.")
            return
        if self._asked is not None:
            self._asked.drop()
        self._shown_for = self._wanted
        self.sentence.setText("The pictures are being made.")
        self.grid.show_cells(())
        request = ("preview", choices.recipe, self.seed.value(), _COLUMNS * _ROWS, choices.start, self._member)
        asked = Operation(self.wizard.site.process, request).through(_decoded)
        self._asked = asked.then(self._show_grid).refused(self._cannot).run()

    def show_member(self, number: int) -> None:
        """What another network will see: each member of a bundle keeps its own input."""
        if number != self._member:
            self._member = number
            self._ask_grid()

    def _offer_members(self, menu: QMenu) -> None:
        offer(menu, [(name, number == self._member, partial(self.show_member, number))
                     for number, name in enumerate(self._names)])  # fmt: skip

    def _time(self) -> None:
        self._timed_for = self._asked_for
        self.wizard.site.ask(("dry-run", self.wizard.choices.recipe, self.wizard.choices.start))

    def _cannot(self, error: HilumError) -> None:
        self._shown_for = ()
        self.sentence.setText(error.reason.text)

    # What is shown.

    def _show_grid(self, shown: tuple[Preview, tuple[tuple[Cell, QImage], ...]]) -> None:
        found, cells = shown
        self._names = found.members
        self.members.setVisible(len(found.members) > 1)
        self.members.say(f"{found.members[found.member]} ({found.member + 1} of {len(found.members)})")
        titles = {one.name: one.title for one in (self.site.state.classes if self.site.state else ())}
        self.grid.show_cells(tuple((titles.get(cell.label, cell.label), image) for cell, image in cells))
        changes = any(cell.draw and image != cells[0][1] for cell, image in cells[1:_COLUMNS])
        self.sentence.setText(
            "The first picture of each row is the film as a network sees it in use; the others are as it may see it "
            "while it learns. If you could not tell the finding in them any more, the network cannot either."
            if changes
            else "The recipe changes nothing while a network learns: every picture of a row is the same."
        )

    def _show(self) -> None:
        state = self.site.state
        if state is None or not self._here:
            return
        self.time_words.setText(self._time_said(state))
        self.try_steps.setEnabled(state.phase == "ready" and bool(self.wizard.choices.recipe))
        self.changed.emit()

    def _time_said(self, state: SiteState) -> str:
        if state.phase == "timing":
            where = state.progress
            networks = f" (network {where.done + 1} of {where.total})" if where is not None and where.total else ""
            return f"Some real steps are being tried{networks}; that takes a minute or two. Nothing of it is kept."
        if state.error is not None:
            return state.error.text
        done = self._dry_run
        if done is None:
            return ""
        networks = "the network" if done.members == 1 else f"all {done.members} networks"
        each = "; ".join(f"{name}: {step:.2g} s a step, {_duration(whole)}" for name, step, whole in done.each)
        return (
            f"{done.steps} real steps took {done.seconds_a_step:.2g} s each on {done.device}, and up to "
            f"{done.memory_bytes / _MIB:,.0f} MiB of memory. The training of {networks} takes at most "
            f"{_duration(done.seconds_for_all)}{f' ({each})' if done.members > 1 and each else ''}; it ends earlier "
            "where nothing gets better. Reading goes first: while films are assessed it takes longer."
        )

    def _lay_out(self) -> None:
        self.seed.setRange(0, 999_999)
        self.seed.setAccessibleName("Seed of the films and of what is drawn")
        self.seed.setKeyboardTracking(False)
        self.seed.valueChanged.connect(lambda _value: self._ask_grid() if self._here else None)
        self.again.setAccessibleName(self.again.text())
        self.again.clicked.connect(lambda _checked=False: self.seed.setValue(self.seed.value() + 1))
        self.try_steps.setAccessibleName(self.try_steps.text())
        self.try_steps.clicked.connect(lambda _checked=False: self._time())
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE[1])
        top.addWidget(self.sentence, 1)
        top.addWidget(self.members)
        top.addWidget(plain("Seed", "quiet"))
        top.addWidget(self.seed)
        top.addWidget(self.again)
        scroll = QScrollArea()
        scroll.setProperty("look", "bare")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName("What the networks will see")
        scroll.setWidget(self.grid)
        foot = QHBoxLayout()
        foot.setSpacing(theme.SPACE[1])
        foot.addWidget(self.time_words, 1)
        foot.addWidget(self.try_steps, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(theme.SPACE[1])
        column.addLayout(top)
        column.addWidget(scroll, 1)
        column.addLayout(foot)
        self.column.addLayout(column, 1)


class Grid(QWidget):
    """Pictures in rows of six, a film a row; its class stands above each row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells: tuple[tuple[str, QImage], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        rows = -(-len(self.cells) // _COLUMNS)
        return QSize(_COLUMNS * (_CELL + theme.SPACE[0]), rows * (self._side + _TITLE + theme.SPACE[1]))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(_COLUMNS * 64, self.sizeHint().height())

    def show_cells(self, cells: tuple[tuple[str, QImage], ...]) -> None:
        """(title of the class, picture), row after row."""
        self.cells = cells
        titles = list(dict.fromkeys(title for title, _image in cells))
        self.setAccessibleName(f"{len(cells)} pictures of {', '.join(titles)}" if cells else "No pictures yet")
        self.updateGeometry()
        self.update()

    @property
    def _side(self) -> int:
        """Of a cell: as much as there is room for, and no more than twice its least size."""
        across = (max(self.width(), _COLUMNS * 64) - (_COLUMNS - 1) * theme.SPACE[0]) // _COLUMNS
        return max(64, min(2 * _CELL, across))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = self._side
        for place, (title, image) in enumerate(self.cells):
            row, column = divmod(place, _COLUMNS)
            top = row * (side + _TITLE + theme.SPACE[1])
            if column < 2:
                painter.setPen(theme.colour("quiet"))
                painter.setFont(theme.font(theme.LABEL))
                words = f"{title}: as it is" if column == 0 else "while it learns"
                painter.drawText(
                    QRectF(column * (side + theme.SPACE[0]), top, side * (1 if column == 0 else 4), _TITLE),
                    Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                    words,
                )
            frame = QRectF(column * (side + theme.SPACE[0]), top + _TITLE, side, side)
            painter.fillRect(frame, theme.colour("canvas"))
            size = image.size().scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            where = QRectF(0, 0, size.width(), size.height())
            where.moveCenter(frame.center())
            painter.drawImage(where, image)
        painter.end()


def _decoded(shown: Preview) -> tuple[Preview, tuple[tuple[Cell, QImage], ...]]:
    """On the reader thread."""
    found = images({place: cell.picture for place, cell in enumerate(shown.cells)})
    return shown, tuple((cell, found[place]) for place, cell in enumerate(shown.cells))


def _duration(seconds: float) -> str:
    """A time in words, rounded to what can be relied on."""
    if seconds < 90:
        return f"{max(10, 10 * round(seconds / 10))} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{round(minutes)} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
