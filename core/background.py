"""Manners of a process that works for hours beside the window: it steps back, and it ends in order."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

import psutil

_NICE = 10


def step_back() -> None:
    """Reading comes first: this process takes what the window leaves, and so do the children that it starts."""
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else _NICE)


def end_in_order(close: Callable[[], None]) -> None:
    """Asked to end (SIGTERM), close first; not on Windows, where nobody is asked.

    close: must take less time than core.jobs gives a process to end.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        return

    def end(_signal: int, _frame: object) -> None:
        close()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
