"""The best that plain TensorFlow does, as a baseline: one held, warmed tf.function with a tape.

The tape watches the feature maps only, so that it goes back through the head and not through the whole network,
and gives the maps of all classes from one forward pass.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.bench.side import Answer, Film, Floats, handler, mean_probabilities
from core.inference.bundles import Bundle, load
from core.inference.engines.base import networks


class Held:
    """The same members, rebuilt in Keras from the bundle's data and weights, f32, traced once for one image.

    joint: one function for all members, in which TensorFlow runs them side by side; else one a member, in turn.
    """

    def __init__(self, bundle: Bundle, joint: bool = True) -> None:
        from core.networks import members
        from core.networks.backend import exact_f32, keras

        layers = keras()
        exact_f32()
        import tensorflow as tf

        self.bundle = bundle
        parts = []
        for network in networks(bundle):
            member = members.build(network.architecture)
            member.model.load_weights(network.weights)
            feature_maps = member.head[0].input
            parts.append(
                (
                    layers.Model(member.model.input, feature_maps),
                    layers.Model(feature_maps, member.model.output),
                    member.classes,
                )
            )
        shapes = [tf.TensorSpec((1, *network.input), tf.float32) for network in networks(bundle)]

        def traced(some: slice) -> Any:
            @tf.function(input_signature=[shapes[some]])  # type: ignore[untyped-decorator]
            def answers(images: Any) -> Any:
                return [_answer(*part, image) for part, image in zip(parts[some], images, strict=True)]

            return answers

        places = [slice(None)] if joint else [slice(number, number + 1) for number in range(len(parts))]
        self._functions = [(place, traced(place)) for place in places]
        self._constant = tf.constant

    def assess(self, film: Film) -> object:
        logits, maps = self._found(film)
        return mean_probabilities(self.bundle, logits), maps

    def answer(self, film: Film) -> Answer:
        logits, maps = self._found(film)
        return Answer(mean_probabilities(self.bundle, logits), maps)

    def _found(self, film: Film) -> tuple[list[Floats], dict[str, Floats]]:
        names = [member.name for member in self.bundle.members]
        images = [self._constant(film.fitted[name].pixels[None]) for name in names]
        found = [
            (logits.numpy(), maps.numpy())
            for place, function in self._functions
            for logits, maps in function(images[place])
        ]
        return [logits for logits, _maps in found], {
            name: maps for name, (_logits, maps) in zip(names, found, strict=True)
        }


def _answer(backbone: Any, head: Any, classes: int, image: Any) -> tuple[Any, Any]:
    """Logits (classes,) and maps (classes, h, w) of one member."""
    import tensorflow as tf

    feature_maps = backbone(image, training=False)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(feature_maps)
        logits = head(feature_maps, training=False)
        scores = [logits[:, index] for index in range(classes)]
    maps = []
    for score in scores:
        weights = tf.reduce_mean(tape.gradient(score, feature_maps), axis=(1, 2), keepdims=True)
        maps.append(tf.reduce_sum(feature_maps * weights, axis=-1)[0])
    return logits[0], tf.stack(maps)


def serve(bundle: str, joint: bool = True) -> Callable[[object], Any]:
    """For core.jobs. bundle: its folder."""
    loaded = load(Path(bundle))
    return handler(loaded, Held(loaded, joint))
