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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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

        if module.backend.backend() == "tensorflow":
            # Its first look for a GPU writes a line of its own where there is none.
            importlib.import_module("tensorflow").config.list_physical_devices()
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


def mixed_precision() -> str | None:
    """The precision policy in which training gains on this PC's GPU, or None: "mixed_bfloat16" or "mixed_float16".

    Tensor cores compute in 16 bits from compute capability 7 on (bfloat16 from 8 on, which needs no scaling of the
    loss). None on a CPU, where it only costs, and where one of several GPUs is older.
    """
    found = _capabilities()
    if not found or min(found) < (7, 0):
        return None
    return "mixed_bfloat16" if min(found) >= (8, 0) else "mixed_float16"


@contextlib.contextmanager
def in_precision(model: Any, policy: str | None) -> Iterator[None]:
    """Let a built model compute in a policy of `mixed_precision` inside the block; None changes nothing.

    Weights stay in f32, and so does the last layer, whose logits go into the loss. Compile inside the block; what
    was traced in it keeps the policy. Afterwards the model computes as before.
    """
    if policy is None:
        yield
        return
    changed = [model, *model.layers[:-1]]
    before = [layer.dtype_policy for layer in changed]
    try:
        for layer in changed:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, own in zip(changed, before, strict=True):
            layer.dtype_policy = own


Arrays = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one training. count: how many.

    sharing: makes, for every compile, the function through which a step's arrays (x, y, weights) pass.
    """

    count: int
    sharing: Callable[[], Callable[[Arrays], Arrays]] = lambda: lambda arrays: arrays


@contextlib.contextmanager
def several_gpus() -> Iterator[Devices]:
    """Build, compile and train inside: with several GPUs every step is shared among them, else nothing changes.

    TensorFlow mirrors the weights, JAX shares the batch (Keras does not share a batch among GPUs on PyTorch: one is
    used). A batch that cannot be shared equally is computed by every GPU as a whole, which is right and not faster.
    """
    backend, count = keras().backend.backend(), len(gpus())
    if count < 2 or backend == "torch":
        yield Devices(1)
    elif backend == "jax":
        distribution = keras().distribution
        before = distribution.distribution()
        distribution.set_distribution(distribution.DataParallel(devices=distribution.list_devices("gpu")))
        try:
            yield Devices(count)
        finally:
            distribution.set_distribution(before)
    else:
        strategy = importlib.import_module("tensorflow").distribute.MirroredStrategy()
        with strategy.scope():
            yield Devices(count, lambda: _sharing(strategy))


def _sharing(strategy: Any) -> Callable[[Arrays], Arrays]:
    # Keras builds loss and metrics from the first arrays that it meets, and can look only at plain ones.
    first = True

    def share(arrays: Arrays) -> Arrays:
        nonlocal first
        whole, first = first, False
        return arrays if whole else _shared(strategy, arrays)

    return share


def _shared(strategy: Any, arrays: Arrays) -> Arrays:
    """Each array cut into as many equal parts as there are replicas; as it is when that does not work out."""
    replicas = strategy.num_replicas_in_sync
    films = len(arrays[0])
    if films % replicas:
        return arrays
    part = films // replicas
    return tuple(
        strategy.experimental_distribute_values_from_function(
            lambda context, array=array: array[
                context.replica_id_in_sync_group * part : (context.replica_id_in_sync_group + 1) * part
            ]
        )
        for array in arrays
    )


def _capabilities() -> list[tuple[int, int]]:
    """The compute capability of every NVIDIA GPU that the backend can use; (0, 0) where it has none."""
    backend = keras().backend.backend()
    if backend == "tensorflow":
        config = importlib.import_module("tensorflow").config
        details = [config.experimental.get_device_details(device) for device in config.list_physical_devices("GPU")]
        return [one.get("compute_capability") or (0, 0) for one in details]
    if backend == "torch":
        cuda = importlib.import_module("torch").cuda
        return [cuda.get_device_capability(number) for number in range(cuda.device_count())]
    if backend == "jax":
        devices = [one for one in importlib.import_module("jax").devices() if one.platform == "gpu"]
        return [_capability(getattr(device, "compute_capability", "")) for device in devices]
    return []


def _capability(text: object) -> tuple[int, int]:
    """What JAX says as "8.6"; (0, 0) for all else."""
    major, _, minor = str(text).partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


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
