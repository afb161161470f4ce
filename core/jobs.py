"""Worker processes: one request at a time, limits that act, arrays in shared memory.

A worker is named by a string, "core.imaging.worker:serve", so that whoever starts it imports nothing
of what it does. The function named is called in the new process with `arguments` and gives back a
callable `handle(request) -> answer`. Requests and answers are anything that pickles; the buffers of
their numpy arrays travel in one shared-memory block and arrive read-only.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.shared_memory import SharedMemory
from time import monotonic

from core.errors import HilumError, ImageFailed

_SHARE_FROM_BYTES = 64 * 1024
_READY = -1

Message = tuple[bytes, str | None, tuple[int, ...]]


class WorkerDied(Exception):
    """The process ended without an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for request `number`: a value, or the HilumError that was raised."""

    number: int
    value: object = None
    error: HilumError | None = None


def pack(value: object) -> Message:
    """Pickle a value; its large buffers go into a shared-memory block that the receiver unlinks."""
    buffers: list[pickle.PickleBuffer] = []
    content = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    total = sum(view.nbytes for view in views)
    if total < _SHARE_FROM_BYTES:
        return pickle.dumps(value, protocol=5), None, ()
    block = SharedMemory(create=True, size=total)
    place = 0
    for view in views:
        block.buf[place : place + view.nbytes] = view
        place += view.nbytes
    name = block.name
    block.close()
    return content, name, tuple(view.nbytes for view in views)


def unpack(message: Message) -> object:
    """The value again; frees the shared memory. Arrays in it are read-only."""
    content, name, sizes = message
    if name is None:
        return pickle.loads(content)
    block = SharedMemory(name=name)
    try:
        buffers, place = [], 0
        for size in sizes:
            buffers.append(bytes(block.buf[place : place + size]))
            place += size
    finally:
        block.close()
        block.unlink()
    return pickle.loads(content, buffers=buffers)


class Worker:
    """One spawned process that answers requests in the order in which they are asked."""

    def __init__(
        self, serve: str, arguments: Mapping[str, object] | None = None, *, memory_bytes: int | None = None
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, serve, dict(arguments or {}), memory_bytes), name=serve, daemon=True
        )
        self._process.start()
        theirs.close()
        self._number = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def sentinel(self) -> int:
        return self._process.sentinel

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def ask(self, request: object) -> int:
        """Send a request; its number comes back with the answer. Raises WorkerDied."""
        self._number += 1
        try:
            self.connection.send((self._number, pack(request)))
        except (BrokenPipeError, ConnectionError, OSError) as error:
            raise WorkerDied(str(error)) from error
        return self._number

    def answer(self, timeout_seconds: float | None = None) -> Answer | None:
        """Wait for the next answer; None when the time is over. Raises WorkerDied.

        The first answer of every worker has the number -1: it is ready, or could not start.
        """
        try:
            if not self.connection.poll(timeout_seconds):
                return None
            number, message, error = self.connection.recv()
        except (EOFError, ConnectionError, OSError) as problem:
            raise WorkerDied(f"{self._process.name} ended") from problem
        return Answer(number, unpack(message) if message is not None else None, error)

    def stop(self) -> None:
        """End the process now and wait until it is gone."""
        with contextlib.suppress(OSError):
            self.connection.close()
        self._process.terminate()
        self._process.join(2)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


@dataclass(slots=True)
class _Seat:
    """A place in the pool: its worker, and the key that it works on since when."""

    worker: Worker
    key: object = None
    request: object = None
    since: float = 0.0
    ready: bool = False

    @property
    def busy(self) -> bool:
        return self.key is not None


class Pool:
    """Workers that open hostile files: limits of time and memory, replaced one by one.

    A request whose worker dies is tried once more in a fresh process and then given up as
    ImageFailed("worker-died"): the same file is never tried a third time.
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
        self._make: Callable[[], Worker] = lambda: Worker(serve, arguments, memory_bytes=memory_bytes)
        self._seconds = seconds
        self._seats = [_Seat(self._make()) for _ in range(count)]
        self._waiting: deque[tuple[object, object]] = deque()
        self._deaths: dict[object, int] = {}

    @property
    def pending(self) -> int:
        """Requests that have no result yet."""
        return len(self._waiting) + sum(seat.busy for seat in self._seats)

    def submit(self, key: object, request: object) -> None:
        """Queue a request under a key of the caller's choice (hashable, not None)."""
        self._waiting.append((key, request))
        self._hand_out()

    def results(self, timeout_seconds: float | None = None) -> Iterator[tuple[object, Answer]]:
        """The results that are there, after waiting for the first; in the order of their arrival."""
        until = None if timeout_seconds is None else monotonic() + timeout_seconds
        found: list[tuple[object, Answer]] = []
        while self.pending and not found:
            busy = [seat for seat in self._seats if seat.busy or not seat.ready]
            next_deadline = min((seat.since + self._seconds for seat in busy if seat.busy and seat.ready), default=None)
            limits = [limit - monotonic() for limit in (until, next_deadline) if limit is not None]
            wait([seat.worker.connection for seat in busy], max(0.0, min(limits)) if limits else None)
            for seat in busy:
                found.extend(self._look(seat))
            self._hand_out()
            if until is not None and monotonic() >= until:
                break
        yield from found

    def stop(self) -> None:
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
            if self._waiting and seat.ready and not seat.busy:
                seat.key, seat.request = self._waiting.popleft()
                seat.since = monotonic()
                # A worker that died idle shows it in _look, where its request is tried again.
                with contextlib.suppress(WorkerDied):
                    seat.worker.ask(seat.request)

    def _look(self, seat: _Seat) -> Iterator[tuple[object, Answer]]:
        try:
            answer = seat.worker.answer(0)
        except WorkerDied:
            yield from self._replace(seat, None)
            return
        if answer is not None and answer.number == _READY:
            if answer.error is not None:
                raise answer.error
            seat.ready = True
        elif answer is not None:
            key, seat.key, seat.request = seat.key, None, None
            self._deaths.pop(key, None)
            yield key, answer
        elif seat.busy and seat.ready and monotonic() - seat.since > self._seconds:
            yield from self._replace(seat, ImageFailed("timed-out", limit=f"{self._seconds:g} s"))

    def _replace(self, seat: _Seat, verdict: ImageFailed | None) -> Iterator[tuple[object, Answer]]:
        if not seat.ready and verdict is None:
            raise WorkerDied("a worker ended before it was ready")
        key, request = seat.key, seat.request
        seat.worker.stop()
        seat.worker, seat.key, seat.request, seat.ready = self._make(), None, None, False
        if key is None:
            return
        if verdict is None:
            self._deaths[key] = self._deaths.get(key, 0) + 1
            if self._deaths[key] < 2:
                self._waiting.appendleft((key, request))
                return
            verdict = ImageFailed("worker-died")
        self._deaths.pop(key, None)
        yield key, Answer(0, error=verdict)


def _work(connection: Connection, serve: str, arguments: dict[str, object], memory_bytes: int | None) -> None:
    # Ctrl-C belongs to the parent: it stops cleanly and then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    _limit_memory(memory_bytes)
    try:
        module, _, name = serve.partition(":")
        handle = getattr(importlib.import_module(module), name)(**arguments)
    except HilumError as error:
        connection.send((_READY, None, error))
        return
    connection.send((_READY, None, None))
    while True:
        try:
            number, message = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (number, pack(handle(unpack(message))), None)
        except HilumError as error:
            answer = (number, None, error)
        except MemoryError:
            answer = (number, None, ImageFailed("out-of-memory"))
        connection.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        # A worker deep in a decoder does not look at its pipe: this thread does it for it.
        wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def _limit_memory(memory_bytes: int | None) -> None:
    """Bound what this process may allocate; on Windows the parent's job object does it (not verified)."""
    if memory_bytes is None or sys.platform == "win32":
        return
    import resource

    # Address space, not resident memory: it is the one limit that Linux enforces at the allocation.
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
