"""What is kept of patients, and how to have it forgotten."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from core.errors import HilumError
from core.records.verdict import Kept
from core.work_folders import WorkFolder
from gui import theme
from gui.operation import Operation
from gui.services import Services
from gui.settings import work
from gui.settings.section import Section, button
from gui.settings.tick import Tick
from gui.widgets.labels import plain

_CHOICES = (
    (
        "keep/names",
        "Keep names and study dates of films that are read",
        "forget-names",
        "Names and study dates that were kept are erased.",
    ),
    (
        "keep/thumbnails",
        "Keep small pictures of films that are read",
        "forget-thumbnails",
        "Small pictures that were kept are erased.",
    ),
)
_ALL = (
    "Everything that Hilum keeps of films, patients and verdicts is erased from this disk, with every training that is "
    "not going on now: of those, only bundles that were registered are left. It cannot be undone. The films "
    "themselves, screening runs, bundles and settings stay."
)
LetGo = Callable[[Callable[[], None]], None]


def at_once(then: Callable[[], None]) -> None:
    """Nothing has to be closed before something is erased."""
    then()


class KeptSection(Section):
    """Two choices, what is there, and one button that erases it all after one question.

    let_go: closes what the window has open of that, and calls what follows.
    """

    def __init__(self, services: Services, let_go: LetGo = at_once, parent: QWidget | None = None) -> None:
        super().__init__("Kept of patients", parent)
        self._services = services
        self._let_go = let_go
        self._only: WorkFolder | None = None
        self.say(
            "Of a film that was read Hilum keeps a fingerprint of its content, where it lay, and your verdicts; of "
            "patient and study a hash, not the number, and not the name unless you choose so here. Nothing leaves "
            "this PC."
        )
        self.boxes: dict[str, Tick] = {}
        for name, title, _request, _done in _CHOICES:
            box = Tick(title)
            box.setAccessibleName(title)
            box.clicked.connect(lambda wanted, name=name: self._choose(name, wanted))
            self.boxes[name] = box
            self.column.addWidget(box)
        self.counts = self.say("", "")
        self.work = work.WorkList()
        self.work.wanted.connect(self._ask)
        self.column.addWidget(self.work)
        self.place = self.say("")
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.forget = button("Forget everything…")
        self.forget.clicked.connect(lambda _checked=False: self._ask(None))
        self.row([services.actions.push("file.labels"), self.forget])
        self.question = self._question()
        self.column.addWidget(self.question)
        self.question.hide()
        services.preferences.changed.connect(lambda name: self._check() if name in self.boxes else None)
        self._check()

    def refresh(self) -> None:
        Operation(self._services.records, ("kept",)).then(self._show).refused(self._explain).run()

    def _check(self) -> None:
        for name, box in self.boxes.items():
            box.setChecked(bool(self._services.preferences.value(name, False)))

    def _choose(self, name: str, wanted: bool) -> None:
        self._services.preferences.put(name, wanted)
        if not wanted:
            _name, _title, request, done = next(choice for choice in _CHOICES if choice[0] == name)
            self._run(request, done)

    def _run(self, request: str, done: str, *arguments: str) -> None:
        def tell(kept: Kept) -> None:
            self._show(kept)
            stays = work.in_total(one for one in kept.work if request == "forget-all")
            self.notice.emit(f"{done} In use now, and left: {stays}." if stays else done)

        Operation(self._services.records, (request, *arguments)).then(tell).refused(self._explain).run()

    def _show(self, kept: Kept) -> None:
        counts = (
            (kept.films, "film", "films"),
            (kept.verdicts, "verdict", "verdicts"),
            (kept.names, "name", "names"),
            (kept.thumbnails, "small picture", "small pictures"),
            (kept.recent, "recent place", "recent places"),
        )
        said = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
        said += [told] if (told := work.in_total(kept.work)) else []
        self.work.show_work(kept.work)
        self.counts.setText(f"Kept now: {', '.join(said)}." if said else "Nothing is kept now.")
        aside = f" A damaged file of before is set aside there: {', '.join(kept.set_aside)}." if kept.set_aside else ""
        self.place.setText(f"Records lie in {kept.folder}.{aside}")
        self.forget.setEnabled(bool(said or kept.set_aside))

    def _explain(self, error: HilumError) -> None:
        self.notice.emit(error.reason.text)
        self.refresh()

    def _question(self) -> QFrame:
        frame = QFrame()
        frame.setProperty("look", "question")
        column = QVBoxLayout(frame)
        column.setContentsMargins(theme.SPACE[2], theme.SPACE[2], theme.SPACE[2], theme.SPACE[2])
        column.setSpacing(theme.SPACE[1])
        self.asked = plain("", wrap=True)
        column.addWidget(self.asked)
        self.keep, self.erase = button("Keep it"), button("Erase everything", "primary")
        self.keep.clicked.connect(self._leave)
        self.erase.clicked.connect(self._erase)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE[1])
        buttons.addWidget(self.erase)
        buttons.addWidget(self.keep)
        buttons.addStretch(1)
        column.addLayout(buttons)
        return frame

    def _ask(self, only: WorkFolder | None) -> None:
        """only: one of the wizard's; None: everything."""
        self._only = only
        self.asked.setText(_ALL if only is None else _of(only))
        self.erase.setText("Erase everything" if only is None else "Erase it")
        self.erase.setAccessibleName(self.erase.text())
        self.question.show()
        self.forget.hide()
        # What does no harm is what Enter does.
        self.keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        self.question.hide()
        self.forget.show()
        self.forget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _erase(self) -> None:
        self._leave()
        only = self._only
        if only is None:
            done = "Everything that was kept of films, patients and verdicts is erased."
            self._let_go(lambda: self._run("forget-all", done))
            return
        close = self._let_go if only.kind == "films" else at_once
        close(lambda: self._run("forget-work", f"{only.title} is forgotten.", only.path))


def _of(one: WorkFolder) -> str:
    what = (
        "with its curves, its result and the films that it was made of. A bundle that was registered from it stays."
        if one.kind == "training"
        else "with pictures and changed labels. The films stay. A training that rests cannot go on without it."
    )
    named = f"The training {one.title}" if one.kind == "training" else f"What was read of {one.title}"
    return f"{named} is erased from this disk, {what} It cannot be undone."
