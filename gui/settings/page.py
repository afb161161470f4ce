"""The settings page: one column of sections, as wide as it reads well."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.pages import Page
from gui.services import Services
from gui.settings.kept import KeptSection, LetGo, at_once
from gui.settings.keys import KeysSection
from gui.settings.networks import NetworksSection
from gui.settings.reader import LookSection, ReaderSection
from gui.settings.section import Section
from gui.widgets.labels import plain

# About ninety letters a line.
READING_WIDTH = 680


class SettingsPage(Page):
    """Every choice takes effect when it is made; there is nothing to save."""

    def __init__(self, services: Services, let_go: LetGo = at_once, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reader = ReaderSection(services)
        self.networks = NetworksSection(services)
        self.kept = KeptSection(services, let_go)
        self.look = LookSection(services)
        self.keys = KeysSection(services)
        self.sections: tuple[Section, ...] = (self.reader, self.networks, self.kept, self.look, self.keys)
        self._lay_out()

    def search(self) -> None:
        """Find a command among the keys."""
        self.keys.search()
        self.scroll.ensureWidgetVisible(self.keys.field)

    def retheme(self) -> None:
        for section in self.sections:
            section.retheme()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        for section in self.sections:
            section.refresh()

    def _lay_out(self) -> None:
        column_holder = QWidget()
        column_holder.setMaximumWidth(READING_WIDTH)
        column = QVBoxLayout(column_holder)
        column.setContentsMargins(0, theme.SPACE[4], 0, theme.SPACE[4])
        column.setSpacing(0)
        column.addWidget(plain("Settings", "title"))
        column.addSpacing(theme.SPACE[3])
        for section in self.sections:
            section.notice.connect(self.notice)
            column.addWidget(section)
        column.addStretch(1)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(theme.SPACE[4], 0, theme.SPACE[4], 0)
        row.addStretch(1)
        row.addWidget(column_holder, 1000)
        row.addStretch(1)
        self.scroll = QScrollArea()
        self.scroll.setWidget(inner)
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setAccessibleName("Settings")
        inner.setProperty("panel", True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.scroll)
