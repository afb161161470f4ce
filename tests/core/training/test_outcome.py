"""Folds joined and judged: nobody judges who was seen, and baselines learn on the same folds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.cohort.cache import FilmCache
from core.cohort.cohort import Cohort
from core.cohort.labels import LabelledFilm
from core.evidence import baselines
from core.training.material import Material
from core.training.outcome import Fold, Outcome, outcome, positives
from core.training.recipe import Network, Phase, Protocol, Recipe
from core.training.splitting import Part
from tests.labelled_films import drawn

CLASSES = ("bright", "normal")
FILMS = 60
RECIPE = Recipe(name="small", title="Small", network=Network("small-cnn"), phases=(Phase(),),
                protocol=Protocol(kind="k-fold", folds=2))  # fmt: skip
NOBODY = np.zeros(FILMS, bool)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("cache")
    names = [f"{number:064x}" for number in range(FILMS)]
    labels = np.array([CLASSES[number // 2 % 2] for number in range(FILMS)])
    with FilmCache(folder) as cache:
        for number, name in enumerate(names):
            cache.add(name, drawn(number, str(labels[number])).astype(np.uint16) * 257)
        films = cache.films(names)
    groups = np.array([f"g{number // 2}" for number in range(FILMS)])
    sources = np.array(["here" if number < 40 else "there" for number in range(FILMS)])
    cohort = Cohort(films, labels, sources, groups, groups, np.array([""] * FILMS), np.array(names),
                    np.zeros((FILMS, 32), np.uint8))  # fmt: skip
    rows = tuple(
        LabelledFilm(Path(name), str(label), source=str(source), sex="MF"[number % 2], age_years=30.0 + number)
        for number, (name, label, source) in enumerate(zip(names, labels, sources, strict=True))
    )
    facts = np.random.default_rng(0).normal(size=(FILMS, 7)).astype(np.float32)
    return Material(cohort, CLASSES, rows, facts, None, (), {}, (), folder, "digest")


def _folds(material: Material) -> list[Fold]:
    """Two folds whose networks are mostly right."""
    chance = np.random.default_rng(1)
    everything, found = np.arange(FILMS), []
    for number in range(2):
        test = everything[everything // 2 % 3 == 0] if number == 0 else everything[everything // 2 % 3 != 0]
        logits = chance.normal(0, 1, (len(test), 2)) + 2 * np.eye(2)[material.truth[test]]
        part = Part(f"fold-{number + 1}", np.setdiff1d(everything, test), np.arange(0), test)
        found.append(Fold(part, logits.astype(np.float32), ({"epoch": 1},), 2.0 + number, "CPU"))
    return found


def _outcome(material: Material, seen: np.ndarray = NOBODY, recipe: Recipe = RECIPE) -> Outcome:
    return outcome(recipe, material, _folds(material), seen, replicates=100)


def test_every_film_stands_once_in_the_summed_matrix_beside_mean_and_spread(material: Material) -> None:
    found = _outcome(material)
    evidence = found.evidence
    assert found.numbers.tolist() == list(range(FILMS))
    matrices = np.array([fold["confusion"] for fold in evidence["folds"]])
    assert (matrices.sum(axis=0) == np.array(evidence["confusion"])).all() and matrices.sum() == FILMS
    accuracies = [fold["figures"]["accuracy"] for fold in evidence["folds"]]
    over = evidence["over_folds"]["accuracy"]
    assert over["mean"] == pytest.approx(np.mean(accuracies))
    assert over["standard_deviation"] == pytest.approx(np.std(accuracies, ddof=1))
    assert evidence["over_folds"]["unit"] == "share"
    assert (found.milliseconds, found.device, evidence["milliseconds_a_film"]) == (2.5, "CPU", 2.5)
    assert set(evidence["by_group"]) == {"view", "sex", "age"}


def test_a_logit_stays_with_its_film_whatever_the_order_of_the_folds(material: Material) -> None:
    one = _outcome(material)
    other = outcome(RECIPE, material, _folds(material)[::-1], NOBODY, replicates=10)
    assert (one.logits == other.logits).all() and (one.table.truth == material.truth).all()


def test_baselines_learn_on_the_training_part_of_the_same_folds_and_are_kept(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _outcome(material)
    assert set(found.evidence["baselines"]) == {"majority", "thumbnail", "hog", "file-facts", "source"}
    fold = found.folds[0]
    features = np.stack([baselines.thumbnail((film >> 8).astype(np.uint8)) for film in material.cohort.films])
    alone = baselines.trained(
        features[fold.part.train], material.truth[fold.part.train], features[fold.part.test], classes=2
    )
    assert found.table.others is not None
    assert found.table.others["thumbnail"][fold.part.test] == pytest.approx(alone)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(baselines, "trained", never)
    assert _outcome(material).evidence["baselines"] == found.evidence["baselines"]


def test_films_that_the_start_saw_judge_nothing_and_are_counted(material: Material) -> None:
    seen = np.arange(FILMS) < 12
    found = _outcome(material, seen)
    assert found.numbers.tolist() == list(range(12, FILMS))
    assert found.evidence["start_saw"] == {"films": 12, "of_these_judged": 0}
    assert sum(fold["films"] for fold in found.evidence["folds"]) == FILMS - 12


def test_where_hardly_any_film_is_unseen_or_a_paper_is_repeated_the_leak_is_stated(material: Material) -> None:
    assert _outcome(material, np.arange(FILMS) < 50).evidence["start_saw"] == {"films": 50, "of_these_judged": 50}
    by_image = msgspec.structs.replace(RECIPE, protocol=msgspec.structs.replace(RECIPE.protocol, unit="image"))
    found = _outcome(material, np.arange(FILMS) < 12, by_image)
    assert found.evidence["start_saw"] == {"films": 12, "of_these_judged": 12}


def test_suspicion_is_all_but_the_normal_class_unless_the_recipe_says_so(material: Material) -> None:
    assert positives(RECIPE, ("covid", "normal", "pneumonia")) == ("covid", "pneumonia")
    assert positives(RECIPE, ("covid", "pneumonia")) == ("pneumonia",)
    assert positives(msgspec.structs.replace(RECIPE, positive=("covid",)), ("covid", "normal", "flu")) == ("covid",)


def test_a_fold_whose_test_films_were_all_seen_has_no_figures(material: Material) -> None:
    folds = _folds(material)
    seen = np.zeros(FILMS, bool)
    seen[folds[0].part.test] = True
    found = outcome(RECIPE, material, [replace(fold) for fold in folds], seen, replicates=10)
    assert found.evidence["folds"][0]["figures"]["accuracy"] is None
    assert found.evidence["over_folds"]["accuracy"]["standard_deviation"] is None
