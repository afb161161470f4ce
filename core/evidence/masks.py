"""How far a mask is from the true one: overlap, and the distance between the two edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MaskErrors:
    """dice: 0…1, 1 when both masks are empty. surface, hausdorff95: mean, and 95th percentile, of the distances from
    each edge to the other one, both ways together, in % of the film's width; NaN when one of the masks is empty."""

    dice: float
    surface: float
    hausdorff95: float


def compared(found: Mask, truth: Mask) -> MaskErrors:
    """Compare two masks (rows, columns) of one film with square pixels."""
    if found.shape != truth.shape:
        raise ValueError(f"masks of one film have one size, got {found.shape} and {truth.shape}")
    total = int(found.sum()) + int(truth.sum())
    dice = 2 * int((found & truth).sum()) / total if total else 1.0
    if not found.any() or not truth.any():
        return MaskErrors(dice, np.nan, np.nan)
    edges = _edge(found), _edge(truth)
    both = np.concatenate([_distances(edges[1])[edges[0]], _distances(edges[0])[edges[1]]])
    both = both / found.shape[1] * 100
    return MaskErrors(dice, float(both.mean()), float(np.percentile(both, 95)))


def _edge(mask: Mask) -> Mask:
    """Pixels of the mask with a neighbour outside it; beyond the picture is outside."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(mask & (inner == 0))


def _distances(edge: Mask) -> NDArray[np.float64]:
    """From every pixel to the nearest one of the edge, in pixels."""
    away = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away, np.float64)
