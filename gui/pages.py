"""What the window asks of a page; pages are made when they are first wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget


class Page(QWidget):
    """changed(frozenset): which words of commands.When hold on it now. notice(str): a sentence for the notice line."""

    changed = Signal(object)
    notice = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) film, where the page has a list of them."""

    def take(self, _paths: list[str]) -> bool:
        """Take files that were dropped on the window. False: they are for the reading page."""
        return False

    def search(self) -> None:
        """Give the keyboard to the page's search field, where it has one."""

    def retheme(self) -> None:
        """Draw anew what was drawn in the colours of the theme."""

    def let_go(self, then: Callable[[], None]) -> None:
        """Close files that are about to be erased, and go on."""
        then()

    def stop(self) -> None:
        """The window closes: end what is under way."""


def in_turns(steps: Iterator[None], owner: QWidget) -> None:
    """Carry out a generator, a step in each turn of the event loop, as long as its owner is on the screen."""
    if owner.isVisible() and next(steps, owner) is None:
        QTimer.singleShot(0, owner, partial(in_turns, steps, owner))
