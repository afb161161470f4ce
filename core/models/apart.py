"""A Keras file is read in a process of its own, under limits of memory and time: it may be hostile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import jobs
from core.errors import BundleRefused
from core.models.state import LegacyLook, LegacyTaken, LegacyWish

# Keras maps several times the memory that it uses; a file that wants more than this is no chest film's network.
_BYTES, _SECONDS = 24 * 2**30, 900.0
_LOOK_SECONDS = 0.2


def look(path: Path, tick: Callable[[], None] = lambda: None) -> LegacyLook:
    """What the file holds. tick is called several times a second; what it raises ends the work, and the process.

    Refuses what core.models.legacy does, and "legacy-unreadable" where that took too much memory or time.
    """
    answer = _asked(("look", str(path)), path, tick)
    assert isinstance(answer, LegacyLook)
    return answer


def take(path: Path, wish: LegacyWish, tick: Callable[[], None] = lambda: None) -> LegacyTaken:
    """The file as a bundle on the shelf, as core.models.legacy.taken."""
    answer = _asked(("take", str(path), wish), path, tick)
    assert isinstance(answer, LegacyTaken)
    return answer


def _asked(request: object, path: Path, tick: Callable[[], None]) -> Any:
    worker = jobs.Worker("core.models.legacy:serve", memory_bytes=_BYTES, seconds=_SECONDS)
    try:
        _waited(worker, tick)
        worker.ask(request)
        return _waited(worker, tick)
    except jobs.WorkerDied as error:
        why = "reading it took more memory or time than it may"
        raise BundleRefused("legacy-unreadable", what=path.name, why=why) from error
    finally:
        worker.stop()


def _waited(worker: jobs.Worker, tick: Callable[[], None]) -> object:
    while (answer := worker.answer(_LOOK_SECONDS)) is None:
        tick()
    if answer.error is not None:
        raise answer.error
    return answer.value
