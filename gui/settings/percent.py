"""A field for a share in percent, with one digit after the point or the comma."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Qt, Signal
from PySide6.QtGui import QKeyEvent, QRegularExpressionValidator
from PySide6.QtWidgets import QLineEdit, QWidget

_MOST = 100.0


class Percent(QLineEdit):
    """Nothing counts as 0. The arrow keys go up and down by 1. changed() after every change, by hand or not."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Whoever is used to a decimal comma writes one, whatever the system's language.
        self.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,3}([.,]\d?)?"), self))
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFixedWidth(64)
        self.textChanged.connect(lambda _text: self.changed.emit())

    @property
    def value(self) -> float:
        """What stands there, in percent."""
        text = self.text().replace(",", ".")
        return float(text) if text.strip(".") else 0.0

    def show_value(self, percent: float) -> None:
        self.setText(f"{percent:.1f}".removesuffix(".0"))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        if step:
            self.show_value(min(_MOST, max(0.0, self.value + step)))
        else:
            super().keyPressEvent(event)
