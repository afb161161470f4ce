"""A decoder process that misbehaves on files of certain names, for the tests of whoever must live with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from core.imaging.limits import Limits
from core.imaging.worker import serve as honest


def serve(limits: Limits) -> Callable[[Any], object]:
    """As the real one, but a file named spin hangs, eat takes memory without end, and abort kills the process."""
    handle = honest(limits)

    def misbehaving(request: Any) -> object:
        name = request[1].name
        while name.startswith("spin"):
            time.sleep(0.01)
        hoard: list[bytearray] = []
        while name.startswith("eat"):
            hoard.append(bytearray(64 << 20))
        if name.startswith("abort"):
            os._exit(134)
        return handle(request)

    return misbehaving
