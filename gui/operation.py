"""Long work as the pages see it: what is wanted, what to do with the answer, what to do with a refusal.

    self._opening = Operation(decoder, ("open", ref), key=ref).then(self.show_film).refused(self.explain).run()

An answer that is no longer wanted is dropped: the page calls drop() before it starts the next one in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from core.errors import HilumError
from gui.process import Process, Task

if TYPE_CHECKING:
    from core.jobs import Answer


class Operation:
    """One request to a process. Its callbacks run in the window's thread, once, unless it is dropped before."""

    def __init__(self, process: Process, request: object, *, key: Hashable = None, urgent: bool = True) -> None:
        self._process = process
        self._task = Task(request, self._take, urgent=urgent)
        if key is not None:
            self._task.key = key
        self._then: Callable[[Any], None] | None = None
        self._refused: Callable[[HilumError], None] | None = None

    def through(self, work: Callable[[Any], object]) -> Operation:
        """Arithmetic on the answer that is too slow for the window's thread; it runs on the reader thread."""
        self._task.through = work
        return self

    def then(self, show: Callable[[Any], None]) -> Operation:
        self._then = show
        return self

    def refused(self, explain: Callable[[HilumError], None]) -> Operation:
        self._refused = explain
        return self

    def run(self) -> Operation:
        self._process.submit(self._task)
        return self

    def drop(self) -> None:
        """The answer is no longer wanted; work that has not begun will not begin."""
        self._task.dropped = True

    def _take(self, answer: Answer) -> None:
        if answer.error is not None:
            if self._refused is not None:
                self._refused(answer.error)
        elif self._then is not None:
            self._then(answer.value)
