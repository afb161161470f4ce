"""The keras engine on a GPU that is not at hand: stubs that misbehave in the ways GPUs do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import BundleRefused, ImageFailed
from core.inference.engines import keras as engine_module
from core.inference.engines.base import Network
from core.inference.engines.keras import KerasEngine

MEMBER = Network("m", {"input": [32, 32, 1]}, Path("m.weights.h5"), Path("m.xml"))
IMAGES = np.arange(10, dtype=np.float32)[:, None, None, None] * np.ones((1, 32, 32, 1), np.float32)


class ResourceExhaustedError(Exception):
    """What TensorFlow says, by the same name."""


class Stub:
    """Members on a device that holds so many images at once; an answer is the image's own number."""

    def __init__(self, **fits: int) -> None:
        self.fits, self.batches, self.placed = fits, [], []

    def __call__(self, network, device, maps):
        self.placed.append(device)

        def run(pixels):
            self.batches.append((device, len(pixels)))
            if len(pixels) > self.fits.get(device, 10**9):
                raise ResourceExhaustedError("OOM when allocating tensor")
            number = pixels[:, 0, 0, :1]
            return {"logits": number, "features": number, "maps": number[..., None, None]}

        return run


@pytest.fixture
def gpu(monkeypatch):
    def use(stub):
        monkeypatch.setattr(engine_module, "gpus", lambda: ("a GPU",))
        monkeypatch.setattr(engine_module, "_held", stub)
        return stub

    return use


def test_out_of_memory_halves_the_batch_and_keeps_it_so(gpu):
    stub = gpu(Stub(gpu=3))
    engine = KerasEngine([MEMBER], "gpu", batch=8)
    np.testing.assert_array_equal(engine.run("m", IMAGES).logits[:, 0], np.arange(10))
    assert [size for _device, size in stub.batches] == [8, 4, 2, 2, 2, 2, 2]
    assert (engine.device, engine.batch, engine.note) == ("GPU", 2, None)
    stub.batches.clear()
    engine.run("m", IMAGES)
    assert {size for _device, size in stub.batches} == {2}


def test_a_gpu_too_small_for_one_image_gives_way_to_the_cpu_and_says_so(gpu):
    stub = gpu(Stub(gpu=0))
    engine = KerasEngine([MEMBER], "gpu", batch=4)
    np.testing.assert_array_equal(engine.run("m", IMAGES).logits[:, 0], np.arange(10))
    assert stub.placed == ["gpu", "cpu"]
    assert engine.device == "CPU"
    assert engine.note.code == "device-passed-over"


def test_memory_that_ends_half_way_repeats_no_image_and_loses_none(gpu):
    class Shrinking(Stub):
        def __call__(self, network, device, maps):
            run = super().__call__(network, device, maps)

            def shrinks(pixels):
                self.fits["gpu"] = 4 if len(self.batches) < 1 else 1
                return run(pixels)

            return shrinks

    gpu(Shrinking())
    engine = KerasEngine([MEMBER], "gpu", batch=4)
    np.testing.assert_array_equal(engine.run("m", IMAGES).logits[:, 0], np.arange(10))


def test_too_little_memory_on_the_cpu_fails_the_image(gpu):
    gpu(Stub(cpu=0))
    with pytest.raises(ImageFailed) as failed:
        KerasEngine([MEMBER], "cpu", batch=4).run("m", IMAGES)
    assert failed.value.code == "engine-failed"


def test_any_other_complaint_of_the_device_fails_the_image_in_its_first_line(gpu):
    def broken(network, device, maps):
        def run(pixels):
            raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access\n at 0xdead\n at 0xbeef")

        return run

    gpu(broken)
    with pytest.raises(ImageFailed) as failed:
        KerasEngine([MEMBER], "gpu").run("m", IMAGES)
    assert failed.value.code == "engine-failed"
    assert "illegal memory access" in str(failed.value)
    assert "0xbeef" not in str(failed.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gpu_that_gives_no_numbers_fails_the_image(gpu, value):
    def wrong(network, device, maps):
        return lambda pixels: {
            name: np.full((len(pixels), 3), value, np.float32) for name in ("logits", "features", "maps")
        }

    gpu(wrong)
    with pytest.raises(ImageFailed) as failed:
        KerasEngine([MEMBER], "gpu").run("m", IMAGES)
    assert failed.value.code == "not-finite"


def test_a_gpu_that_does_not_start_is_refused_in_its_own_words(gpu):
    def broken(network, device, maps):
        raise RuntimeError("failed call to cuInit: CUDA_ERROR_NO_DEVICE")

    gpu(broken)
    with pytest.raises(BundleRefused) as refused:
        KerasEngine([MEMBER], "gpu")
    assert refused.value.code == "device-missing"
    assert "CUDA_ERROR_NO_DEVICE" in str(refused.value)


def test_a_gpu_that_keras_does_not_see_is_refused(monkeypatch):
    monkeypatch.setattr(engine_module, "gpus", lambda: ())
    with pytest.raises(BundleRefused) as refused:
        KerasEngine([MEMBER], "gpu")
    assert refused.value.code == "device-missing"


def test_keras_that_is_not_installed_is_refused_in_one_sentence(monkeypatch):
    from core.networks import backend

    def absent():
        raise ImportError("No module named 'tensorflow'")

    monkeypatch.setattr(backend, "keras", absent)
    monkeypatch.setattr(backend, "gpus", absent)
    for ask in (engine_module.gpus, lambda: KerasEngine([MEMBER])):
        with pytest.raises(BundleRefused) as refused:
            ask()
        assert refused.value.code == "engine-missing"


def test_tf32_is_switched_off_before_a_member_is_built(members):
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(True)
    KerasEngine(members[:1]).close()
    assert not tf.config.experimental.tensor_float_32_execution_enabled()
