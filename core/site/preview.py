"""What a network will be shown: films as they are, and as the recipe's augmentation changes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.prepare import Settled, fit, needs_lungs
from core.inference.lungs import LungFinder
from core.site.state import Cell
from core.site.trial import starting_from
from core.training import recipes, several
from core.training.feed import FilmFeed
from core.training.recipe import Recipe

DRAWS = 5
_QUALITY = 90
Film = NDArray[np.uint16]
Steps = tuple[Mapping[str, Any], ...]


def views_of(recipe: Recipe, start: str) -> tuple[tuple[str, Steps], ...]:
    """(name, way of a film into it) of every network: the recipe's one, or the members of the bundle that are tuned.

    start: as in core.site.trial.starting_from. Refuses what core.training.several.begins refuses.
    """
    recipe = starting_from(recipe, start)
    begin = several.begins(recipe, Path(start) if start not in ("", "imagenet", "random") else None, None)
    if several.is_several(begin) and begin.bundle is not None:
        return tuple((entry.name, tuple(begin.bundle.input(entry).steps)) for entry in begin.bundle.members)
    return ((recipe.network.backbone, tuple(recipes.steps(recipe))),)


def grid(
    recipe: Recipe,
    steps: Sequence[Mapping[str, Any]],
    films: Mapping[str, Sequence[int]],
    settled: Callable[[int], Film],
    *,
    seed: int,
    count: int,
    lungs: LungFinder | None = None,
) -> tuple[Cell, ...]:
    """About `count` pictures, film after film: each without a change, then DRAWS times as an epoch would show it.

    films: class → numbers. settled: number → (rows, columns). seed: which films, and what is drawn; the same gives the
    same grid. Classes take turns.
    """
    chosen = _chosen(films, seed, max(1, count // (DRAWS + 1)))
    # Without the scale, which turns grey into a network's numbers.
    shown = [step for step in steps if step["name"] != "scale"]
    pictures = [np.asarray(settled(number)) for _label, number in chosen]
    boxes = _boxes(pictures, lungs) if needs_lungs(shown) else None
    feed = FilmFeed(
        pictures, np.eye(len(pictures), dtype=np.float32), shown, augmentation=recipe.augmentation, seed=seed,
        boxes=boxes,
    )  # fmt: skip
    cells: list[Cell] = []
    for place, (label, number) in enumerate(chosen):
        plain = fit(Settled(pictures[place], np.eye(3)), shown, None if boxes is None else boxes[place]).pixels
        cells.append(Cell(number, label, 0, jpeg_of(plain)))
        for draw in range(1, DRAWS + 1):
            pixels, _targets, _counts = feed.batch(np.array([place]), draw - 1)
            cells.append(Cell(number, label, draw, jpeg_of(pixels[0])))
    return tuple(cells)


def jpeg_of(pixels: NDArray[Any], side: int | None = None) -> bytes:
    """A picture in 0…1 (float) or of 16 bits as a JPEG; side: its longest, at most."""
    grey = (pixels >> 8) if pixels.dtype == np.uint16 else np.round(np.clip(pixels, 0, 1) * 255)
    picture = np.ascontiguousarray(grey.reshape(grey.shape[:2]), np.uint8)
    if side is not None and max(picture.shape) > side:
        factor = side / max(picture.shape)
        rows, columns = (max(1, round(one * factor)) for one in picture.shape)
        picture = np.asarray(cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA))
    _done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(jpeg)


def _chosen(films: Mapping[str, Sequence[int]], seed: int, count: int) -> list[tuple[str, int]]:
    draw = np.random.default_rng(seed)
    orders = {label: [numbers[one] for one in draw.permutation(len(numbers))] for label, numbers in films.items()}
    made: list[tuple[str, int]] = []
    turn = 0
    while len(made) < count and any(turn < len(order) for order in orders.values()):
        made += [(label, order[turn]) for label, order in orders.items() if turn < len(order)]
        turn += 1
    return made[:count]


def _boxes(films: Sequence[Film], lungs: LungFinder | None) -> NDArray[np.float64]:
    nothing = [float("nan")] * 4
    found = [None] * len(films) if lungs is None else [
        one.frame for one in lungs.find_many([Settled(film, np.eye(3)) for film in films])
    ]  # fmt: skip
    return np.array([box or nothing for box in found], np.float64).reshape(-1, 4)
