"""Worker processes: requests in order, limits that act, arrays in shared memory.

A worker is named by a string, "core.imaging.worker:serve", so that whoever starts it imports nothing
of what it does. The function named is called in the new process with `arguments` and gives back a
callable `handle(request) -> answer`. Requests and answers are anything that pickles; the arrays in them
arrive read-only. A HilumError of handle comes back in its answer; any other exception is our own mistake.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import secrets
import signal
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.shared_memory import SharedMemory
from time import monotonic

from core.errors import HilumError, ImageFailed
from core.parcels import let_go, pack, throw_away, unpack
from core.worker import READY, Terms, work

_START_TRIES = 3


class WorkerDied(Exception):
    """The process ended without an answer."""


class WorkerBug(Exception):
    """An exception of our own in a worker; the text holds its traceback there."""

    def __init__(self, number: int, remote: str) -> None:
        super().__init__(f"in the worker:\n{remote}")
        self.number = number
        self.remote = remote


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for request `number`: a value, or the HilumError that was raised.

    bug: only from a Pool, whose batch goes on: the remote traceback beside ImageFailed("program-error").
    """

    number: int
    value: object = None
    error: HilumError | None = None
    bug: str | None = None


class Worker:
    """One spawned process that answers requests in the order in which they are asked.

    memory_bytes: what it may allocate. seconds: what a request may take before the process ends itself; it acts
    when even this process is gone and the worker hangs in code that never lets go of Python's lock.
    """

    def __init__(
        self,
        serve: str,
        arguments: Mapping[str, object] | None = None,
        *,
        memory_bytes: int | None = None,
        seconds: float | None = None,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._name = serve
        # Short: macOS takes 31 characters. The number tells whose block it is when one is ever found.
        self._token = f"hilum-{os.getpid():x}-{secrets.token_hex(4)}"
        self._process = context.Process(
            target=work,
            args=(theirs, Terms(serve, dict(arguments or {}), self._token, memory_bytes, seconds)),
            name=serve,
            daemon=True,
        )
        with _without_interrupts():
            self._process.start()
        theirs.close()
        self._asked = self._received = 0
        self._sent: dict[int, SharedMemory] = {}
        self._stopped = False

    @property
    def pid(self) -> int | None:
        return None if self._stopped else self._process.pid

    @property
    def alive(self) -> bool:
        return not self._stopped and self._process.is_alive()

    def ask(self, request: object) -> int:
        """Send a request; its number comes back with the answer. Raises WorkerDied."""
        number = self._asked + 1
        parcel, block = pack(request, f"{self._token}q{number}")
        if block is not None:
            self._sent[number] = block
        self._asked = number
        try:
            self.connection.send((number, self._received, parcel))
        except OSError as error:
            raise WorkerDied(f"{self._name} ended") from error
        return number

    def answer(self, timeout_seconds: float | None = None) -> Answer | None:
        """Wait for the next answer; None when the time is over. Raises WorkerDied, and WorkerBug for our mistakes.

        The first answer of every worker has the number -1: it is ready, or could not start.
        """
        try:
            if not self.connection.poll(timeout_seconds):
                return None
            number, parcel, error, bug = self.connection.recv()
        except (EOFError, OSError) as problem:
            raise WorkerDied(f"{self._name} ended") from problem
        if number != READY:
            self._received = number
            let_go(self._sent, number)
        if bug is not None:
            raise WorkerBug(number, bug)
        try:
            return Answer(number, unpack(parcel) if parcel is not None else None, error)
        except FileNotFoundError as problem:
            raise WorkerDied(f"{self._name} ended, and its answer with it") from problem

    def stop(self) -> None:
        """End the process now and wait until it is gone; what it left in shared memory is freed."""
        if self._stopped:
            return
        self._stopped = True
        self._process.terminate()
        self._process.join(2)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        # ValueError: somebody else has taken note of its end, and multiprocessing never hears of it.
        with contextlib.suppress(ValueError):
            self._process.close()
        # After the process: closing first would leave a thread that waits for an answer on a descriptor of nobody.
        self.connection.close()
        let_go(self._sent, self._asked)
        open_numbers = range(self._received + 1, self._asked + 1)
        throw_away(f"{self._token}{way}{number}" for number in open_numbers for way in "qa")


@dataclass(slots=True)
class _Seat:
    """A place in the pool: its worker, and the request that it works on since when."""

    worker: Worker
    task: tuple[Hashable, object] | None = None
    since: float = 0.0
    ready: bool = False


class Pool:
    """Workers that open hostile files: limits of time and memory, replaced one by one.

    A request whose worker dies is tried once more in a fresh process and then given up as
    ImageFailed("worker-died"): the same file is never tried a third time. One that takes longer than `seconds` is
    ImageFailed("timed-out"). A mistake of our own is ImageFailed("program-error"): the other files go on.
    """

    def __init__(
        self,
        serve: str,
        arguments: Mapping[str, object] | None = None,
        *,
        count: int,
        seconds: float,
        memory_bytes: int | None = None,
    ) -> None:
        self._make: Callable[[], Worker] = lambda: Worker(
            serve, arguments, memory_bytes=memory_bytes, seconds=2 * seconds + 5
        )
        self._seconds = seconds
        self._seats = [_Seat(self._make()) for _ in range(count)]
        self._waiting: deque[tuple[Hashable, object]] = deque()
        self._deaths: dict[Hashable, int] = {}
        self._failed_starts = 0

    @property
    def count(self) -> int:
        """How many workers there are."""
        return len(self._seats)

    @property
    def pending(self) -> int:
        """Requests that have no result yet."""
        return len(self._waiting) + sum(seat.task is not None for seat in self._seats)

    def submit(self, key: Hashable, request: object) -> None:
        """Queue a request under a key of the caller's choice, different from all that are pending."""
        self._waiting.append((key, request))
        self._hand_out()

    def results(self, timeout_seconds: float | None = None) -> list[tuple[Hashable, Answer]]:
        """The results that are there, after waiting for the first one; in the order of their arrival.

        Raises what the workers' start raises: HilumError, WorkerBug, or WorkerDied after several tries.
        """
        until = None if timeout_seconds is None else monotonic() + timeout_seconds
        found: list[tuple[Hashable, Answer]] = []
        while self.pending and not found:
            watched = [seat for seat in self._seats if seat.task is not None or not seat.ready]
            limits = [seat.since + self._seconds for seat in watched if seat.ready] + ([until] if until else [])
            wait([seat.worker.connection for seat in watched], max(0.0, min(limits) - monotonic()) if limits else None)
            for seat in watched:
                found.extend(self._look(seat))
            self._hand_out()
            if until is not None and monotonic() >= until:
                break
        return found

    def stop(self) -> None:
        """End all workers now; requests without a result are dropped."""
        for seat in self._seats:
            seat.worker.stop()
        self._seats.clear()
        self._waiting.clear()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _hand_out(self) -> None:
        for seat in self._seats:
            if self._waiting and seat.ready and seat.task is None:
                try:
                    seat.worker.ask(self._waiting[0][1])
                except WorkerDied:  # while idle: not the fault of this request
                    self._renew(seat)
                    continue
                seat.task, seat.since = self._waiting.popleft(), monotonic()

    def _look(self, seat: _Seat) -> Iterator[tuple[Hashable, Answer]]:
        """What a worker has to say: it is ready, has an answer, has died, or has been at it for too long."""
        try:
            answer = seat.worker.answer(0)
        except WorkerDied:
            yield from self._died(seat)
            return
        except WorkerBug as bug:
            if bug.number == READY:
                raise
            last = bug.remote.strip().splitlines()[-1]
            answer = Answer(bug.number, error=ImageFailed("program-error", what=last), bug=bug.remote)
        if answer is not None and answer.number == READY:
            if answer.error is not None:
                raise answer.error
            seat.ready, self._failed_starts = True, 0
        elif answer is not None and seat.task is not None:
            yield self._finished(seat), answer
        elif seat.task is not None and monotonic() - seat.since >= self._seconds:
            number = seat.worker._asked
            key = self._finished(seat)
            self._renew(seat)
            yield key, Answer(number, error=ImageFailed("timed-out", limit=f"{self._seconds:g} s"))

    def _finished(self, seat: _Seat) -> Hashable:
        assert seat.task is not None
        key, seat.task = seat.task[0], None
        self._deaths.pop(key, None)
        return key

    def _died(self, seat: _Seat) -> Iterator[tuple[Hashable, Answer]]:
        task, number = seat.task, seat.worker._asked
        if not seat.ready:
            self._failed_starts += 1
            if self._failed_starts >= _START_TRIES:
                raise WorkerDied(f"a worker ended {self._failed_starts} times before it was ready")
        elif task is not None:
            self._deaths[task[0]] = self._deaths.get(task[0], 0) + 1
            if self._deaths[task[0]] >= 2:
                yield self._finished(seat), Answer(number, error=ImageFailed("worker-died"))
            else:
                self._waiting.appendleft(task)
        self._renew(seat)

    def _renew(self, seat: _Seat) -> None:
        seat.worker.stop()
        seat.worker, seat.task, seat.ready = self._make(), None, False


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """A child started in the block never sees Ctrl-C, not even while it still imports (not on Windows)."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
