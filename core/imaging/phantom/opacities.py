"""Opacities of known kind and place: what fills the air of the lungs."""

from __future__ import annotations

import numpy as np

from core.imaging.phantom.lungs import Cage
from core.imaging.phantom.person import Person
from core.imaging.phantom.shapes import Grid, Map, smooth
from core.imaging.phantom.texture import cloud


def clouded(
    grid: Grid, person: Person, cage: Cage, opacity: str | None, random: np.random.Generator
) -> tuple[Map, Map]:
    """Share of the lung's air that is filled along each ray, 0…1, and where the opacity counts as there (above 0.5)."""
    if opacity is None:
        return grid.zeros(), grid.zeros()
    kind = {"consolidation": _consolidation, "ground-glass": _ground_glass, "effusion": _effusion}[opacity]
    filled, cover = kind(grid, person, cage, random)
    return filled.astype(np.float32), cover.astype(np.float32)


def _ramp(value: Map, width: float) -> Map:
    """0 below −width, 1 above width, smooth between."""
    t = np.clip(value / (2 * width) + 0.5, 0, 1)
    smoothly: Map = (t * t * (3 - 2 * t)).astype(np.float32)
    return smoothly


def _inwards(grid: Grid, cage: Cage) -> Map:
    """How far from the middle to the ribs: 0 beside the middle, 1 at the ribs."""
    outer = smooth(cage.levels, cage.outer, grid.y)[:, None]
    inner = smooth(cage.levels, cage.inner, grid.y)[:, None]
    share: Map = ((np.abs(grid.x)[None, :] - inner) / np.maximum(outer - inner, 1.0)).astype(np.float32)
    return share


def _consolidation(grid: Grid, person: Person, cage: Cage, random: np.random.Generator) -> tuple[Map, Map]:
    """One lobe, or a good part of it; sharp where a fissure bounds it."""
    lobe = ("right-upper", "right-middle", "right-lower", "left-upper", "left-lower")[int(random.integers(5))]
    top, bottom, edge = {
        "right-upper": (0.02, 0.46, "below"),
        "right-middle": (0.47, 0.86, "above"),
        "right-lower": (0.58, 1.25, "none"),
        "left-upper": (0.05, 0.50, "none"),
        "left-lower": (0.58, 1.25, "none"),
    }[lobe]
    y = grid.y[:, None] / person.lung_height
    across = _inwards(grid, cage)
    uneven = cloud(grid, random, 1.7)
    soft_edge = 0.05 + 0.0 * y
    tilt = random.uniform(0.05, 0.12) * (across - 0.5)
    side = (grid.x[None, :] < 0) if lobe.startswith("right") else (grid.x[None, :] > 0)
    upper = _ramp(y - top - tilt * 0.4 + 0.03 * uneven, 0.008 if edge == "above" else float(soft_edge.max()))
    lower = _ramp(bottom + tilt * 0.4 - y + 0.03 * uneven * (edge != "below"), 0.008 if edge == "below" else 0.06)
    reach = random.uniform(0.85, 1.1)
    if lobe == "right-middle":
        reach = 1.05 - 0.75 * np.clip(y - top, 0, None)
    inner = _ramp(reach - across + 0.10 * uneven, 0.12)
    shape = upper * lower * inner * side
    strength = random.uniform(0.42, 0.70)
    filled = strength * shape * np.clip(1 + 0.24 * uneven, 0.3, 1.3)
    return np.clip(filled, 0, 0.95).astype(np.float32), shape


def _ground_glass(grid: Grid, person: Person, cage: Cage, random: np.random.Generator) -> tuple[Map, Map]:
    """Patches in both lungs, near the ribs, more below; vessels stay visible."""
    y = grid.y[:, None] / person.lung_height
    across = _inwards(grid, cage)
    cover = grid.zeros()
    for sign in (-1, 1):
        for _ in range(int(random.integers(2, 4))):
            level, at = random.uniform(0.38, 0.92), random.uniform(0.62, 0.95)
            high, wide = random.uniform(0.11, 0.22), random.uniform(0.24, 0.42)
            distance = np.sqrt(((y - level) / high) ** 2 + ((across - at) / wide) ** 2)
            patch = _ramp(1 - distance, 0.45) * (np.sign(grid.x)[None, :] == sign)
            np.maximum(cover, patch.astype(np.float32), out=cover)
    uneven, fine = cloud(grid, random, 1.6), cloud(grid, random, 0.7)
    strength = random.uniform(0.20, 0.32)
    filled = strength * cover * np.clip(1 + 0.28 * uneven + 0.06 * fine, 0.2, 1.8)
    return np.clip(filled, 0, 0.8).astype(np.float32), cover


def _effusion(grid: Grid, person: Person, cage: Cage, random: np.random.Generator) -> tuple[Map, Map]:
    """Fluid at the bottom of one side, climbing at the ribs: the meniscus. Lying down it spreads as a veil."""
    right = bool(random.random() < 0.5)
    side = (grid.x[None, :] < 0) if right else (grid.x[None, :] > 0)
    y = grid.y[:, None] / person.lung_height
    across = np.clip(_inwards(grid, cage), 0, 1)
    level = random.uniform(0.70, 0.93)
    climb = random.uniform(0.10, 0.18)
    surface = level - climb * across**4 - 0.25 * climb * (1 - across) ** 4
    if person.view == "AP":
        shape = _ramp(y - surface + 0.10, 0.30) * side
        return (0.75 * shape).astype(np.float32), shape
    shape = _ramp(y - surface, 0.022) * side
    return (0.97 * shape).astype(np.float32), shape
