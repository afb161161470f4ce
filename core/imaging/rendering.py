"""One image as a PNG: as stored, or as the canvas shows it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import UsageRefused

if TYPE_CHECKING:
    from core.imaging.radiograph import Radiograph, Voi


@dataclass(frozen=True, slots=True)
class Rendering:
    """window: (centre, width) in modality values. preset: the name of one of the file's own looks; the default when
    both are None. side: the longest side in pixels. as_read: put right, square pixels, behind its shutter."""

    window: tuple[float, float] | None = None
    preset: str | None = None
    side: int | None = None
    as_read: bool = False


def rendered(radiograph: Radiograph, rendering: Rendering) -> bytes:
    """A PNG of 8 bits. Refuses "option-unusable" for a preset that the file does not have."""
    from PIL import Image

    voi = _look(radiograph, rendering)
    picture = Image.fromarray(radiograph.as_read(voi) if rendering.as_read else radiograph.display(voi))
    if rendering.side is not None:
        picture = _sized(picture, rendering.side)
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=4)
    return content.getvalue()


def _look(radiograph: Radiograph, rendering: Rendering) -> Voi | None:
    if rendering.window is not None:
        from core.imaging.grayscale import Window

        window = Window(*rendering.window)
        if not window.is_usable:
            raise UsageRefused("option-unusable", what="A window needs a width of at least 1.")
        return window
    if rendering.preset is None:
        return None
    for voi in radiograph.voi:
        if voi.name.casefold() == rendering.preset.casefold():
            return voi
    names = ", ".join(voi.name for voi in radiograph.voi)
    raise UsageRefused("option-unusable", what=f"The image has no preset {rendering.preset}; it has: {names}.")


def _sized(picture: Any, side: int) -> Any:
    from PIL import Image

    factor = side / max(picture.size)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    return picture.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR)
