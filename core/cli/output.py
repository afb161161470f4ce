"""Two streams: JSON lines on standard output, words and tables for people on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def words() -> Console:
    """Where sentences, tables and progress go."""
    from rich.console import Console  # as long to import as a film takes to open: not for JSON

    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def write_json(value: Any) -> None:
    """One JSON object on one line of standard output; no NaN, so that every reader can parse it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()
