"""Workers that misbehave on request, for the tests of whoever must live with them."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BundleRefused, ImageRefused

Request = tuple[Any, ...]


def serve() -> Callable[[Request], object]:
    """A worker that does what the request says: ("echo", value), ("abort", notes), …"""
    return lambda request: _ACTS[request[0]](*request[1:])


def named(name: str = "first") -> Callable[[Request], object]:
    """A worker that says with which argument it was started."""
    return lambda request: (name, request[1])


def cannot_start() -> Callable[[Request], object]:
    raise BundleRefused("bundle-missing", what="nowhere")


def broken_start() -> Callable[[Request], object]:
    raise ZeroDivisionError("a mistake of ours")


def dies_at_start() -> Callable[[Request], object]:
    os._exit(3)


def _abort(notes: str) -> None:
    """Die as a decoder does that meets a damaged file, after noting that it was tried."""
    with open(notes, "a") as file:
        file.write("tried\n")
    os._exit(134)


def _abort_once(notes: str) -> str:
    if Path(notes).exists():
        return "done the second time"
    _abort(notes)
    return ""


def _spin() -> None:
    while True:
        time.sleep(0.01)


def _hold_the_lock() -> None:
    """Sleep for ever without letting go of Python's lock, as a bad C decoder does."""
    ctypes.PyDLL(None).sleep(1000)


def _refuse() -> None:
    raise ImageRefused("empty-file")


def _mistake() -> None:
    raise KeyError("forgotten")


def _ones(count: int) -> np.ndarray:
    return np.ones(count, np.float32)


class _Unreadable:
    """Goes out, and cannot be read where it arrives."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


_ACTS: dict[str, Callable[..., object]] = {
    "echo": lambda value: value,
    "writeable": lambda array: bool(array.flags.writeable),
    "sum": lambda array: float(array.sum()),
    "pid": os.getpid,
    "print": lambda text: os.write(1, text.encode()),
    "abort": _abort,
    "abort-once": _abort_once,
    "spin": _spin,
    "hold-the-lock": _hold_the_lock,
    "refuse": _refuse,
    "mistake": _mistake,
    "ones": _ones,
    "unreadable": _Unreadable,
}
