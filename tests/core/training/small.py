"""Films and a network small enough to learn in a second; shared by the tests of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.networks.members import Member, build
from core.training.feed import FilmFeed

SIDE = 32
STEPS = (
    {"name": "stretch", "version": 1, "rows": SIDE, "columns": SIDE},
    {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 1},
)
ARCHITECTURE = {
    "backbone": "mobilenetv2",
    "width": 0.25,
    "cut": "stage1",
    "input": [SIDE, SIDE, 1],
    "head": [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 2}],
}
DROPOUT = [{"layer": "global-average-pooling"}, {"layer": "dropout", "rate": 0.3}, {"layer": "dense", "units": 2}]


def member(seed: int = 1, **changes: Any) -> Member:
    import keras

    keras.utils.set_random_seed(seed)
    return build(ARCHITECTURE | changes)


def films(count: int = 24, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Films with a bright upper or lower half, and which it is."""
    draw = np.random.default_rng(seed)
    truth = np.arange(count) % 2
    made = []
    for lower in truth:
        film = draw.uniform(0, 0.4, (48, 40))
        film[24:] += 0.4 * lower
        film[:24] += 0.4 * (1 - lower)
        made.append((film * 65535).astype(np.uint16))
    return made, truth


def feed(count: int = 24, seed: int = 0, **options: Any) -> FilmFeed:
    made, truth = films(count, seed)
    return FilmFeed(made, np.eye(2, dtype=np.float32)[truth], STEPS, seed=5, **options)
