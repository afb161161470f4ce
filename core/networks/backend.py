"""Keras, imported the one way: backend chosen, start-up noise silenced, exact arithmetic where it matters.

This is the only module of `core.networks` that speaks to a backend by its own name: each has its own switch
for TF32, and Keras has none (docs/engines.md).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

from core.places import home

# Read by TensorFlow and JAX once, while they are imported; too late afterwards.
_BEFORE_IMPORT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Both take all of a GPU's memory at once unless told; a reading PC has other programs.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}
_BACKENDS = ("tensorflow", "torch", "jax")


def keras() -> Any:
    """The keras module, on the backend that KERAS_BACKEND names, else the first one that is installed.

    Raises ImportError where Keras or its backend is not installed; the engines turn that into a sentence.
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    installed = (name for name in _BACKENDS if importlib.util.find_spec(name) is not None)
    os.environ.setdefault("KERAS_BACKEND", next(installed, _BACKENDS[0]))
    for name, value in _BEFORE_IMPORT.items():
        os.environ.setdefault(name, value)
    # Keras reads and writes a settings file in the user's home otherwise, which could change what we compute.
    os.environ.setdefault("KERAS_HOME", str(home() / "keras"))
    with _silent():
        import keras as module
    # Tracing a function twice, for one image and for many, is meant; TensorFlow warns of it at length.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return module


def gpus() -> tuple[str, ...]:
    """The GPUs that the backend can use, by name; none on most reading PCs."""
    backend = keras().backend.backend()
    if backend == "tensorflow":
        with _silent():
            return tuple(
                device.name for device in importlib.import_module("tensorflow").config.list_physical_devices("GPU")
            )
    if backend == "torch":
        cuda = importlib.import_module("torch").cuda
        return tuple(cuda.get_device_name(number) for number in range(cuda.device_count()))
    if backend == "jax":
        return tuple(str(device) for device in importlib.import_module("jax").devices() if device.platform == "gpu")
    return ()


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
