"""Which device is taken, on PCs that are not at hand: stubs stand for GPUs, good and bad ones."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core.errors import BundleRefused, ImageFailed, UsageRefused, reason
from core.inference.engines import choose


class Ready:
    def __init__(self, name, device):
        self.name, self.device, self.precision, self.note, self.closed = name, device, "f32", None, False

    def close(self):
        self.closed = True


class Computer:
    """What is installed and plugged in here, and what goes wrong with it."""

    def __init__(self, monkeypatch, present, wrong=None):
        self.made, self.proven, self.wrong = [], [], wrong or {}
        self.present = set(present)
        monkeypatch.setattr(choose, "networks", lambda bundle: ())
        monkeypatch.setattr(choose, "has_nvidia_gpu", lambda: "nvidia" in self.present)
        monkeypatch.setattr(
            choose.keras, "KerasEngine", lambda members, device, **named: self.make("keras", device.upper())
        )
        monkeypatch.setattr(
            choose.openvino, "OpenvinoEngine", lambda members, device, **n: self.make("openvino", device)
        )
        monkeypatch.setattr(choose.openvino, "devices", self.devices)

    def devices(self):
        if "openvino" not in self.present:
            raise BundleRefused("engine-missing", what="openvino")
        return ("CPU", "GPU") if "intel" in self.present else ("CPU",)

    def make(self, name, device):
        if name not in self.present:
            raise BundleRefused("engine-missing", what=name)
        if device == "GPU" and {"keras": "nvidia", "openvino": "intel"}[name] not in self.present:
            raise BundleRefused("device-missing", what="GPU")
        if f"{name} {device} starts" in self.wrong:
            raise self.wrong[f"{name} {device} starts"]
        self.made.append(Ready(name, device))
        return self.made[-1]

    def prove(self, bundle, engine):
        self.proven.append((engine.name, engine.device))
        if f"{engine.name} {engine.device} proves" in self.wrong:
            raise self.wrong[f"{engine.name} {engine.device} proves"]
        if f"{engine.name} {engine.device} gives way" in self.wrong:
            engine.device, engine.note = "CPU", reason("device-passed-over", used="keras on CPU", what="memory")

    def opened(self, engine="auto", device="auto"):
        return choose.opened(SimpleNamespace(), engine, device, prove=self.prove)


@pytest.fixture
def computer(monkeypatch):
    return lambda present, wrong=None: Computer(monkeypatch, present.split(), wrong)


@pytest.mark.parametrize(
    ("present", "engine", "device", "expected"),
    [
        ("openvino keras", "auto", "auto", ("openvino", "CPU")),
        ("openvino", "auto", "auto", ("openvino", "CPU")),
        ("openvino keras nvidia", "auto", "auto", ("keras", "GPU")),
        ("openvino keras nvidia intel", "auto", "auto", ("keras", "GPU")),
        ("openvino keras intel", "auto", "auto", ("openvino", "GPU")),
        ("openvino keras nvidia", "auto", "cpu", ("openvino", "CPU")),
        ("openvino keras nvidia", "openvino", "auto", ("openvino", "CPU")),
        ("openvino keras nvidia intel", "openvino", "gpu", ("openvino", "GPU")),
        ("openvino keras nvidia", "keras", "cpu", ("keras", "CPU")),
        ("openvino keras nvidia", "keras", "gpu", ("keras", "GPU")),
    ],
)
def test_the_best_device_that_is_there_is_taken_without_a_word(computer, present, engine, device, expected):
    pc = computer(present)
    ready = pc.opened(engine, device)
    assert (ready.name, ready.device) == expected
    assert ready.note is None
    assert pc.proven == ([expected] if expected[1] == "GPU" else [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"keras GPU proves": BundleRefused("bundle-selfproof", what="off by 0.4 in a probability")},
        {"keras GPU starts": BundleRefused("device-missing", what="GPU (CUDA_ERROR_NO_DEVICE)")},
        {"keras GPU starts": BundleRefused("engine-missing", what="keras")},
        {"keras GPU proves": ImageFailed("not-finite")},
        {"keras GPU starts": ImageFailed("engine-failed", what="device lost")},
        {"keras GPU gives way": True},
    ],
    ids=lambda wrong: "; ".join(f"{key} {getattr(value, 'code', '')}" for key, value in wrong.items()),
)
def test_a_gpu_that_misbehaves_is_passed_over_and_why_is_said(computer, wrong):
    pc = computer("openvino keras nvidia", wrong)
    ready = pc.opened()
    assert (ready.name, ready.device) == ("openvino", "CPU")
    assert ready.note.code == "device-passed-over"
    assert ready.note.text.startswith("openvino on CPU is in use, because: ")
    assert all(engine.closed for engine in pc.made if engine is not ready)


def test_the_second_gpu_is_tried_before_the_cpu(computer):
    wrong = {"keras GPU proves": BundleRefused("bundle-selfproof", what="off")}
    ready = computer("openvino keras nvidia intel", wrong).opened()
    assert (ready.name, ready.device) == ("openvino", "GPU")
    assert ready.note is not None


def test_a_gpu_that_was_asked_for_is_proven_and_refused_rather_than_replaced(computer):
    wrong = {"keras GPU proves": BundleRefused("bundle-selfproof", what="off")}
    pc = computer("openvino keras nvidia", wrong)
    for engine in ("auto", "keras"):
        with pytest.raises(BundleRefused) as refused:
            pc.opened(engine, "gpu")
        assert refused.value.code == "bundle-selfproof"


@pytest.mark.parametrize(
    ("present", "engine", "device", "code"),
    [
        ("openvino keras", "auto", "gpu", "device-missing"),
        ("openvino keras", "keras", "gpu", "device-missing"),
        ("openvino", "keras", "auto", "engine-missing"),
        ("openvino", "keras", "cpu", "engine-missing"),
        ("keras", "openvino", "auto", "engine-missing"),
        ("keras", "openvino", "gpu", "device-missing"),
        ("", "auto", "auto", "engine-missing"),
    ],
)
def test_what_is_not_there_is_refused_in_one_sentence(computer, present, engine, device, code):
    with pytest.raises(BundleRefused) as refused:
        computer(present).opened(engine, device)
    assert refused.value.code == code


def test_keras_on_the_cpu_stands_in_for_an_openvino_that_is_missing(computer):
    ready = computer("keras").opened()
    assert (ready.name, ready.device) == ("keras", "CPU")
    assert "openvino" in ready.note.text


def test_a_member_that_cannot_be_read_is_no_reason_to_try_another_device(computer):
    unreadable = BundleRefused("weights-unusable", what="m", why="cut off")
    pc = computer("openvino keras nvidia", {"keras GPU starts": unreadable})
    with pytest.raises(BundleRefused) as refused:
        pc.opened()
    assert refused.value.code == "weights-unusable"


@pytest.mark.parametrize(("engine", "device"), [("tensorrt", "auto"), ("auto", "tpu"), ("", "auto")])
def test_an_unknown_name_is_wrong_usage(computer, engine, device):
    with pytest.raises(UsageRefused) as refused:
        computer("openvino").opened(engine, device)
    assert refused.value.code == "option-unusable"


def test_without_nvidias_driver_there_is_no_such_gpu(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(choose.ctypes, "CDLL", missing)
    assert choose.has_nvidia_gpu() is False


@pytest.mark.parametrize(("started", "count", "expected"), [(0, 1, True), (0, 0, False), (100, 1, False)])
def test_nvidias_driver_is_believed_only_when_it_starts_and_counts_a_gpu(monkeypatch, started, count, expected):
    def counted(place):
        place._obj.value = count
        return 0

    driver = SimpleNamespace(cuInit=lambda flags: started, cuDeviceGetCount=counted)
    monkeypatch.setattr(choose.ctypes, "CDLL", lambda name: driver)
    assert choose.has_nvidia_gpu() is expected
