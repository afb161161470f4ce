"""What is kept of patients, and how to have it forgotten."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from core.errors import HilumError
from core.records.verdict import Kept
from gui import theme
from gui.operation import Operation
from gui.services import Services
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


class KeptSection(Section):
    """Two choices, what is there, and one button that erases it all after one question."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("Kept of patients", parent)
        self._services = services
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
        self.place = self.say("")
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.forget = button("Forget everything…")
        self.forget.clicked.connect(self._ask)
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

    def _run(self, request: str, done: str) -> None:
        def tell(kept: Kept) -> None:
            self._show(kept)
            self.notice.emit(done)

        Operation(self._services.records, (request,)).then(tell).refused(self._explain).run()

    def _show(self, kept: Kept) -> None:
        counts = (
            (kept.films, "film", "films"),
            (kept.verdicts, "verdict", "verdicts"),
            (kept.names, "name", "names"),
            (kept.thumbnails, "small picture", "small pictures"),
            (kept.recent, "recent place", "recent places"),
        )
        said = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
        self.counts.setText(f"Kept now: {', '.join(said)}." if said else "Nothing is kept now.")
        aside = f" A damaged file of before is set aside there: {', '.join(kept.set_aside)}." if kept.set_aside else ""
        self.place.setText(f"Records lie in {kept.folder}.{aside}")
        self.forget.setEnabled(bool(said or kept.set_aside))

    def _explain(self, error: HilumError) -> None:
        self.notice.emit(error.reason.text)

    def _question(self) -> QFrame:
        frame = QFrame()
        frame.setProperty("look", "question")
        column = QVBoxLayout(frame)
        column.setContentsMargins(theme.SPACE[2], theme.SPACE[2], theme.SPACE[2], theme.SPACE[2])
        column.setSpacing(theme.SPACE[1])
        column.addWidget(
            plain(
                "Everything that Hilum keeps of films, patients and verdicts is erased from this disk. It cannot be "
                "undone. The films themselves, runs and settings stay.",
                wrap=True,
            )
        )
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

    def _ask(self) -> None:
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
        self._run("forget-all", "Everything that was kept of films, patients and verdicts is erased.")
