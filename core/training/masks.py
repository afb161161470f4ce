"""Films and their masks on the way to a network that finds where something is; what it is told when it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.prepare import Settled, Step, fit
from core.networks.backend import keras
from core.networks.lungs import STRIDE
from core.training.augmentation import Film, Shown, augmented, changes, warped
from core.training.balance import one_pass
from core.training.feed import Batch, Numbers
from core.training.recipe import Augmentation

_Floats = NDArray[np.float32]
_OWN_DRAW = 7003  # keeps the draw of this module apart from the augmentation's
# Shares of the films, and how far it goes; docs/lungs.md says what they are for.
_SHADED, _SHADE = 0.4, 0.25
_FILLED, _FILLING = 0.15, (0.15, 0.7)
_FLATTENED = 0.1


class MaskFeed:
    """Settled films and masks on the same grid, drawn and augmented; a core.training.feed.Feed.

    targets: (n, 1, rows / 2, columns / 2) float32, the share of each cell that is lung. Everything depends on (seed,
    epoch, film) alone. The mask follows what the augmentation moves; what it paints over is still lung.
    """

    def __init__(
        self,
        films: Sequence[Film],
        masks: Sequence[NDArray[np.bool_]],
        steps: Sequence[Step],
        *,
        augmentation: Augmentation | None = None,
        weights: NDArray[np.float64] | None = None,
        an_epoch: int | None = None,
        seed: int = 0,
    ) -> None:
        """weights: how often each film is drawn; an_epoch: how many films an epoch has (all of them when None)."""
        sizes = [step for step in steps if step["name"] == "stretch"]
        self.films, self.masks, self.steps, self.seed = films, masks, tuple(steps), seed
        self._shown = Shown(sizes[-1]["rows"], sizes[-1]["columns"])
        self._augmentation = augmentation or Augmentation()
        self.changes = changes(self._augmentation)
        self._weights = np.ones(len(films)) if weights is None else weights
        self._an_epoch = an_epoch or len(films)

    def __len__(self) -> int:
        return len(self.films)

    def order(self, epoch: int) -> Numbers:
        return one_pass(self._weights, self._an_epoch, self.seed, epoch)

    def batch(self, numbers: Numbers, epoch: int) -> Batch:
        pairs = [self._pair(int(number), epoch) for number in numbers]
        targets = np.stack([mask for _pixels, mask in pairs])[:, None]
        return np.stack([pixels for pixels, _mask in pairs]), targets, np.ones(len(pairs), np.float32)

    def _pair(self, number: int, epoch: int) -> tuple[_Floats, _Floats]:
        film, mask = self.films[number], self.masks[number].astype(np.float32)
        seen_to_film = np.eye(3)
        if self.changes:
            seen = augmented(film, self.seed, epoch, number, self._augmentation, shown=self._shown)
            film, seen_to_film = seen.film, seen.seen_to_film
        fitted = fit(Settled(film, np.eye(3)), self.steps)
        rows, columns = fitted.pixels.shape[:2]
        # As fine as the pixels first: a mask cut into coarse cells at one go would have steps for an edge.
        target = warped(mask, seen_to_film @ fitted.fitted_to_settled, (rows, columns))
        pixels = fitted.pixels
        if self.changes:
            draw = np.random.default_rng([self.seed, epoch, number, _OWN_DRAW])
            pixels = _unlike(pixels[..., 0], target, draw)[..., None]
        cells = cv2.resize(target, (columns // STRIDE, rows // STRIDE), interpolation=cv2.INTER_AREA)
        return pixels, np.asarray(cells, np.float32)


def mask_loss(targets: Any, outputs: Any) -> Any:
    """Cross-entropy of every cell plus 1 - Dice of the whole mask (n,): the one sees every cell, the other the share.

    targets, outputs: (n, 1, rows, columns); outputs are logits. Milletari et al. 2016, with squares in the divisor.
    """
    ops = keras().ops
    axes = (1, 2, 3)
    targets = ops.cast(targets, "float32")
    cells = ops.mean(ops.softplus(outputs) - targets * outputs, axis=axes)
    shares = ops.sigmoid(outputs)
    both = ops.sum(shares * targets, axis=axes)
    either = ops.sum(shares * shares, axis=axes) + ops.sum(targets * targets, axis=axes)
    return cells + 1 - (2 * both + _EMPTY) / (either + _EMPTY)


_EMPTY = 10.0  # cells: a film without lungs has a Dice too


def _unlike(pixels: _Floats, mask: _Floats, draw: np.random.Generator) -> _Floats:
    """Make films unlike those at hand: uneven exposure, lungs filled with something white, local equalisation.

    pixels: (rows, columns), scaled to -1…1; mask: 0…1 on the same grid.
    """
    rows, columns = pixels.shape
    if draw.random() < _FILLED and (inside := np.argwhere(mask > 0.5)).size:
        pixels = _filled(pixels, inside, draw)
    if draw.random() < _SHADED:
        coarse = draw.standard_normal((3, 3)).astype(np.float32) * np.float32(draw.uniform(0, _SHADE))
        shade = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
        pixels = np.clip((pixels + 1) * (1 + shade) - 1, -1, 1)
    if draw.random() < _FLATTENED:
        grey = np.clip((pixels + 1) * 127.5, 0, 255).astype(np.uint8)
        flat = cv2.createCLAHE(draw.uniform(1, 4), (8, 8)).apply(grey)
        pixels = flat.astype(np.float32) / np.float32(127.5) - 1
    return np.asarray(pixels, np.float32)


def _filled(pixels: _Floats, inside: NDArray[np.intp], draw: np.random.Generator) -> _Floats:
    """One to three white clouds in the lungs: a lung that fluid or pneumonia hides is still lung."""
    rows, columns = pixels.shape
    down, across = np.ogrid[0:rows, 0:columns]
    for _cloud in range(int(draw.integers(1, 4))):
        row, column = inside[draw.integers(len(inside))]
        high, wide = draw.uniform(0.05, 0.25, 2) * (rows, columns)
        cloud = np.exp(-(((down - row) / high) ** 2 + ((across - column) / wide) ** 2) / 2) * draw.uniform(*_FILLING)
        white = np.percentile(pixels, draw.uniform(60, 95))
        pixels = np.asarray(pixels * (1 - cloud) + white * cloud, np.float32)
    return pixels
