"""Two small members in both forms, made once: files for engines to run."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest

from core.inference.engines.base import Floats, Network

POOLED = {"layer": "global-average-pooling"}
ARCHITECTURES = {
    "lite": {
        "backbone": "efficientnet-lite0",
        "cut": "stage3",
        "input": [64, 64, 1],
        "head": [POOLED, {"layer": "dropout", "rate": 0.3}, {"layer": "dense", "units": 3}],
    },
    "mobile": {
        "backbone": "mobilenetv2",
        "width": 0.35,
        "cut": "stage4",
        "input": [96, 64, 1],
        "head": [POOLED, {"layer": "dense", "units": 12, "activation": "relu"}, {"layer": "dense", "units": 3}],
    },
}


@pytest.fixture(scope="session")
def members(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, ...]:
    """Members with the statistics of trained ones, as weights and as graphs."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras (extra `train`), which makes the members, is not installed")
    from core.networks.backend import keras
    from core.networks.convert import convert
    from core.networks.members import build

    folder = tmp_path_factory.mktemp("members")
    rng = np.random.default_rng(4)
    made = []
    for name, architecture in ARCHITECTURES.items():
        keras().utils.set_random_seed(4)
        member = build(architecture)
        for layer in member.model.layers:
            if isinstance(layer, keras().layers.BatchNormalization):
                size = layer.gamma.shape[0]
                layer.set_weights(
                    [rng.uniform(0.5, 1.5, size), *rng.normal(0, 0.3, (2, size)), rng.uniform(0.5, 1.5, size)]
                )
        network = Network(name, architecture, folder / f"{name}.weights.h5", folder / f"{name}.xml")
        member.model.save_weights(network.weights)
        convert(member, network.graph)
        made.append(network)
    return tuple(made)


@pytest.fixture(scope="session")
def films() -> Callable[[Network, int], Floats]:
    """n inputs for a member, all different."""

    def make(network: Network, count: int) -> Floats:
        rng = np.random.default_rng(9)
        return rng.normal(0, 0.6, (count, *network.input)).astype(np.float32)

    return make
