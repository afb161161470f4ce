"""Which side of a split a group is on: a keyed hash of its name, so that later films never move earlier ones."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.cohort.labels import SPLITS
from core.errors import RunRefused
from core.files import write_whole

SHARES = (0.70, 0.15, 0.15)
# For films without a patient number one patient can stand behind several of them: never in a locked test.
SHARES_WITHOUT_TEST = (0.85, 0.15, 0.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a film stands for good: hashes of its bytes and of its group's name, and the split."""

    film: str
    group: str
    split: str


def share_of(group: str, key: str) -> float:
    """A number in [0, 1) that depends on the group's name and the key alone."""
    return (int.from_bytes(_digest(group, key), "big") >> 11) / 2**53


def split_of(group: str, key: str, shares: Sequence[float] = SHARES) -> str:
    """train, validation or test; shares add up to 1."""
    if abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares add up to 1, got {shares}")
    place = share_of(group, key)
    for name, share in zip(SPLITS, shares, strict=True):
        if place < share:
            return name
        place -= share
    # Rounding can leave a crumb at the upper end: it belongs to the last split that has a share.
    return [name for name, share in zip(SPLITS, shares, strict=True) if share > 0][-1]


def fold_of(group: str, key: str, folds: int = 5) -> int:
    """The fold in which a group is held out; independent of its split."""
    return int(share_of(group, key + "/fold") * folds)


def group_mark(group: str, key: str) -> str:
    """What a committed list says instead of a patient's number."""
    return _digest(group, key + "/mark").hex()


def kept_splits(
    films: Sequence[str], groups: Sequence[str], splits: Sequence[str], before: Iterable[Place]
) -> list[str]:
    """The splits of films, where those placed before keep theirs, and take their group with them.

    films: hashes. A film that joins groups which were placed on different sides gets "" and is left out.
    """
    placed = {place.film: place.split for place in before}
    sides: dict[str, set[str]] = {}
    for film, group in zip(films, groups, strict=True):
        if film in placed:
            sides.setdefault(group, set()).add(placed[film])
    answer = []
    for film, group, split in zip(films, groups, splits, strict=True):
        known = sides.get(group, {split})
        answer.append(placed.get(film) or (next(iter(known)) if len(known) == 1 else ""))
    return answer


def write_places(path: Path, places: Iterable[Place]) -> None:
    """Write the list that is committed with a bundle, in the order of the films' hashes."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("film", "group", "split"))
    table.writerows((place.film, place.group, place.split) for place in sorted(places, key=lambda place: place.film))
    write_whole(path, text.getvalue())


def read_places(path: Path) -> tuple[Place, ...]:
    """The committed list. Refuses "labels-unreadable" (RunRefused) when it is not one."""
    try:
        rows: list[Mapping[str, str]] = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
        places = tuple(Place(row["film"], row["group"], row["split"]) for row in rows)
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise RunRefused("labels-unreadable", what=path, why="it is not a list of splits") from error
    if any(place.split not in SPLITS for place in places):
        raise RunRefused("labels-unreadable", what=path, why="it names an unknown split")
    return places


def _digest(text: str, key: str) -> bytes:
    return hashlib.blake2b(text.encode(), key=hashlib.blake2b(key.encode()).digest(), digest_size=8).digest()
