"""Bones, as the path through compact bone that would weaken the beam as much, in mm."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.imaging.phantom.lungs import Cage
from core.imaging.phantom.person import Person
from core.imaging.phantom.shapes import Grid, Map, Patch, Window, add, ellipsoid, smooth, tube

_SPONGY = 0.20  # spongy bone against compact bone


def skeleton(grid: Grid, person: Person, cage: Cage, random: np.random.Generator) -> Map:
    bone = grid.zeros()
    _ribs(bone, grid, person, cage, random)
    _spine(bone, grid, person, random)
    for sign in (-1.0, 1.0):
        _clavicle(bone, grid, person, sign, random)
        _shoulder(bone, grid, person, sign)
    _manubrium(bone, grid, person)
    return bone


def spine_x(person: Person, y: NDArray[np.floating]) -> NDArray[np.floating]:
    """Where the middle of the spine lies at a height."""
    middle: NDArray[np.float64] = person.bend * np.sin(np.pi * (y / person.lung_height + 0.1)) - 35 * person.turn
    return middle


def _hollow(bone: Map, grid: Grid, path: ArrayLike, radius: ArrayLike, *, wall: float, depth: ArrayLike = 1.0) -> None:
    outer, inner = tube(grid, path, radius, wall, depth)
    add(bone, outer)
    add(bone, inner, _SPONGY - 1.0)


def _ribs(bone: Map, grid: Grid, person: Person, cage: Cage, random: np.random.Generator) -> None:
    height = person.lung_height
    spacing = height / 9.6
    pieces = int(np.clip(60 / grid.pitch, 14, 26))
    for number in range(1, 13):
        start = -0.045 * height + (number - 1) * spacing
        drop = person.rib_slope * min(50 + 11 * (number - 1), 116) * height / 226
        reach = 2.62 - 0.045 * number if number <= 10 else 1.75 - 0.35 * (number - 11)
        drop *= 1.0 if number <= 10 else 0.5
        for sign in (-1.0, 1.0):
            lift, tilt = random.normal(0, 1.3), random.normal(0, 2.5)
            angle = np.linspace(0.16, reach, pieces)
            along = angle / reach
            y = start + lift + (drop + tilt) * along**1.3 - 5 * np.sin(np.pi * along)
            outer = smooth(cage.levels, cage.outer, np.maximum(y, 0.012 * height)).astype(np.float64)
            outer = np.maximum(outer, 0.44 * person.half_width) + 2.5
            deep = smooth(cage.levels, cage.depth, np.maximum(y, 0.1 * height)).astype(np.float64) + 2.0
            x = sign * (9 + (outer - 9) * np.sin(angle) ** 0.9)
            z = -deep * np.cos(angle)
            x = x + person.turn * z + spine_x(person, y) * np.exp(-((angle / 0.7) ** 2))
            radius = (6.4 + 0.9 * along) * person.half_width / 135 * (0.9 if person.female else 1.0)
            path = np.stack([x, y, z], axis=1)
            # Behind, ribs are thick and hard; in front they thin out and end in cartilage, which does not show.
            thick = smooth([0.0, 0.25, 0.5, 0.75, 1.0], [0.66, 0.62, 0.42, 0.34, 0.03], along)
            _hollow(bone, grid, path, radius, wall=1.0, depth=thick)


def _spine(bone: Map, grid: Grid, person: Person, random: np.random.Generator) -> None:
    height, y = person.lung_height, -0.42 * person.lung_height
    while y < 2.2 * height:
        share = float(np.clip(y / height, -0.4, 1.5))
        tall = (0.092 + 0.028 * share) * height
        half = 13.5 + 4.5 * share + (1.5 if share < 0 else 0)
        x = float(spine_x(person, np.array(y))) + random.normal(0, 0.5)
        add(bone, _block(grid, (x, y), (half, tall * 0.41), 3.0))
        for edge in (-0.39, 0.39):
            add(bone, _block(grid, (x, y + edge * tall), (half * 1.05, 1.4), 3.6))
        for sign in (-1.0, 1.0):
            add(bone, _block(grid, (x + sign * half * 0.95, y), (1.3, tall * 0.34), 1.8))
            pedicle = (x + sign * half * 0.62, y - 0.12 * tall)
            add(bone, ellipsoid(grid, pedicle, (3.6, 5.2, 2.6)))
            add(bone, ellipsoid(grid, pedicle, (2.2, 3.6, 1.7)), -0.8)
            side = np.array(
                [[x + sign * half * 0.7, y - 2, -35.0], [x + sign * (half + 8 + 5 * (share > 0)), y - 5, -45.0]]
            )
            _hollow(bone, grid, side, 4.6, wall=0.8, depth=[0.6, 0.3])
        add(bone, ellipsoid(grid, (x + 28 * person.turn * -1, y + 0.30 * tall), (3.0, 6.5, 5.0)))
        y += tall


def _clavicle(bone: Map, grid: Grid, person: Person, sign: float, random: np.random.Generator) -> None:
    scale, half = person.lung_height / 226, person.half_width
    up = (16 if person.view == "AP" else 0) + random.normal(0, 3)
    lift = 10 * person.shoulder
    x = sign * np.array([0.13, 0.24, 0.42, 0.62, 0.85, 1.05, 1.20]) * half
    y = np.array([38, 33, 27, 19, 9, 4, 3.0]) * scale - up + lift * np.array([0, 0, 0.2, 0.4, 0.7, 0.9, 1.0])
    z = np.array([74, 78, 74, 55, 30, 12, 2.0])
    fine = np.linspace(0, 6, 26)
    path = np.stack([smooth(np.arange(7), values, fine) for values in (x + person.turn * z, y, z)], axis=1)
    _hollow(bone, grid, path, smooth([0, 1, 3, 6], [8.2, 6.3, 5.4, 7.4], fine), wall=1.3, depth=0.75)


def _shoulder(bone: Map, grid: Grid, person: Person, sign: float) -> None:
    import cv2

    half, height = person.half_width, person.lung_height
    out = 0.16 * half * person.shoulder
    shape = np.array([[0.76, 0.08], [0.72, 0.16], [0.74, 0.36], [0.83, 0.53], [0.90, 0.50], [1.02, 0.28], [1.17, 0.14],
                      [1.16, 0.06], [1.0, 0.05]])  # fmt: skip
    corners = np.stack([sign * (shape[:, 0] * half + out), shape[:, 1] * height], axis=1)
    blade = grid.zeros()
    pixels = (corners - [grid.x[0], grid.y[0]]) / grid.pitch
    cv2.fillPoly(blade, [np.round(pixels * 16).astype(np.int32)], 1.0, lineType=cv2.LINE_AA, shift=4)
    blade = cv2.GaussianBlur(blade, (0, 0), max(1.2 / grid.pitch, 0.5))
    bone += np.float32(0.8) * blade
    border = np.column_stack([corners, np.full(len(corners), -80.0)])
    _hollow(bone, grid, border[3:7], [3.0, 3.6, 4.4, 6.0], wall=1.2, depth=0.8)
    _hollow(bone, grid, border[[1, 2, 3]], 2.0, wall=0.9, depth=0.7)
    ridge = np.array([[0.76, 0.12, -90], [1.0, 0.02, -70], [1.22, -0.03, -40], [1.33, 0.01, -10.0]])
    ridge = ridge * [sign * half, height, 1] + [sign * out, 0, 0]
    _hollow(bone, grid, ridge, [3.5, 5.0, 6.0, 7.0], wall=1.1, depth=0.6)
    joint = np.array([sign * (1.28 * half + out), 0.10 * height, 0.0])
    radius = 21.0 if person.female else 24.0
    add(bone, ellipsoid(grid, (joint[0], joint[1]), (radius, radius, 0.28 * radius)))
    add(bone, ellipsoid(grid, (joint[0], joint[1]), (radius - 1.5, radius - 1.5, 0.13 * radius)), -1.0)
    angle = np.deg2rad(person.arm_angle)
    away = np.array([sign * np.sin(angle), np.cos(angle), 0.0])
    shaft = [joint + 12 * away + [sign * 4, 0, 0], joint + 55 * away, joint + 420 * away]
    _hollow(bone, grid, np.array(shaft), [18.0, 12.0, 11.0], wall=3.2, depth=0.8)


def _manubrium(bone: Map, grid: Grid, person: Person) -> None:
    x = 70 * person.turn
    add(bone, _block(grid, (x, 0.22 * person.lung_height), (24, 24), 12 * _SPONGY))


def _block(grid: Grid, centre: tuple[float, float], semi: tuple[float, float], depth: float) -> Patch | None:
    """A box with rounded edges."""
    reach = max(0.6 * grid.pitch, 0.01)
    wide, high = max(semi[0], reach), max(semi[1], reach)
    depth *= semi[0] * semi[1] / (wide * high)
    window: Window | None = grid.window(centre[0] - wide, centre[0] + wide, centre[1] - high, centre[1] + high)
    if window is None:
        return None
    x, y = grid.places(window)
    inside = 1 - np.abs((x - np.float32(centre[0])) / wide) ** 3.5 - ((y - np.float32(centre[1])) / high) ** 6
    return window, (depth * np.sqrt(np.clip(inside, 0, None))).astype(np.float32)
