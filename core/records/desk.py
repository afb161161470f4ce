"""The record keeper's process (core.jobs)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def serve() -> Callable[[tuple[Any, ...]], object]:
    """Give the function that answers ("recent",) and ("opened", paths) → the paths opened last, newest first."""
    paths: list[str] = []

    def handle(request: tuple[Any, ...]) -> object:
        match request:
            case ("opened", opened):
                paths[:] = [*opened, *(path for path in paths if path not in opened)][:20]
        return tuple(paths)

    return handle
