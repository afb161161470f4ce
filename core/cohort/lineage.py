"""What a bundle has seen: hashes of every film that it or its ancestors saw in training or validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.cohort.hashes import NEAR_BITS, Hashes, distances, mirrored_hash, perceptual_hash
from core.errors import BundleRefused

Seen = Literal["same-file", "same-film", ""]


@dataclass(frozen=True, slots=True)
class Lineage:
    """exact: (n, 32) SHA-256 of the files. perceptual: (n, 32) of the films, as settled."""

    exact: Hashes
    perceptual: Hashes

    def seen(self, sha256: str, film: NDArray[Any]) -> Seen:
        """Whether this file, or the same film in another file (also mirrored), was used to make the bundle."""
        if not len(self.exact):
            return ""
        if (self.exact == np.frombuffer(bytes.fromhex(sha256), np.uint8)).all(1).any():
            return "same-file"
        both = np.stack([perceptual_hash(film), mirrored_hash(film)])
        return "same-film" if (distances(both, self.perceptual) <= NEAR_BITS).any() else ""

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """As they stand in lineage.npz, sorted so that the order tells nothing of the films."""
        order = np.lexsort(self.exact.T[::-1])
        return {"exact": self.exact[order], "perceptual": self.perceptual[order]}

    def joined(self, ancestor: Lineage) -> Lineage:
        """With what an ancestor saw."""
        both = np.concatenate([self.exact, ancestor.exact])
        _exact, first = np.unique(both, axis=0, return_index=True)
        return Lineage(both[first], np.concatenate([self.perceptual, ancestor.perceptual])[first])


def lineage_of(sha256s: Sequence[str], perceptual: Hashes) -> Lineage:
    """From the SHA-256 of files (hexadecimal) and their perceptual hashes (n, 32)."""
    exact = np.frombuffer(b"".join(bytes.fromhex(sha256) for sha256 in sha256s), np.uint8).reshape(-1, 32)
    return Lineage(exact, np.asarray(perceptual, np.uint8).reshape(-1, 32))


def read_lineage(path: Path) -> Lineage:
    """The lineage.npz of a bundle. Refuses "bundle-unreadable" (BundleRefused)."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            exact, perceptual = arrays["exact"], arrays["perceptual"]
    except (OSError, ValueError, KeyError) as error:
        raise BundleRefused("bundle-unreadable", what=f"{path.name} is damaged") from error
    if exact.dtype != np.uint8 or exact.shape != perceptual.shape or exact.shape[1:] != (32,):
        raise BundleRefused("bundle-unreadable", what=f"{path.name} does not hold hashes")
    return Lineage(exact, perceptual)
