"""Unevenness of tissue: smooth random fields whose power falls with frequency."""

from __future__ import annotations

import cv2
import numpy as np

from core.imaging.phantom.shapes import Grid, Map

_CELL_MM = 2.0
_SIDE = 256  # the field is drawn at one size, so that a small film and a large one show the same person


def cloud(grid: Grid, random: np.random.Generator, slope: float) -> Map:
    """A field of mean 0 and spread 1 over the film; power falls as frequency to the −2·slope."""
    white = random.standard_normal((_SIDE, _SIDE))
    frequency = np.hypot(np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE)[None, :])
    frequency[0, 0] = 1.0
    field = np.fft.irfft2(np.fft.rfft2(white) / frequency**slope, s=(_SIDE, _SIDE))
    field = ((field - field.mean()) / field.std()).astype(np.float32)
    # Laid over the film in mm, from its own corner.
    columns = (grid.x - grid.x[0]) / _CELL_MM
    rows = (grid.y - grid.y[0]) / _CELL_MM
    across, down = np.meshgrid(columns, rows)
    mapped: Map = cv2.remap(field, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return mapped
