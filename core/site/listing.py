"""Which films a site names, and as what: a folder with one sub-folder a finding, or a table (core.cohort.labels)."""

from __future__ import annotations

from pathlib import Path

from core.cohort.labels import LabelledFilm, read_labels
from core.errors import RunRefused
from core.site.plan import Kind

# As core.records.labels writes it.
_OF_VERDICTS = "verdicts"
NOT_LISTABLE = "Its name cannot stand in a list of files; rename it."


def listed(place: Path) -> tuple[list[LabelledFilm], Kind]:
    """Every labelled film of the place, labels of no class among them, in the order of their paths.

    Refuses (RunRefused) "site-no-findings" for a folder without a sub-folder a finding, "labels-unreadable" and
    "labels-empty".
    """
    if place.is_dir() and not any(_holds_films(entry) for entry in place.iterdir()):
        raise RunRefused("site-no-findings", what=place)
    labels = read_labels(place)
    films = sorted((*labels.films, *labels.others), key=lambda film: film.path.as_posix())
    if place.is_dir():
        return films, "folder"
    return films, "verdicts" if all(film.source == _OF_VERDICTS for film in films) else "table"


def shown_name(film: LabelledFilm, place: Path) -> str:
    """How a film is called: below the place where it lies below it."""
    root = place if place.is_dir() else place.parent
    return film.path.relative_to(root).as_posix() if film.path.is_relative_to(root) else film.path.as_posix()


def is_listable(path: Path) -> bool:
    """Whether a table of labels gives the path back as it was."""
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return text == text.strip() and text.isprintable()


def _holds_films(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith(".") and any(file.is_file() for file in entry.rglob("*"))
