"""The rows of the table by themselves, without a window."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPersistentModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from core.errors import reason
from core.screening.state import Brief
from gui.screening.model import Rows


def _brief(number: int, suspicion: float | None, study: str | None = None) -> Brief:
    status = "assessed" if suspicion is not None else "refused"
    why = () if suspicion is not None else (reason("gate-blank"),)
    return Brief(number, f"f{number}", 1, status, None, suspicion, None, why, None, study, None, None)


def test_rows_that_come_in_any_order_and_change_are_as_if_they_had_come_at_once(qapp: QApplication) -> None:
    rng = np.random.default_rng(3)
    briefs = [_brief(n, None if n % 9 == 0 else float(rng.random()), f"s{n % 40}") for n in range(1, 400)]
    expected = Rows()
    expected.update(briefs)
    for grouped in (False, True):
        rows = Rows()
        tester = QAbstractItemModelTester(rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
        rows.arrange(grouped=grouped)
        expected.arrange(grouped=grouped)
        rows.update([_brief(5, 0.99), _brief(401, 0.5)])
        for part in np.array_split(rng.permutation(len(briefs)), 7):
            rows.update([briefs[index] for index in part])
        rows.update((), [401])
        order = [rows.row(line).number for line in range(rows.rowCount())]
        assert order == [expected.row(line).number for line in range(expected.rowCount())]
        assert len(order) == 399
        tester.deleteLater()


def test_a_chosen_row_is_kept_through_arrivals(qapp: QApplication) -> None:
    rows = Rows()
    rows.update([_brief(n, n / 100) for n in range(1, 20)])
    kept = QPersistentModelIndex(rows.index(3, 0))
    number = rows.row(3).number
    rows.update([_brief(n, n / 100) for n in range(20, 60)])
    assert rows.row(kept.row()).number == number and kept.row() == 43
