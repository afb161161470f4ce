"""What stands where the film would be: nothing open, looking for films, opening one, or why it cannot be shown."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import HilumError, ImageRefused
from gui.commands import Actions
from gui.reading import words
from gui.reading.studies import Entry
from gui.widgets.placard import Placard

_WHAT_NOW = {
    "refused": "Trying again gives the same answer. The other films on the list are not affected.",
    "failed": "Trying again may help.",
    "worker-died": "It was tried twice and is not tried again. The other films are not affected.",
}


def nothing_open(placard: Placard, actions: Actions) -> None:
    """What belongs here and how to get it."""
    buttons = [actions.push(name) for name in ("file.open", "file.folder")]
    if actions["file.samples"].isEnabled():
        buttons.append(actions.push("file.samples"))
    placard.say(
        "No film is open",
        "Drop frontal chest radiographs here: DICOM, PNG, JPEG or TIFF files, folders, or a ZIP of them.",
        hint="Nothing leaves this PC.",
        buttons=buttons,
    )


def looking(placard: Placard, paths: Sequence[str]) -> None:
    """Folders and archives are being listed."""
    placard.say("Looking for films", "\n".join([*paths[:3], *(["…"] if len(paths) > 3 else [])]), busy=True)


def opening(placard: Placard, entry: Entry) -> None:
    placard.say(f"Opening {entry.ref.name}", "Decoding the file", busy=True)


def cannot_show(placard: Placard, actions: Actions, entry: Entry, error: HilumError) -> None:
    """What, why, what now."""
    mark = words.REFUSED if entry.state == "refused" else words.FAILED
    may_help = not isinstance(error, ImageRefused) and error.code != "worker-died"
    placard.say(
        f"{mark.word}: {entry.ref.name}",
        error.reason.text,
        mark=mark.icon,
        token=mark.token,
        hint=_WHAT_NOW.get(error.code, _WHAT_NOW[entry.state]),
        buttons=[actions.push("findings.assess")] if may_help else [],
    )
