"""The networks that evidence is compared with: heads whose weights changed places, and starts that learnt nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Reason, RunRefused
from core.imaging.prepare import Step
from core.inference.bundles import Bundle
from core.inference.engines.base import Output
from core.networks.members import build
from core.networks.start import load_start
from core.training.feed import outputs
from core.training.forward import forward

Floats = NDArray[np.float32]


class ShuffledHeads:
    """An engine that runs a bundle's members with the rows of their heads' last kernels in another order.

    What the networks see stays, which of it speaks for a class does not (Adebayo et al. 2018).
    """

    name, device, precision = "keras", "CPU", "f32"

    def __init__(self, bundle: Bundle, seed: int) -> None:
        self.note: Reason | None = None
        draw = np.random.default_rng(seed)
        self._ask = {}
        for member in bundle.members:
            built = build(member.architecture)
            built.model.load_weights(str(bundle.path(member.files.weights.path)))
            last = built.head[-1]
            kernel, *bias = last.get_weights()
            last.set_weights([draw.permutation(kernel, axis=0), *bias])
            self._ask[member.name] = forward(built.with_maps)

    def run(self, member: str, pixels: Floats) -> Output:
        given = self._ask[member](pixels)
        return Output(given["logits"], given["features"], given["maps"])

    def close(self) -> None:
        self._ask.clear()


def start_features(bundle: Bundle, films: Sequence[NDArray[np.uint16]]) -> dict[str, Floats]:
    """Pooled features of each member's architecture with its ImageNet start, on the whole film: where it all began.

    Members for which no start weights exist are left out.
    """
    found = {}
    for member in bundle.members:
        built = build(member.architecture)
        try:
            load_start(built, "imagenet")
        except RunRefused:
            continue
        found[member.name] = outputs(built.features, films, whole_film(*member.architecture["input"]))
    return found


def whole_film(rows: int, columns: int, channels: int) -> tuple[Step, ...]:
    """How adult-covid 1 saw a film: all of it but its border, nothing finer than 128 pixels, levels set."""
    steps: tuple[dict[str, Any], ...] = (
        {"name": "border-crop", "version": 1, "fraction": 0.05},
        {"name": "levels", "version": 1, "low": 1, "high": 99},
        {"name": "stretch", "version": 1, "rows": 128, "columns": 128},
        {"name": "stretch", "version": 1, "rows": rows, "columns": columns},
        {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": channels},
    )
    return steps
