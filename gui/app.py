"""Opens the window. Nothing here imports Qt before it is known that Qt can work on this PC."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core import places
from core.errors import RunRefused
from gui import system

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

NO_WINDOW = 1


def run(paths: Sequence[str]) -> int:
    """Open the window on these paths, or hand them to the window that is open already. Gives the exit code."""
    system.keep_constants_alive()
    trouble = system.trouble()
    if trouble is not None:
        sys.stderr.write(trouble + "\n")
        return NO_WINDOW
    # Relative paths are this process's; a first window stands somewhere else.
    wanted = [str(Path(path).absolute()) for path in paths]
    troubles = []
    try:
        places.made(places.home())
    except RunRefused as refusal:
        troubles.append(f"{refusal.reason.text} Settings and reports are not kept.")

    from gui.instance import Instance

    application = _application()
    instance = Instance()
    if not instance.is_first():
        if instance.hand_over(wanted):
            return 0
        troubles.append("Another Hilum is open and does not answer; this is a second window.")
    return _serve(application, instance, wanted, troubles)


def _application() -> QApplication:
    from PySide6.QtWidgets import QApplication

    QApplication.setApplicationName("hilum")
    QApplication.setApplicationDisplayName("Hilum")
    QApplication.setDesktopFileName("hilum")
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])


def _serve(application: QApplication, instance: object, paths: list[str], troubles: list[str]) -> int:
    from PySide6.QtCore import QSettings

    from gui import reports, theme
    from gui.instance import Instance
    from gui.preferences import Preferences
    from gui.window import Window

    settings = QSettings(str(places.home() / "window.ini"), QSettings.Format.IniFormat)
    chosen = Preferences(settings).value("theme")
    theme.apply(application, theme.THEMES.get(chosen, theme.DARK))
    earlier = reports.begin(places.home() / "reports")
    window = Window(settings=settings)
    reports.tell_in(window)
    if earlier is not None:
        troubles.append(f"Hilum ended unexpectedly last time. What is known of it stands in {earlier}.")
    assert isinstance(instance, Instance)
    instance.asked.connect(window.open_paths)
    instance.asked.connect(lambda _paths: window.come_forward())
    window.first_painted.connect(instance.listen)
    window.show()
    for trouble in troubles:
        window.notice.say(trouble)
    window.open_paths(paths)
    try:
        return application.exec()
    finally:
        window.stop()
        instance.close()
        reports.end()
