"""A check box whose tick can be seen on every ground."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton

from gui import theme

_SIDE = 12


class Tick(QCheckBox):
    """The style sheet draws the box and fills it; the tick is ours, in the colour of the ground."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        ratio = self.devicePixelRatioF()
        tick = theme.drawn("agree", QColor(theme.tokens().ground), round(_SIDE * ratio))
        tick.setDevicePixelRatio(ratio)
        place = QSize(box.width() - _SIDE, box.height() - _SIDE) / 2
        painter = QPainter(self)
        painter.drawImage(box.topLeft() + QPoint(place.width(), place.height()), tick)
        painter.end()
