"""What an engine is: something that runs a bundle's members and always gives the same for the same image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageFailed, Reason
from core.inference.bundles import Bundle

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Output:
    """What one member gives for n images, all float32 and finite.

    logits (n, classes); features (n, k), pooled; maps (n, classes, h, w), signed maps of the logits, with h = w = 0
    when the engine was opened without maps.
    """

    logits: Floats
    features: Floats
    maps: Floats

    @property
    def is_finite(self) -> bool:
        return all(bool(np.isfinite(values).all()) for values in (self.logits, self.features, self.maps))


class Engine(Protocol):
    """Members made ready on a device.

    name: openvino or keras. device and precision: as read back from what runs, for rows and the status bar.
    note: why it is not the device that was hoped for; None when it is. It may come later, when a GPU gives up.
    """

    note: Reason | None

    @property
    def name(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def precision(self) -> str: ...

    def run(self, member: str, pixels: Floats) -> Output:
        """Run one member on (n, rows, columns, channels) float32; the answers are copies.

        An image's answer does not depend on the images beside it, their number or their order (openvino: bit for
        bit; keras: within the tolerance between engines). Fails (ImageFailed) with "not-finite" when a value of
        any of the images or answers is not a number, and with "engine-failed" when the device gives up; ask again
        for single images then, to know which.
        """
        ...

    def close(self) -> None:
        """Let go of the device; the engine cannot be asked again."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """A member as the engines see it: its architecture as data, and its two files."""

    name: str
    architecture: Mapping[str, Any]
    weights: Path
    graph: Path

    @property
    def input(self) -> tuple[int, int, int]:
        """(rows, columns, channels)"""
        rows, columns, channels = self.architecture["input"]
        return rows, columns, channels


def networks(bundle: Bundle) -> tuple[Network, ...]:
    """The members of a bundle, in its order."""
    return tuple(
        Network(
            member.name,
            member.architecture,
            bundle.path(member.files.weights.path),
            bundle.path(member.files.graph.path),
        )
        for member in bundle.members
    )


def checked_input(network: Network, pixels: Floats) -> Floats:
    """The images as contiguous float32. Fails "not-finite": a ReLU6 turns a NaN into an ordinary number, and the
    answer would look like one. Raises ValueError for another shape: preparing images is our own work."""
    if pixels.ndim != 4 or pixels.shape[1:] != network.input:
        raise ValueError(f"{network.name} takes (n, {network.input}), got {pixels.shape}")
    if not np.isfinite(pixels).all():
        raise ImageFailed("not-finite")
    return np.ascontiguousarray(pixels, np.float32)


def checked_output(output: Output) -> Output:
    """The output itself. Fails "not-finite"."""
    if not output.is_finite:
        raise ImageFailed("not-finite")
    return output
