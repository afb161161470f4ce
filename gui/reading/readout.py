"""What stands in the foot of the film: window, zoom, and the value and place under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.imaging.radiograph import Radiograph
    from gui.widgets.placement import Placement
    from gui.widgets.view import View


def look_of(view: View, placement: Placement) -> str:
    """Centre and width in modality values, and the zoom: screen pixels per film pixel."""
    from core.imaging.grayscale import VoiTable

    window = view.window()
    if window is None:
        return ""
    # A table has neither centre nor width.
    parts = ["Table"] if isinstance(view.voi, VoiTable) else [f"C {_number(window.center)}  W {_number(window.width)}"]
    parts.append(f"{placement.zoom * 100:.0f} %" + (" fit" if view.fits else ""))
    if view.inverted:
        parts.append("inverted")
    if view.own:
        parts.append("mirrored" if view.own.mirrors else "turned")
    return " · ".join(parts)


def place_of(radiograph: Radiograph, value: float | None, row: float, column: float) -> str:
    """The modality value at a point of the film as read, and how far right and down of its corner the point lies."""
    if value is None:
        return size_of(radiograph)
    spacing = radiograph.facts.spacing
    if spacing is None:
        return f"{_number(value)} at {int(column)}, {int(row)} px · spacing unknown"
    # A step along a row or column of the film as read, in stored pixels: turns and square pixels are in it.
    steps = np.abs(radiograph.read_to_stored[:2, :2]).T @ (spacing.row_mm, spacing.column_mm)
    return f"{_number(value)} at {column * steps[1]:.1f}, {row * steps[0]:.1f} {spacing.kind}"


def size_of(radiograph: Radiograph) -> str:
    """Columns and rows as stored, and what a pixel measures where the file says so, with the kind of spacing."""
    rows, columns = radiograph.shape
    spacing = radiograph.facts.spacing
    measure = f"{spacing.column_mm:.3g} {spacing.kind}" if spacing is not None else "spacing unknown"
    return f"{columns} × {rows} px · {measure}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"
