"""Films on their way to a network: settled, drawn, perhaps augmented, fitted, in batches, some batches ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import Affine
from core.imaging.prepare import Fitted, Settled, Step, fit
from core.training import smote
from core.training.augmentation import Film, Shown, augmented, changes, warped
from core.training.balance import class_weights, one_pass, source_prior, undersampled, weights
from core.training.forward import forward
from core.training.recipe import Augmentation, Balance

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Batch = tuple[Floats, Floats, Floats]
_AS_IS, _MADE_UP = Augmentation(), Balance()
_AHEAD = 3  # batches
_HANDS = 2  # threads that make them


class Feed(Protocol):
    """What a network learns from, or is judged by. All of it depends on (seed, epoch, film) alone.

    changes: whether a film looks different each epoch. len: how many films there are; their numbers are below it.
    order: the films of an epoch, in the order in which they are seen; every epoch has as many.
    batch: pixels (n, rows, columns, channels), targets (n, …), and how much each film counts (n,). What a step needs
    beside the classes' shares stands behind them in the targets (`Beside`).
    """

    changes: bool

    def __len__(self) -> int: ...
    def order(self, epoch: int) -> Numbers: ...
    def batch(self, numbers: Numbers, epoch: int) -> Batch: ...


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands behind the classes' shares in a feed's targets: (n, classes [+ classes] [+ rows · columns]).

    prior: the logits of the classes as the film's source alone would have them (core.training.balance.source_prior).
    cells: rows and columns of the grid over the network's input whose cells say how much of them is not lung, 0…1.
    """

    prior: bool = False
    cells: tuple[int, int] | None = None


