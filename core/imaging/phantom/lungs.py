"""The inside of the rib cage: lungs, diaphragm, heart, great vessels, lung vessels, airways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.imaging.phantom.blur import blurred
from core.imaging.phantom.person import Person
from core.imaging.phantom.shapes import Grid, Map, add, ellipsoid, join, smooth, tube

_LEVELS = np.array([0.0, 0.012, 0.04, 0.10, 0.20, 0.35, 0.50, 0.70, 0.90, 1.10, 1.40])
_OUTER = np.array([0.36, 0.47, 0.57, 0.69, 0.81, 0.905, 0.955, 0.99, 1.0, 0.985, 0.93])
_INNER = np.array([0.36, 0.27, 0.215, 0.185, 0.165, 0.15, 0.145, 0.15, 0.15, 0.16, 0.16])
_DEPTH = np.array([0.02, 0.22, 0.38, 0.55, 0.74, 0.90, 0.97, 1.0, 1.0, 0.98, 0.9])


@dataclass(frozen=True, slots=True)
class Cage:
    """Half width and half depth of the space inside the ribs, and where the lungs begin beside the middle; all mm."""

    levels: NDArray[np.float64]
    outer: NDArray[np.float64]
    inner: NDArray[np.float64]
    depth: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chest:
    """What lies inside the cage, as paths in mm.

    lung: aerated lung; room: lung with its vessels; space: what room would be without the heart, so that the part
    behind the heart counts whole; recess: lung before and behind the middle, where nobody would call it lung.
    """

    lung: Map
    space: Map
    room: Map
    recess: Map
    vessels: Map
    air: Map


def cage_of(person: Person) -> Cage:
    return Cage(
        _LEVELS * person.lung_height,
        _OUTER * person.half_width,
        _INNER * person.half_width,
        _DEPTH * person.half_depth,
    )


def chest(grid: Grid, person: Person, cage: Cage, random: np.random.Generator) -> Chest:
    whole, belly, beside = _space(grid, person, cage)
    # Heart and belly lie in the same depth: where they overlap, the longer one counts.
    left = np.clip(whole - np.maximum(belly, blurred(_heart(grid, person), 1.6 / grid.pitch)), 0, None)
    space = (whole - belly) * beside
    room = np.minimum(left, space)
    fading = np.clip((1.0 - grid.y / person.lung_height) / 0.22, 0, 1)[:, None]
    recess = 0.58 * (left - room) * fading.astype(np.float32)
    vessels = np.minimum(_vessels(grid, person, cage, random), 0.9 * room)
    return Chest(room - vessels, space, room, recess, vessels, _airways(grid, person) + _bubble(grid, person, random))


def _space(grid: Grid, person: Person, cage: Cage) -> tuple[Map, Map, Map]:
    """Path through the cage, the part of it that the belly takes, and the share (0…1) left beside the middle."""
    outer = smooth(cage.levels, cage.outer, grid.y)[:, None]
    inner = smooth(cage.levels, cage.inner, grid.y)[:, None]
    depth = smooth(cage.levels, cage.depth, grid.y)[:, None]
    x = grid.x[None, :]
    away = np.abs(x)
    half = depth * np.sqrt(np.clip(1 - (away / outer) ** 2.4, 0, None))
    # Beside the spine the lungs begin gradually; the lines one sees there are vessels and heart.
    rim = 17.0
    share = np.clip((away - inner + 5) / rim, 0, 1)
    beside = share * share * (3 - 2 * share)
    half = np.where(grid.y[:, None] >= 0, half, 0)
    top = person.lung_height + np.where(x > 0, person.left_dome, 0)
    peak = 0.50 * person.half_width
    off = (away - peak) / np.where(away > peak, person.half_width - peak, peak)
    dome = top + np.where(off > 0, 0.62 * person.sulcus, 16) * np.abs(off) ** 2.3
    # Under the dome the lung goes on behind it, and a little in front, until the recess ends.
    below = np.clip((grid.y[:, None] - dome) / person.sulcus, 0, 1) ** 0.33
    apart = below * (person.half_depth + 12)
    blocked = np.clip(np.minimum(half, 12 + apart) - np.maximum(-half, 12 - apart), 0, None)
    return (2 * half).astype(np.float32), blocked.astype(np.float32), beside.astype(np.float32)


def _heart(grid: Grid, person: Person) -> Map:
    """Path through heart and great vessels beside the middle."""
    middle = grid.zeros()
    bottom, scale = person.lung_height + 8 + 0.6 * person.left_dome, person.heart
    shift = 38 * person.turn + 2
    for centre, semi, degrees in (
        ((24, -40), (62, 48, 64), person.heart_tilt),
        ((-10, -46), (38, 56, 56), -6.0),
        ((15, -80), (40, 60, 52), -20.0),
        ((15, -112), (27, 40, 46), -14.0),
    ):
        place = (shift + centre[0] * scale, bottom + centre[1] * scale)
        patch = ellipsoid(grid, place, (semi[0] * scale, semi[1] * scale, semi[2] * scale), degrees)
        if patch is not None:
            # Fuller than an ellipsoid: the heart and what lies before and behind it fill the cage.
            deep = 2 * semi[2] * scale
            join(middle, (patch[0], (deep * (patch[1] / deep) ** 0.75).astype(np.float32)))
    height, wide = person.lung_height, person.aorta
    vessels = (
        ([(-17, 0.62, 30), (-19, 0.45, 40), (-10, 0.30, 25), (12, 0.235, 0)], 14 * wide),
        ([(10, 0.235, 0), (28, 0.27, -25), (29, 0.36, -45), (24, 0.62, -55), (12, 1.3, -50)], 14.5 * wide),
        ([(-24, 0.06, 10), (-25, 0.25, 15), (-25, 0.60, 15)], 10.0),
        ([(22, -0.05, -10), (21, 0.12, -10), (14, 0.26, 0)], 8.0),
    )
    for path, radius in vessels:
        points = np.array(path) * [1, height, 1]
        points[:, 0] = points[:, 0] * person.half_width / 135 + points[:, 2] * person.turn
        join(middle, tube(grid, points, radius, depth=1.9)[0])
    return middle


def _vessels(grid: Grid, person: Person, cage: Cage, random: np.random.Generator) -> Map:
    """Path through the branching lung vessels."""
    vessels = grid.zeros()
    height = person.lung_height
    for sign, level in ((-1.0, 0.47), (1.0, 0.43)):
        root = np.array([sign * 0.25 * person.half_width + 10 * person.turn, level * height, 0.0])
        join(vessels, ellipsoid(grid, (root[0], root[1] + 4), (13, 20, 15), sign * 18.0))
        trunk = root + np.array([(0, 0, 0), (sign * 13, 26, -8), (sign * 20, 58, -14)])
        join(vessels, tube(grid, trunk, [9.5, 8.0, 5.2])[0])
        tree = _Tree(vessels, grid, cage, random, sign)
        for angle in np.linspace(-78, 84, 9) + random.normal(0, 6, 9):
            radius = 3.3 + 1.6 * (angle > 15) + random.uniform(-0.3, 0.4)
            start = root + np.array((sign * 10, 22, -6) if angle > 25 else (sign * 4, -4 if angle < 0 else 6, 0))
            tree.grow(start, np.deg2rad(angle), radius, 0.17 * height)
        for angle in (22.0, 40.0):
            tree.grow(root + np.array((-sign * 4, 24, 10)), np.deg2rad(angle), 4.2, 0.18 * height)
    return vessels


@dataclass(frozen=True, slots=True)
class _Tree:
    """The vessels of one side, drawn as they grow."""

    vessels: Map
    grid: Grid
    cage: Cage
    random: np.random.Generator
    sign: float

    def grow(self, start: NDArray[np.float64], angle: float, radius: float, length: float) -> None:
        """One vessel and what springs from it, until it is too thin or leaves the lung."""
        random, cage = self.random, self.cage
        length *= random.uniform(0.8, 1.15)
        depth = random.uniform(-0.6, 0.6)
        bend = random.normal(0, 0.14)
        path = [start]
        for turned in (angle - bend, angle + bend):
            path.append(path[-1] + np.array([self.sign * np.cos(turned), np.sin(turned), depth]) * length * 0.5)
        end = path[-1]
        if radius > 0.5 * self.grid.pitch:  # thinner ones would not show
            join(self.vessels, tube(self.grid, path, np.array([1.0, 0.9, 0.78]) * radius, depth=1.25)[0])
        outside = abs(end[0]) > 0.97 * np.interp(end[1], cage.levels, cage.outer) or end[1] < 0.02 * cage.levels[-1]
        if radius < 0.85 or outside or end[1] > 0.95 * cage.levels[-1]:
            return
        share = random.uniform(0.70, 0.86)
        fork = random.uniform(0.22, 0.52)
        for side, part in ((-1.0, share), (1.0, 1.45 - share)):
            self.grow(end, angle + side * fork * (1.5 - part), radius * part, length * 0.84)


def _airways(grid: Grid, person: Person) -> Map:
    """Path through the air of windpipe and main bronchi."""
    air = grid.zeros()
    height, x = person.lung_height, 8 * person.turn - 1.5
    fork = 0.36 * height
    width = 7.2 if person.female else 8.6
    join(air, tube(grid, [(x, -0.7 * height, 12), (x, 0.1 * height, 5), (x - 2, fork, -5)], width)[0])
    join(
        air, tube(grid, [(x - 2, fork - 4, -5), (x - 18, fork + 18, -8), (x - 34, fork + 34, -10)], [7.0, 6.2, 5.0])[0]
    )
    join(
        air, tube(grid, [(x - 2, fork - 4, -5), (x + 22, fork + 20, -8), (x + 42, fork + 32, -10)], [6.2, 5.6, 4.6])[0]
    )
    return air


def _bubble(grid: Grid, person: Person, random: np.random.Generator) -> Map:
    """Path through the gas of the stomach, level below when the person stands."""
    gas = grid.zeros()
    x, y = (
        0.46 * person.half_width + random.normal(0, 6),
        person.lung_height + person.left_dome + random.uniform(16, 26),
    )
    flat = random.uniform(0.2, 0.7)
    if not person.bubble:
        return gas
    patch = ellipsoid(grid, (x, y), (person.bubble, 0.55 * person.bubble, 0.9 * person.bubble), random.normal(0, 8))
    if patch is not None and person.view == "PA":
        level = y + (flat * 0.55 - 0.1) * person.bubble
        patch[1][:] *= np.clip((level - grid.y[patch[0][0], None]) / max(0.8, grid.pitch), 0, 1)
    add(gas, patch)
    return gas
