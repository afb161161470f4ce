"""Manners of a process that works for hours beside the window: it steps back, and it ends in order."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import psutil

from core.errors import RunRefused
from core.progress import Stop

_NICE = 10
# Less than core.jobs gives a process to end.
_SECONDS_TO_END = 1.5


def answering(known: Mapping[str, Callable[..., object]], close: Callable[[float], None]) -> Callable[[Any], object]:
    """The function that answers requests (name, argument, …) in such a process, for core.jobs.

    close: stops what goes on and waits for it, not longer than so many seconds.
    """
    # Its decoders are children of this process, which multiprocessing forbids to those that it ends by itself. They
    # end by themselves when this one is gone (core.worker).
    multiprocessing.current_process().daemon = False
    step_back()
    end_in_order(lambda: close(_SECONDS_TO_END))
    return lambda request: known[request[0]](*request[1:])


def step_back() -> None:
    """Reading comes first: this process takes what the window leaves, and so do the children that it starts."""
    with contextlib.suppress(psutil.Error, OSError):
        own = psutil.Process()
        # Never forward: it may have been started further back already.
        own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else max(_NICE, int(own.nice())))


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


class Going(Protocol):
    """Work that a thread does, and that can be asked to stop."""

    stop: Stop
    thread: threading.Thread | None

    @property
    def going_on(self) -> bool: ...


Run = TypeVar("Run", bound=Going)


class OneRun(Generic[Run]):
    """What holds the run that is open, one at a time. name: of its process, in a sentence."""

    name = "process"

    def __init__(self) -> None:
        self._run: Run | None = None

    def close(self, seconds: float) -> None:
        """Stop the run and wait for its thread, not longer than this."""
        run = self._run
        if run is not None and run.thread is not None:
            run.stop.ask()
            run.thread.join(seconds)

    @property
    def _open(self) -> Run:
        if self._run is None:
            raise RunRefused("run-unreadable", what="that was open", why=f"the {self.name} was started again")
        return self._run

    def _refuse_while_going_on(self) -> None:
        if self._run is not None and self._run.going_on:
            raise RunRefused("run-going-on")
