"""A worker process from the inside: it starts, says so, and answers until its pipe closes."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.shared_memory import SharedMemory

from core.errors import HilumError, ImageFailed
from core.parcels import Parcel, let_go, pack, unpack

READY = -1

# The number, the value, the error of the world, and the traceback of an error of our own.
Reply = tuple[int, Parcel | None, HilumError | None, str | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a worker is started with; core.jobs.Worker says what each of them means."""

    serve: str
    arguments: Mapping[str, object]
    token: str
    memory_bytes: int | None
    seconds: float | None


def work(connection: Connection, terms: Terms) -> None:
    """The life of a worker: start, say so, answer until the pipe closes."""
    # Ctrl-C belongs to the parent: it stops cleanly and then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Standard output is for the parent's JSON lines; a chatty decoder must not write between them.
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    _end_with_parent()
    _limit_memory(terms.memory_bytes)
    handle: Callable[[object], object] | None = None

    def start() -> None:
        nonlocal handle
        module, _, name = terms.serve.partition(":")
        handle = getattr(importlib.import_module(module), name)(**terms.arguments)

    sent: dict[int, SharedMemory] = {}
    # The parent may go at any moment: then there is nobody to answer.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionError):
        connection.send(_reply(READY, start, "", sent))
        while handle is not None:
            number, arrived, parcel = connection.recv()
            let_go(sent, arrived)
            with _watched(terms.seconds):
                reply = _reply(number, partial(_handled, handle, parcel), f"{terms.token}a{number}", sent)
            connection.send(reply)


def _handled(handle: Callable[[object], object], parcel: Parcel) -> object:
    return handle(unpack(parcel))


def _reply(number: int, act: Callable[[], object], name: str, sent: dict[int, SharedMemory]) -> Reply:
    """Do it, and put what comes of it into a message."""
    try:
        value = act()
        if number == READY:
            return number, None, None, None
        parcel, block = pack(value, name)
        if block is not None:
            sent[number] = block
        return number, parcel, None, None
    except HilumError as error:
        return number, None, error, None
    except MemoryError:
        return number, None, ImageFailed("out-of-memory"), None
    except Exception:
        return number, None, None, traceback.format_exc()


@contextlib.contextmanager
def _watched(seconds: float | None) -> Iterator[None]:
    """End this process when the block takes longer, whoever holds Python's lock."""
    if seconds is None:
        yield
        return
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


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
    """Bound what this process may allocate; on Windows nothing does yet (docs/decisions.md)."""
    if memory_bytes is None or sys.platform == "win32":
        return
    import resource

    # Address space, not resident memory: it is the one limit that Linux enforces at the allocation.
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
