"""Menus that end in “another …”: a word or a sentence that is typed, in a sheet that holds nothing up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from gui.widgets.choices import MenuButton, offer, plain


def ask_words(parent: QWidget, title: str, question: str, then: Callable[[str], object]) -> QInputDialog:
    """Ask for a line of text; `then` gets it, without blanks at its ends, unless there is none."""
    sheet = QInputDialog(parent)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.setWindowTitle(title)
    sheet.setLabelText(question)
    sheet.textValueSelected.connect(lambda text: then(text.strip()) if text.strip() else None)
    sheet.open()
    return sheet


def menu_of(
    name: str,
    choices: Callable[[], Sequence[str]],
    chosen: Callable[[str], object],
    *,
    other: str,
    question: str,
    now: Callable[[], str] = lambda: "",
) -> MenuButton:
    """A button whose menu has the choices of the moment and, at its end, `other`, which asks for words."""

    def fill(menu: QMenu) -> None:
        offer(menu, [(one, one == now(), lambda one=one: chosen(one)) for one in choices()])
        menu.addSeparator()
        menu.addAction(plain(other)).triggered.connect(lambda: ask_words(button, name, question, chosen))

    button = MenuButton(name, fill)
    button.setText(f"{name} ▾")
    return button
