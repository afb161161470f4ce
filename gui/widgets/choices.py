"""Buttons that open a menu, filled when it opens: its choices come from the film and the bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QActionGroup, QFontMetrics
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from gui import theme


class MenuButton(QToolButton):
    """A button with an icon or a text whose menu `fill` makes anew each time it opens."""

    def __init__(self, name: str, fill: Callable[[QMenu], None], icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # The arrow of the style lies below the line; a text has its own.
        self.setStyleSheet(
            f"QToolButton {{ font-size: {theme.LABEL}px; }} QToolButton::menu-indicator {{ image: none; }}"
        )
        if not icon:
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        menu = QMenu(self)
        menu.setAccessibleName(name)
        self.setMenu(menu)

        def filled() -> None:
            menu.clear()
            fill(menu)

        menu.aboutToShow.connect(filled)
        self._draw()

    def say(self, text: str, widest: int) -> None:
        """A text on the button, cut to so many pixels."""
        metrics = QFontMetrics(theme.font(theme.LABEL))
        self.setText(f"{plain(metrics.elidedText(text, Qt.TextElideMode.ElideRight, widest))} ▾")

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._draw()

    def _draw(self) -> None:
        if self._icon:
            self.setIcon(theme.icon(self._icon))


def offer(menu: QMenu, choices: Sequence[tuple[str, bool, Callable[[], object]]]) -> None:
    """One of these (title, whether it holds now, what choosing it does)."""
    group = QActionGroup(menu)
    for title, holds, chosen in choices:
        action = QAction(plain(title), menu)
        action.setCheckable(True)
        action.setChecked(holds)
        action.triggered.connect(lambda _checked=False, chosen=chosen: chosen())
        group.addAction(action)
        menu.addAction(action)


def plain(text: str) -> str:
    """A text from a file as a title: its ampersands are no mnemonics."""
    return text.replace("&", "&&")
