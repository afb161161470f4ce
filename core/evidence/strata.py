"""Ages and sizes as bands, so that figures can be told apart by them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence


def banded(values: Sequence[float | None], edges: Sequence[float], unit: str = "") -> tuple[str, ...]:
    """Each number's band between ascending edges, as words: "under 40", "40 to 59", "60 and over".

    An edge is the first number of its band; whole numbers are meant, so a band ends one below the next edge.
    None and NaN give "".
    """
    tail = f" {unit}" if unit else ""
    return tuple("" if value is None or math.isnan(value) else _band(value, edges) + tail for value in values)


def _band(value: float, edges: Sequence[float]) -> str:
    if value < edges[0]:
        return f"under {edges[0]:g}"
    for low, high in itertools.pairwise(edges):
        if value < high:
            return f"{low:g}" if high - low == 1 else f"{low:g} to {high - 1:g}"
    return f"{edges[-1]:g} and over"
