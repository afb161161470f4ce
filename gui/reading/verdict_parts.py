"""The parts of the verdict panel: a button with its key, and a question asked in place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.widgets.labels import plain

BUTTON = 26


class Choice(QPushButton):
    """A button that shows its key and stays pressed while it is the verdict; long titles end in an ellipsis."""

    def __init__(self, title: str, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "choice")
        self.setCheckable(True)
        self.setFixedHeight(BUTTON)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._title = self._key = ""
        self._action: QAction | None = None
        self.name(title, key)

    def name(self, title: str, key: str) -> None:
        """key: as it stands on the keyboard, "" for none."""
        self._title, self._key = title, key
        self.setAccessibleName(title)
        self.setToolTip(f"{title} ({key})" if key else title)
        self._fit()

    def follow(self, action: QAction) -> None:
        """Show the keys of a command, also when they change."""
        self._action = action
        # A method, not a function around it: Qt lets go of it when the button is gone.
        action.changed.connect(self._take_keys)
        self._take_keys()

    def _take_keys(self) -> None:
        assert self._action is not None
        key = self._action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        # A command changes whenever it becomes possible or impossible; its keys hardly ever do.
        if key != self._key:
            self.name(self._title, key)

    @property
    def wanted(self) -> int:
        """The width in which the whole title can be read."""
        self.ensurePolished()
        return self.fontMetrics().horizontalAdvance(self._words) + 2 * theme.SPACE[1]

    @property
    def _words(self) -> str:
        # Keys of several are too long for a button; the tooltip has them.
        return f"{self._key}  {self._title}" if len(self._key) == 1 else self._title

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(theme.SPACE[5], BUTTON)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.width() - 2 * theme.SPACE[1] + 2
        # An ampersand in a title is no mnemonic.
        words = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        self.setText(words.replace("&", "&&"))


class Line(QLabel):
    """One line that ends in an ellipsis where it is too long; the tooltip has all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("look", "small")
        self.setMinimumHeight(BUTTON)
        self.setMinimumWidth(1)

    def say(self, sentence: str, more: str = "") -> None:
        """more: for the tooltip."""
        self.sentence = sentence
        self.setAccessibleName(sentence)
        self.setToolTip(f"{sentence}\n{more}" if more else sentence)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self.sentence, Qt.TextElideMode.ElideRight, self.width()))


class _Field(QLineEdit):
    """A field that Esc leaves, whatever else Esc would do in the window."""

    left = Signal()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.left.emit()
                return True
        return super().event(event)


class Question(QWidget):
    """A label, a field, a button, and a way out. answered(str): the text, trimmed; left(): no answer."""

    answered = Signal(str)
    left = Signal()

    def __init__(self, name: str, most: int, button: str, *, may_be_empty: bool = False) -> None:
        super().__init__()
        self._label = plain(name, "label")
        self.field = _Field()
        self.field.setMaxLength(most)
        self.field.setAccessibleName(name)
        self._label.setBuddy(self.field)
        self.go = QPushButton(button)
        self.go.setAccessibleName(button)
        self.go.setProperty("look", "primary")
        self.go.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.go.setEnabled(may_be_empty)
        away = QToolButton()
        away.setIcon(theme.icon("close"))
        away.setAccessibleName("Leave without an answer")
        away.setToolTip("Leave it (Esc)")
        away.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if not may_be_empty:
            self.field.textChanged.connect(lambda text: self.go.setEnabled(bool(text.strip())))
        self.field.returnPressed.connect(self.go.click)
        self.field.left.connect(self.left)
        away.clicked.connect(self.left)
        self.go.clicked.connect(lambda: self.answered.emit(self.field.text().strip()))
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[0])
        row.addWidget(self.field, 1)
        row.addWidget(self.go)
        row.addWidget(away)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        column.addWidget(self._label)
        column.addLayout(row)
        column.addStretch(1)

    def ask(self, text: str) -> None:
        """Begin with this text, ready to be written over."""
        self.field.setText(text)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
