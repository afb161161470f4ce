"""One picture of many films, each beside the same film with where the ensemble looked."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.imaging import paint
from core.imaging.geometry import inverse, scaling
from core.imaging.prepare import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageDraw import ImageDraw

    from core.imaging.radiograph import Radiograph
    from core.inference.assessment import Assessment, Maps
    from core.inference.bundles import Bundle

_FILM, _GAP, _CAPTION, _COLUMNS = 300, 12, 64, 3
# The window's dark theme, so that picture and window look like one program (gui/theme.py).
_GROUND, _TEXT, _QUIET, _REFER = (21, 24, 27), (215, 219, 223), (154, 163, 171), (240, 163, 94)


@dataclass(frozen=True, slots=True)
class Tile:
    """A film, its row, and its maps when it was assessed."""

    radiograph: Radiograph
    row: Assessment
    maps: Maps | None


def sheet(tiles: Sequence[Tile], bundle: Bundle) -> bytes:
    """The picture as PNG: three films a line, with their findings underneath."""
    from PIL import Image, ImageDraw, ImageFont

    width, height = 2 * _FILM + 2 + 2 * _GAP, _FILM + _CAPTION + _GAP
    lines = -(-len(tiles) // _COLUMNS)
    picture = Image.new("RGB", (_COLUMNS * width + _GAP, lines * height + 3 * _GAP + 40), _GROUND)
    draw = ImageDraw.Draw(picture)
    small = ImageFont.load_default(13)
    titles = {entry.name: entry.title for entry in bundle.description.classes}
    for number, tile in enumerate(tiles):
        left = _GAP + (number % _COLUMNS) * width
        top = _GAP + (number // _COLUMNS) * height
        film, coloured = _pair(tile)
        for place, pixels in enumerate((film, coloured)):
            down, across = (_FILM - pixels.shape[0]) // 2, (_FILM - pixels.shape[1]) // 2
            draw.rectangle(
                (left + place * (_FILM + 2), top, left + place * (_FILM + 2) + _FILM, top + _FILM), (0, 0, 0)
            )
            picture.paste(Image.fromarray(pixels), (left + place * (_FILM + 2) + across, top + down))
        _caption(draw, (left, top + _FILM + 6), tile.row, titles)
    foot = "Right: what speaks for the finding rather than the rest, on the bundle's fixed scale. Simulated films."
    draw.text((_GAP, lines * height + 2 * _GAP), foot, _QUIET, small)
    draw.text(
        (_GAP, lines * height + 2 * _GAP + 20),
        f"{bundle.description.title} {bundle.version}. Research use, not a medical device.",
        _QUIET,
        small,
    )
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _pair(tile: Tile) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The film as read in RGB, and the same under its heatmap; the longer side fills the tile."""
    read = tile.radiograph.as_read()
    factor = _FILM / max(read.shape)
    small = resized(read, max(1, round(read.shape[0] * factor)), max(1, round(read.shape[1] * factor)))
    grey = np.repeat(small[..., None], 3, axis=2)
    if tile.maps is None or tile.row.finding is None:
        return grey, grey
    small_to_read = scaling(read.shape[0] / small.shape[0], read.shape[1] / small.shape[1])
    grid_to_small = inverse(small_to_read) @ inverse(tile.radiograph.read_to_stored) @ tile.maps.grid_to_stored
    values = tile.maps.values[tile.maps.classes.index(tile.row.finding)]
    spread = paint.spread_over(values, grid_to_small, (small.shape[0], small.shape[1]))
    return grey, paint.overlaid(small, paint.painted(spread))


def _caption(
    draw: ImageDraw,
    place: tuple[int, int],
    row: Assessment,
    titles: Mapping[str, str],
) -> None:
    from PIL import ImageFont

    left, top = place
    large, small = ImageFont.load_default(16), ImageFont.load_default(13)
    if row.finding is None or row.probabilities is None:
        draw.text((left, top), row.status, _TEXT, large)
    else:
        finding = f"{titles[row.finding]} {row.probabilities[row.finding]:.2f}"
        draw.text((left, top), finding, _TEXT, large)
        if row.status == "abstained":
            draw.text((left + draw.textlength(finding, large) + 12, top), "the ensemble abstains", _QUIET, large)
        elif row.refer:
            # A mark and a word, not the colour alone; drawn, because not every font has the triangle.
            mark = left + draw.textlength(finding, large) + 14
            draw.polygon([(mark, top + 15), (mark + 12, top + 15), (mark + 6, top + 4)], _REFER)
            draw.text((mark + 18, top), "refer", _REFER, large)
    draw.text((left, top + 22), row.path, _QUIET, small)
