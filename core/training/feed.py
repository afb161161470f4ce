"""Films on their way to a network: settled, perhaps augmented, fitted, in batches, one batch ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.prepare import Settled, Step, fit

Film = NDArray[np.uint16]
Change = Callable[[Film, int], Film]


def fitted(film: Film, steps: Sequence[Step]) -> NDArray[np.float32]:
    """A settled film as the network sees it: (rows, columns, channels) float32, by the same steps as in live use."""
    return fit(Settled(np.asarray(film), np.eye(3)), steps).pixels


def batches(
    films: Sequence[Film],
    steps: Sequence[Step],
    order: Sequence[int] | NDArray[np.int64],
    size: int,
    change: Change | None = None,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Batches of the films in this order: (n, rows, columns, channels) float32 and the films' numbers.

    change: what happens to a film before its steps, given its number. The next batch is made while the caller works
    on this one; memory holds two batches, never the films.
    """
    numbers = np.asarray(order, np.int64)

    def made(chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        picked = ((int(number), films[int(number)]) for number in chosen)
        return np.stack([fitted(change(film, number) if change else film, steps) for number, film in picked])

    parts = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(made, parts[0]) if parts else None
        for place, part in enumerate(parts):
            assert waiting is not None
            ready = waiting.result()
            if place + 1 < len(parts):
                waiting = ahead.submit(made, parts[place + 1])
            yield ready, part


def outputs(model: Any, films: Sequence[Film], steps: Sequence[Step], size: int = 32) -> Any:
    """What a Keras model gives for the films, untouched, in their order: an array, or a list for several outputs."""
    import tensorflow as tf

    # A fixed number of rows: every new shape would be traced again.
    call = tf.function(lambda pixels: model(pixels, training=False), reduce_retracing=True)
    parts = [
        tf.nest.map_structure(np.asarray, call(pixels))
        for pixels, _numbers in batches(films, steps, range(len(films)), size)
    ]
    return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
