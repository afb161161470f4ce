"""What a site decides about its films before a training: plain data, kept in the wizard's folder as plan.json."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from core.errors import RunRefused
from core.files import write_whole
from core.work_folders import PLAN

FORMAT = 1
Kind = Literal["folder", "table", "verdicts"]

# As design.md section 7 and core.training have them; a test holds them together.
FEWEST_FILMS = 10
SMALL_FILMS, SMALL_PATIENTS = 100, 30
# Of which a fifth, the locked test, is not a small set.
TELLING_FILMS, TELLING_PATIENTS = 5 * SMALL_FILMS, 5 * SMALL_PATIENTS


class SiteFilm(Struct, frozen=True):
    """One file of the site. Texts are empty where nothing says.

    number: its place in the list. label: what the site calls it now. patient: the labels' own word, or a pseudonym of
    the DICOM patient number. sha256: empty until it was read. excluded: why it was left out by hand. relabelled:
    whether the label is another than the site's files say. problem: why it cannot be used, from reading it.
    """

    number: int
    path: str
    name: str
    label: str
    patient: str = ""
    source: str = ""
    view: str = ""
    sex: str = ""
    age_years: float | None = None
    study_date: str = ""
    sha256: str = ""
    excluded: str = ""
    relabelled: bool = False
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Whether it was read and nobody left it out."""
        return bool(self.sha256) and not self.excluded and not self.problem


class ClassChoice(Struct, frozen=True):
    """What a label of the site becomes. to: a class's name; None: its films are left out. title: the class in words."""

    label: str
    to: str | None
    title: str = ""


class Allowed(Struct, frozen=True):
    """What the number of films and patients of a class lets a training do. words: the same for people."""

    trains: bool
    locked_test: bool
    words: str


class SitePlan(Struct, frozen=True, kw_only=True):
    """place: the folder or table of the films. exclusions: path → reason. relabels: path → label. acknowledgements:
    code of a finding → what the one who goes on says about it. start, recipe, changes (dotted key → value), seed: of
    the training, as the wizard's later pages chose them. Paths are those of `SiteFilm.path`."""

    format: int = FORMAT
    place: str
    kind: Kind
    choices: tuple[ClassChoice, ...] = ()
    exclusions: dict[str, str] = field(default_factory=dict)
    relabels: dict[str, str] = field(default_factory=dict)
    acknowledgements: dict[str, str] = field(default_factory=dict)
    start: str = ""
    recipe: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    def changed(self, **values: Any) -> SitePlan:
        return msgspec.structs.replace(self, **values)

    def write(self, folder: Path) -> None:
        """Keep it. Refuses "disk-full" and "place-unwritable"."""
        write_whole(folder / PLAN, msgspec.json.format(msgspec.json.encode(self), indent=1))


def read_plan(folder: Path) -> SitePlan | None:
    """The plan kept in a folder; None when there is none. Refuses "run-unreadable" when it is damaged or newer."""
    path = folder / PLAN
    if not path.exists():
        return None
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=SitePlan)
    except (OSError, msgspec.MsgspecError) as error:
        raise RunRefused("run-unreadable", what=path, why="it is damaged") from error
    if plan.format > FORMAT:
        raise RunRefused("run-unreadable", what=path, why="a newer Hilum made it")
    return plan


def folder_name(place: str) -> str:
    """The name of the folder in which the wizard keeps what concerns a place: the same place finds it again."""
    stem = "".join(one if one.isalnum() or one in "-_" else "-" for one in Path(place).stem)[:40]
    return f"{stem or 'films'}-{hashlib.sha256(place.encode(errors='surrogateescape')).hexdigest()[:8]}"


def allowed(films: int, patients: int) -> Allowed:
    """What the films of one class and their patients let a training do (design.md section 7)."""
    if films < FEWEST_FILMS:
        have = "1 film" if films == 1 else f"{films} films"
        return Allowed(False, False, f"{have}: too few to train; a class needs {FEWEST_FILMS}, or is left out.")
    if films < SMALL_FILMS or patients < SMALL_PATIENTS:
        return Allowed(
            True,
            False,
            f"Trains. Under {SMALL_FILMS} films or {SMALL_PATIENTS} patients: no locked test, no threshold of its own.",
        )
    return Allowed(True, True, "Trains, with a locked test.")


def allowed_together(classes: Mapping[str, tuple[int, int]]) -> Allowed:
    """The same for all classes: class → (films, patients). The weakest decides, and one class is nothing to learn."""
    if len(classes) < 2:
        return Allowed(False, False, "A training needs at least two classes; map another label to a class.")
    few = [name for name, (films, _patients) in classes.items() if films < FEWEST_FILMS]
    if few:
        return Allowed(
            False,
            False,
            f"Too few films to train: {', '.join(few)}. A class needs {FEWEST_FILMS} films: add films, merge the label "
            "into another class, or leave it out.",
        )
    small = [name for name, counts in classes.items() if counts[0] < SMALL_FILMS or counts[1] < SMALL_PATIENTS]
    if small:
        return Allowed(
            True,
            False,
            f"A small set (under {SMALL_FILMS} films or {SMALL_PATIENTS} patients: {', '.join(small)}). The result "
            "will be judged on films left out in turn and will say “too few images to tell”; the temperature and the "
            "operating point of the start are kept.",
        )
    fewest = min(films for films, _patients in classes.values()), min(patients for _films, patients in classes.values())
    if fewest[0] < TELLING_FILMS or fewest[1] < TELLING_PATIENTS:
        return Allowed(
            True,
            True,
            "Enough to train, with a fifth of the films as a locked test. To tell which bundle is better takes about "
            f"{TELLING_FILMS} films and {TELLING_PATIENTS} patients of each class; with fewer the result will say “too "
            "few images to tell”.",
        )
    return Allowed(True, True, "Enough films for a locked test, a temperature and an operating point of its own.")
