"""Where Hilum keeps things: what platformdirs says, or under HILUM_HOME."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from core.errors import RunRefused

PROGRAM = Path(__file__).resolve().parent.parent
SHIPPED_BUNDLES = PROGRAM / "models"
RESOURCES = PROGRAM / "resources"
SAMPLES = RESOURCES / "samples"


def home() -> Path:
    """The folder of the user's own data; it may not exist yet."""
    own = os.environ.get("HILUM_HOME")
    return Path(own) if own else Path(platformdirs.user_data_dir("hilum", appauthor=False))


def own_bundles() -> Path:
    return home() / "bundles"


def made(folder: Path) -> Path:
    """The folder, made if need be. Refuses "place-unwritable"."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunRefused("place-unwritable", what=folder, why=error.strerror or type(error).__name__) from error
    return folder
