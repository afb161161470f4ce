"""Write a bundle from trained members: files, compiled graphs, self-proof, description, and the proof of it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from core.inference.bundles import Bundle
from core.inference.description import (
    Abstention,
    ClassEntry,
    Figure,
    IntendedUse,
    NetworkInput,
    OperatingPoint,
)
from core.inference.novelty import Novelty


@dataclass(frozen=True, slots=True)
class TrainedMember:
    """A member as training leaves it.

    architecture: data from which core.networks.members builds it. weights: its Keras .weights.h5.
    weight: its share in the ensemble's logits; the shares add up to 1. input: its own, or None for the bundle's.
    """

    name: str
    architecture: Mapping[str, Any]
    weights: Path
    weight: float
    input: NetworkInput | None = None


def make_bundle(
    folder: Path,
    *,
    name: str,
    version: str,
    title: str,
    classes: Sequence[ClassEntry],
    suspicion: Sequence[str],
    intended_use: IntendedUse,
    input: NetworkInput,
    members: Sequence[TrainedMember],
    temperature: float,
    map_scale: Mapping[str, float],
    operating_points: Sequence[OperatingPoint],
    abstention: Abstention,
    novelty: Novelty | None,
    class_mix: Mapping[str, Mapping[str, int]],
    figures: Sequence[Figure],
    licence: str,
    card: str,
    lineage: Mapping[str, NDArray[Any]],
    films: Sequence[Path] = (),
    extra: Mapping[str, Any] | None = None,
) -> Bundle:
    """Make a bundle in `folder` (it must not exist yet) and give it back, loaded and verified on every engine here.

    suspicion: the classes whose probabilities add up to it. map_scale: class → 95th percentile of the validation
    maxima of the ensemble's class-against-the-rest map (core.inference.heatmap). lineage: arrays of lineage.npz.
    card: Markdown. films: simulated films for the self-proof; without any, core.imaging.phantom makes them.
    extra: further fields of bundle.json.
    Refuses (BundleRefused) a graph that does not give what Keras gives, and whatever verify refuses; nothing is
    left in `folder` then.
    """
    raise NotImplementedError  # written next; the signature stands
