"""Networks that look as if they had been trained, without training them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from core.networks.backend import keras
from core.networks.members import Member, build

LINEAR_HEAD = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}]


@pytest.fixture(scope="session", autouse=True)
def _with_keras() -> None:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras (extra `train`) is not installed")


@pytest.fixture(scope="session")
def built() -> Callable[[str], Member]:
    """A backbone with a linear head, small but not square, built once: Keras takes seconds for the large ones.

    For tests that look at its shape, or choose what learns; none may change its weights.
    """

    @lru_cache
    def make(backbone: str) -> Member:
        return build({"backbone": backbone, "input": [75, 84, 3], "head": LINEAR_HEAD})

    return make


@pytest.fixture(scope="session")
def lived_in() -> Callable[..., Member]:
    """Build a member and give every layer weights of a trained one's size, batch normalisation included."""

    def make(seed: int = 0, **architecture: Any) -> Member:
        data = {"backbone": "efficientnet-lite0", "cut": "stage2", "input": [64, 64, 1], "head": LINEAR_HEAD}
        member = build(data | architecture)
        rng = np.random.default_rng(seed)
        for layer in member.model.layers:
            if isinstance(layer, keras().layers.BatchNormalization):
                size = layer.beta.shape[0]
                spread, middle = rng.uniform(0.5, 1.5, (2, size)), rng.normal(0, 0.3, (2, size))
                # Inception's have no factor of their own.
                layer.set_weights([spread[0], middle[0], middle[1], spread[1]][4 - len(layer.weights) :])
            elif layer.weights:
                layer.set_weights([_weights(rng, weight.shape) for weight in layer.weights])
        return member

    return make


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) == 1:
        return rng.normal(0, 0.5, shape)
    # A depthwise kernel (rows, columns, channels, 1) sees one channel only.
    entering = np.prod(shape[:2]) if len(shape) == 4 and shape[3] == 1 else np.prod(shape[:-1])
    return rng.normal(0, np.sqrt(2 / entering), shape)


def on_cpu(values: Any) -> np.ndarray:
    """What a model gives, as a NumPy array, whatever the backend."""
    return np.asarray(keras().ops.convert_to_numpy(values))


@pytest.fixture(scope="session")
def gradient() -> Callable[..., np.ndarray]:
    """∂ Σ part(model(x)) / ∂x by the backend's own differentiation."""

    def differentiate(model: Any, x: np.ndarray, part: Callable[[Any], Any]) -> np.ndarray:
        name = keras().backend.backend()
        if name == "tensorflow":
            import tensorflow as tf

            entering = tf.constant(x)
            with tf.GradientTape() as tape:
                tape.watch(entering)
                total = tf.reduce_sum(part(model(entering, training=False)))
            return tape.gradient(total, entering).numpy()
        if name == "jax":
            import jax

            return np.asarray(jax.grad(lambda entering: part(model(entering, training=False)).sum())(x))
        entering = keras().ops.convert_to_tensor(x).requires_grad_()
        part(model(entering, training=False)).sum().backward()
        return on_cpu(entering.grad)

    return differentiate
