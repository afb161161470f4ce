"""A simulated frontal chest radiograph with its exact masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.phantom import detector
from core.imaging.phantom.body import trunk
from core.imaging.phantom.lungs import cage_of, chest
from core.imaging.phantom.opacities import clouded
from core.imaging.phantom.person import Person, View, draw
from core.imaging.phantom.physics import spectrum, transmitted
from core.imaging.phantom.shapes import Grid, Map, grid_of
from core.imaging.phantom.skeleton import skeleton
from core.imaging.phantom.texture import cloud

Opacity = Literal["consolidation", "ground-glass", "effusion"]
OPACITIES: tuple[Opacity, ...] = get_args(Opacity)
Mask = NDArray[np.bool_]
SHOWN_LUNG_MM = 25.0  # a ray that meets less lung than this does not show it


@dataclass(frozen=True, slots=True)
class Phantom:
    """A simulated film. pixels: (rows, columns) uint16 in 0…4095, bone white; the masks have the same shape."""

    pixels: NDArray[np.uint16]
    lungs: Mask
    opacity_mask: Mask
    body: Mask
    opacity: Opacity | None
    seed: int
    spacing_mm: float
    person: Person


def simulate(
    seed: int, opacity: Opacity | None = None, rows: int = 1024, view: View = "PA", columns: int | None = None
) -> Phantom:
    """Simulate a frontal chest film of an adult who does not exist.

    seed: everything but the opacity and the size follows from it: the same person may be had with and without.
    rows, columns: at least 64; columns as rows unless stated. Left of the patient is right in the picture.
    lungs: both lungs with the part behind the heart, down to the lowest part that shows (docs/phantom.md).
    """
    if opacity is not None and opacity not in OPACITIES:
        raise ValueError(f"an opacity is one of {OPACITIES}, got {opacity!r}")
    columns = rows if columns is None else columns
    if min(rows, columns) < 64:
        raise ValueError(f"a film has at least 64 rows and columns, got {rows} × {columns}")
    # Each part has a stream of its own: a change in one does not move the others.
    streams = [np.random.Generator(np.random.PCG64([seed, part])) for part in range(6)]
    person = draw(streams[0], view)
    pitch = person.field / max(rows, columns)
    grid = grid_of(rows, columns, person.field, -person.top, -columns * pitch / 2 + person.aside)
    paths, space, cover = _paths(grid, person, opacity, streams)
    paths, space, cover = _rolled(paths, space, cover, person.roll)
    body = _whole(paths) > 3.0
    lungs = (space > SHOWN_LUNG_MM) & body
    signal = transmitted(paths, spectrum(person.kilovolts))
    signal = detector.exposed(signal, person, grid.pitch, streams[5])
    picture = detector.displayed(signal, body, lungs, person, grid.pitch)
    pixels = np.round(picture * detector.WHITE).astype(np.uint16)
    return Phantom(pixels, lungs, (cover > 0.5) & lungs, body, opacity, seed, grid.pitch, person)


def _paths(
    grid: Grid, person: Person, opacity: Opacity | None, streams: list[np.random.Generator]
) -> tuple[dict[str, Map], Map, Map]:
    """Path through each material, through the lungs' space, and where the opacity lies (0…1)."""
    cage = cage_of(person)
    inside = chest(grid, person, cage, streams[1])
    bone = skeleton(grid, person, cage, streams[2])
    whole, fat = trunk(grid, person)
    lung = inside.lung * np.float32(person.lung_density) * (1 + np.float32(0.07) * cloud(grid, streams[3], 1.0))
    filled, cover = clouded(grid, person, cage, opacity, streams[4])
    # What fills the alveoli takes the place of air, not of the tissue between: vessels drown in it.
    lung = lung * (1 - filled)
    solid = inside.room - inside.lung * (1 - filled)
    fat = fat * (1 + np.float32(0.05) * cloud(grid, streams[3], 1.6))
    air = np.minimum(inside.air, np.clip(whole - fat - inside.lung, 0, None))
    soft = np.clip(whole - fat - bone - air - inside.room - inside.recess, 0, None) + solid
    lung = lung + inside.recess * np.float32(person.lung_density)
    soft = soft * (1 + np.float32(0.012) * cloud(grid, streams[3], 1.6))
    return {"soft": soft, "fat": fat, "bone": bone, "lung": lung, "air": air}, inside.space, cover * (inside.room > 8)


def _whole(paths: dict[str, Map]) -> Map:
    total = paths["soft"].copy()
    for name in ("fat", "bone", "lung"):
        total += paths[name]
    return total


def _rolled(paths: dict[str, Map], space: Map, cover: Map, degrees: float) -> tuple[dict[str, Map], Map, Map]:
    rows, columns = space.shape
    turn = cv2.getRotationMatrix2D((columns / 2 - 0.5, rows / 2 - 0.5), degrees, 1.0)

    def rolled(picture: Map) -> Map:
        turned: Map = cv2.warpAffine(
            picture, turn, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return turned

    return {name: rolled(path) for name, path in paths.items()}, rolled(space), rolled(cover)
