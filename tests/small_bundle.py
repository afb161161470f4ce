"""A bundle that is made in seconds: two members set by hand, so that what they must see is known, and a random one.

`stretched` and `boxed` find what is bright: their first channel answers to light, their second to dark, nothing else
counts. `random` has the beginning of an ordinary network: every layer more costs each test that trains or converts it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.inference.bundles import Bundle
from core.inference.description import Abstention, ClassEntry, Figure, IntendedUse, NetworkInput, OperatingPoint
from core.inference.novelty import Novelty
from core.training.bundling import TrainedMember, make_bundle

CLASSES = ("normal", "bright", "dark")
SCALE = {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 3}
STRETCHED = NetworkInput(
    64,
    64,
    3,
    (
        {"name": "border-crop", "version": 1, "fraction": 0.05},
        {"name": "stretch", "version": 1, "rows": 64, "columns": 64},
        SCALE,
    ),
)
BOXED = NetworkInput(96, 80, 3, ({"name": "letterbox", "version": 1, "rows": 96, "columns": 80}, SCALE))
HEAD = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}]


def make(folder: Path, scratch: Path, *, novelty: Novelty | None = None, **changes: Any) -> Bundle:
    """Make it in `folder`; changes are arguments of make_bundle."""
    members = [
        TrainedMember("stretched", *_hand_set(scratch / "stretched.weights.h5", STRETCHED), 0.5),
        TrainedMember("boxed", *_hand_set(scratch / "boxed.weights.h5", BOXED), 0.3, BOXED),
        TrainedMember("random", *_random(scratch / "random.weights.h5"), 0.2),
    ]
    arguments: dict[str, Any] = {
        "name": "small",
        "version": "1.0.0",
        "title": "A small bundle for tests",
        "classes": [ClassEntry(name, name.title(), f"The film is {name}.") for name in CLASSES],
        "suspicion": ["bright", "dark"],
        "intended_use": IntendedUse((16, 120), ("PA", "AP"), ("FOR PRESENTATION",), "Nobody."),
        "input": STRETCHED,
        "members": members,
        "temperature": 1.5,
        "map_scale": {"normal": 1.0, "bright": 2.0, "dark": 2.0},
        "operating_points": [OperatingPoint("balanced", 0.5, "tests", (Figure("auroc", 0.8, 0.7, 0.9, "nowhere"),))],
        "abstention": Abstention("Never."),
        "novelty": novelty,
        "class_mix": {"validation": {"normal": 50, "bright": 30, "dark": 20}},
        "figures": [],
        "licence": "Apache-2.0",
        "card": "# A small bundle for tests\n",
        "lineage": {name: np.zeros((0, 32), np.uint8) for name in ("exact", "perceptual")},
    }
    return make_bundle(folder, **{**arguments, **changes})


def _hand_set(path: Path, taken: NetworkInput) -> tuple[dict[str, Any], Path]:
    """A stem alone whose channels 0 and 1 are what is above 0.5 and below -0.8, and a head that reads them."""
    from core.networks import members

    architecture = {
        "backbone": "efficientnet-lite0",
        "cut": "stem",
        "input": [taken.rows, taken.columns, taken.channels],
        "head": HEAD,
    }
    member = members.build(architecture)
    kernel = np.zeros((3, 3, 3, 32), np.float32)
    kernel[..., 0], kernel[..., 1] = 1 / 27, -1 / 27
    member.model.get_layer("stem_conv").set_weights([kernel])
    gamma, beta, mean = np.full(32, 10, np.float32), np.zeros(32, np.float32), np.zeros(32, np.float32)
    mean[:2] = 0.5, 0.8
    member.model.get_layer("stem_norm").set_weights([gamma, beta, mean, np.ones(32, np.float32)])
    dense = np.zeros((32, 3), np.float32)
    dense[0, 1], dense[1, 2] = 2.0, 2.0
    member.head[-1].set_weights([dense, np.array([0.3, 0, 0], np.float32)])
    member.model.save_weights(path)
    return architecture, path


def _random(path: Path) -> tuple[dict[str, Any], Path]:
    import keras

    from core.networks import members

    keras.utils.set_random_seed(7)
    architecture = {"backbone": "mobilenetv2", "width": 0.35, "cut": "stage1", "input": [64, 64, 3], "head": HEAD}
    member = members.build(architecture)
    member.model.save_weights(path)
    return architecture, path
