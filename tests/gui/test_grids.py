"""Tables of plain texts: columns of numbers stand under each other by their ends, words by their beginnings."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.widgets.grids import PlainTable


def test_numbers_stand_to_the_right_and_words_to_the_left(qtbot: QtBot) -> None:
    table = PlainTable("who")
    qtbot.addWidget(table)
    table.show_rows(
        ["When", "Who", "AUROC", "Change"], [["2026-11-01", "rk", "0.81 (0.7 to 0.9)", "–"], ["", "", "1", "+0.02"]]
    )
    sides = [table.item(0, column).textAlignment() for column in range(4)]
    right, left = (
        one | Qt.AlignmentFlag.AlignVCenter for one in (Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft)
    )
    assert [Qt.AlignmentFlag(side) for side in sides] == [left, left, right, right]
    assert Qt.AlignmentFlag(table.horizontalHeaderItem(2).textAlignment()) == right
