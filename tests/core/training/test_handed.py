"""A training gets the films that the wizard has settled, and decodes only what is new."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.cohort.cache import FilmCache
from core.cohort.labels import Labels
from core.errors import RunRefused
from core.evidence.witness import witnesses
from core.progress import Stop
from core.site.known import Readings
from core.training import recipes
from core.training.desk import Desk
from core.training.handed import hand_over
from core.training.material import gather, labels_for
from core.training.recipe import Recipe
from tests import small_training

CLASSES = ("normal", "bright")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The labels of a site whose films the wizard has read."""
    labels = small_training.write_labels(tmp_path / "site", 24, CLASSES)
    with open(labels, encoding="utf-8", newline="") as file:
        paths = [labels.parent / row["path"] for row in csv.DictReader(file)]
    readings = Readings(labels.parent / "cache")
    readings.read(list(enumerate(paths)), lambda _number, _found, _progress: None, Stop())
    readings.close()
    return labels


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that a training decodes."""
    found: list[Path] = []

    def counting(paths: Sequence[Path], stop: Stop | None = None) -> Iterator[Any]:
        found.extend(paths)
        return witnesses(paths, stop)

    monkeypatch.setattr("core.training.material.witnesses", counting)
    return found


def gathered(site: Path, run: Path) -> int:
    recipe = recipes.read(small_training.write_recipe(site.parent))
    found = gather(labels_for(recipe, site), recipe, run / "cache")
    assert found is not None
    return len(found.cohort)


def test_no_film_that_the_wizard_has_settled_is_decoded_again(site: Path, tmp_path: Path, decoded: list[Path]) -> None:
    hand_over(site, tmp_path / "run")
    assert gathered(site, tmp_path / "run") == 24
    assert decoded == []


def test_a_training_of_the_wizard_begins_with_the_films_of_its_site(
    site: Path, tmp_path: Path, decoded: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def until_read(recipe: Recipe, labels: Labels, run: Path, **_rest: object) -> None:
        found = gather(labels, recipe, run / "cache")
        read.append(0 if found is None else len(found.cohort))

    monkeypatch.setattr("core.training.working.train", until_read)
    desk = Desk()
    desk.start(str(site), small_training.write_recipe(tmp_path).read_text("utf-8"), "random", str(tmp_path / "run"))
    desk.close(60)
    assert (read, decoded) == ([24], [])


def test_a_film_that_has_changed_since_is_decoded(site: Path, tmp_path: Path, decoded: list[Path]) -> None:
    changed = next(site.parent.glob("*.png"))
    changed.write_bytes(changed.read_bytes() + b"\0")
    hand_over(site, tmp_path / "run")
    assert gathered(site, tmp_path / "run") == 24
    assert decoded == [changed]


def test_what_the_run_adds_does_not_come_into_the_wizards_cache(site: Path, tmp_path: Path) -> None:
    before = (site.parent / "cache" / "films.u16").read_bytes()
    hand_over(site, tmp_path / "run")
    with FilmCache(tmp_path / "run" / "cache") as cache:
        cache.add("new", cache.films(list(cache._places)[:1])[0])
    assert (site.parent / "cache" / "films.u16").read_bytes() == before


def test_a_copy_that_has_no_room_leaves_nothing(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_from: Path, _to: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.training.handed.shutil.copyfile", full)
    (tmp_path / "run").mkdir()
    with pytest.raises(RunRefused, match="no space left"):
        hand_over(site, tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


def test_labels_without_a_cache_and_runs_that_have_one_stay_as_they_are(site: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "cache").mkdir(parents=True)
    hand_over(site, run)
    assert list((run / "cache").iterdir()) == []
    hand_over(tmp_path / "elsewhere" / "labels.csv", tmp_path / "other")
    assert not (tmp_path / "other").exists()
