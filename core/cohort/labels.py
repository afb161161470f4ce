"""Which films, and what they show: a folder with one sub-folder a class, or a CSV (design.md section 5)."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import RunRefused

SPLITS = ("train", "validation", "test")
_SPLIT_NAMES = {"training": "train", "val": "validation", "valid": "validation", "testing": "test"}
_NAMES = {"near_duplicate_group": "group"}
_NOT_FILMS = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One line of the labels. Texts are empty when the labels do not say; `more` holds all other columns."""

    path: Path
    label: str
    patient: str = ""
    group: str = ""
    source: str = ""
    split: str = ""
    view: str = ""
    age_years: float | None = None
    sex: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Labels:
    """The films of known classes, in the order of the labels, and how many were left out, by label.

    left_out is what nobody named a class (`other:…`); it is counted, never made a class.
    """

    films: tuple[LabelledFilm, ...]
    classes: tuple[str, ...]
    left_out: Mapping[str, int]
    others: tuple[LabelledFilm, ...] = ()

    def targets(self) -> list[int]:
        """The class number of every film."""
        number = {name: place for place, name in enumerate(self.classes)}
        return [number[film.label] for film in self.films]


def read_labels(
    place: str | Path, classes: Sequence[str] | None = None, aliases: Mapping[str, str] | None = None
) -> Labels:
    """Read LABELS, a folder per class or a CSV with at least the columns path and label.

    classes: the names that a bundle or recipe knows, in its order; upper and lower case are the same.
    aliases: what the labels may call a class → its name.
    Without them every label but `other:…` is a class, in alphabetical order.
    Paths in a CSV are taken from its own folder. Refuses "labels-unreadable" and "labels-empty" (RunRefused).
    """
    place = Path(place)
    if place.is_dir():
        films = _of_folder(place)
    elif place.is_file():
        films = _of_table(place)
    else:
        raise RunRefused("labels-unreadable", what=place, why="there is no such file or folder")
    return named(films, classes, place, aliases)


def named(
    films: Iterable[LabelledFilm],
    classes: Sequence[str] | None,
    place: Path | str,
    aliases: Mapping[str, str] | None = None,
) -> Labels:
    """Keep the films whose label is a class, under the class's own spelling; count the others."""
    films = list(films)
    if classes is None:
        classes = sorted({film.label for film in films if film.label and not film.label.lower().startswith("other")})
    spelling = {alias.casefold(): name for alias, name in (aliases or {}).items()}
    spelling |= {name.casefold(): name for name in classes}
    kept, others, left_out = [], [], Counter[str]()
    for film in films:
        name = spelling.get(film.label.casefold())
        if name is None:
            left_out[film.label or "(none)"] += 1
            others.append(film)
        else:
            kept.append(film if film.label == name else _relabelled(film, name))
    if not kept:
        raise RunRefused("labels-empty", what=place)
    return Labels(tuple(kept), tuple(classes), dict(left_out), tuple(others))


def _relabelled(film: LabelledFilm, label: str) -> LabelledFilm:
    values = {name: getattr(film, name) for name in LabelledFilm.__dataclass_fields__}
    return LabelledFilm(**{**values, "label": label})


def _of_folder(place: Path) -> list[LabelledFilm]:
    films = []
    for folder in sorted(entry for entry in place.iterdir() if entry.is_dir() and not entry.name.startswith(".")):
        files = (file for file in folder.rglob("*") if file.is_file() and not _hidden(file.relative_to(folder)))
        films += [LabelledFilm(file, folder.name) for file in sorted(files)]
    return films


def _hidden(file: Path) -> bool:
    return any(part.startswith(".") for part in file.parts) or file.name.lower() in _NOT_FILMS


def _of_table(place: Path) -> list[LabelledFilm]:
    try:
        text = place.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise RunRefused("labels-unreadable", what=place, why=why) from error
    first = text.partition("\n")[0]
    # A spreadsheet of a country with decimal commas writes semicolons.
    separator = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise RunRefused("labels-unreadable", what=place, why=error) from error
    header = [_NAMES.get(name.strip().lower(), name.strip().lower()) for name in rows[0]] if rows else []
    for need in ("path", "label"):
        if need not in header:
            raise RunRefused("labels-unreadable", what=place, why=f"it has no column {need}")
    films: dict[Path, LabelledFilm] = {}
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise RunRefused("labels-unreadable", what=place, why=f"line {line} has {len(row)} cells of {len(header)}")
        film = _film(place, line, dict(zip(header, (cell.strip() for cell in row), strict=True)))
        before = films.setdefault(film.path, film)
        if before.label != film.label:
            raise RunRefused("labels-unreadable", what=place, why=f"line {line} gives a film a second label")
    return list(films.values())


def _film(place: Path, line: int, cells: dict[str, str]) -> LabelledFilm:
    name = cells.pop("path")
    if not name or "\0" in name:
        raise RunRefused("labels-unreadable", what=place, why=f"line {line} names no file")
    path = place.parent / name
    if "\\" in name and not path.exists():  # written on Windows
        path = place.parent / name.replace("\\", "/")
    split = cells.pop("split", "").lower()
    split = _SPLIT_NAMES.get(split, split)
    if split and split not in SPLITS:
        raise RunRefused("labels-unreadable", what=place, why=f"line {line} names the split {split}")
    return LabelledFilm(
        path, cells.pop("label"), cells.pop("patient", ""), cells.pop("group", ""), cells.pop("source", ""), split,
        cells.pop("view", ""), _years(cells.pop("age", "")), cells.pop("sex", ""), cells,
    )  # fmt: skip


def _years(text: str) -> float | None:
    try:
        years = float(text.replace(",", "."))
    except ValueError:
        return None
    return years if math.isfinite(years) and 0 <= years <= 150 else None
