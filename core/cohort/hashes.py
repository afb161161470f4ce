"""Hashes by which a film is known again: exact (its bytes) and perceptual (what it shows)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 32
_SIDE = 64
_KEPT = 17

# Measured on 3,738 films: up to 52 bits every pair was the same film (two groups of copies that nobody had listed
# among them); from 56 bits on other patients begin. The usual hash of 64 bits pairs a third of films falsely.
NEAR_BITS = 52

Hashes = NDArray[np.uint8]
# A mirrored picture has the same cosine frequencies with every odd column negated.
_MIRROR = np.array([(-1.0) ** column for column in range(1, _KEPT)], np.float32)


def perceptual_hash(film: NDArray[Any]) -> Hashes:
    """The 256-bit DCT hash (32 bytes) of a film (rows, columns), bone white; proportions do not matter.

    The signs of the 17 × 17 lowest frequencies against their median, without those of the first row and column:
    they carry exposure and collimation rather than anatomy.
    """
    return _bits(_frequencies(film))


def mirrored_hash(film: NDArray[Any]) -> Hashes:
    """The hash of the mirrored film: half of all copies on the web were turned over by somebody."""
    return _bits(_frequencies(film) * _MIRROR)


def both_hashes(film: NDArray[Any]) -> tuple[Hashes, Hashes]:
    """The perceptual hash and the mirrored one, for the work of one."""
    block = _frequencies(film)
    return _bits(block), _bits(block * _MIRROR)


def distances(some: Hashes, others: Hashes) -> NDArray[np.int64]:
    """Differing bits between every one of (n, 32) and every one of (m, 32): (n, m)."""
    if some.shape[-1] != HASH_BYTES or others.shape[-1] != HASH_BYTES:
        raise ValueError(f"hashes have {HASH_BYTES} bytes, got {some.shape} and {others.shape}")
    answer = np.empty((len(some), len(others)), np.int64)
    for place, one in enumerate(some):  # row by row: n × m × 32 bytes would be gigabytes for 100,000 films
        answer[place] = np.bitwise_count(others ^ one).sum(1)
    return answer


def near_pairs(hashes: Hashes, mirrored: Hashes, bits: int = NEAR_BITS) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, whose hashes differ by at most `bits`, as they are or with one of them mirrored."""
    pairs = []
    for place in range(len(hashes) - 1):
        rest = hashes[place + 1 :]
        near = np.minimum(distances(hashes[place][None], rest)[0], distances(mirrored[place][None], rest)[0])
        pairs += [(place, place + 1 + int(later)) for later in np.flatnonzero(near <= bits)]
    return pairs


def _frequencies(film: NDArray[Any]) -> NDArray[np.float32]:
    small = cv2.resize(film, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.dct(small.astype(np.float32))[1:_KEPT, 1:_KEPT], np.float32)


def _bits(block: NDArray[np.float32]) -> Hashes:
    return np.packbits(block > np.median(block))
