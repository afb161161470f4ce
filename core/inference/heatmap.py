"""Class maps of several members, brought onto one grid over the film (design.md section 4).

Maps stay signed until they are drawn (core.imaging.paint): a mean of rectified maps is not the rectified mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import Affine, inverse, moved, scaling
from core.imaging.prepare import Fitted, Settled
from core.inference.assessment import Maps
from core.inference.bundles import Bundle
from core.inference.engines.base import Output
from core.inference.ensemble import Opinion, softmax

Floats = NDArray[np.float32]
GRID_SIDE = 64  # cells on the longer side: eight settled pixels a cell, half a cell of the finest member


@dataclass(frozen=True, slots=True)
class MemberMaps:
    """A member's signed maps of the logits, (classes, h, w), and where its cells lie.

    square: (rows, columns) of its input. cell_to_square, square_to_settled: continuous (row, column).
    """

    values: Floats
    square: tuple[int, int]
    cell_to_square: Affine
    square_to_settled: Affine


def of_members(
    bundle: Bundle, fitted: Mapping[str, Fitted], outputs: Mapping[str, Output], image: int = 0
) -> dict[str, MemberMaps]:
    """The members' maps of one image of the batch, in the order of the bundle."""
    return {
        member.name: MemberMaps(
            outputs[member.name].maps[image],
            (bundle.input(member).rows, bundle.input(member).columns),
            np.array(member.cell_to_square, np.float64),
            fitted[member.name].fitted_to_settled,
        )
        for member in bundle.members
    }


def grid(settled: Settled) -> tuple[tuple[int, int], Affine]:
    """The common grid over a settled film: its (rows, columns), and grid_to_settled."""
    rows, columns = settled.pixels.shape
    longest = max(rows, columns)
    shape = max(1, round(GRID_SIDE * rows / longest)), max(1, round(GRID_SIDE * columns / longest))
    return shape, scaling(rows / shape[0], columns / shape[1])


def resampled(maps: MemberMaps, shape: tuple[int, int], grid_to_settled: Affine) -> Floats:
    """A member's maps, (classes, rows, columns), at the centres of the grid's cells; linear between its own cells.

    Beyond the outermost centres the outermost value goes on; outside the member's input it has seen nothing: 0.
    """
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    centres = np.stack([rows.ravel() + 0.5, columns.ravel() + 0.5], axis=1)
    in_square = moved(inverse(maps.square_to_settled) @ grid_to_settled, centres)
    cells = moved(inverse(maps.cell_to_square), in_square) - 0.5
    height, width = maps.values.shape[1:]
    r, c = np.clip(cells[:, 0], 0, height - 1), np.clip(cells[:, 1], 0, width - 1)
    top, left = np.floor(r).astype(int), np.floor(c).astype(int)
    below, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = r - top, c - left
    v = maps.values.astype(np.float64)
    values = (1 - down) * ((1 - across) * v[:, top, left] + across * v[:, top, right]) + down * (
        (1 - across) * v[:, below, left] + across * v[:, below, right]
    )
    seen = ((in_square >= 0) & (in_square < maps.square)).all(axis=1)
    return np.where(seen, values, 0).reshape(-1, *shape).astype(np.float32)


def against_the_rest(maps: Floats, logits: NDArray[np.float64]) -> Floats:
    """map_c − Σ_{j≠c} p_j·map_j / (1 − p_c) for every class; maps (classes, rows, columns), logits (classes,).

    p_j / (1 − p_c) is the softmax over the other classes alone: written so, nothing is lost when p_c is 1.
    """
    rest = np.empty_like(maps)
    for index in range(len(maps)):
        others = [other for other in range(len(maps)) if other != index]
        shares = softmax(logits[others])
        rest[index] = maps[index] - np.tensordot(shares, maps[others].astype(np.float64), axes=1)
    return rest


def combined(
    members: Mapping[str, MemberMaps],
    opinion: Opinion,
    settled: Settled,
    *,
    weights: Sequence[float],
    classes: Sequence[str],
    map_scale: Floats,
) -> Maps:
    """The ensemble's maps on the common grid, and every member's, divided by map_scale (classes,)."""
    shape, grid_to_settled = grid(settled)
    scale = map_scale[:, None, None]
    plain = np.zeros((len(classes), *shape), np.float64)
    own: dict[str, Floats] = {}
    for index, (name, maps) in enumerate(members.items()):
        values = resampled(maps, shape, grid_to_settled)
        plain += weights[index] * values.astype(np.float64)
        own[name] = against_the_rest(values, opinion.member_logits[index]) / scale
    total = plain.astype(np.float32)
    return Maps(
        tuple(classes),
        against_the_rest(total, opinion.logits) / scale,
        settled.settled_to_stored @ grid_to_settled,
        own,
        total / scale,
    )
