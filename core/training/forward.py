"""What a Keras model says of pictures, without learning: by the quickest way that this PC has.

On a CPU, OpenVINO in f32: four times as quick as TensorFlow, and differs by 2e-5 (docs/engines.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.networks.backend import gpus, keras
from core.runtimes import openvino

Floats = NDArray[np.float32]
Ask = Callable[[Floats], dict[str, Floats]]


def forward(model: Any) -> Ask:
    """The model in inference as a function of pictures (n, …) float32; a single output is named "".

    The weights are those of now: ask again after they have changed.
    """
    if keras().backend.backend() == "tensorflow" and not gpus():
        return _compiled(model)
    return _predicted(model)


def _predicted(model: Any) -> Ask:
    def ask(pictures: Floats) -> dict[str, Floats]:
        answer = model.predict_on_batch(pictures)
        return answer if isinstance(answer, dict) else {"": answer}

    return ask


def _compiled(model: Any) -> Ask:
    # The converter hands inputs over as a tuple; a model made for a list takes that without a warning.
    plain = keras().models.Model(model.inputs, model.output)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its frontend looks at what TensorFlow deprecates
        # Weights of its own: shared ones are the Keras model's memory, and lie elsewhere once it is gone or has learnt.
        graph = openvino().convert_model(plain, share_weights=False)
    graph.reshape([1, *model.input_shape[1:]])
    options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino().Core().compile_model(graph, "CPU", options)
    names = list(model.output) if isinstance(model.output, dict) else [""]

    def ask(pictures: Floats) -> dict[str, Floats]:
        # One at a time: what a film gets must not depend on its neighbours in a batch.
        answers = [compiled(picture[None]) for picture in pictures]
        return {name: np.concatenate([answer[name or 0] for answer in answers]) for name in names}

    return ask
