"""Skin, fat and muscle of the trunk, the neck and the arms, and the breasts."""

from __future__ import annotations

import numpy as np

from core.imaging.phantom.person import Person
from core.imaging.phantom.shapes import Grid, Map, add, ellipsoid, join, smooth, tube

_SKIN_MM = 1.8


def trunk(grid: Grid, person: Person) -> tuple[Map, Map]:
    """Path through the whole body, and through its fat, in mm."""
    outside = _outline(grid, person, 0.0)
    under_skin = _outline(grid, person, _SKIN_MM)
    muscle = _outline(grid, person, _SKIN_MM + person.fat)
    fat = np.clip(under_skin - muscle, 0, None)
    _breasts(grid, person, outside, fat)
    return outside, fat


def _outline(grid: Grid, person: Person, inwards: float) -> Map:
    """Chord of neck, shoulders, trunk and arms, taken in by `inwards` mm."""
    height, half = person.lung_height, person.half_width
    side = half + person.wall + person.fat + 5
    neck = 48 + 0.5 * person.fat + (0 if person.female else 6)
    shoulder = half * 1.46 + 0.6 * person.fat
    rise = person.wall * 0.5 + (14 if person.view == "AP" else 4)
    y = grid.y + rise
    levels = np.array([-0.60, -0.24, -0.17, -0.10, -0.04, 0.03, 0.12, 0.22, 0.34, 0.44, 0.62, 1.0, 1.5]) * 226
    widths = [neck, neck, neck + 9, neck + 38, half * 1.02, half * 1.30, shoulder, shoulder,
              side + 14, side + 4, side, side - 2 + 0.2 * person.fat, side + 0.25 * person.fat]  # fmt: skip
    depths = np.array([76, 76, 78, 80, 84, 90, 104, 116, 124, 128, 130, 130, 132]) / 112
    deep = person.half_depth + 0.75 * person.wall + person.fat
    width = np.clip(smooth(levels, widths, y) - inwards, 1, None)[:, None]
    depth = np.clip(smooth(levels, depths, y) * deep - inwards, 1, None)[:, None]
    inside = np.clip(1 - (np.abs(grid.x)[None, :] / width) ** 3.4, 0, None)
    chord: Map = (2 * depth * np.sqrt(inside)).astype(np.float32)
    angle = np.deg2rad(person.arm_angle)
    radius = (40 if person.female else 47) + 0.55 * person.fat - inwards
    for side_sign in (-1, 1):
        top = np.array([side_sign * (shoulder - radius + 2), 0.16 * height - rise * 0.4, 0.0])
        away = np.array([side_sign * np.sin(angle), np.cos(angle), 0.1])
        join(chord, tube(grid, [top, top + 120 * away, top + 480 * away], [radius, radius, radius * 0.9])[0])
    return chord


def _breasts(grid: Grid, person: Person, outside: Map, fat: Map) -> None:
    if not person.breast:
        return
    place = 0.62 * person.lung_height + person.breast_drop
    wide, high = 0.43 * person.half_width + 8, 58 + 0.6 * person.breast
    for sign in (-1, 1):
        centre = (sign * (0.60 * person.half_width) + 60 * person.turn, place)
        patch = ellipsoid(grid, centre, (wide, high, person.breast))
        if patch is None:
            continue
        window, chord = patch
        chord = chord * 0.7
        # It hangs: full to its lower edge, thin above.
        y = grid.y[window[0], None]
        chord = chord * np.clip(0.45 + (y - place) / (1.6 * high), 0.1, 1.0).astype(np.float32)
        add(outside, (window, chord))
        add(fat, (window, chord), 0.55)
