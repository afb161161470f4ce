"""From the beam behind the body to the picture: scatter, blur, quantum noise, and what a digital system displays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.imaging.phantom.blur import blurred
from core.imaging.phantom.person import Person
from core.imaging.phantom.shapes import Map

WHITE = 4095
Mask = NDArray[np.bool_]


def exposed(primary: Map, person: Person, pitch: float, random: np.random.Generator) -> Map:
    """The detector's signal, 1 behind nothing, with scatter, blur and quantum noise."""
    # Scattered photons leave the body where it is irradiated and spread over centimetres; the grid took most of them.
    inside = np.minimum(primary, 0.35).astype(np.float32)
    scattered = 0.6 * person.scatter * blurred(inside, 45.0 / pitch)
    signal: Map = ((primary + scattered) / (1 + 0.2 * person.scatter)).astype(np.float32)
    signal = blurred(signal, 0.16 / pitch) if pitch < 0.8 else signal
    photons = person.photons * pitch * pitch
    noise = random.standard_normal(signal.shape, dtype=np.float32)
    noisy: Map = np.clip(signal + np.sqrt(signal / np.float32(photons)) * noise, 1e-4, None)
    return noisy


def displayed(signal: Map, body: Mask, lungs: Mask, person: Person, pitch: float) -> Map:
    """What is sent for display, 0…1, bone white: logarithm, coarse contrast reduced, edges raised, a bent window.

    body, lungs: bool masks; the system finds the exposed field and sets its window by what lies in it.
    """
    density = -np.log(signal)
    coarse = blurred(density, 28.0 / pitch)
    fine = blurred(density, max(2.2 / pitch, 0.6))
    inside = density[body]
    density = density - np.float32(person.compression) * (coarse - np.float32(np.median(inside)))
    density += np.float32(person.sharpening) * (-np.log(signal) - fine)
    low = float(np.median(density[lungs]))
    high = float(np.percentile(density[body & ~lungs], 76))
    # Straight at first, bending towards white above the middle: a display curve for chests.
    bare = float(np.percentile(density, 0.5)) + 0.08 * low
    reach = np.clip((density - bare) / max(high - bare, 1e-3), 0, None)
    bend = np.log(person.lung_grey / person.middle_grey) / np.log(max(low - bare, 1e-3) / max(high - bare, 2e-3))
    grey = person.middle_grey * reach ** np.float32(bend)
    knee = np.float32(person.middle_grey - 0.08)
    room = 0.94 - knee
    picture: Map = np.where(grey < knee, grey, knee + room * (1 - np.exp(-(grey - knee) / room))).astype(np.float32)
    return picture
