"""The engine for NVIDIA GPUs, through Keras on TensorFlow, PyTorch or JAX; it runs on the CPU too.

The networks are rebuilt by our own code from the bundle's data, then filled with its weights: nothing in a bundle
is ever executed. TF32 is off, because it keeps ten bits of a number and breaks the agreement between engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from core.errors import BundleRefused, HilumError, ImageFailed, Reason, reason
from core.inference.engines.base import Floats, Network, Output, checked_input, checked_output

Device = Literal["cpu", "gpu"]
BATCH = 32
_OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError", "RESOURCE_EXHAUSTED", "out of memory")


def gpus() -> tuple[str, ...]:
    """The GPUs that Keras' backend can use. Refuses "engine-missing" (BundleRefused) without Keras or backend."""
    try:
        from core.networks.backend import gpus as found

        return found()
    except (ImportError, OSError) as error:
        raise BundleRefused("engine-missing", what=f"keras ({error})") from error


class KerasEngine:
    """Members rebuilt in Keras, on a CPU or a GPU.

    batch: images at once; it is halved, for good, whenever the device has no memory left, and below one image the
    engine moves to the CPU and says so in `note`. maps: False leaves the class maps out; for measuring.
    Refuses (BundleRefused) "engine-missing", "device-missing", "architecture-unusable", and "weights-unusable" when
    a file is damaged or another network's.
    """

    name = "keras"

    def __init__(
        self, members: Sequence[Network], device: Device = "cpu", *, maps: bool = True, batch: int = BATCH
    ) -> None:
        if device == "gpu" and not gpus():
            raise BundleRefused("device-missing", what="GPU")
        self.note: Reason | None = None
        self.batch = batch
        self._maps = maps
        self._networks = {member.name: member for member in members}
        self._place(device)

    def _place(self, device: Device) -> None:
        try:
            self._held = {name: _held(network, device, self._maps) for name, network in self._networks.items()}
        except HilumError:
            raise
        # A GPU without the right driver or library fails here in its own words, and must not stop the program.
        except Exception as error:
            raise BundleRefused("device-missing", what=f"{device.upper()} ({_first_line(error)})") from error
        self.device = device.upper()
        self.precision = "f32"

    def run(self, member: str, pixels: Floats) -> Output:
        pixels = checked_input(self._networks[member], pixels)
        parts: list[dict[str, Floats]] = []
        done = 0
        while done < len(pixels) or not parts:
            part = pixels[done : done + self.batch]
            try:
                parts.append(self._held[member](part))
            except Exception as error:
                # Every backend has an exception of its own for this; none can be imported without the backend.
                if not _is_out_of_memory(error):
                    raise ImageFailed("engine-failed", what=_first_line(error)) from error
                self._give_way(error)
                continue
            done += len(part)
        return checked_output(Output(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}))

    def _give_way(self, error: Exception) -> None:
        """Half the batch; or, when that was one image, the CPU; or, when that was the CPU, the end."""
        if self.batch > 1:
            self.batch //= 2
        elif self.device == "GPU":
            self._place("cpu")
            self.note = reason("device-passed-over", used="keras on CPU", what="the GPU's memory is too small")
        else:
            raise ImageFailed("engine-failed", what="not enough memory for one image") from error

    def close(self) -> None:
        self._held.clear()


def _held(network: Network, device: Device, maps: bool) -> Callable[[Floats], dict[str, Floats]]:
    """A member on a device as a function that is traced once for a shape and kept."""
    try:
        from core.networks.backend import exact_f32, keras
        from core.networks.members import build

        keras()
    except (ImportError, OSError) as error:
        raise BundleRefused("engine-missing", what=f"keras ({error})") from error
    exact_f32()
    place = f"{device}:0"
    with keras().device(place):
        member = build(network.architecture)
        try:
            member.model.load_weights(network.weights)
        # h5py and Keras tell a damaged file and another network's weights by a dozen kinds of exception.
        except Exception as error:
            raise BundleRefused("weights-unusable", what=network.name, why=_first_line(error)) from error
        model = member.with_maps
        if not maps:
            outputs = {name: model.output[name] for name in ("logits", "features")}
            model = keras().models.Model(model.inputs[0], outputs)
        # XLA makes depthwise networks 5 to 18 times slower on a CPU.
        model.compile(jit_compile=False)

    def run(pixels: Floats) -> dict[str, Floats]:
        with keras().device(place):
            answer: dict[str, Any] = model.predict_on_batch(pixels)
        found = {name: np.array(values, np.float32) for name, values in answer.items()}
        return {"maps": np.empty((len(pixels), member.classes, 0, 0), np.float32), **found}

    return run


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    said = f"{type(error).__name__} {error}"
    return any(sign in said for sign in _OUT_OF_MEMORY)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
