"""Which engine on which device: the GPU when it proves itself, otherwise the CPU, and why is said once."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from typing import Literal

from core.errors import BundleRefused, HilumError, ImageFailed, UsageRefused, reason
from core.inference.bundles import Bundle
from core.inference.engines import keras, openvino
from core.inference.engines.base import Engine, networks

EngineName = Literal["auto", "openvino", "keras"]
DeviceName = Literal["auto", "cpu", "gpu"]
ENGINES: tuple[EngineName, ...] = ("auto", "openvino", "keras")
DEVICES: tuple[DeviceName, ...] = ("auto", "cpu", "gpu")

# What one candidate may say while there is another to try; anything else is the bundle's own fault.
_PASSING_ON = {"engine-missing", "device-missing", "engine-precision", "bundle-selfproof"}


def opened(
    bundle: Bundle,
    engine: str = "auto",
    device: str = "auto",
    *,
    use: openvino.Use = "single",
    maps: bool = True,
    prove: Callable[[Bundle, Engine], object] | None = None,
) -> Engine:
    """A bundle's members ready on an engine.

    engine: auto, openvino, keras. device: auto, cpu, gpu. use, maps: see OpenvinoEngine. prove: what a GPU must pass
    before it is used, asked for or not; the bundle's self-proof when None. With "auto" a GPU that is missing or
    fails is passed over, and the engine's `note` says why; a GPU that was asked for is refused instead.
    Refuses "engine-missing", "device-missing", "engine-precision", "bundle-selfproof" and what the engines refuse
    (BundleRefused), and "option-unusable" (UsageRefused).
    """
    for value, known in ((engine, ENGINES), (device, DEVICES)):
        if value not in known:
            raise UsageRefused("option-unusable", what=f"There is no {value}; there are {', '.join(known)}.")
    members = networks(bundle)
    first: HilumError | None = None
    for candidate, place in _candidates(engine, device):
        try:
            ready: Engine
            if candidate == "keras":
                ready = keras.KerasEngine(members, "gpu" if place == "GPU" else "cpu", maps=maps)
            else:
                ready = openvino.OpenvinoEngine(members, place, use=use, maps=maps)
            if place != "CPU":
                _prove(bundle, ready, prove)
        except (BundleRefused, ImageFailed) as error:
            if isinstance(error, BundleRefused) and error.code not in _PASSING_ON:
                raise
            first = first or error
            continue
        if first is not None and ready.note is None:
            ready.note = reason("device-passed-over", used=f"{ready.name} on {ready.device}", what=first)
        return ready
    if isinstance(first, BundleRefused):
        raise first
    raise BundleRefused("device-missing", what="GPU" if first is None else f"GPU ({first})")


def _candidates(engine: str, device: str) -> Iterator[tuple[str, str]]:
    """(engine, device), best first. TensorFlow is imported for a GPU only where there is one to be had."""
    if device != "cpu":
        if engine == "keras" or (engine == "auto" and has_nvidia_gpu()):
            yield "keras", "GPU"
        if engine != "keras" and "GPU" in _openvino_devices():
            yield "openvino", "GPU"
    if device != "gpu":
        if engine != "keras":
            yield "openvino", "CPU"
        if engine != "openvino":
            yield "keras", "CPU"


def _prove(bundle: Bundle, ready: Engine, prove: Callable[[Bundle, Engine], object] | None) -> None:
    from core.inference.selfproof import proven

    try:
        (prove or proven)(bundle, ready)
    except HilumError:
        ready.close()
        raise
    if ready.note is not None:  # it moved to the CPU on the way
        ready.close()
        raise BundleRefused("device-missing", what=f"GPU ({ready.note.text})")


def _openvino_devices() -> tuple[str, ...]:
    try:
        return openvino.devices()
    except BundleRefused:
        return ()  # the CPU's turn will say that the engine is missing


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver is here and counts at least one GPU; costs milliseconds and imports nothing."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        count = ctypes.c_int()
        return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
    except (OSError, AttributeError):
        return False
