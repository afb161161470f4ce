"""The window's end of one worker process: a queue, a reader thread, limits that act, a fresh process after a death.

The thread owns the worker: it spawns it, asks it one thing at a time, waits, and stops it. The window only
puts tasks into the queue and receives signals, so nothing in the window ever waits.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from types import ModuleType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from core.errors import HilumError, ImageFailed

# core.jobs draws in multiprocessing, which is not part of the first paint's price: it is imported on the reader
# thread, which starts after it.
if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from core.jobs import Answer, Worker, WorkerBug

# A file that ended its process twice is not tried a third time (design.md section 3).
DEATHS_ALLOWED = 2
# A spawned process inherits sys.path, and OpenCV changes it for the moment of its import.
_path_is_whole = threading.Lock()


@dataclass(slots=True, eq=False)
class Task:
    """One request. key: the file that it is about. done: called in the window's thread, unless it is dropped.

    through: runs on the reader thread, on the answer's value; for arithmetic too slow for the window.
    """

    request: object
    done: Callable[[Answer], None]
    key: Hashable = field(default_factory=object)
    urgent: bool = True
    through: Callable[[Any], object] | None = None
    dropped: bool = False


class Process(QObject):
    """One kept worker process, started after the first paint, replaced when it dies, ended by stop().

    name: the word for it in sentences ("decoder"). seconds: how long one request may take; None: no limit.
    Signals: ready(); unusable(HilumError): it refuses to start; died(str): a sentence; begun(key): works on it now.
    """

    ready = Signal()
    unusable = Signal(object)
    died = Signal(str)
    begun = Signal(object)
    _answered = Signal(object, object)
    _mistaken = Signal(object)

    def __init__(
        self,
        name: str,
        serve: str,
        arguments: Mapping[str, object] | None = None,
        *,
        seconds: float | None = None,
        memory_bytes: int | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        # The process ends itself later than we would end it: for the case that this window is gone by then.
        own_limit = None if seconds is None else 2 * seconds + 5
        self._arguments = arguments

        def make() -> Worker:
            return self._jobs.Worker(serve, self._arguments, memory_bytes=memory_bytes, seconds=own_limit)

        self._make = make
        self._jobs: ModuleType  # core.jobs, from the moment at which the reader thread runs
        self._seconds = seconds
        self._tasks: deque[Task] = deque()
        self._lock = threading.Lock()
        self._awake: Connection
        self._wake: Connection | None = None
        self._stopping = self._renewing = False
        self._thread: threading.Thread | None = None
        self.before: Callable[[], None] | None = None
        self._deaths: dict[Hashable, int] = {}
        self._pid: int | None = None
        # Both are emitted on the reader thread and arrive in the window's.
        self._answered.connect(self._finish)
        self._mistaken.connect(self._raise)

    @property
    def pid(self) -> int | None:
        """The process of now, for tests and the about box."""
        return self._pid

    def start(self) -> None:
        """Spawn the process; before it, tasks only queue up."""
        if self._thread is None and not self._stopping:
            import multiprocessing

            self._awake, self._wake = multiprocessing.Pipe(duplex=False)
            self._thread = threading.Thread(target=self._serve, name=f"{self.objectName()}-reader", daemon=True)
            self._thread.start()

    def submit(self, task: Task) -> None:
        """Queue a task: urgent ones before the others, and among themselves in the order of asking."""
        with self._lock:
            place = len(self._tasks)
            if task.urgent:
                place = next((index for index, other in enumerate(self._tasks) if not other.urgent), place)
            self._tasks.insert(place, task)
        self._knock()

    def renew(self, arguments: Mapping[str, object] | None) -> None:
        """Go on in a fresh process with other arguments: after what is under way, before what waits."""
        self._arguments = arguments
        self._renewing = True
        self._knock()

    def end_soon(self) -> None:
        """Ask the thread to end its process; stop() waits for it."""
        self._stopping = True
        self._knock()

    def stop(self) -> None:
        """End the process and its thread; what was asked stays unanswered."""
        self.end_soon()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._wake is not None:
            self._wake.close()
            self._awake.close()

    def _knock(self) -> None:
        if self._wake is not None:
            with contextlib.suppress(OSError):
                self._wake.send_bytes(b".")

    @Slot(object, object)
    def _finish(self, task: Task, answer: Answer) -> None:
        if not task.dropped:
            task.dropped = True
            task.done(answer)

    @Slot(object)
    def _raise(self, mistake: Exception) -> None:
        # Ours, not the file's: it goes where every uncaught exception of the window goes.
        raise mistake

    # From here on: the reader thread.

    def _serve(self) -> None:
        with _path_is_whole:
            from core import jobs

        self._jobs = jobs
        while not self._stopping:
            self._renewing = False
            try:
                with _path_is_whole:
                    worker = self._make()
            except OSError as error:
                self._refuse_all(ImageFailed("program-error", what=error.strerror or type(error).__name__))
                continue
            self._pid = worker.pid
            if self.before is not None:
                # While the process starts, on the thread that has nothing else to do.
                with _path_is_whole:
                    self.before()
                self.before = None
            try:
                self._work(worker)
            except self._jobs.WorkerDied:
                pass
            finally:
                self._pid = None
                worker.stop()

    def _work(self, worker: Worker) -> None:
        """Serve one process until it dies (raises WorkerDied), is too slow, or the window closes."""
        try:
            first = self._wait(worker, None)
        except self._jobs.WorkerDied:
            self._cannot_start(ImageFailed("program-error", what=f"the {self.objectName()} ended while starting"))
            return
        except self._jobs.WorkerBug as bug:
            self._mistaken.emit(bug)
            self._cannot_start(_sentence_of(bug))
            return
        if first is None:
            return
        if first.error is not None:
            self._cannot_start(first.error)
            return
        self.ready.emit()
        while (task := self._next(worker)) is not None:
            if self._deaths.get(task.key, 0) >= DEATHS_ALLOWED:
                self._answered.emit(task, self._jobs.Answer(0, error=ImageFailed("worker-died")))
                continue
            self.begun.emit(task.key)
            try:
                worker.ask(task.request)
                answer = self._wait(worker, self._seconds)
            except self._jobs.WorkerBug as bug:
                self._mistaken.emit(bug)
                answer = self._jobs.Answer(bug.number, error=_sentence_of(bug))
            except self._jobs.WorkerDied:
                self._died_on(task)
                raise
            except Exception as mistake:
                # Whatever it was, nobody waits for ever: this task fails, and the rest goes on in a fresh process.
                self._mistaken.emit(mistake)
                what = type(mistake).__name__
                self._answered.emit(task, self._jobs.Answer(0, error=ImageFailed("program-error", what=what)))
                return
            if answer is None:
                if not self._stopping:
                    self._deaths[task.key] = self._deaths.get(task.key, 0) + 1
                    limit = ImageFailed("timed-out", limit=f"{self._seconds:g} s")
                    self._answered.emit(task, self._jobs.Answer(0, error=limit))
                return
            self._deaths.pop(task.key, None)
            self._deliver(task, answer)

    def _wait(self, worker: Worker, seconds: float | None) -> Answer | None:
        """The next answer; None when the time is over or the window closes. Raises WorkerDied."""
        until = None if seconds is None else monotonic() + seconds
        while not self._stopping:
            left = None if until is None else max(0.0, until - monotonic())
            woken = self._jobs.wait([worker.connection, self._awake], left)
            if self._awake in woken:
                self._awake.recv_bytes()
            if worker.connection in woken:
                return worker.answer(0)
            if not woken:
                return None
        return None

    def _next(self, worker: Worker) -> Task | None:
        """The next task; None when the window closes or a fresh process is wanted. Raises WorkerDied when the idle
        process ends."""
        while not self._stopping and not self._renewing:
            with self._lock:
                while self._tasks and self._tasks[0].dropped:
                    self._tasks.popleft()
                if self._tasks:
                    return self._tasks.popleft()
            woken = self._jobs.wait([worker.connection, self._awake])
            if self._awake in woken:
                self._awake.recv_bytes()
            if worker.connection in woken:
                self.died.emit(f"The {self.objectName()} ended unexpectedly and was started again.")
                raise self._jobs.WorkerDied(self.objectName())
        return None

    def _deliver(self, task: Task, answer: Answer) -> None:
        if answer.error is None and task.through is not None and not task.dropped:
            try:
                answer = self._jobs.Answer(answer.number, task.through(answer.value))
            except Exception as mistake:
                self._mistaken.emit(mistake)
                return
        self._answered.emit(task, answer)

    def _died_on(self, task: Task) -> None:
        self._deaths[task.key] = self._deaths.get(task.key, 0) + 1
        if self._deaths[task.key] < DEATHS_ALLOWED:
            self.died.emit(f"The {self.objectName()} ended unexpectedly; it was started again and tries once more.")
            with self._lock:
                self._tasks.appendleft(task)
        else:
            self.died.emit(f"The {self.objectName()} ended twice on the same file, which is not tried again.")
            self._answered.emit(task, self._jobs.Answer(0, error=ImageFailed("worker-died")))

    def _cannot_start(self, error: HilumError) -> None:
        """Another try would end the same way, so it waits to be wanted again."""
        self.unusable.emit(error)
        self._refuse_all(error)

    def _refuse_all(self, error: HilumError) -> None:
        """Answer what waits with this error, then rest until something new is asked for."""
        with self._lock:
            waiting = list(self._tasks)
            self._tasks.clear()
        for task in waiting:
            self._answered.emit(task, self._jobs.Answer(0, error=error))
        while not self._stopping and not self._tasks and not self._renewing:
            self._jobs.wait([self._awake])
            self._awake.recv_bytes()


def _sentence_of(bug: WorkerBug) -> ImageFailed:
    return ImageFailed("program-error", what=bug.remote.strip().splitlines()[-1])
