"""A film on black, alone or under a class map. Two canvases that share a View move together."""

from __future__ import annotations

from dataclasses import dataclass
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
    QPainterPath,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.widgets.film import HEAT_STEP, Placement, heat
from gui.widgets.labels import came_by_keyboard
from gui.widgets.view import ZOOM_STEP, View

_PAN_STEP = 48
_OVERLAY = 12


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A class map to be drawn over the film: values (rows, columns) signed, and where its grid lies."""

    values: NDArray[np.float32]
    grid_to_stored: NDArray[np.float64]


class Canvas(QWidget):
    """Draws what its View looks at. pointed(row, column): the film point under the pointer, or None twice.

    Left drag: window. Middle drag, or Ctrl and left: move. Right drag and wheel: zoom. Double click: fit.
    """

    pointed = Signal(object, object)

    def __init__(self, view: View, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self.caption = name
        self.sides = ""
        self.remark = ""
        self._layer: Layer | None = None
        self._strength = 0.45
        self._heat: tuple[Any, QImage] | None = None
        self._held: QPointF | None = None
        self._by_keyboard = False
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        view.changed.connect(self.update)

    def put(self, layer: Layer | None, strength: float) -> None:
        """Lay a map over the film, or take it away. strength: 0…1."""
        self._layer, self._strength, self._heat = layer, strength, None
        self.update()

    def say(self, sides: str, remark: str) -> None:
        """sides: "stated", "unknown" or "" for no letters. remark: a line at the foot of the film."""
        self.sides, self.remark = sides, remark
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
        painter.fillRect(self.rect(), QColor(theme.tokens().canvas))
        grey = self.grey()
        if grey is not None:
            image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.strides[0], QImage.Format.Format_Grayscale8)
            image.setDevicePixelRatio(self.devicePixelRatioF())
            painter.drawImage(QPointF(0, 0), image)
            placement = self.view.placement(self.device_size)
            if self._layer is not None and placement is not None:
                self._draw_heat(painter, self._layer, placement)
            self._write(painter)
        if self._by_keyboard:
            painter.setPen(QPen(QColor(theme.ON_FILM.focus), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _draw_heat(self, painter: QPainter, layer: Layer, placement: Placement) -> None:
        film = self.view.film
        if film is None:
            return
        key = (placement, id(film))
        if self._heat is None or self._heat[0] != key:
            rgba = heat(layer.values, layer.grid_to_stored, film, placement, self._strength)
            wide = QImage(rgba.data, rgba.shape[1], rgba.shape[0], rgba.strides[0], QImage.Format.Format_RGBA8888)
            # Premultiplied, and a copy: the array ends with this function, and smoothing wants it so.
            self._heat = key, wide.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        image = self._heat[1]
        step = HEAT_STEP / self.devicePixelRatioF()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipRect(_film_on_canvas(placement, self.view.turned_shape, self.devicePixelRatioF()))
        painter.drawImage(QRectF(0, 0, image.width() * step, image.height() * step), image)
        painter.setClipping(False)

    def _write(self, painter: QPainter) -> None:
        """Words on the film: corners only, light on a dark halo, never over the middle."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, width, height = theme.SPACE[2], self.width(), self.height()
        _haloed(painter, QPointF(edge, edge + _OVERLAY), self.caption, theme.ON_FILM.quiet)
        if self.sides == "stated":
            _haloed(painter, QPointF(edge, height / 2), "R", theme.ON_FILM.text, strong=True)
            _haloed(painter, QPointF(width - edge, height / 2), "L", theme.ON_FILM.text, strong=True, right=True)
        elif self.sides == "unknown":
            _haloed(painter, QPointF(width - edge, edge + _OVERLAY), "Side unknown", theme.ON_FILM.quiet, right=True)
        if self.remark:
            _haloed(painter, QPointF(edge, height - edge), self.remark, theme.ON_FILM.text)

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


def _film_on_canvas(placement: Placement, shape: tuple[int, int], ratio: float) -> QRectF:
    rows, columns = shape
    return QRectF(
        placement.left / ratio,
        placement.top / ratio,
        columns * placement.zoom / ratio,
        rows * placement.zoom / ratio,
    )


def _haloed(painter: QPainter, at: QPointF, words: str, ink: str, *, strong: bool = False, right: bool = False) -> None:
    font = theme.font(theme.FINDING if strong else _OVERLAY, strong=strong)
    path = QPainterPath()
    path.addText(at, font, words)
    if right:
        path.translate(-path.boundingRect().width(), 0)
    painter.strokePath(path, QPen(QColor(theme.tokens().canvas), 3, c=Qt.PenCapStyle.RoundCap))
    painter.fillPath(path, QColor(ink))
