"""What came of a training: beside the bundle in use, on films that neither has seen, in one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.cohort.lineage import lineage_of
from core.errors import RunRefused
from core.evidence.evaluate import Table
from core.inference import shelf
from core.inference.bundles import Bundle
from core.inference.ensemble import softmax
from core.progress import Stop
from core.training import resulting
from core.training.answers import ANSWERS, Answers, write_answers
from core.training.outcome import Fold, Outcome
from core.training.recipe import Network, Phase, Protocol, Recipe
from core.training.resulting import picked, read_result, result_of
from core.training.run import Task
from core.training.splitting import Part
from core.training.starting import Start
from core.training.state import SiteResult
from tests.core.training.small import LIGHT, drawn_material

RECIPE = Recipe(name="small", title="Small", network=Network("small-cnn"), phases=(Phase(),),
                protocol=Protocol(kind="single-with-validation"))  # fmt: skip


def _judged(folder: Path, bundle: Bundle, films: int, start: Bundle | None = None) -> SiteResult:
    """A result of poor networks; two thirds of the films are the test, the rest may pick."""
    material = drawn_material(folder, films)
    draw = np.random.default_rng(5)
    logits = (draw.normal(0, 1, (films, 3)) + np.eye(3)[material.truth]).astype(np.float32)
    test, picking = np.arange(films * 2 // 3), np.arange(films * 2 // 3, films)
    part = Part("split", picking[:6], picking, test)
    table = Table(
        LIGHT, material.truth[test], softmax(logits[test]), tuple(material.groups[: len(test)]),
        tuple(material.sources[: len(test)]), tuple(material.cohort.sha256s[test].tolist()),
        {"view": tuple("PA" if number % 2 else "AP" for number in test)}, ("bright", "dark"), others={},
    )  # fmt: skip
    evidence = {"start_saw": {"films": 0, "of_these_judged": 0}, "films": len(test), "findings": [],
                "baselines": {"majority": {"class": "normal", "accuracy": {"value": 0.33}}},
                "figures": {"accuracy": {"value": 0.5}}}  # fmt: skip
    found = Outcome(RECIPE, LIGHT, (Fold(part, logits[test], (), 1.0, "CPU"),), table, logits[test], test,
                    evidence)  # fmt: skip
    write_answers(folder / ANSWERS, Answers(test, softmax(logits[test]), picking, softmax(logits[picking])))
    task = Task(RECIPE, material, Start("random", bundle=start), (), {}, lambda _: None, Stop())
    return result_of(folder, bundle, [task], found, replicates=200)


@pytest.fixture(autouse=True)
def in_use(small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "in_use", lambda: small_bundle)


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> tuple[Path, SiteResult]:
    """On 300 films, which is enough to tell; the bundle in use knows these films' light."""
    folder = tmp_path_factory.mktemp("worse")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "in_use", lambda: small_bundle)
        patch.setenv("HILUM_HOME", str(folder / "home"))
        return folder, _judged(folder, small_bundle, 450)


def test_a_worse_bundle_is_called_worse_with_every_figure_beside_the_other(worse: tuple[Path, SiteResult]) -> None:
    folder, found = worse
    assert found.sentence.startswith("The new bundle is worse by ") and "than small 1.0.0" in found.sentence
    assert found.films == 300 and found.used_report is not None and found.used_report["films"] == 300
    assert found.small is None and found.locked
    assert found.compared is not None and found.compared["difference"]["auroc/macro"]["high"] < 0
    assert (found.openings, found.openings_bundles) == (2, 1)  # the same bundle twice, here
    assert {one.kind for one in found.groups} == {"source", "view"}
    assert [one.accuracy["value"] for one in found.groups] == sorted(one.accuracy["value"] for one in found.groups)
    assert set(found.confusion_by_source) == {"here", "there"}
    assert sum(one.films for one in found.reliability["bright"]) == 300
    assert [one.name for one in found.pr] == [*LIGHT, "suspicion"]
    sensitivities = [one.sensitivity for one in found.operating]
    assert sensitivities == sorted(sensitivities, reverse=True)
    assert read_result(folder) == found


def test_a_threshold_is_picked_on_validation_films_and_tried_on_the_test(worse: tuple[Path, SiteResult]) -> None:
    _folder, found = worse
    assert found.may_pick is None and found.point.test is not None
    point = picked(found, "sensitivity", 0.9)
    assert point.name == "sensitivity-90" and point.picked["sensitivity"]["value"] >= 0.9
    assert point.picked["films"] == 150 and point.test is not None and point.test["films"] == 300
    stricter = picked(found, "specificity", 0.95)
    assert stricter.picked["specificity"]["value"] >= 0.95 and stricter.threshold > point.threshold
    with pytest.raises(RunRefused, match="no share above 0"):
        picked(found, "specificity", 0.0)


def test_a_damaged_result_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("{", "utf-8")
    with pytest.raises(RunRefused, match="damaged or missing"):
        read_result(tmp_path)


def test_films_that_either_bundle_saw_judge_nothing(
    tmp_path: Path, small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    saw = {"used": range(6), "start": range(4, 10)}
    start = replace(small_bundle, digest="start")

    def lineage(bundle: Bundle) -> object:
        numbers = saw["start" if bundle.digest == "start" else "used"]
        return lineage_of([f"{number:064x}" for number in numbers], np.full((6, 32), 255, np.uint8))

    monkeypatch.setattr(resulting, "lineage_in", lineage)
    found = _judged(tmp_path, small_bundle, 90, start)
    assert found.films == 50
    assert found.left_out == {"seen by the start bundle": 6, "seen by the bundle in use": 4}
    assert found.sentence.startswith("Too few images to tell.")
    assert found.may_pick is not None and "no operating point is picked" in found.may_pick
    saw |= {"used": range(60)}
    monkeypatch.setattr(resulting, "lineage_in", lambda _bundle: lineage_of(
        [f"{number:064x}" for number in range(60)], np.full((60, 32), 255, np.uint8)))  # fmt: skip
    found = _judged(tmp_path / "none", small_bundle, 90)
    assert found.films == 60 and found.used_report is None
    assert found.sentence == "Too few images to tell. None is left to compare on."


def test_a_bundle_that_tells_other_classes_apart_is_not_compared_with(
    tmp_path: Path, small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = small_bundle.description
    classes = tuple(msgspec.structs.replace(one, name=name) for one, name in zip(told.classes, "abc", strict=True))
    other = replace(small_bundle, description=msgspec.structs.replace(told, classes=classes))
    monkeypatch.setattr(shelf, "in_use", lambda: other)
    found = _judged(tmp_path, small_bundle, 90)
    assert found.sentence == "No comparison: small 1.0.0 tells other classes apart (a, b, c)."
    assert found.compared is None and found.films == 60
