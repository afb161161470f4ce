"""A button that takes new keys: pressed once, it waits for them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QKeyCombination, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QPushButton, QWidget

_KEYS = Qt.Key
_ALONE: Final = {_KEYS.Key_Shift, _KEYS.Key_Control, _KEYS.Key_Alt, _KEYS.Key_AltGr, _KEYS.Key_Meta, _KEYS.Key_unknown}
# They move the keyboard, press what has it, and move the film: without them a window cannot be used by keys.
_TAKEN: Final = {
    _KEYS.Key_Tab, _KEYS.Key_Backtab, _KEYS.Key_Return, _KEYS.Key_Enter, _KEYS.Key_Space,
    _KEYS.Key_Left, _KEYS.Key_Right, _KEYS.Key_Up, _KEYS.Key_Down,
}  # fmt: skip
TAKEN: Final = "Tab, Enter, Space and the arrow keys move about the window and cannot be given to a command."


class KeyButton(QPushButton):
    """Shows keys; pressed, it asks for others. pressed_keys(str): what was pressed, as QKeySequence writes it for
    files; refused(str): why keys cannot be given."""

    pressed_keys = Signal(str)
    refused = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._keys = QKeySequence()
        self.waits = False
        self.setProperty("look", "choice")
        self.setCheckable(True)
        self.setFixedWidth(152)
        self.clicked.connect(lambda: self.wait(not self.waits))

    def show_keys(self, keys: QKeySequence) -> None:
        self._keys = keys
        self.wait(False)

    def wait(self, waits: bool) -> None:
        """Take the next keys, or leave it."""
        self.waits = waits
        self.setChecked(waits)
        native = self._keys.toString(QKeySequence.SequenceFormat.NativeText)
        self.setText("Press keys" if waits else (native or "none").replace("&", "&&"))
        self.setAccessibleName(f"Keys of {self._title}: {'press new ones' if waits else native or 'none'}")
        self.setToolTip("Esc leaves them as they are" if waits else f"Press to change the keys of {self._title}")

    def event(self, event: QEvent) -> bool:
        if self.waits and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                # Whatever it would do elsewhere in the window: it is meant for this button.
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._take(event)
                return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.wait(False)

    def _take(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _ALONE or event.isAutoRepeat():
            return
        self.wait(False)
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == _KEYS.Key_Escape:
            return
        if key in _TAKEN:
            self.refused.emit(TAKEN)
            return
        text = event.text()
        if modifiers == Qt.KeyboardModifier.ShiftModifier and text.isprintable() and not text.isalpha() and text:
            # "?" is "?" on every keyboard, with Shift or without.
            modifiers = Qt.KeyboardModifier.NoModifier
        self.pressed_keys.emit(QKeySequence(QKeyCombination(modifiers, key)).toString())
