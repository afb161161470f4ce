"""What a GPU would change, where there is none: its answers are put in its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.networks import backend
from core.networks.backend import in_precision, keras, mixed_precision, several_gpus
from core.networks.members import build
from tests.core.networks.conftest import LINEAR_HEAD

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [
        ([], None),
        ([(6, 1)], None),
        ([(0, 0)], None),
        ([(7, 0)], "mixed_float16"),
        ([(7, 5), (8, 6)], "mixed_float16"),
        ([(9, 0)], "mixed_bfloat16"),
        ([(9, 0), (6, 1)], None),
    ],
)
def test_sixteen_bits_are_used_only_where_the_gpu_gains_from_them(monkeypatch, capabilities, policy):
    monkeypatch.setattr(backend, "_capabilities", lambda: capabilities)
    assert mixed_precision() == policy


def test_on_this_cpu_nothing_changes():
    if backend.gpus():
        pytest.skip("this PC has a GPU")
    assert mixed_precision() is None
    with several_gpus() as devices:
        arrays = (np.zeros(3), np.ones(3))
        assert devices.count == 1
        assert devices.sharing()(arrays) is arrays


def test_a_model_trains_in_sixteen_bits_with_weights_in_full_and_is_itself_again_afterwards():
    data = {"backbone": "small-cnn", "cut": "pool2", "input": [32, 32, 1], "head": LINEAR_HEAD}
    model = build(data).model
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 1)).astype(np.float32)
    with in_precision(model, "mixed_bfloat16"):
        assert "bfloat16" in str(model.get_layer("conv1")(x).dtype)
        model.compile("sgd", "mse")
        assert np.isfinite(model.train_on_batch(x, np.ones((4, 3), np.float32)))
        assert "float32" in str(model(x).dtype)
    assert {"float32"} == {keras().backend.standardize_dtype(weight.dtype) for weight in model.weights}
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert "float32" in str(model.get_layer("conv1")(x).dtype)


TWO_DEVICES = f"""
import numpy as np
from core.networks import backend
from core.networks.backend import keras, several_gpus
keras()
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
mirrored = tf.distribute.MirroredStrategy
tf.distribute.MirroredStrategy = lambda: mirrored(["CPU:0", "CPU:1"])
from core.networks.members import build
rng = np.random.default_rng(0)
x = rng.normal(size=(6, 32, 32, 1)).astype(np.float32)
y = rng.normal(size=(6, 3)).astype(np.float32)
w = np.ones(6, np.float32)
found = []
for names in (("one", "two"), ()):
    backend.gpus = lambda: names
    keras().utils.set_random_seed(1)
    with several_gpus() as devices:
        assert devices.count == max(1, len(names))
        data = {{"backbone": "small-cnn", "cut": "pool2", "input": [32, 32, 1], "head": {LINEAR_HEAD!r}}}
        model = build(data).model
        model.compile(keras().optimizers.SGD(0.1), "mse")
        share = devices.sharing()
        kinds = set()
        for films in (6, 6, 4, 5):
            arrays = share((x[:films], y[:films], w[:films]))
            kinds.add(type(arrays[0]).__name__)
            model.train_on_batch(*arrays)
        assert kinds == ({{"ndarray", "PerReplica"}} if names else {{"ndarray"}}), kinds
        found.append(model.get_weights())
assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(*found, strict=True))
"""


def test_two_devices_that_share_every_step_end_where_one_does():
    if keras().backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's own way to share a step")
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], cwd=ROOT, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
