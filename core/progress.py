"""How far long work is, and how to stop it between two items."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """done and total are items (total None while unknown), rate is items a second, remaining is seconds."""

    done: int
    total: int | None
    rate: float | None
    remaining: float | None
    note: str = ""


class Meter:
    """Counts items and tells the rate over about the last half minute, and the time left.

    done: what an earlier run has done; it counts, but not for the rate.
    """

    _WINDOW_SECONDS = 30.0
    _MARK_EVERY_SECONDS = 0.5

    def __init__(self, total: int | None = None, done: int = 0) -> None:
        self.done = done
        self.total = total
        self._marks = deque([(time.monotonic(), done)])

    def add(self, count: int = 1, note: str = "") -> Progress:
        """Count items, and how far that is."""
        self.done += count
        now = time.monotonic()
        while len(self._marks) > 1 and now - self._marks[1][0] > self._WINDOW_SECONDS:
            self._marks.popleft()
        first, before = self._marks[0]
        rate = (self.done - before) / (now - first) if now > first else None
        # Marks half a second apart: their number must not grow with the rate.
        if now - self._marks[-1][0] >= self._MARK_EVERY_SECONDS:
            self._marks.append((now, self.done))
        left = max(0.0, (self.total - self.done) / rate) if self.total is not None and rate else None
        return Progress(self.done, self.total, rate, left, note)


class Stop:
    """Asked from anywhere, looked at between two items."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ask(self) -> None:
        self._event.set()

    @property
    def asked(self) -> bool:
        return self._event.is_set()
