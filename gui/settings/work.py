"""What the training wizard keeps: a line for every training, and for every folder of films that it has read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.work_folders import Use, WorkFolder
from gui import theme
from gui.settings.section import button
from gui.widgets.labels import Shortened, plain

_KINDS: Final = {"training": "Training", "films": "Films read for training"}
_USES: Final[dict[Use, str]] = {
    "running": "going on now, and stays",
    "needed": "a training that goes on needs them, and they stay",
    "open": "open on the training page",
}
# Erased through another way than their own while they are used.
_STAY: Final = ("running", "needed")


class WorkList(QWidget):
    """wanted(WorkFolder): this one is to be forgotten."""

    wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[_Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.SPACE[0])
        self.hide()

    def show_work(self, work: Iterable[WorkFolder]) -> None:
        for row in self.rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = [_Row(one) for one in work]
        for row in self.rows:
            row.forget.clicked.connect(partial(self._want, row.work))
            self._column.addWidget(row)
        self.setVisible(bool(self.rows))

    def _want(self, work: WorkFolder, _checked: bool = False) -> None:
        self.wanted.emit(work)


class _Row(QWidget):
    def __init__(self, work: WorkFolder) -> None:
        super().__init__()
        self.work = work
        self.title, about = Shortened(), plain(about_of(work), "quiet")
        self.title.say(work.title)
        self.title.setAccessibleName(work.title)
        self.forget = button("Forget…")
        self.forget.setAccessibleName(f"Forget {_KINDS[work.kind].lower()}, {work.title}…")
        self.forget.setEnabled(work.use not in _STAY)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(about)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE[2])
        row.addLayout(words, 1)
        row.addWidget(self.forget)


def about_of(work: WorkFolder) -> str:
    """What it is, how large, and what uses it: "Training · 310 MB"."""
    return " · ".join(one for one in (_KINDS[work.kind], size(work.size_bytes), _USES.get(work.use, "")) if one)


def size(size_bytes: int) -> str:
    """On the disk, in the units that file managers show."""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{max(1, round(size_bytes / 1e6))} MB"


def in_total(work: Iterable[WorkFolder]) -> str:
    """How many of each kind: "2 trainings, 1 folder of films read for training (1.4 GB)"; "" where there is none."""
    found = list(work)
    counts = [(sum(one.kind == kind for one in found), word) for kind, word in _COUNTED.items()]
    told = [f"{count} {one if count == 1 else many}" for count, (one, many) in counts if count]
    return f"{', '.join(told)} ({size(sum(one.size_bytes for one in found))})" if told else ""


_COUNTED: Final = {"training": ("training", "trainings"), "films": ("folder of films read for training",
                   "folders of films read for training")}  # fmt: skip