class FilmFeed:
    """Settled films and their targets, drawn, balanced and augmented as a recipe says.

    Films stay where they are (a memory map): memory holds some batches. What SMOTE makes up lives in here and is made
    of the films in here, so it cannot come before the split.
    """

    def __init__(
        self,
        films: Sequence[Film],
        targets: Floats,
        steps: Sequence[Step],
        *,
        augmentation: Augmentation = _AS_IS,
        balance: Balance = _MADE_UP,
        sources: Sequence[str] = (),
        kinds: Sequence[str] = (),
        seed: int = 0,
        boxes: NDArray[np.float64] | None = None,
        lungs: Sequence[Mask] | None = None,
        cells: tuple[int, int] | None = None,
    ) -> None:
        """films: settled, uint16. targets: (films, classes), each adds up to 1. sources: of each film; all one when
        left out. kinds: what counts as a class when films are drawn; the largest target when left out.
        boxes: (films, 4) lung boxes in the settled film, a row of NaN where none was found. lungs: masks of the films,
        when the targets shall say what is outside them, on a grid of `cells`.
        Refuses "smote-memory" (RunRefused)."""
        self.films, self.steps, self.balance = films, tuple(steps), balance
        self.targets = np.asarray(targets, np.float32)
        self.changes, self.views = changes(augmentation), augmentation.views
        self._augmentation, self.seed, self._boxes = augmentation, seed, boxes
        self._shown = _shown(steps)
        self._made: NDArray[np.uint16] | None = None
        classes = self.targets.argmax(1)
        self.pool = undersampled(classes, seed) if balance.undersample else np.arange(len(films))
        names = list(kinds) or [str(number) for number in classes]
        places = list(sources) or [""] * len(films)
        if balance.smote == "pixels":
            made = self._made_up(classes[self.pool])
            names += [str(number) for number in made]
            places += ["synthetic"] * len(made)
            self.targets = np.concatenate([self.targets, np.eye(self.targets.shape[1], dtype=np.float32)[made]])
            self.pool = np.concatenate([self.pool, np.arange(len(films), len(names))])
        self._counts = np.ones(len(names), np.float32)
        if balance.class_weights:
            self._counts[self.pool] = class_weights(self.targets[self.pool].argmax(1))
        names, places = ([some[number] for number in self.pool] for some in (names, places))
        self._weights = _drawn(balance, names, places)
        self._lungs, self._cells = lungs, cells if lungs is not None else None
        self._prior = None
        if balance.source_prior:
            prior = source_prior(places, self.targets[self.pool].argmax(1), self.targets.shape[1], self._weights)
            self._prior = np.zeros_like(self.targets)
            self._prior[self.pool] = np.float32(balance.source_prior) * prior
        self.beside = Beside(self._prior is not None, self._cells)

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def plain_targets(self) -> Floats:
        """What does not depend on the look of a film: the classes' shares, and the source's prior behind them."""
        return self.targets if self._prior is None else np.concatenate([self.targets, self._prior], axis=1)

    def order(self, epoch: int) -> Numbers:
        if self._weights is None:
            return np.asarray(np.random.default_rng([self.seed, epoch]).permutation(self.pool), np.int64)
        return np.asarray(self.pool[one_pass(self._weights, len(self.pool), self.seed, epoch)], np.int64)

    def batch(self, numbers: Numbers, epoch: int) -> Batch:
        seen = [self._seen(int(number), epoch) for number in numbers]
        targets = [self.plain_targets[numbers]]
        if self._cells is not None:
            targets.append(np.stack([outside for _pixels, outside in seen]))
        return np.stack([pixels for pixels, _outside in seen]), np.concatenate(targets, axis=1), self._counts[numbers]

    def _seen(self, number: int, epoch: int) -> tuple[Floats, Floats]:
        """A film as the network sees it in an epoch: (rows, columns, channels), and what of it is not lung (cells,)."""
        steps, box = self.steps, None
        if number < len(self.films):
            film = self.films[number]
            if self._boxes is not None and np.isfinite(self._boxes[number]).all():
                box = self._boxes[number]
        else:
            assert self._made is not None
            # It was made of films that had gone through all steps but the scale.
            film, steps = self._made[number - len(self.films)], _shape_and_scale(self.steps)
        seen_to_film = np.eye(3)
        if self.changes:
            draw = epoch if self.views is None else epoch % self.views
            seen = augmented(film, self.seed, draw, number, self._augmentation, shown=self._shown, box=box)
            film, box, seen_to_film = seen.film, seen.box, seen.seen_to_film
        fitted = fit(Settled(np.asarray(film), np.eye(3)), steps, box)
        return fitted.pixels, self._outside(number, fitted, seen_to_film)

    def _outside(self, number: int, fitted: Fitted, seen_to_film: Affine) -> Floats:
        if self._cells is None or self._lungs is None:
            return np.zeros(0, np.float32)
        if number >= len(self.films) or not (mask := self._lungs[number]).any():
            return np.zeros(self._cells[0] * self._cells[1], np.float32)  # nobody knows: nothing counts as outside
        size = fitted.pixels.shape[:2]
        inside = warped(mask.astype(np.float32), seen_to_film @ fitted.fitted_to_settled, (size[0], size[1]))
        shares = cv2.resize(inside, self._cells[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(1 - shares, np.float32).reshape(-1)

    def _made_up(self, classes: NDArray[np.intp]) -> NDArray[np.intp]:
        """Make synthetic films of the films in the pool; gives their classes."""
        rows, columns = self._shown.rows, self._shown.columns
        smote.enough_memory(classes, rows * columns)
        plain = [step for step in self.steps if step["name"] != "scale"]
        # Neighbours and mixtures are the same on grey as on three channels: each is a straight line of grey.
        grey = np.empty((len(self.pool), rows * columns), np.float32)
        for place, number in enumerate(self.pool):
            box = None if self._boxes is None else self._boxes[number]
            film = Settled(np.asarray(self.films[int(number)]), np.eye(3))
            grey[place] = fit(film, plain, box).pixels.reshape(-1)
        made, names = smote.synthetic(grey, classes, self.balance.smote_neighbours, self.seed)
        self._made = np.round(np.clip(made, 0, 1) * 65535).astype(np.uint16).reshape(-1, rows, columns)
        return names


def ahead(feed: Feed, numbers: Numbers, size: int, epoch: int) -> Iterator[Batch]:
    """The feed's batches of these films in this order; threads make the next ones while the caller works on one."""
    parts = iter([numbers[start : start + size] for start in range(0, len(numbers), size)])
    with ThreadPoolExecutor(_HANDS) as hands:
        waiting: deque[Future[Batch]] = deque()
        try:
            for part in parts:
                waiting.append(hands.submit(feed.batch, part, epoch))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def fitted(film: Film, steps: Sequence[Step], box: NDArray[np.float64] | None = None) -> Floats:
    """A settled film as the network sees it: (rows, columns, channels) float32, by the same steps as in live use."""
    return fit(Settled(np.asarray(film), np.eye(3)), steps, box).pixels


def outputs(
    model: Any,
    films: Sequence[Film],
    steps: Sequence[Step],
    boxes: NDArray[np.float64] | None = None,
    size: int = 32,
) -> Any:
    """What a Keras model gives for the films, untouched, in their order: an array, or one a named output."""
    ask = forward(model)
    feed = FilmFeed(films, np.ones((len(films), 1), np.float32), steps, boxes=boxes)
    parts = [ask(pixels) for pixels, _targets, _counts in ahead(feed, np.arange(len(films)), size, 0)]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return found if isinstance(model.output, dict) else found[""]


def _drawn(balance: Balance, names: Sequence[str], places: Sequence[str]) -> NDArray[np.float64] | None:
    """How often each film of the pool is drawn, or None for once each."""
    if balance.sampling == "as-is":
        return None
    return weights(names, places if balance.sampling == "classes-and-sources" else [""] * len(places))


def _shown(steps: Sequence[Step]) -> Shown:
    sizes = [step for step in steps if step["name"] in ("stretch", "letterbox")]
    if not sizes:
        raise ValueError("the steps bring films to no size")
    return Shown(sizes[-1]["rows"], sizes[-1]["columns"], sizes[-1]["name"] == "letterbox")


def _shape_and_scale(steps: Sequence[Step]) -> tuple[Step, ...]:
    shown = _shown(steps)
    size = {"name": "stretch", "version": 1, "rows": shown.rows, "columns": shown.columns}
    return (size, *(step for step in steps if step["name"] == "scale"))
