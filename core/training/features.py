"""What a frozen part of a network says of each film, computed once and kept on disk: the rest trains on that.

Equal to the long way but for the last digits: the frozen part always gives the same for a film that never changes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused
from core.files import refusal_of, whole_file
from core.networks.backend import keras
from core.progress import Stop
from core.training import smote
from core.training.feed import Batch, Beside, Feed, FilmFeed, Floats, Numbers, ahead
from core.training.forward import forward
from core.training.recipe import Phase

_SHARE_OF_DISK = 0.5
_BATCH = 64
_PLAIN = Beside()


@dataclass(frozen=True, slots=True)
class Border:
    """Where the frozen part of a model ends. front: the model before it; shape: of one film there."""

    layer: str
    front: Any
    tensor: Any
    shape: tuple[int, ...]

    def behind(self, outputs: Any) -> Any:
        """A model from here to tensors that come of the same input; it shares their layers."""
        return keras().models.Model(self.tensor, outputs)


def border(model: Any) -> Border | None:
    """The last place up to which nothing learns and nothing is drawn by chance; None when that saves nothing.

    A place is a single tensor through which everything goes: inside a block with branches there is none.
    """
    left: dict[int, int] = {id(model.output): 1}
    for layer in model.layers:
        for tensor in _entering(layer):
            left[id(tensor)] = left.get(id(tensor), 0) + 1
    live: set[int] = set()
    found, heavy = None, False
    for layer in model.layers:
        if not _rests(layer):
            break
        for tensor in _entering(layer):
            left[id(tensor)] -= 1
            if not left[id(tensor)]:
                live.discard(id(tensor))
        live.add(id(layer.output))
        heavy = heavy or bool(layer.weights)
        if heavy and live == {id(layer.output)}:
            found = layer
    if found is None or found.output is model.output:
        return None
    front = keras().models.Model(model.inputs, found.output)
    return Border(found.name, front, found.output, tuple(found.output.shape[1:]))


def _entering(layer: Any) -> list[Any]:
    if type(layer).__name__ == "InputLayer":
        return []
    return list(layer.input) if isinstance(layer.input, list | tuple) else [layer.input]


def _rests(layer: Any) -> bool:
    # Dropout has no weights, but a variable of its own: what it draws next.
    by_chance = len(layer.variables) > len(layer.weights)
    return not layer.trainable_weights and not by_chance and getattr(layer, "activity_regularizer", None) is None


def worth(feed: Feed, phase: Phase, found: Border | None, folder: Path) -> bool:
    """Whether a phase trains on kept features: films do not change, several epochs, and there is room on the disk."""
    views = _views(feed)
    if found is None or views is None or phase.epochs < 2:
        return False
    return 4 * views * len(feed) * int(np.prod(found.shape)) < _SHARE_OF_DISK * shutil.disk_usage(folder).free


def _views(feed: Feed) -> int | None:
    """How many looks a film has; None without end."""
    return feed.views if feed.changes and isinstance(feed, FilmFeed) else None if feed.changes else 1


class KeptFeatures:
    """A feed of features: (views, n, …) float32 from the disk, with the film feed's targets, counts and order.

    targets: (views, n, …). layer: behind which they stand, for a feed that is given to `fit` as it is. rows: which
    of the values are this feed's films; all of them when left out.
    """

    changes = False

    def __init__(
        self,
        values: NDArray[np.float32],
        targets: Floats,
        counts: Floats,
        order: Callable[[int], Numbers],
        *,
        beside: Beside = _PLAIN,
        layer: str = "",
        rows: Numbers | None = None,
    ) -> None:
        self._values, self._targets, self._counts = values, targets, counts
        self.order, self.beside, self.layer = order, beside, layer
        self._rows = np.arange(len(counts)) if rows is None else rows

    def __len__(self) -> int:
        return len(self._counts)

    def batch(self, numbers: Numbers, epoch: int) -> Batch:
        view = epoch % len(self._values)
        values = np.asarray(self._values[view, self._rows[numbers]])
        return values, self._targets[view, numbers], self._counts[numbers]

    def chosen(self, rows: Numbers, like: FilmFeed) -> KeptFeatures:
        """A feed of some of the films that learns as `like` does, a feed of the same films: for several trainings on
        the same looks. This feed's own targets have one column for the classes."""
        outside = self._targets[:, rows, 1:]
        told = np.broadcast_to(like.plain_targets, (len(outside), *like.plain_targets.shape))
        return KeptFeatures(
            self._values, np.concatenate([told, outside], axis=2), np.ones(len(rows), np.float32), like.order,
            beside=Beside(like.beside.prior, self.beside.cells), layer=self.layer, rows=self._rows[rows],
        )  # fmt: skip


