"""The films that the wizard has settled already, given to a training: what was decoded once is not decoded again."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.files import refusal_of
from core.work_folders import CACHE

PART = "cache-part"
_LISTS = ("films.json", "facts.json", "lungs-*.json")
_PIXELS = ("films.u16", "lungs-*.bits")


def hand_over(labels: Path, run: Path) -> None:
    """Copy the cache beside the labels into a run that has none yet, whole or not at all.

    What the run's cache knows a film by is the hash of its file, so that films that are not in the labels, or have
    changed since, do no harm. A copy and not a link: the run adds to it. Refuses "disk-full" and "place-unwritable".
    """
    source, part = labels.parent / CACHE, run / PART
    if (run / CACHE).exists() or not (source / "films.json").is_file():
        return
    shutil.rmtree(part, ignore_errors=True)  # of a start that was cut off
    try:
        part.mkdir(parents=True)
        # Lists first: whoever adds to the source meanwhile writes pixels before he lists them.
        for pattern in (*_LISTS, *_PIXELS):
            for path in sorted(source.glob(pattern)):
                shutil.copyfile(path, part / path.name)
        part.replace(run / CACHE)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise refusal_of(error, run) from error
