"""Words on a film: light, on a dark halo, legible on every grey. Each is drawn once and then only copied:
outlining letters takes longer than drawing the film."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from gui import theme

SIZE = 12
_HALO = 3


def write(
    painter: QPainter,
    at: QPointF,
    words: str,
    ink: str,
    *,
    pixels: int = SIZE,
    strong: bool = False,
    right: bool = False,
    centre: bool = False,
    width: float | None = None,
) -> None:
    """Words with their baseline at a point: from it on, or before it (right), or around it (centre).

    width: what they may take; longer ones end in an ellipsis.
    """
    words = words if width is None else _cut(words, pixels, strong, width)
    if not words:
        return
    image, ascent = _drawn(words, ink, pixels, strong, painter.device().devicePixelRatioF())
    wide = image.width() / image.devicePixelRatioF() - 2 * _HALO
    before = wide if right else wide / 2 if centre else 0.0
    # On whole pixels, or the copy is blurred.
    painter.drawImage(QPointF(round(at.x() - before) - _HALO, round(at.y() - ascent) - _HALO), image)


@lru_cache(maxsize=128)
def _cut(words: str, pixels: int, strong: bool, width: float) -> str:
    return QFontMetricsF(theme.font(pixels, strong=strong)).elidedText(words, Qt.TextElideMode.ElideRight, width)


@lru_cache(maxsize=128)
def _drawn(words: str, ink: str, pixels: int, strong: bool, ratio: float) -> tuple[QImage, float]:
    """The words as an image with room for the halo on every side, and how far its baseline lies below the room."""
    font = theme.font(pixels, strong=strong)
    metrics = QFontMetricsF(font)
    wide, high = metrics.horizontalAdvance(words) + 2 * _HALO, metrics.height() + 2 * _HALO
    image = QImage(round(wide * ratio) + 1, round(high * ratio) + 1, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    path = QPainterPath()
    path.addText(QPointF(_HALO, _HALO + metrics.ascent()), font, words)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(path, QPen(QColor(theme.tokens().canvas), _HALO, c=Qt.PenCapStyle.RoundCap))
    painter.fillPath(path, QColor(ink))
    painter.end()
    return image, metrics.ascent()
