"""A fault of our own leaves a report without values, and one dialog that says where it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from gui import reports


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[QWidget]:
    widget = QWidget()
    qtbot.addWidget(widget)
    reports.begin(tmp_path)
    reports.tell_in(widget)
    yield widget
    reports.end()


def fault() -> tuple[type[BaseException], BaseException, object]:
    try:
        raise KeyError("MUSTERMANN^ERIKA")
    except KeyError as error:
        return KeyError, error, error.__traceback__


def test_faults_are_told_once_with_the_place_of_the_report(
    window: QWidget, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.excepthook(*fault())  # type: ignore[arg-type]
    sys.excepthook(*fault())  # type: ignore[arg-type]
    boxes = window.findChildren(QMessageBox)
    written = sorted(tmp_path.glob("*-fault*.txt"))
    assert len(boxes) == 1
    assert len(written) == 2
    assert str(written[0]) in boxes[0].text()
    boxes[0].accept()


def test_a_report_says_where_it_happened_and_holds_no_value(window: QWidget, tmp_path: Path) -> None:
    path = reports.written(*fault())  # type: ignore[arg-type]
    assert path is not None
    text = path.read_text("utf-8")
    assert "KeyError" in text
    assert "test_reports.py" in text
    assert "ERIKA" not in text.replace('raise KeyError("MUSTERMANN^ERIKA")', "")


def test_only_the_newest_reports_are_kept(window: QWidget, tmp_path: Path) -> None:
    for _ in range(reports._MOST_REPORTS + 5):
        reports.written(*fault())  # type: ignore[arg-type]
    assert len(list(tmp_path.glob("*-fault*.txt"))) == reports._MOST_REPORTS
