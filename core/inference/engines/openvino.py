"""The engine for CPUs, Intel GPUs and NPUs: reads the compiled-graph form, needs neither Keras nor TensorFlow.

Every member is compiled for one image of fixed size, in f32 by an explicit setting that is read back: without it
OpenVINO takes bf16 where the CPU has it, which moved probabilities of a trained network by up to 0.45.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import psutil

from core.errors import BundleRefused, ImageFailed, Reason
from core.inference.engines.base import Floats, Network, Output, checked_input, checked_output
from core.runtimes import openvino

Use = Literal["single", "folder"]
_OUTPUTS = ("logits", "features", "maps")


def devices() -> tuple[str, ...]:
    """The devices that OpenVINO sees, as it names them: CPU, GPU, GPU.1, NPU.

    Refuses "engine-missing" (BundleRefused) where OpenVINO is not installed or does not load.
    """
    return tuple(_core().available_devices)


class OpenvinoEngine:
    """Members compiled by OpenVINO on one device.

    use: "single" answers one image as fast as it can; "folder" keeps all cores busy with many, each still alone.
    Both give the same bits. maps: False leaves the class maps out of the graph; for measuring what they cost.
    Refuses (BundleRefused) "device-missing", "engine-missing", "engine-precision" when the device will not compute
    in f32, and "graph-unusable" when a member's graph cannot be read or is another network's.
    """

    name = "openvino"

    def __init__(
        self, members: Sequence[Network], device: str = "CPU", *, use: Use = "single", maps: bool = True
    ) -> None:
        core = _core()
        if device not in core.available_devices:
            raise BundleRefused("device-missing", what=device)
        self.device = device
        self.precision = "f32"
        self.note: Reason | None = None
        self._members = {member.name: _Compiled(core, member, device, use, maps) for member in members}

    def run(self, member: str, pixels: Floats) -> Output:
        return self._members[member].run(pixels)

    def close(self) -> None:
        self._members.clear()


class _Compiled:
    """One member, ready, with requests that are held and were used once."""

    def __init__(self, core: Any, network: Network, device: str, use: Use, maps: bool) -> None:
        self.network = network
        graph = _graph(core, network, maps)
        shapes = {name: tuple(graph.output(name).shape) for name in _OUTPUTS[: 3 if maps else 2]}
        # Without maps the answer keeps its form, with no cells in it.
        self.shapes = {"maps": (1, shapes["logits"][1], 0, 0), **shapes}
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "EXECUTION_MODE_HINT": "ACCURACY",
            "PERFORMANCE_HINT": "LATENCY" if use == "single" else "THROUGHPUT",
            "CACHE_DIR": "",  # a cache saves 0.1 s and costs 46 MB
        }
        if device == "CPU" and use == "single":
            settings["INFERENCE_NUM_THREADS"] = str(psutil.cpu_count(logical=False) or 1)
        try:
            compiled = core.compile_model(graph, device, settings)
            precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
        except RuntimeError as error:
            raise BundleRefused("device-missing", what=f"{device} ({_last_line(error)})") from error
        if precision != "f32":
            raise BundleRefused("engine-precision", what=device, present=precision)
        self.names = tuple(shapes)
        self.request = compiled.create_infer_request()
        # 0: as many requests as the device works on at once.
        self.queue = openvino().AsyncInferQueue(compiled, 0) if use == "folder" else None
        if self.queue is not None:
            self.queue.set_callback(self._keep)
        self.run(np.zeros((1, *network.input), np.float32))

    def run(self, pixels: Floats) -> Output:
        pixels = checked_input(self.network, pixels)
        found = {name: np.empty((len(pixels), *shape[1:]), np.float32) for name, shape in self.shapes.items()}
        try:
            if self.queue is None:
                for index in range(len(pixels)):
                    self.request.infer([pixels[index : index + 1]])
                    self._keep(self.request, (found, index))
            else:
                for index in range(len(pixels)):
                    self.queue.start_async([pixels[index : index + 1]], (found, index))
                self.queue.wait_all()
        except RuntimeError as error:
            raise ImageFailed("engine-failed", what=_last_line(error)) from error
        return checked_output(Output(**found))

    def _keep(self, request: Any, place: tuple[dict[str, Floats], int]) -> None:
        """Copy an answer to its place: what a request shows is overwritten by its next image."""
        found, index = place
        for name in self.names:
            found[name][index] = request.get_tensor(name).data[0]


def _core() -> Any:
    try:
        return openvino().Core()
    except (ImportError, OSError) as error:
        raise BundleRefused("engine-missing", what=f"openvino ({_last_line(error)})") from error


def _graph(core: Any, network: Network, maps: bool) -> Any:
    """The member's graph for one image, without the outputs that are not wanted."""
    try:
        graph = core.read_model(network.graph)
        graph.reshape([1, *network.input])
        for name in _OUTPUTS:
            output = graph.output(name)
            if name == "maps" and not maps:
                graph.remove_result(output.node)
        graph.validate_nodes_and_infer_types()
    except RuntimeError as error:
        raise BundleRefused("graph-unusable", what=network.name, why=_last_line(error)) from error
    return graph


def _last_line(error: BaseException) -> str:
    """OpenVINO's own messages begin with the place in its source; the last line says what was wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
