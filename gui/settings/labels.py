"""Exporting verdicts as labels: where to, and what came of it in words."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from core.errors import HilumError
from core.records.verdict import Exported
from gui.operation import Operation
from gui.process import Process


class LabelsExport(QObject):
    """Asks for a file and has the record keeper write it. told(str): what came of it."""

    told = Signal(str)

    def __init__(self, records: Process, parent: QWidget) -> None:
        super().__init__(parent)
        self._records, self._window = records, parent

    def ask(self) -> None:
        """Ask where the labels shall lie."""
        dialog = QFileDialog(self._window, "Export verdicts as labels", "labels.csv", "Labels (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(self.write)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, path: str) -> None:
        """Write the labels to a file, in the place of what is there."""
        writing = Operation(self._records, ("labels", path))
        writing.then(lambda done: self.told.emit(in_words(done, Path(path).name))).refused(self._explain).run()

    def _explain(self, error: HilumError) -> None:
        self.told.emit(error.reason.text)


def in_words(done: Exported, name: str) -> str:
    """What was written, and what was left out and why."""
    if done.rows:
        said = [f"{name} holds {_films(done.rows)} with a verdict now."]
    else:
        said = ["No film has a verdict that can be a label; nothing was written."]
    if done.disagreeing:
        said.append(f"Readers disagree on {done.disagreeing}; the newest verdict was taken.")
    if done.without_finding:
        said.append(f"Left out because the verdict names no finding: {done.without_finding}.")
    if done.not_listable:
        said.append(f"Left out because a list cannot name a film in an archive or a later frame: {done.not_listable}.")
    return " ".join(said)


def _films(count: int) -> str:
    return "1 film" if count == 1 else f"{count:,} films"
