"""Films to measure with: simulated, so that anybody can repeat it, and of the sizes that detectors give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.imaging.phantom import OPACITIES, Phantom, simulate
from core.imaging.phantom.dicom import Form, encoded
from core.imaging.prepare import Settled, settle
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef

_PEOPLE = 4


def people(rows: int, columns: int, count: int = _PEOPLE) -> list[Phantom]:
    """Some simulated films of different people, with and without opacities."""
    return [
        simulate(seed, None if seed % 2 else OPACITIES[seed // 2 % len(OPACITIES)], rows, columns=columns)
        for seed in range(count)
    ]


def written(folder: Path, films: Sequence[Phantom], count: int) -> list[Path]:
    """Write `count` DICOM files of 12 bits, no two with the same pixels: every third compressed (JPEG 2000 without
    loss), every fourth a negative. Gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        film = films[number % len(films)]
        # Shifted sideways and with other noise: the same picture twice would be assessed once.
        noise = np.random.default_rng(number).integers(-3, 4, film.pixels.shape, np.int16)
        pixels = np.clip(np.roll(film.pixels, number, axis=1) + noise, 0, 4095).astype(np.uint16)
        form = Form(number + 1, 1, "20260102", negative=number % 4 == 3, compressed=number % 3 == 2)
        path = folder / f"{number:05d}.dcm"
        path.write_bytes(encoded(replace(film, pixels=pixels), form))
        paths.append(path)
    return paths


def ref(path: Path) -> ImageRef:
    return ImageRef(str(path), None, 1, str(path.parent))


def settled(path: Path) -> Settled:
    """As every use of a file settles it."""
    return settle(open_radiograph(ref(path)))
