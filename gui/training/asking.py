"""Menus that end in “another …”: a word or a sentence that is typed, in a sheet that holds nothing up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QMenu, QPushButton, QWidget

from gui.widgets.choices import plain


def ask_words(parent: QWidget, title: str, question: str, then: Callable[[str], object]) -> QInputDialog:
    """Ask for a line of text; `then` gets it, without blanks at its ends, unless there is none."""
    sheet = QInputDialog(parent)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.setWindowTitle(title)
    sheet.setLabelText(question)
    sheet.textValueSelected.connect(lambda text: then(text.strip()) if text.strip() else None)
    sheet.open()
    return sheet


class Choice(QPushButton):
    """A button with a menu that `fill` makes anew each time it opens. It shows what is chosen, or what it does."""

    def __init__(self, name: str, fill: Callable[[QMenu], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        menu = QMenu(self)
        menu.setAccessibleName(name)

        def filled() -> None:
            menu.clear()
            fill(menu)

        menu.aboutToShow.connect(filled)
        self.setMenu(menu)

    def say(self, text: str) -> None:
        self.setText(plain(text))


def menu_of(
    name: str, choices: Callable[[], Sequence[str]], chosen: Callable[[str], object], *, other: str, question: str
) -> Choice:
    """A button whose menu has the choices of the moment and, at its end, `other`, which asks for words."""

    def fill(menu: QMenu) -> None:
        for one in choices():
            menu.addAction(plain(one)).triggered.connect(lambda _checked=False, one=one: chosen(one))
        menu.addSeparator()
        menu.addAction(plain(other)).triggered.connect(lambda: ask_words(button, name, question, chosen))

    button = Choice(name, fill)
    button.say(name)
    return button
