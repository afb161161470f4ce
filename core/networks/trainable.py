"""Which layers of a member learn: by number, by name, by blocks from the top, or all of them.

A layer's number counts the backbone's layers as Keras orders them, the input being layer 0. A frozen batch
normalisation runs in inference mode: Keras 3 sees to that itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.errors import RunRefused
from core.networks import papers
from core.networks.applications import APPLICATIONS
from core.networks.backend import keras
from core.networks.members import Member

Trainable = Literal["all", "head", "last-dense", "cutoff", "last-layers", "last-blocks"]
_INVERTED_BLOCKS = r"stem_|stage\d+_block\d+_|top_"


@dataclass(frozen=True, slots=True)
class Learns:
    """What learns in a member after a choice.

    parameters: numbers that learn, head: those of them in the head; frozen: numbers of layers that do not learn
    (the moving statistics of a normalisation that learns are neither). norms: normalisations of the backbone that
    learn. first: the first layer that has something to learn.
    """

    parameters: int
    head: int
    frozen: int
    norms: int
    first: str


def choose(
    member: Member,
    trainable: Trainable,
    *,
    cutoff: int | None = None,
    after: str | None = None,
    count: int | None = None,
    norms: Literal["learn", "frozen"] = "learn",
) -> Learns:
    """Set what learns, and say what that is; whatever was chosen before is forgotten.

    trainable: "all"; "head", all after the feature maps; "last-dense", the layer of the classes; "cutoff", layers
    from number `cutoff`, that is from the layer after the one named `after`, and the head; "last-layers", `count`
    layers from the top, of which the head counts those that have weights; "last-blocks", `count` of `blocks` from
    the top, and the head. norms: "frozen" keeps every batch normalisation as it is, the head's too.
    Refuses "trainable-unusable" (RunRefused) when number and name disagree, or there are fewer layers or blocks.
    """
    backbone, head = list(member.layers), list(member.head)
    if trainable == "all":
        learning = backbone + head
    elif trainable == "head":
        learning = head
    elif trainable == "last-dense":
        learning = head[-1:]
    elif trainable == "cutoff":
        learning = backbone[_cutoff(member, cutoff, after) :] + head
    else:
        if count is None or count < 1:
            raise _refused("how many layers or blocks is not said")
        learning = _last_layers(member, count) if trainable == "last-layers" else _last_blocks(member, count)
    chosen = {id(layer) for layer in learning}
    for layer in member.model.layers:
        layer.trainable = id(layer) in chosen and not (norms == "frozen" and _is_norm(layer))
    return _learns(member)


def blocks(member: Member) -> list[str]:
    """The first layer of every block of the backbone, from the top down to the stem.

    A block is an inverted residual, a residual or dense block, an inception module, or the convolutions of one
    resolution; what follows the last of them with a convolution of its own (MobileNetV2's Conv_1) is the first block.
    """
    starts, ends = _patterns(str(member.architecture["backbone"]))
    first: dict[str, str] = {}
    for before, layer in zip(member.layers, member.layers[1:], strict=False):
        if found := re.match(starts, layer.name):
            first.setdefault(found[found.lastindex or 0], layer.name)
        elif re.match(ends, before.name):
            first.setdefault(before.name, layer.name)
    return list(first.values())[::-1]


def _patterns(backbone: str) -> tuple[str, str]:
    if backbone in APPLICATIONS:
        return APPLICATIONS[backbone].blocks, APPLICATIONS[backbone].ends
    return papers.BLOCKS.get(backbone, _INVERTED_BLOCKS), "(?!)"


def _cutoff(member: Member, cutoff: int | None, after: str | None) -> int:
    names = [layer.name for layer in member.layers]
    if after is not None and after not in names:
        raise _refused(f"the backbone has no layer {after}")
    if cutoff is None:
        if after is None:
            raise _refused("neither a number nor a name is given for the cut-off")
        return names.index(after) + 1
    if not 0 <= cutoff <= len(names):
        raise _refused(f"a cut-off of {cutoff} in a backbone of {len(names)} layers")
    if after is not None and names.index(after) != cutoff - 1:
        present = names[cutoff - 1] if cutoff else "none"
        raise _refused(f"the last frozen layer at a cut-off of {cutoff} is {present}, not {after}")
    return cutoff


def _last_layers(member: Member, count: int) -> list[Any]:
    counted = list(member.layers) + [layer for layer in member.head if layer.weights]
    if count > len(counted):
        raise _refused(f"the last {count} layers of {len(counted)}")
    return counted[-count:]


def _last_blocks(member: Member, count: int) -> list[Any]:
    first = blocks(member)
    if count > len(first):
        raise _refused(f"the last {count} blocks of {len(first)}")
    names = [layer.name for layer in member.layers]
    return [*member.layers[names.index(first[count - 1]) :], *member.head]


def _learns(member: Member) -> Learns:
    layers = member.model.layers
    learning = [layer for layer in layers if layer.trainable_weights]
    return Learns(
        parameters=_size(weight for layer in learning for weight in layer.trainable_weights),
        head=_size(weight for layer in member.head for weight in layer.trainable_weights),
        frozen=_size(weight for layer in layers if not layer.trainable_weights for weight in layer.weights),
        norms=sum(_is_norm(layer) and bool(layer.trainable_weights) for layer in member.layers),
        first=learning[0].name if learning else "",
    )


def _size(weights: Iterable[Any]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def _is_norm(layer: Any) -> bool:
    return isinstance(layer, keras().layers.BatchNormalization)


def _refused(why: str) -> RunRefused:
    return RunRefused("trainable-unusable", why=why)
