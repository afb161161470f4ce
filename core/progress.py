"""How far long work is, and how to stop it between two items."""

from __future__ import annotations

import threading
import time
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
    """Counts items and tells the rate over the last half minute, and the time left."""

    def __init__(self, total: int | None = None) -> None:
        self.done = 0
        self.total = total
        self._marks = [(time.monotonic(), 0)]

    def add(self, count: int = 1, note: str = "") -> Progress:
        self.done += count
        now = time.monotonic()
        self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[0][0] > 30:
            self._marks.pop(0)
        first, before = self._marks[0]
        rate = (self.done - before) / (now - first) if now > first else None
        left = (self.total - self.done) / rate if self.total is not None and rate else None
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
