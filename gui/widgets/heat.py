"""A class map on its way to the screen: as a wash of colour, or as contours. It lies where the map says, however the
film is turned and placed; tests/gui/test_placed.py measures it on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from core.imaging.geometry import Affine, inverse, moved, scaling
from gui import theme
from gui.widgets import halo
from gui.widgets.placement import Placement

if TYPE_CHECKING:
    from gui.widgets.film import Film

# A map is far coarser than the screen: it is coloured for blocks of so many device pixels, and smoothed between them.
STEP: Final = 3
# Shares of the map's scale; the stronger line is whole and thicker, so that the two differ without colour too.
CONTOURS: Final = (0.5, 0.8)

Bytes = NDArray[np.uint8]
Line = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A class map to be drawn over the film: values (rows, columns) signed, and where its grid lies."""

    values: NDArray[np.float32]
    grid_to_stored: Affine


@dataclass(frozen=True, slots=True)
class Style:
    """How a map is drawn. opacity: 0…1. floor: the share of the scale below which nothing is drawn."""

    opacity: float = 0.45
    floor: float = 0.0
    contour: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A piece of the view and where its corner lies, in device pixels. pixels: the memory that the image shows."""

    image: QImage
    pixels: Bytes | None = None
    top: int = 0
    left: int = 0


def drawn(layer: Layer, film: Film, placement: Placement, style: Style, ratio: float) -> Picture | None:
    """What lies over the film; None where nothing does. ratio: device pixels per pixel of the window."""
    made = _contoured(layer, film, placement, ratio) if style.contour else _washed(layer, film, placement, style)
    if made is not None:
        made.image.setDevicePixelRatio(ratio)
    return made


def _washed(layer: Layer, film: Film, placement: Placement, style: Style) -> Picture | None:
    import cv2

    from core.imaging.paint import painted, spread_over

    size = -(-placement.rows // STEP), -(-placement.columns // STEP)
    grid_to_small = scaling(1 / STEP, 1 / STEP) @ grid_to_view(layer, film, placement)
    values = spread_over(layer.values, grid_to_small, size)
    coloured = values > max(style.floor, 0.0)
    if not coloured.any():
        return None
    # Most of a map is transparent: only the rest is worked on, with a transparent rim to be smoothed into.
    (top, bottom), (left, right) = (_extent(coloured.any(axis=axis)) for axis in (1, 0))
    levels = np.rint(np.clip(values[top:bottom, left:right], 0, 1) * 255).astype(np.uint8)
    levels[~coloured[top:bottom, left:right]] = 0
    # Premultiplied before it is smoothed: the colour of what is transparent must not bleed in.
    table = painted(np.arange(256, dtype=np.float32)[None] / 255, style.opacity)[0]
    table[:, :3] = np.rint(table[:, :3] * (table[:, 3:] / np.float32(255)))
    small = np.take(np.ascontiguousarray(table[:, [2, 1, 0, 3]]).view(np.uint32)[:, 0], levels)
    small = small.view(np.uint8).reshape(*levels.shape, 4)
    wide = cv2.resize(small, (levels.shape[1] * STEP, levels.shape[0] * STEP), interpolation=cv2.INTER_LINEAR)
    # Nothing beyond the film.
    rows, columns = placement.box(film.shape)
    top, left = top * STEP, left * STEP
    first_row, first_column = max(rows.start - top, 0), max(columns.start - left, 0)
    pixels = np.ascontiguousarray(wide[first_row : max(rows.stop - top, 0), first_column : max(columns.stop - left, 0)])
    if not pixels.size:
        return None
    image = QImage(
        pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], QImage.Format.Format_ARGB32_Premultiplied
    )
    return Picture(image, pixels, top + first_row, left + first_column)


def _extent(occurs: NDArray[np.bool_]) -> tuple[int, int]:
    """From the first to behind the last place where it occurs, one more on each side."""
    places = np.flatnonzero(occurs)
    return max(int(places[0]) - 1, 0), min(int(places[-1]) + 2, len(occurs))


def grid_to_view(layer: Layer, film: Film, placement: Placement) -> Affine:
    """From the cells of a map to device pixels of the view."""
    film_to_view = inverse(placement.view_to_film(film.shape))
    return film_to_view @ inverse(film.radiograph.read_to_stored) @ layer.grid_to_stored


@lru_cache(maxsize=2)
def contours(layer: Layer) -> tuple[tuple[float, tuple[Line, ...]], ...]:
    """For each share of the scale its lines, (points, 2) in (row, column) of the map's grid; the longest line first."""
    from contourpy import contour_generator

    # Between the centres of cells; at the rim the outermost value goes on for half a cell, as in the wash.
    rows, columns = (np.concatenate([[0], np.arange(n) + 0.5, [n]]) for n in layer.values.shape)
    lines = contour_generator(columns, rows, np.pad(layer.values, 1, mode="edge"))
    return tuple(
        (share, tuple(sorted((line[:, ::-1] for line in lines.lines(share)), key=len, reverse=True)))
        for share in CONTOURS
    )


def _contoured(layer: Layer, film: Film, placement: Placement, ratio: float) -> Picture:
    from core.imaging.paint import colours

    image = QImage(placement.columns, placement.rows, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    to_canvas = scaling(1 / ratio, 1 / ratio) @ grid_to_view(layer, film, placement)
    # The palest colour of the table in a black casing: one of the two differs from every grey.
    ink, casing = QColor(*(int(part) for part in colours()[-1])), QColor(theme.tokens().canvas)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    labels: list[tuple[QPointF, str]] = []
    for share, lines in contours(layer):
        is_strongest = share == CONTOURS[-1]
        width = 2.0 if is_strongest else 1.25
        polygons = [QPolygonF([QPointF(x, y) for y, x in moved(to_canvas, line)]) for line in lines]
        for pen in (QPen(casing, width + 2), QPen(ink, width)):
            if not is_strongest:
                pen.setDashPattern([6 / pen.widthF(), 3 / pen.widthF()])
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            for polygon in polygons:
                painter.drawPolyline(polygon)
        if polygons:
            # One above its line and one below: the lines of a small hill lie close to each other.
            at = (max if is_strongest else min)(polygons[0], key=lambda point: point.y())
            labels.append((at + QPointF(0, theme.LABEL + 4 if is_strongest else -4), f"{share * 100:.0f} %"))
    for at, words in labels:
        halo.write(painter, at, words, ink.name(), pixels=theme.LABEL, centre=True)
    painter.end()
    return Picture(image)
