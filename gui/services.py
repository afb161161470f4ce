"""What every page is given: the commands, what the user prefers, and the processes behind the window."""

from __future__ import annotations

from dataclasses import dataclass

from gui.commands import Actions
from gui.preferences import Preferences
from gui.process import Process


@dataclass(frozen=True, slots=True, eq=False)
class Services:
    """decoder opens films, assessor holds the ensemble, records keeps verdicts and what is known of studies."""

    actions: Actions
    preferences: Preferences
    decoder: Process
    assessor: Process
    records: Process
