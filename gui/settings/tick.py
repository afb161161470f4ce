"""A check box whose tick can be seen on every ground."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox

from gui import theme

# The indicator of theme.style_sheet with its border.
_BOX, _SIDE = 16, 12


class Tick(QCheckBox):
    """The style sheet draws the box and fills it; the tick is ours, in the colour of the ground."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if not self.isChecked():
            return
        ratio = self.devicePixelRatioF()
        tick = theme.drawn("agree", QColor(theme.tokens().ground), round(_SIDE * ratio))
        tick.setDevicePixelRatio(ratio)
        painter = QPainter(self)
        # Where the style sheet puts the box.
        painter.drawImage(QPoint((_BOX - _SIDE) // 2, (self.height() - _SIDE) // 2), tick)
        painter.end()
