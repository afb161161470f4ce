"""A stack of pages asks only the one that is shown."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.widgets.labels import plain
from gui.widgets.stack import Stack


class Page(QWidget):
    def __init__(self, least: QSize) -> None:
        super().__init__()
        self.least, self.asked = least, 0

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        self.asked += 1
        return self.least


def test_it_may_be_as_small_as_the_page_that_is_shown_and_hidden_pages_are_not_asked(qtbot: QtBot) -> None:
    stack, small, large = Stack(), Page(QSize(50, 40)), Page(QSize(900, 800))
    qtbot.addWidget(stack)
    stack.addWidget(small)
    stack.addWidget(large)
    window = QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(stack)
    window.show()
    large.asked = 0
    small.updateGeometry()
    window.layout().activate()
    assert stack.minimumSizeHint() == QSize(50, 40) and not large.asked
    stack.setCurrentWidget(large)
    qtbot.waitUntil(lambda: window.minimumSize().width() >= 900)


def test_a_page_that_grows_with_its_sentences_gets_the_height_that_they_need(qtbot: QtBot) -> None:
    stack = Stack()
    qtbot.addWidget(stack)
    page = QWidget()
    column = QVBoxLayout(page)
    column.addWidget(plain("a sentence " * 30, wrap=True))
    stack.addWidget(page)
    assert stack.hasHeightForWidth() and stack.heightForWidth(200) > 2 * stack.heightForWidth(800)
    assert not Stack().hasHeightForWidth()
