"""Keras, imported the one way: backend chosen, start-up noise silenced, exact arithmetic where it matters.

This is the only module of `core.networks` that speaks to a backend by its own name: each has its own switch
for TF32, and Keras has none (docs/engines.md).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any

# Read by TensorFlow once, while it is imported; too late afterwards.
_QUIET = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR"}


def keras() -> Any:
    """The keras module, on the backend that KERAS_BACKEND names, TensorFlow when it names none.

    Raises ImportError where Keras or its backend is not installed; the engines turn that into a sentence.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with contextlib.nullcontext() if "keras" in sys.modules else _silent():
        import keras as module
    return module


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Nothing reaches standard error: TensorFlow writes two lines there before any of its settings is read.

    What goes wrong still comes as an exception.
    """
    try:
        own = os.dup(2)
    except OSError:  # started without standard streams, as windowed programs on Windows are
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)
        os.close(nothing)


def exact_f32() -> None:
    """Switch TF32 off: ten bits of mantissa would break the agreement of 1e-3 between engines.

    Does nothing on a CPU. Must come before the first network is traced.
    """
    backend = keras().backend.backend()
    if backend == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_tensor_float_32_execution(False)
    elif backend == "torch":
        torch = importlib.import_module("torch")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
    elif backend == "jax":
        importlib.import_module("jax").config.update("jax_default_matmul_precision", "highest")
