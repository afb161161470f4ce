"""Whether files are still there, asked of all at once: a network share may take its time, or never answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

LOOK_SECONDS = 2.0


def present(paths: Sequence[str]) -> tuple[str, ...]:
    """Those of the paths that are there, in their order; what does not answer in time is not."""
    found: dict[str, bool] = {}
    looks = [
        threading.Thread(target=lambda path=path: found.update({path: Path(path).exists()}), daemon=True)
        for path in paths
    ]
    until = monotonic() + LOOK_SECONDS
    for look in looks:
        look.start()
    for look in looks:
        look.join(max(0.0, until - monotonic()))
    return tuple(path for path in paths if found.get(path))
