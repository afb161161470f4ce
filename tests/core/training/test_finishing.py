"""What a bundle's constants come from, and when none are taken from the films at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.cohort.cache import Films
from core.cohort.cohort import Cohort
from core.cohort.labels import LabelledFilm
from core.inference.bundles import Bundle
from core.progress import Stop
from core.training import finishing
from core.training.constants import Constants, constants_of
from core.training.material import Material
from core.training.outcome import positives
from core.training.recipe import Balance, Network, Phase, Protocol, Recipe
from core.training.run import Task
from core.training.starting import Start

CLASSES = ("bright", "dark", "normal")
RECIPE = Recipe(name="small", title="Small", network=Network("small-cnn"), phases=(Phase(),),
                protocol=Protocol(kind="k-fold", folds=2))  # fmt: skip


MIX = ("bright", "dark", "normal")
RARE = ("bright", "normal", "dark", "normal", "bright")


def _task(films: int, recipe: Recipe = RECIPE, start: Start | None = None, mix: tuple[str, ...] = MIX) -> Task:
    """Films of two a patient; mix: the labels that follow each other."""
    names = np.array([f"{number:04d}" for number in range(films)])
    labels = np.array([mix[number // 2 % len(mix)] for number in range(films)])
    cohort = Cohort(
        Films(Path("nowhere"), tuple((0, 1, 1) for _ in names)), labels, np.array(["here"] * films), names,
        np.array([f"g{number // 2}" for number in range(films)]), np.array([""] * films), names,
        np.zeros((films, 32), np.uint8),
    )  # fmt: skip
    material = Material(
        cohort, CLASSES, tuple(LabelledFilm(Path(name), label) for name, label in zip(names, labels, strict=True)),
        np.zeros((films, 7), np.float32), None, (), {}, (), Path("nowhere"), "digest",
    )  # fmt: skip
    return Task(recipe, material, start or Start("random"), (), {}, lambda _: None, Stop())


def _constants(task: Task, sharp: float) -> Constants:
    """sharp: how much too sure of themselves the logits are."""
    films = len(task.material.cohort)
    chance = np.random.default_rng(5)
    honest = chance.normal(0, 2, (films, 3))
    logits = (sharp * (honest + 1.5 * np.eye(3)[task.material.truth])).astype(np.float32)
    return constants_of([task], np.arange(films), logits, "all films, out of fold")


def test_temperature_and_operating_point_come_from_films_judged_out_of_fold() -> None:
    mild, sharp = _constants(_task(600), 1.0), _constants(_task(600), 3.0)
    assert sharp.temperature == pytest.approx(3 * mild.temperature, rel=1e-3)
    assert (mild.offsets == 0).all()
    specificity, sensitivity = mild.point.figures
    assert specificity.value == pytest.approx(0.90, abs=0.005) and 0.3 < sensitivity.value < 1
    assert 0 < mild.point.threshold < 1
    assert "600 films (all films, out of fold)" in mild.words


def test_a_training_that_counted_classes_equally_gets_the_mix_of_the_films_put_back() -> None:
    balanced = msgspec.structs.replace(RECIPE, balance=Balance(sampling="classes"))
    found = _constants(_task(600, balanced, mix=RARE), 1.0)
    assert found.offsets.sum() == pytest.approx(0, abs=1e-6)
    assert found.offsets[1] < -0.2 < found.offsets.max()  # dark is half as frequent as the others
    assert "offsets that put the classes' mix back" in found.words


def test_a_small_set_takes_the_constants_of_the_start_with_the_same_classes(small_bundle: Bundle) -> None:
    start = Start("bundle", bundle=small_bundle, network=({}, Path("nowhere")))
    assert positives(RECIPE, CLASSES) == ("bright", "dark")
    found = _constants(_task(60, start=start), 1.0)
    assert (found.temperature, found.point.threshold) == (1.5, 0.5)
    assert found.point.figures == ()
    assert "those of small 1.0.0: under 100 films or 30 patients" in found.words
    alone = _constants(_task(60), 1.0)
    assert (alone.temperature, alone.point.threshold, alone.point.name) == (1.0, 0.5, "undecided")


def test_spoilt_films_are_what_no_frontal_film_is() -> None:
    films: list[Any] = [np.full((40, 30), value, np.uint16) for value in range(10)]
    pictures = finishing.spoilt(films, 5)
    assert len(pictures) == 2 * 9
    assert (pictures[0] == 65535).all() and pictures[1].shape == (30, 40)
