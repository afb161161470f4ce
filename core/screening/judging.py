"""The engine at work on many films: a thread feeds it batches while decoders and journal go on."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Hashable, Sequence

from core.imaging.film import Film
from core.inference.assessment import Assessment

BATCH = 16

AssessMany = Callable[[Sequence[Film]], Sequence[Assessment]]


class Judge:
    """Assesses films in the order in which they are submitted, up to BATCH at a time.

    assess_many: one assessment a film; whatever it raises is our own mistake and is raised by `results`.
    """

    def __init__(self, assess_many: AssessMany) -> None:
        self._assess_many = assess_many
        self._films: queue.SimpleQueue[tuple[Hashable, Film] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Hashable, Assessment] | BaseException] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="judge", daemon=True)
        self._thread.start()
        self.pending = 0

    def submit(self, key: Hashable, film: Film) -> None:
        """Queue a film under a key of the caller's choice."""
        self.pending += 1
        self._films.put((key, film))

    def results(self, timeout_seconds: float) -> list[tuple[Hashable, Assessment]]:
        """The assessments that are there, after waiting for the first one."""
        found: list[tuple[Hashable, Assessment]] = []
        while self.pending:
            try:
                # Wait for the first only; the others are there or come next time.
                got = self._done.get(timeout=timeout_seconds) if not found else self._done.get_nowait()
            except queue.Empty:
                break
            if isinstance(got, BaseException):
                raise got
            self.pending -= 1
            found.append(got)
        return found

    def stop(self) -> None:
        """End after the batch in hand; films without an assessment are dropped."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._films.get_nowait()
        self._films.put(None)
        self._thread.join()

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _work(self) -> None:
        try:
            while (batch := self._batch()) is not None:
                rows = self._assess_many([film for _key, film in batch])
                for (key, _film), row in zip(batch, rows, strict=True):
                    self._done.put((key, row))
        except BaseException as error:
            self._done.put(error)

    def _batch(self) -> list[tuple[Hashable, Film]] | None:
        """The next films, at least one; None at the end."""
        first = self._films.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < BATCH and not self._films.empty():
            # `stop` may empty the queue in between; then it puts its None.
            following = self._films.get()
            if following is None:
                self._films.put(None)
                break
            batch.append(following)
        return batch
