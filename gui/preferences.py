"""What a user prefers, kept between starts in one small file; nothing of a patient is in it."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QObject, QSettings, Signal


class Preferences(QObject):
    """Values by name ("theme", "keys/film.fit", …), each anything that JSON can say. changed(name) after every change.

    file: where they are kept; None keeps them for this window only.
    """

    changed = Signal(str)

    def __init__(self, file: QSettings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._values: dict[str, Any] = {}

    def value(self, name: str, default: Any = None) -> Any:
        """A preference, or the default where none was ever stated, or where somebody damaged the file."""
        if name not in self._values and self._file is not None and self._file.contains(name):
            try:
                self._values[name] = json.loads(str(self._file.value(name)))
            except ValueError:
                return default
        return self._values.get(name, default)

    def under(self, group: str) -> dict[str, Any]:
        """The preferences GROUP/NAME by their names, without those that somebody damaged."""
        names = {name for name in self._values if name.startswith(f"{group}/")}
        if self._file is not None:
            names |= {name for name in self._file.allKeys() if name.startswith(f"{group}/")}
        values = {name.partition("/")[2]: self.value(name) for name in sorted(names)}
        return {name: value for name, value in values.items() if value is not None}

    def put(self, name: str, value: Any) -> None:
        """Keep a preference; None forgets it."""
        if value == self.value(name):
            return
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value
        if self._file is not None:
            if value is None:
                self._file.remove(name)
            else:
                self._file.setValue(name, json.dumps(value))
        self.changed.emit(name)
