"""Films on their way to a network: settled, perhaps augmented, fitted, in batches, one batch ahead."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.prepare import Settled, Step, fit
from core.networks.backend import keras
from core.runtimes import openvino

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
    """What a Keras model gives for the films, untouched, in their order: an array, or one a named output.

    Runs on OpenVINO, in f32: on a CPU it is four times as quick as TensorFlow and differs by 2e-5 (docs/engines.md).
    """
    ask = _compiled(model)
    parts = []
    for pixels, _numbers in batches(films, steps, range(len(films)), size):
        parts += [ask(picture[None]) for picture in pixels]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return found if isinstance(model.output, dict) else found[""]


def _compiled(model: Any) -> Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """The model as a function of one picture (1, rows, columns, channels); a single output is named ""."""
    # The converter hands inputs over as a tuple; a model made for a list takes that without a warning.
    plain = keras().models.Model(model.inputs, model.output)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its frontend looks at what TensorFlow deprecates
        graph = openvino().convert_model(plain)
    graph.reshape([1, *model.input_shape[1:]])
    options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino().Core().compile_model(graph, "CPU", options)
    names = list(model.output) if isinstance(model.output, dict) else None

    def ask(picture: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        answer = compiled(picture)
        if names is None:
            return {"": answer[0]}
        return {name: answer[name] for name in names}

    return ask
