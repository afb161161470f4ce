"""When Hilum itself is at fault: a report on disk, one dialog that says where, and a note at the next start.

A report holds versions and where in the program it happened; it holds no value of a variable, so that no patient's
name gets into it, and it goes nowhere.
"""

from __future__ import annotations

import faulthandler
import platform
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_CRASH = "crash.txt"
_MOST_REPORTS = 50


class _Teller(QObject):
    """Brings the news of a fault from any thread to the window's."""

    fault = Signal(str)


class _State:
    folder: Path | None = None
    crash: TextIO | None = None
    teller: _Teller | None = None
    is_telling = False


def begin(folder: Path) -> Path | None:
    """Catch what nobody caught, from here on. Gives the report of a crash of the last run, if there was one."""
    _State.folder = folder
    earlier = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        crash = folder / _CRASH
        if crash.exists() and crash.stat().st_size:
            earlier = _fresh(folder, "crash")
            crash.replace(earlier)
        _State.crash = crash.open("w", encoding="utf-8")  # open until end(): the crash handler writes into it
        faulthandler.enable(_State.crash)
    except OSError:
        # A home that takes no files has been told of at the start; a crash then goes to standard error.
        faulthandler.enable()
    sys.excepthook = _caught
    threading.excepthook = lambda fault: _caught(fault.exc_type, fault.exc_value, fault.exc_traceback)
    return earlier


def tell_in(window: QWidget) -> None:
    """Show faults in a dialog over this window."""
    _State.teller = _Teller(window)
    _State.teller.fault.connect(lambda words: _tell(window, words))


def end() -> None:
    """The window is closed: faults are Python's own again."""
    sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
    _State.teller = None
    faulthandler.disable()
    if _State.crash is not None:
        _State.crash.close()
        (Path(_State.crash.name)).unlink(missing_ok=True)
        _State.crash = None


def written(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> Path | None:
    """Write the report; None when the disk does not take it."""
    if _State.folder is None:
        return None
    # The message of an exception may quote a file's content; its kind and place say enough.
    stack = "".join(traceback.format_tb(where))
    lines = (
        f"Hilum, {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"Python {platform.python_version()}, {platform.platform()}",
        f"{kind.__module__}.{kind.__qualname__}",
        stack,
    )
    try:
        path = _fresh(_State.folder, "fault")
        path.write_text("\n".join(lines), "utf-8")
    except OSError:
        return None
    return path


def _caught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), where)
        return
    path = written(kind, error, where)
    sys.__excepthook__(kind, error or kind(), where)
    place = f"The report is in {path}." if path is not None else "No report could be written."
    if _State.teller is not None:
        _State.teller.fault.emit(f"A fault in Hilum itself ({kind.__name__}). Your files are untouched. {place}")


def _tell(window: QWidget, words: str) -> None:
    # One dialog: a fault in a paint event would else bury the screen.
    if _State.is_telling:
        return
    from PySide6.QtWidgets import QMessageBox

    _State.is_telling = True
    box = QMessageBox(QMessageBox.Icon.NoIcon, "Hilum", words, QMessageBox.StandardButton.Close, window)
    box.finished.connect(lambda _result: setattr(_State, "is_telling", False))
    box.open()


def _fresh(folder: Path, kind: str) -> Path:
    """A name that is free; the oldest reports make room."""
    reports = sorted(folder.glob("*-*.txt"))
    for old in reports[: max(0, len(reports) - _MOST_REPORTS + 1)]:
        old.unlink(missing_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    number = 0
    while (path := folder / f"{stamp}-{kind}-{number}.txt").exists():
        number += 1
    return path
