"""What an export asks: where to, and whether it may name anybody."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.labels import plain

KINDS = {
    "csv": ("Export a table", "One row a film, for a spreadsheet."),
    "json": ("Export rows", "One JSON object a line, for programs."),
    "html": ("Export a page", "One page with small pictures, for any browser; the first 5 000 films."),
}


class ExportSheet(QDialog):
    """wanted(kind, path, identifiers): write it."""

    wanted = Signal(str, str, bool)

    def __init__(self, kind: str, folder: str, finished: bool, parent: QWidget) -> None:
        super().__init__(parent)
        title, what = KINDS[kind]
        self._kind = kind
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.path = QLineEdit(str(Path(folder) / f"films.{kind}"))
        self.path.setAccessibleName("File to write")
        self.path.setMinimumWidth(420)
        choose = QPushButton("Choose…")
        choose.setAccessibleName("Choose the file to write")
        choose.clicked.connect(self._choose)
        self.identifiers = QCheckBox("With file names and all pictures; they may name the patients")
        self.identifiers.setAccessibleName(self.identifiers.text())
        self.export = QPushButton("Export")
        self.export.setProperty("look", "primary")
        self.export.setAccessibleName(title)
        self.export.setDefault(True)
        self.export.clicked.connect(self._go)
        cancel = QPushButton("Cancel")
        cancel.setAccessibleName("Cancel the export")
        cancel.clicked.connect(self.reject)
        self.path.textChanged.connect(lambda text: self.export.setEnabled(bool(text.strip())))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE[4], theme.SPACE[4], theme.SPACE[4], theme.SPACE[3])
        column.setSpacing(theme.SPACE[2])
        column.addWidget(plain(title, "finding"))
        column.addWidget(plain(what, "quiet", wrap=True))
        place = QHBoxLayout()
        place.addWidget(self.path, 1)
        place.addWidget(choose)
        column.addLayout(place)
        column.addWidget(self.identifiers)
        hidden = "Without them a film is a row number and a hash, and pictures that may carry text are left out."
        column.addWidget(plain(hidden, "quiet", wrap=True))
        if not finished:
            column.addWidget(plain("The run is not finished: the file says so in its first line.", wrap=True))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.export)
        column.addSpacing(theme.SPACE[1])
        column.addLayout(buttons)

    def _choose(self) -> None:
        dialog = QFileDialog(self, self.windowTitle(), self.path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(self._kind)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()

    def _go(self) -> None:
        self.wanted.emit(self._kind, self.path.text().strip(), self.identifiers.isChecked())
        self.accept()
