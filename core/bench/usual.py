"""The usual published code, as a baseline: `predict`, then a new Keras model and an eager tape per class.

After the Grad-CAM example of the Keras documentation, which most published chest film programs carry: for each
image and member a model that also gives the last feature maps, one gradient tape a class, and the weighted sum.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.bench.side import Answer, Film, Floats, handler, mean_probabilities
from core.inference.bundles import Bundle, load
from core.inference.engines.base import networks


class Usual:
    """The same members, rebuilt in Keras from the bundle's data and weights, f32."""

    def __init__(self, bundle: Bundle) -> None:
        from core.networks import members
        from core.networks.backend import exact_f32

        exact_f32()
        self.bundle = bundle
        self.members = {}
        for network in networks(bundle):
            member = members.build(network.architecture)
            member.model.load_weights(network.weights)
            self.members[network.name] = member

    def assess(self, film: Film) -> object:
        logits, maps = self._found(film)
        # Published code scales each map to its own maximum.
        drawn = {name: [_drawn(each) for each in of_member] for name, of_member in maps.items()}
        return mean_probabilities(self.bundle, logits), drawn

    def answer(self, film: Film) -> Answer:
        logits, maps = self._found(film)
        return Answer(mean_probabilities(self.bundle, logits), {name: np.stack(each) for name, each in maps.items()})

    def _found(self, film: Film) -> tuple[list[Floats], dict[str, list[Floats]]]:
        import keras
        import tensorflow as tf

        logits: list[Floats] = []
        maps: dict[str, list[Floats]] = {}
        for name, member in self.members.items():
            image = film.fitted[name].pixels[None]
            logits.append(member.model.predict(image, verbose=0)[0])
            grad_model = keras.Model(member.model.input, [member.head[0].input, member.model.output])
            maps[name] = []
            for index in range(member.classes):
                with tf.GradientTape() as tape:
                    feature_maps, outputs = grad_model(image)
                    score = outputs[:, index]
                gradients = tape.gradient(score, feature_maps)
                weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
                maps[name].append(tf.reduce_sum(feature_maps[0] * weights, axis=-1).numpy())
        return logits, maps


def _drawn(class_map: Floats) -> Floats:
    positive = np.maximum(class_map, np.float32(0))
    return np.asarray(positive / max(float(positive.max()), 1e-9), np.float32)


def serve(bundle: str) -> Callable[[object], Any]:
    """For core.jobs. bundle: its folder."""
    loaded = load(Path(bundle))
    return handler(loaded, Usual(loaded))
