"""A film on black, alone or under a class map. Two canvases that share a View move together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.widgets import halo, heat
from gui.widgets.heat import Layer, Style
from gui.widgets.labels import came_by_keyboard
from gui.widgets.view import ZOOM_STEP, View

_PAN_STEP = 48
_LINE = 16


class Canvas(QWidget):
    """Draws what its View looks at. pointed(row, column): the film point under the pointer, or None twice.

    Left drag: window. Middle drag, or Ctrl and left: move. Right drag and wheel: zoom. Double click: fit.
    left, right: lines in the upper corners. remark: a line at the foot. lettered: whether the patient's sides are
    marked.
    """

    pointed = Signal(object, object)

    def __init__(self, view: View, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self.left: tuple[str, ...] = ()
        self.right: tuple[str, ...] = ()
        self.remark = ""
        self.lettered = True
        self._layer: Layer | None = None
        self._style = Style()
        self._heat: tuple[Any, heat.Picture | None] | None = None
        self._held: QPointF | None = None
        self._by_keyboard = False
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        view.changed.connect(self.update)

    def put(self, layer: Layer | None, style: Style | None = None) -> None:
        """Lay a map over the film, or take it away."""
        self._layer, self._style, self._heat = layer, style or Style(), None
        self.update()

    def write(self, left: Sequence[str] = (), right: Sequence[str] = ()) -> None:
        """Lines in the upper corners."""
        self.left, self.right = tuple(left), tuple(right)
        self.update()

    def say(self, remark: str) -> None:
        """A line at the foot of the film."""
        self.remark = remark
        self.update()

    @property
    def device_size(self) -> QSize:
        """Its size in pixels of the screen."""
        ratio = self.devicePixelRatioF()
        return QSize(round(self.width() * ratio), round(self.height() * ratio))

    def grey(self) -> NDArray[np.uint8] | None:
        """The film as it is drawn, (rows, columns) uint8 in device pixels; None when none is open."""
        placement = self.view.placement(self.device_size)
        if placement is None or self.view.film is None or self.view.voi is None:
            return None
        return self.view.film.drawn(placement, self.view.voi, self.view.inverted)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        grey = self.grey()
        if grey is None or self.devicePixelRatioF() % 1:
            # Otherwise the film's picture, black beyond the film, covers every pixel.
            painter.fillRect(self.rect(), QColor(theme.tokens().canvas))
        if grey is not None:
            image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.strides[0], QImage.Format.Format_Grayscale8)
            image.setDevicePixelRatio(self.devicePixelRatioF())
            painter.drawImage(QPointF(0, 0), image)
            if (over := self._over()) is not None:
                ratio = self.devicePixelRatioF()
                painter.drawImage(QPointF(over.left / ratio, over.top / ratio), over.image)
            self._write(painter)
        if self._by_keyboard:
            painter.setPen(QPen(QColor(theme.ON_FILM.focus), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _over(self) -> heat.Picture | None:
        """What the map draws over the film; made anew only when the film moves, not when the window changes."""
        film, placement, ratio = self.view.film, self.view.placement(self.device_size), self.devicePixelRatioF()
        if self._layer is None or film is None or placement is None:
            return None
        key = (placement, film, ratio)
        if self._heat is None or self._heat[0] != key:
            self._heat = key, heat.drawn(self._layer, film, placement, self._style, ratio)
        return self._heat[1]

    def _write(self, painter: QPainter) -> None:
        """Words on the film: at the edges only, never over the middle."""
        edge, width, height = theme.SPACE[2], self.width(), self.height()
        text, quiet = theme.ON_FILM.text, theme.ON_FILM.quiet
        letters = self.view.letters if self.lettered else None
        right = self.right
        if self.lettered and letters is None:
            right = (*right, "Side unknown")
        elif letters is not None and self.view.declared:
            right = (*right, "Sides as declared")
        if self.lettered and self.view.own.mirrors:
            right = (*right, "Mirrored on the screen")
        # The two corners share the width; the letter of the upper edge stands between them.
        half = width / 2 - 2 * edge
        for lines, x, at_right in ((self.left, edge, False), (right, width - edge, True)):
            for number, words in enumerate(lines):
                at = QPointF(x, edge + halo.SIZE + number * _LINE)
                halo.write(painter, at, words, quiet, right=at_right, width=half)
        foot = height - edge
        if letters is not None:
            middle = width / 2, height / 2
            for letter, x, y in (
                (letters.top, middle[0], edge + theme.FINDING),
                (letters.bottom, middle[0], foot),
                (letters.left, edge + theme.FINDING / 2, middle[1]),
                (letters.right, width - edge - theme.FINDING / 2, middle[1]),
            ):
                halo.write(painter, QPointF(x, y), letter, text, pixels=theme.FINDING, strong=True, centre=True)
            foot -= theme.SPACE[4]
        halo.write(painter, QPointF(edge, foot), self.remark, text, width=width - 2 * edge)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._held = event.position()
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self.view.fit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._point_at(event.position())
        if self._held is None:
            return
        by = event.position() - self._held
        buttons, moving = event.buttons(), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if buttons & Qt.MouseButton.MiddleButton or (buttons & Qt.MouseButton.LeftButton and moving):
            self.view.pan(by * self.devicePixelRatioF(), self.device_size)
        elif buttons & Qt.MouseButton.LeftButton:
            self.view.drag_window(by)
        elif buttons & Qt.MouseButton.RightButton:
            self.view.zoom_by(ZOOM_STEP ** (-by.y() / 40), self.device_size)
        self._held = event.position()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        anchor = event.position() * self.devicePixelRatioF()
        self.view.zoom_by(ZOOM_STEP ** (event.angleDelta().y() / 120), self.device_size, anchor)
        event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self._point_at(event.position())

    def leaveEvent(self, _event: object) -> None:  # noqa: N802
        self.pointed.emit(None, None)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._by_keyboard = came_by_keyboard(event)
        self.update()

    def focusOutEvent(self, _event: QFocusEvent) -> None:  # noqa: N802
        self._by_keyboard = False
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = Qt.Key(event.key())
        step = {
            Qt.Key.Key_Left: QPointF(_PAN_STEP, 0),
            Qt.Key.Key_Right: QPointF(-_PAN_STEP, 0),
            Qt.Key.Key_Up: QPointF(0, _PAN_STEP),
            Qt.Key.Key_Down: QPointF(0, -_PAN_STEP),
        }.get(key)
        if step is None:
            super().keyPressEvent(event)
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.view.drag_window(QPointF(-step.x(), -step.y()) / 4)
        else:
            self.view.pan(step * self.devicePixelRatioF(), self.device_size)

    def _point_at(self, point: QPointF) -> None:
        placement = self.view.placement(self.device_size)
        if placement is None or self.view.film is None:
            return
        at = point * self.devicePixelRatioF()
        row, column, _one = placement.view_to_film(self.view.film.shape) @ (at.y(), at.x(), 1.0)
        self.pointed.emit(float(row), float(column))
