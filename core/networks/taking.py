"""Another member's weights for this one: the backbone, and of the head all but the layer of the classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BundleRefused, RunRefused
from core.networks.members import Member, build


@dataclass(frozen=True, slots=True)
class Taken:
    """Names of a member's layers that have weights: taken from the other member, and left as they were."""

    taken: tuple[str, ...]
    left: tuple[str, ...]


def load_member(member: Member, architecture: Mapping[str, Any], weights: Path) -> Taken:
    """Fill a member from another one's architecture and Keras .weights.h5, a bundle's say, with a fresh last layer.

    Taken are the backbone's layers that both have (one may be cut earlier) and, from the pooling on, the head's
    layers as long as they are equal in kind and shape; never the last dense layer. The input may have another size.
    Refuses (RunRefused) "start-unusable" for another backbone, width or number of channels, and for a file that does
    not belong to the architecture.
    """
    mine = member.architecture
    for key, standard in (("backbone", None), ("width", 1.0), ("norms", False)):
        if (theirs := architecture.get(key, standard)) != mine.get(key, standard):
            why = f"its {key} is {theirs}, not {mine.get(key, standard)}"
            raise RunRefused("start-unusable", what=weights, why=why)
    try:
        other = build(architecture)
        other.model.load_weights(weights)
    except BundleRefused as error:
        raise RunRefused("start-unusable", what=weights, why=error.reason.text.rstrip(".")) from error
    # h5py and Keras tell a damaged file and another network's weights by a dozen kinds of exception.
    except Exception as error:
        why = f"they are damaged or another network's ({type(error).__name__})"
        raise RunRefused("start-unusable", what=weights, why=why) from error
    channels = [int(one.model.input_shape[-1]) for one in (member, other)]
    if channels[0] != channels[1]:
        raise RunRefused("start-unusable", what=weights, why=f"it sees {channels[1]} channels, not {channels[0]}")

    by_name = {layer.name: layer for layer in other.layers}
    taken = []
    for layer in member.layers:
        theirs = by_name.get(layer.name)
        if layer.weights and theirs is not None and _alike(layer, theirs):
            layer.set_weights(theirs.get_weights())
            taken.append(layer.name)
    for layer, theirs in zip(_with_weights(member.head)[:-1], _with_weights(other.head)[:-1], strict=False):
        # What comes after a layer that differs has learnt from other numbers.
        if not _alike(layer, theirs):
            break
        layer.set_weights(theirs.get_weights())
        taken.append(layer.name)
    everything = [layer.name for layer in member.model.layers if layer.weights]
    return Taken(tuple(taken), tuple(name for name in everything if name not in taken))


def _with_weights(head: tuple[Any, ...]) -> list[Any]:
    return [layer for layer in head if layer.weights]


def _alike(layer: Any, other: Any) -> bool:
    shapes = [[tuple(weight.shape) for weight in one.weights] for one in (layer, other)]
    return type(layer) is type(other) and shapes[0] == shapes[1]
