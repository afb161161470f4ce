"""Simulated films and masks as PNG files that say what they are."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from core.imaging.phantom.detector import WHITE

SIMULATED = "Simulated radiograph of a person who does not exist. Not for diagnosis."


def as_png(pixels: NDArray[np.uint16], bits: int) -> bytes:
    """A film of 12 bits as a PNG of 8 or 16, from black to white, with a note that it is simulated."""
    full = 2**bits - 1
    return _png(np.round(pixels * (full / WHITE)).astype(np.uint8 if bits == 8 else np.uint16))


def mask_as_png(mask: NDArray[np.bool_]) -> bytes:
    """A mask of 0 and 255, 8 bits."""
    return _png(mask.astype(np.uint8) * np.uint8(255))


def _png(values: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    from PIL import Image, PngImagePlugin

    note = PngImagePlugin.PngInfo()
    note.add_text("Description", SIMULATED)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", pnginfo=note, optimize=True)
    return buffer.getvalue()
