"""Films and a network small enough to learn in a second; shared by the tests of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.cohort.cache import FilmCache
from core.cohort.cohort import Cohort
from core.cohort.hashes import perceptual_hash
from core.cohort.labels import LabelledFilm
from core.networks.members import Member, build
from core.training.feed import FilmFeed
from core.training.material import Material
from tests.labelled_films import drawn

SIDE = 32
LIGHT = ("normal", "bright", "dark")
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


def drawn_material(folder: Path, films: int) -> Material:
    """Drawn films of two a patient, of three classes and two sources, in a cache."""
    hashes = [f"{number:064x}" for number in range(films)]
    labels = [LIGHT[number // 2 % 3] for number in range(films)]
    pixels = [drawn(number, label).astype(np.uint16) * 257 for number, label in enumerate(labels)]
    with FilmCache(folder / "cache") as cache:
        for sha256, film in zip(hashes, pixels, strict=True):
            cache.add(sha256, film)
        kept = cache.films(hashes)
    sources = np.array(["here" if number % 12 < 8 else "there" for number in range(films)])
    cohort = Cohort(
        kept, np.array(labels), sources, np.array([""] * films),
        np.array([f"g{number // 2}" for number in range(films)]), np.array([""] * films), np.array(hashes),
        np.stack([perceptual_hash(film) for film in pixels]),
    )  # fmt: skip
    named = tuple(
        LabelledFilm(Path(f"{number}.png"), label, source=source)
        for number, (label, source) in enumerate(zip(labels, sources.tolist(), strict=True))
    )
    return Material(cohort, LIGHT, named, np.zeros((films, 7), np.float32), None, (), {}, (), folder / "cache")
