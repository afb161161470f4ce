from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.errors import BundleRefused, ImageFailed
from core.inference.engines import openvino as engine_module
from core.inference.engines.openvino import OpenvinoEngine, devices
from core.runtimes import openvino

ROOT = Path(__file__).resolve().parents[4]


def test_the_bits_do_not_depend_on_the_number_of_threads(members, films, monkeypatch):
    pixels = films(members[1], 3)
    found = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(psutil, "cpu_count", lambda logical=True, threads=threads: threads)
        engine = OpenvinoEngine(members)
        found.append(engine.run("mobile", pixels))
        engine.close()
    for other in found[1:]:
        np.testing.assert_array_equal(other.logits, found[0].logits)
        np.testing.assert_array_equal(other.maps, found[0].maps)


class Device:
    """A device that answers for OpenVINO's core and does something of its own at one place."""

    def __init__(self, **own):
        self.core, self.own, self.asked = openvino().Core(), own, {}
        self.available_devices = ["CPU", "GPU"]

    def read_model(self, path):
        return self.core.read_model(path)

    def compile_model(self, graph, device, settings):
        self.asked = settings
        if "fails" in self.own:
            raise RuntimeError("Exception from src/inference/src/core.cpp:107:\n[GPU] clCreateContext, error code: -5")
        return Compiled(self.core.compile_model(graph, "CPU", settings), self.own)


class Compiled:
    def __init__(self, compiled, own):
        self.compiled, self.own = compiled, own

    def get_property(self, name):
        return openvino().Type.f16 if "half" in self.own else self.compiled.get_property(name)

    def create_infer_request(self):
        return Request(self.compiled.create_infer_request(), self.own)


class Request:
    def __init__(self, request, own):
        self.request, self.own, self.asked = request, own, 0

    def infer(self, pixels):
        self.asked += 1
        if self.asked > self.own.get("dies_after", 10**9):
            raise RuntimeError("Exception from src/plugin.cpp:1:\n[GPU] device lost")
        self.request.infer(pixels)

    def get_tensor(self, name):
        return self.request.get_tensor(name)


@pytest.fixture
def device(monkeypatch):
    def use(**own) -> Device:
        made = Device(**own)
        monkeypatch.setattr(engine_module, "_core", lambda: made)
        return made

    return use


def test_f32_is_asked_for_on_every_device_and_nothing_is_kept_on_disk(device, members):
    for use in ("CPU", "GPU"):
        made = device()
        OpenvinoEngine(members[:1], use).close()
        assert made.asked["INFERENCE_PRECISION_HINT"] == "f32"
        assert made.asked["CACHE_DIR"] == ""


def test_a_device_that_computes_in_something_else_is_refused(device, members):
    device(half=True)
    with pytest.raises(BundleRefused) as refused:
        OpenvinoEngine(members, "GPU")
    assert refused.value.code == "engine-precision"
    assert "f16" in str(refused.value)


def test_a_device_that_does_not_start_is_refused_with_its_own_last_words(device, members):
    device(fails=True)
    with pytest.raises(BundleRefused) as refused:
        OpenvinoEngine(members, "GPU")
    assert refused.value.code == "device-missing"
    assert "clCreateContext" in str(refused.value)
    assert "core.cpp" not in str(refused.value)


def test_a_device_that_is_not_there_is_refused(members):
    with pytest.raises(BundleRefused) as refused:
        OpenvinoEngine(members, "GPU.7")
    assert refused.value.code == "device-missing"


def test_a_device_that_is_lost_fails_the_image(device, members, films):
    device(dies_after=2)
    engine = OpenvinoEngine(members[:1], "GPU")  # the first run is its own, to warm up
    engine.run("lite", films(members[0], 1))
    with pytest.raises(ImageFailed) as failed:
        engine.run("lite", films(members[0], 1))
    assert failed.value.code == "engine-failed"
    assert "device lost" in str(failed.value)


def test_openvino_that_is_not_installed_is_refused_in_one_sentence(monkeypatch, members):
    def absent():
        raise ImportError("No module named 'openvino'")

    monkeypatch.setattr(engine_module, "openvino", absent)
    for ask in (devices, lambda: OpenvinoEngine(members)):
        with pytest.raises(BundleRefused) as refused:
            ask()
        assert refused.value.code == "engine-missing"


PROGRAM = """
import json, socket, sys

class Denied(socket.socket):
    def __init__(self, family=socket.AF_INET, *rest, **named):
        assert family not in (socket.AF_INET, socket.AF_INET6), "asked for the network"
        super().__init__(family, *rest, **named)

socket.socket = Denied
for name in ("keras", "tensorflow", "torch", "jax"):
    sys.modules[name] = None

from pathlib import Path
import numpy as np
from core.inference.engines.base import Network
from core.inference.engines.openvino import OpenvinoEngine

name, architecture, weights, graph = json.loads(sys.argv[1])
for use in ("single", "folder"):
    engine = OpenvinoEngine([Network(name, architecture, Path(weights), Path(graph))], use=use)
    output = engine.run(name, np.zeros((2, *architecture["input"]), np.float32))
    assert output.maps.shape[0] == 2
    engine.close()
assert not [name for name in sys.modules if name.startswith(("core.networks", "openvino_telemetry."))]
"""


def test_it_runs_without_keras_and_without_a_network(members):
    member = members[0]
    data = json.dumps([member.name, member.architecture, str(member.weights), str(member.graph)])
    command = [sys.executable, "-c", PROGRAM, data]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
