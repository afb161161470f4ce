"""Who reads, and how the window looks to them."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QLineEdit, QRadioButton, QWidget

from gui import theme
from gui.reading.verdict import MOST_INITIALS
from gui.services import Services
from gui.settings.section import Section
from gui.widgets.labels import plain


class ReaderSection(Section):
    """The initials that sign verdicts."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("Reader", parent)
        self._preferences = services.preferences
        self.say("Initials sign every verdict, because logins are shared.")
        self.field = QLineEdit()
        self.field.setMaxLength(MOST_INITIALS)
        self.field.setFixedWidth(120)
        self.field.setAccessibleName("Initials")
        label = plain("Initials")
        label.setBuddy(self.field)
        self.row([label, self.field])
        self.field.editingFinished.connect(self._keep)
        self._preferences.changed.connect(lambda name: self.refresh() if name == "reader" else None)
        self.refresh()

    def refresh(self) -> None:
        self.field.setText(str(self._preferences.value("reader") or ""))

    def _keep(self) -> None:
        self._preferences.put("reader", self.field.text().strip().upper() or None)


class LookSection(Section):
    """Dark or light; the film is on black in both."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("Look", parent)
        self._light = services.actions["view.light"]
        self.say("The film lies on black in both.")
        self._group = QButtonGroup(self)
        self.buttons = {}
        for name, title in (("dark", "Dark, for a dark room"), ("light", "Light")):
            self.buttons[name] = QRadioButton(title)
            self.buttons[name].setAccessibleName(title)
            self._group.addButton(self.buttons[name])
            self.column.addWidget(self.buttons[name])
            self.buttons[name].clicked.connect(lambda _checked=False, name=name: self._use(name))
        self.refresh()

    def refresh(self) -> None:
        self.buttons[theme.tokens().name].setChecked(True)

    def retheme(self) -> None:
        self.refresh()

    def _use(self, name: str) -> None:
        if name != theme.tokens().name:
            self._light.trigger()
