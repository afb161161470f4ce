"""Who is simulated, and how the film is taken: every number that varies with the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

View = Literal["PA", "AP"]


@dataclass(frozen=True, slots=True)
class Person:
    """A simulated adult and the conditions of the exposure. Lengths in mm, angles in degrees."""

    view: View
    female: bool
    age_years: int
    lung_height: float  # from the top of the lungs to the top of the right dome
    half_width: float  # of the rib cage, inside, at its widest
    half_depth: float  # of the rib cage, inside
    fat: float
    wall: float  # muscle outside the ribs
    breast: float  # thickness; 0 when there is none
    breast_drop: float
    lung_density: float  # against the tabulated inflated lung
    heart: float  # size against the usual one
    heart_tilt: float
    aorta: float  # size against the usual one
    rotation: float  # about the long axis
    roll: float  # in the plane of the film
    bend: float  # of the spine to the side
    rib_slope: float
    left_dome: float  # how far the left dome stands below the right one
    sulcus: float  # depth of the costophrenic recess
    bubble: float  # half width of the stomach's gas
    shoulder: float  # how far the shoulder blades are turned out
    arm_angle: float
    field: float  # longer side of the film
    top: float  # of the film, above the top of the lungs
    aside: float
    kilovolts: float
    photons: float  # per mm² of film behind nothing
    scatter: float  # scattered signal against the primary one
    compression: float  # how much of the coarse contrast the display takes away
    sharpening: float
    lung_grey: float  # where the display puts the lungs, and the mediastinum, in 0…1
    middle_grey: float

    @property
    def turn(self) -> float:
        """Sideways shift of a place per mm that it lies in front of the spine."""
        return float(np.sin(np.deg2rad(self.rotation)))


def draw(random: np.random.Generator, view: View) -> Person:
    """One adult at random. The order of the draws is part of the result."""
    supine = view == "AP"

    def between(low: float, high: float) -> float:
        return float(random.uniform(low, high))

    def about(mean: float, spread: float) -> float:
        return float(mean + spread * np.clip(random.standard_normal(), -2, 2))

    female = bool(random.random() < 0.5)
    age = int(random.integers(21, 88))
    size = about(0.94 if female else 1.04, 0.045)
    stout = float(np.clip(random.beta(2.0, 3.0), 0.05, 0.95))
    half_width = 130 * size * (1 + 0.10 * (stout - 0.4))
    lung_height = 226 * size * (1 - 0.08 * (stout - 0.4)) * about(0.86 if supine else 1.0, 0.05)
    sulcus = between(48, 72)
    extent = lung_height + 0.7 * sulcus
    field = max(2 * half_width / between(0.63, 0.75), 1.18 * extent)
    return Person(
        view=view,
        female=female,
        age_years=age,
        lung_height=lung_height,
        half_width=half_width,
        half_depth=84 * size * (1 + 0.25 * (stout - 0.4)),
        fat=5 + 30 * stout * between(0.7, 1.2),
        wall=about(17 if female else 22, 3),
        breast=between(8, 26) + 22 * stout if female else 0.0,
        breast_drop=between(0.0, 26.0),
        lung_density=between(0.80, 1.25),
        heart=about(1.12 if supine else 1.0, 0.05) * size,
        heart_tilt=between(20, 38),
        aorta=(0.80 + 0.004 * (age - 20)) * about(1.0, 0.06),
        rotation=about(0.0, 2.4),
        roll=about(0.0, 1.1),
        bend=about(0.0, 4.0),
        rib_slope=about(1.0, 0.12),
        left_dome=between(4, 18),
        sulcus=sulcus,
        bubble=between(14, 34) if random.random() < 0.75 else 0.0,
        shoulder=between(-0.3, 0.5) if supine else between(0.3, 1.0),
        arm_angle=between(3, 14) if supine else between(8, 26),
        field=field,
        top=max((field - extent) * between(0.40, 0.62), 24.0),
        aside=about(0.0, 5.0),
        kilovolts=between(80, 100) if supine else between(105, 125),
        photons=float(np.exp(between(np.log(3.0e5), np.log(1.5e6)))),
        scatter=between(0.5, 0.9) if supine else between(0.25, 0.5),
        compression=between(0.58, 0.76),
        sharpening=between(0.5, 1.2),
        lung_grey=between(0.44, 0.58),
        middle_grey=between(0.70, 0.82),
    )
