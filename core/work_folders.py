"""What the training wizard keeps on this PC beside its bundles: trainings, and what it read of a site's films.

Both hold pictures of patients, so that whoever forgets must find them. The record keeper tells and erases them, and is
below whatever trains: a folder is known here by its own small files and by whether somebody holds its lock.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core import places
from core.errors import RunRefused

ASKED, PLAN, CACHE = "asked.json", "plan.json", "cache"
# Held by the trainer as long as it works on a training, by the trainer's engine, and by who has a site's films open.
TRAINER_LOCK, RUN_LOCK, SITE_LOCK = "trainer.lock", "run.lock", "site.lock"
Kind = Literal["training", "films"]
# running: a training is going on; needed: one that goes on reads its labels; open: its films are open in the wizard.
Use = Literal["", "running", "needed", "open"]


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """A folder that the wizard made. title: what the user calls it: the bundle's name, or the place of the films."""

    path: str
    kind: Kind
    title: str
    size_bytes: int
    use: Use = ""


def listed() -> tuple[WorkFolder, ...]:
    """Every one that there is, trainings first, the newest first."""
    return tuple(_all())


def forget(path: str) -> None:
    """Erase one of them from the disk. Refuses "work-in-use" while it is used, and "work-not-erased"."""
    found = next((one for one in _all() if one.path == path), None)
    if found is None:
        return
    if found.use:
        raise RunRefused("work-in-use", what=found.title)
    _erase(Path(path))


def forget_all() -> None:
    """Erase all that are not used now, and the table of verdicts that films were read from."""
    for one in _all():
        if not one.use:
            _erase(Path(one.path))
    if not any(one.kind == "films" for one in _all()) and places.sites().exists():
        _erase(places.sites())


def _all() -> Iterator[WorkFolder]:
    needed = set()
    for folder in _folders(places.trainings()):
        runs = _is_held(folder / TRAINER_LOCK) or _is_held(folder / RUN_LOCK)
        if runs:
            needed.add(Path(_said(folder / ASKED, "labels")).parent)
        title = _said(folder / ASKED, "name") or folder.name
        yield WorkFolder(str(folder), "training", title, _size(folder), "running" if runs else "")
    for folder in _folders(places.sites()):
        use: Use = "needed" if folder in needed else "open" if _is_held(folder / CACHE / SITE_LOCK) else ""
        title = _said(folder / PLAN, "place") or folder.name
        yield WorkFolder(str(folder), "films", title, _size(folder), use)


def _folders(place: Path) -> list[Path]:
    found = (
        [one for one in place.resolve().iterdir() if one.is_dir() and not one.is_symlink()] if place.is_dir() else []
    )
    return sorted(found, key=lambda one: one.name, reverse=True)


def _said(path: Path, field: str) -> str:
    """A text of its own file; one that was damaged is still there to be forgotten."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    value = found.get(field) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _is_held(lock: Path) -> bool:
    # Here, because the window knows this module before its first paint.
    from filelock import FileLock, Timeout

    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # gone meanwhile
    return total


def _erase(folder: Path) -> None:
    """What makes it a training or a plan first: what is left of it after a refusal is neither."""
    try:
        for name in (ASKED, PLAN):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except OSError as error:
        raise RunRefused("work-not-erased", what=folder, why=error.strerror or type(error).__name__) from error
