"""Labelled films become material for a training; what cannot be used is counted and told, and ends nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import BundleRefused, ImageRefused, RunRefused
from core.imaging.prepare import Settled
from core.jobs import Answer
from core.progress import Stop
from core.training import material as of_material
from core.training.material import Material, gather, labels_for
from core.training.recipe import Input, Network, Phase, Protocol, Recipe, RecipeClass
from tests import small_training
from tests.films import write_dicom
from tests.labelled_films import drawn


def _recipe(**changes: object) -> Recipe:
    values: dict[str, object] = {
        "name": "small", "title": "Small", "network": Network("mobilenetv2"), "phases": (Phase(),),
        "classes": (RecipeClass("normal"), RecipeClass("light", labels=("Bright", "shiny"))),
        "protocol": Protocol(kind="k-fold", folds=2),
    }  # fmt: skip
    return Recipe(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 films, a DICOM film under another alias, a copy, a file that is no image, an other label, a test film."""
    folder = tmp_path_factory.mktemp("labelled")
    labels = small_training.write_labels(folder, 24)
    write_dicom(folder / "one.dcm", drawn(200, "bright"), PatientAge="061Y")
    shutil.copyfile(folder / "000.png", folder / "copy.png")
    (folder / "words.png").write_text("not an image", "utf-8")
    lines = labels.read_text("utf-8").splitlines()
    lines[0] += ",split"
    lines[1:] = [f"{line},train" for line in lines[1:]]
    lines.insert(2, "words.png,normal,patient-90,here,train")
    lines += ["one.dcm,shiny,patient-91,there,train", "copy.png,normal,patient-0,here,train"]
    lines.append("gone.png,other:fracture,patient-93,here,train")
    write_dicom(folder / "held.dcm", drawn(201, "normal"))
    lines.append("held.dcm,normal,patient-92,there,test")
    labels.write_text("\n".join(lines) + "\n", "utf-8")
    return labels


@pytest.fixture(scope="module")
def gathered(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    recipe = _recipe()
    found = gather(labels_for(recipe, labelled), recipe, tmp_path_factory.mktemp("cache"))
    assert found is not None
    return found


def test_films_come_in_the_order_of_the_labels_under_the_names_of_the_recipe(gathered: Material) -> None:
    assert gathered.classes == ("normal", "light")
    assert len(gathered.cohort) == len(gathered.films) == len(gathered.facts) == 25
    assert gathered.labels[:4] == ["normal", "normal", "light", "light"]
    assert gathered.films[-1].path.name == "one.dcm" and gathered.labels[-1] == "light"
    assert gathered.cohort.films[24].dtype == np.uint16
    assert len(set(gathered.groups)) == 13
    assert gathered.facts[0][1] == pytest.approx(np.sqrt(120 * 110))


def test_what_is_not_used_is_counted_with_its_reason(gathered: Material) -> None:
    assert [(one.path.name, one.reason.code) for one in gathered.unread] == [("words.png", "not-an-image")]
    assert gathered.left_out == {"label of no class": 1, "copy of another film": 1, "test film of the labels": 1}


def test_a_small_set_is_warned_of_in_the_words_of_the_card(gathered: Material) -> None:
    (warning,) = gathered.warnings
    assert "under 100 films or 30 patients in a class" in warning
    assert "light: 13 films of 7 patients" in warning
    assert "no threshold or temperature is adopted" in warning


def test_a_second_run_decodes_nothing_and_finds_the_same(
    labelled: Path, gathered: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(paths: list[Path], _stop: object) -> list[tuple[int, Answer]]:
        assert [path.name for path in paths] == ["words.png"]  # what was refused is looked at again
        return [(0, Answer(1, error=ImageRefused("not-an-image")))]

    monkeypatch.setattr(of_material, "witnesses", decode)
    again = gather(labels_for(_recipe(), labelled), _recipe(), gathered.cache)
    assert again is not None
    assert (again.digest, again.left_out, again.labels) == (gathered.digest, gathered.left_out, gathered.labels)
    assert (again.facts == gathered.facts).all() and (again.cohort.groups == gathered.cohort.groups).all()


@pytest.mark.parametrize(
    ("films", "classes", "sentence"),
    [
        (12, ("normal", "bright"), "The class normal has 6 films that can be read; a training needs 10."),
        (24, ("normal",), "The class light has 0 films that can be read; a training needs 10."),
    ],
)
def test_too_few_films_of_a_class_are_refused_before_anything_is_decoded(
    films: int, classes: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    labels = small_training.write_labels(tmp_path, films, classes)
    with pytest.raises(RunRefused) as refused:
        gather(labels_for(_recipe(), labels), _recipe(), tmp_path / "cache")
    assert (refused.value.code, str(refused.value)) == ("too-few-films", sentence)


def test_unreadable_films_count_as_missing_ones(tmp_path: Path) -> None:
    labels = small_training.write_labels(tmp_path, 20)
    (tmp_path / "000.png").write_bytes(b"\x89PNG no more")
    with pytest.raises(RunRefused, match="The class normal has 9 films that can be read"):
        gather(labels_for(_recipe(), labels), _recipe(), tmp_path / "cache")


def test_one_class_is_one_sentence(tmp_path: Path) -> None:
    labels = small_training.write_labels(tmp_path, 20, ("normal",))
    recipe = _recipe(classes=())
    with pytest.raises(RunRefused, match="All films are of the class normal"):
        gather(labels_for(recipe, labels), recipe, tmp_path / "cache")


def test_a_stop_keeps_what_was_decoded(tmp_path: Path) -> None:
    labels = small_training.write_labels(tmp_path, 20)
    stop = Stop()
    assert gather(labels_for(_recipe(), labels), _recipe(), tmp_path / "cache", lambda _: stop.ask(), stop) is None
    assert (tmp_path / "cache" / "films.json").exists()


def test_a_lung_frame_without_the_lungs_bundle_is_one_sentence(
    labelled: Path, gathered: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.inference.lungs.shipped", lambda: None)
    recipe = _recipe(input=Input(frame="lungs"))
    with pytest.raises(BundleRefused) as refused:
        gather(labels_for(recipe, labelled), recipe, gathered.cache)
    assert refused.value.code == "bundle-missing"


def test_films_without_lungs_are_seen_whole_and_counted(
    labelled: Path, gathered: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Finder:
        """Drawn films have no lungs: this one finds those of a single film."""

        def __init__(self, *_: object, **__: object) -> None: ...

        def find_many(self, films: list[Settled]) -> list[SimpleNamespace]:
            return [
                SimpleNamespace(frame=(1.0, 2.0, 30.0, 40.0) if n == 3 else None, mask=film.pixels > 0)
                for n, film in enumerate(films)
            ]

        def close(self) -> None: ...

    monkeypatch.setattr("core.inference.lungs.shipped", lambda: SimpleNamespace(digest="d" * 64))
    monkeypatch.setattr("core.inference.lungs.LungFinder", Finder)
    recipe = _recipe(input=Input(frame="lungs"))
    found = gather(labels_for(recipe, labelled), recipe, gathered.cache)
    assert found is not None and found.boxes is not None
    assert found.boxes[3].tolist() == [1.0, 2.0, 30.0, 40.0]
    assert np.isnan(found.boxes).all(axis=1).sum() == 24
    assert found.warnings[-1].startswith("No lungs were found in 24 of 25 films")
    assert found.digest != gathered.digest
    assert list(gathered.cache.glob("lungs-*.json"))