def kept(feed: Feed, found: Border, path: Path, stop: Stop | None = None) -> KeptFeatures | None:
    """The feed's features, from `path` where they are there already, else computed and written; None when stopped.

    A feed whose recipe wants SMOTE on features is enlarged by it. Refuses "disk-full", "smote-memory" (RunRefused).
    """
    beside = path.with_suffix(".npz")
    if not path.exists() and not _computed(feed, found, path, beside, stop):
        return None
    with np.load(beside, allow_pickle=False) as stored:
        targets, counts = stored["targets"], stored["counts"]
    values = np.memmap(path, "<f4", "r", shape=(len(targets), len(feed), *found.shape))
    if isinstance(feed, FilmFeed) and feed.balance.smote == "features":
        return _enlarged(feed, values[0], targets[0], counts)
    return KeptFeatures(values, targets, counts, feed.order, beside=beside_of(feed), layer=found.layer)


def beside_of(feed: Feed) -> Beside:
    """What stands in a feed's targets behind the classes' shares."""
    return feed.beside if isinstance(feed, FilmFeed | KeptFeatures) else _PLAIN


def _computed(feed: Feed, found: Border, path: Path, beside: Path, stop: Stop | None) -> bool:
    ask = forward(found.front)
    targets, counts = [], []
    part = path.with_name(f".hilum-{path.name}.part")
    views = _views(feed)
    assert views is not None
    try:
        # Written, not mapped: on a full disk a map would end the process without a word.
        with open(part, "wb") as file:
            for view in range(views):
                for pixels, target, count in ahead(feed, np.arange(len(feed)), _BATCH, view):
                    if stop is not None and stop.asked:
                        return False
                    file.write(np.ascontiguousarray(ask(pixels)[""], "<f4").tobytes())
                    targets.append(target)
                    counts.append(count)
            file.flush()
            os.fsync(file.fileno())
        told = np.concatenate(targets).reshape(views, len(feed), -1)
        with whole_file(beside) as other:
            np.savez(other, targets=told, counts=np.concatenate(counts)[: len(feed)])
        part.replace(path)  # the last step: whoever finds it finds all
    except OSError as error:
        raise refusal_of(error, path.parent) from error
    finally:
        part.unlink(missing_ok=True)
    return True


def _enlarged(feed: FilmFeed, values: NDArray[np.float32], targets: Floats, counts: Floats) -> KeptFeatures:
    pool = feed.pool
    classes = targets[pool].argmax(1)
    smote.enough_memory(classes, int(np.prod(values.shape[1:])))
    flat = np.asarray(values[pool]).reshape(len(pool), -1)
    made, names = smote.synthetic(flat, classes, feed.balance.smote_neighbours, feed.seed)
    joined = np.concatenate([flat, made]).reshape(-1, *values.shape[1:])
    labels = np.concatenate([targets[pool], np.eye(targets.shape[1], dtype=np.float32)[names]])
    # Every class has as many now: all count alike and are drawn once.
    ones = np.ones(len(joined), np.float32)

    def order(epoch: int) -> Numbers:
        return np.asarray(np.random.default_rng([feed.seed, epoch]).permutation(len(joined)), np.int64)

    return KeptFeatures(joined[None], labels[None], ones, order)


def refuse_without_border(feed: Feed, phase: Phase, is_worth: bool) -> None:
    """SMOTE on features has nothing to work on when a phase keeps none ("smote-features")."""
    if isinstance(feed, FilmFeed) and feed.balance.smote == "features" and not is_worth:
        raise RunRefused("smote-features", what=f"The phase {phase.name}")
