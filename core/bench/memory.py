"""The most memory that a process and all its children hold together, looked at many times a second."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType

import psutil

_EVERY_SECONDS = 0.05


class Peak:
    """While the block runs, watches a process and its children.

    bytes: the peak. looked: set after every look. Shared pages count once where the system tells (PSS, Linux),
    else as often as they are mapped.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self.bytes = 0
        self.looked = threading.Event()

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            self.bytes = max(self.bytes, self._now())
            self.looked.set()

    def _now(self) -> int:
        total = 0
        # A process that ended between two looks holds nothing.
        with contextlib.suppress(psutil.Error):
            for process in (self._process, *self._process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    full = process.memory_full_info()
                    total += getattr(full, "pss", full.rss)
        return total
