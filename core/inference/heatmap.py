"""Class maps of several members, brought onto one grid over the film (design.md section 4).

Maps stay signed until they are drawn (core.imaging.paint): a mean of rectified maps is not the rectified mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import Affine, inverse, scaling
from core.imaging.prepare import Fitted, Settled
from core.inference.assessment import Maps
from core.inference.bundles import Bundle
from core.inference.engines.base import Output
from core.inference.ensemble import Opinion, softmax

Floats = NDArray[np.float32]
_TURNED = 1e-9
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
    grid_to_square = inverse(maps.square_to_settled) @ grid_to_settled
    values = maps.values.astype(np.float64)
    # A member's input is cut and scaled from the upright film, never turned: rows and columns go each on their own,
    # which takes a third of the time that one point at a time took.
    for axis in (0, 1):
        values = _along(values, maps, grid_to_square, axis, shape[axis])
    return values.astype(np.float32)


def _along(values: NDArray[np.float64], maps: MemberMaps, grid_to_square: Affine, axis: int, cells: int) -> Any:
    """Resample (classes, rows, columns) along rows (0) or columns (1) to this many cells."""
    grid_to_cell = inverse(maps.cell_to_square) @ grid_to_square
    if abs(grid_to_square[axis, 1 - axis]) > _TURNED or abs(grid_to_cell[axis, 1 - axis]) > _TURNED:
        raise ValueError("a member's input is turned against the film")
    centres = np.arange(cells) + 0.5
    in_square = grid_to_square[axis, axis] * centres + grid_to_square[axis, 2]
    last = values.shape[1 + axis] - 1
    at = np.clip(grid_to_cell[axis, axis] * centres + grid_to_cell[axis, 2] - 0.5, 0, last)
    before = np.floor(at).astype(np.intp)
    after = np.minimum(before + 1, last)
    share = np.where((in_square >= 0) & (in_square < maps.square[axis]), 1.0, 0.0)
    weights = share * (1 - (at - before)), share * (at - before)
    form = (1, -1, 1) if axis == 0 else (1, 1, -1)
    first, second = (weight.reshape(form) for weight in weights)
    return first * values.take(before, 1 + axis) + second * values.take(after, 1 + axis)


def against_the_rest(maps: Floats, logits: NDArray[np.float64]) -> Floats:
    """map_c − Σ_{j≠c} p_j·map_j / (1 − p_c) for every class; maps (classes, rows, columns), logits (classes,).

    p_j / (1 − p_c) is the softmax over the other classes alone: written so, nothing is lost when p_c is 1.
    """
    if len(maps) == 1:  # a bundle of lungs has one class, and nothing to hold it against
        return maps
    others = ~np.eye(len(maps), dtype=bool)
    shares = np.zeros((len(maps), len(maps)))
    for index, rest in enumerate(others):
        shares[index, rest] = softmax(logits[rest])
    # One product for all classes; einsum adds in a fixed order, a BLAS may not.
    difference: Floats = (maps - np.einsum("cj,jrk->crk", shares, maps.astype(np.float64))).astype(np.float32)
    return difference


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
