"""The report tells where a figure holds, and says so when a shortcut does as well."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from core.evidence import evaluate
from core.evidence.evaluate import Table, report

CLASSES = ("normal", "pneumonia", "covid")


def _table(skill: float, shortcut: float, films: int = 240) -> Table:
    """Films of two sources. skill: how well the judged probabilities know the class; shortcut: the thumbnail."""
    chance = np.random.default_rng(11)
    truth = np.arange(films) % 3
    logits = chance.normal(0, 1, (films, 3)) + skill * np.eye(3)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Table(
        CLASSES,
        truth,
        probabilities,
        groups=tuple(f"patient-{n // 2}" for n in range(films)),
        sources=tuple("here" if n % 4 < 2 else "there" for n in range(films)),
        names=tuple(f"{n}.png" for n in range(films)),
        strata={"sex": tuple("MF"[n % 2] for n in range(films)), "view": ("",) * films},
        suspicious=("pneumonia", "covid"),
        threshold=0.5,
        features={"thumbnail": (chance.normal(0, 1, (films, 5)) + shortcut * np.eye(3, 5)[truth]).astype(np.float32)},
    )


@pytest.fixture(scope="module")
def honest() -> dict[str, object]:
    return report(_table(skill=2.5, shortcut=0.0), replicates=200)


def test_the_report_is_json_without_nan_and_every_figure_has_its_interval(honest):
    json.dumps(honest, allow_nan=False)
    for figure in honest["figures"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert honest["figures"]["auroc/macro"]["value"] > 0.9
    assert (honest["films"], honest["patients"]) == (240, 120)
    assert sum(map(sum, honest["confusion"])) == 240


def test_figures_stand_by_source_by_group_and_within_one_source(honest):
    assert list(honest["by_source"]) == ["here", "there"]
    assert list(honest["by_group"]["sex"]) == ["F", "M"]
    assert honest["by_group"]["view"] == {}
    within = honest["within_source"]
    assert [(row["source"], *row["classes"]) for row in within[:3]] == [
        ("here", "normal", "pneumonia"),
        ("here", "normal", "covid"),
        ("here", "pneumonia", "covid"),
    ]
    assert within[0]["thumbnail/better_by"]["low"] > 0


def test_operating_point_is_judged_on_normal_against_the_rest(honest):
    referral = honest["referral"]
    assert referral["threshold"] == 0.5
    assert referral["sensitivity"]["value"] > 0.8
    assert referral["specificity"]["value"] > 0.5


def test_a_network_that_sees_more_than_a_thumbnail_gets_no_finding(honest):
    assert honest["findings"] == []
    assert honest["baselines"]["thumbnail"]["better_by"]["low"] > 0.02
    majority = honest["baselines"]["majority"]
    assert majority["accuracy"]["value"] == pytest.approx(1 / 3)
    assert majority["accuracy"]["low"] < 1 / 3 < majority["accuracy"]["high"]


def test_accuracy_in_n_classes_never_exceeds_one_class_against_the_rest(honest):
    """Both come from the same matrix: right in three classes is right in two (shared/papers, A's table)."""
    figures = honest["figures"]
    assert all(figures["accuracy"]["value"] <= figures[f"accuracy/{name}"]["value"] for name in CLASSES)
    assert figures["accuracy"]["value"] <= honest["positive"]["accuracy"]["value"]
    matrix = np.array(honest["confusion"])
    assert figures["accuracy/covid"]["value"] == pytest.approx((matrix[:2, :2].sum() + matrix[2, 2]) / matrix.sum())
    ill = (matrix[0, 0] + matrix[1:, 1:].sum()) / matrix.sum()
    assert honest["positive"]["accuracy"]["value"] == pytest.approx(ill)
    assert honest["positive"]["classes"] == ["pneumonia", "covid"]


def test_what_is_called_stands_by_source_too(honest):
    called = honest["called_by_source"]
    assert sorted(called) == ["here", "there"]
    assert sum(count for row in called.values() for count in row.values()) == 240


def test_baselines_that_were_judged_on_the_folds_of_a_training_are_taken_as_they_are():
    table = _table(skill=2.0, shortcut=0.0)
    others = {"hog": np.eye(3)[table.truth]}
    found = report(replace(table, features={}, others=others), replicates=50)
    assert set(found["baselines"]) == {"majority", "hog"}
    assert found["baselines"]["hog"]["accuracy"]["value"] == 1
    assert "hog/better_by" in found["within_source"][0]


def test_a_thumbnail_that_does_as_well_is_a_finding():
    found = report(_table(skill=1.5, shortcut=2.5), replicates=200)["findings"]
    assert [finding["code"] for finding in found] == ["shortcut-thumbnail"]
    assert found[0]["text"].startswith("A 16 × 16 thumbnail alone reaches a mean AUROC of 0.9")


def test_a_source_that_names_the_class_is_a_finding():
    table = _table(skill=1.0, shortcut=0.0)
    told = replace(table, sources=tuple("abc"[truth] for truth in table.truth))
    found = report(told, replicates=200)
    assert [finding["code"] for finding in found["findings"]] == ["shortcut-source"]
    # One class a source: nothing can be compared within one, and the report does not pretend.
    assert found["within_source"] == []
    assert set(found["by_source"]["a"]["figures"]) == {"accuracy", "sensitivity/normal", "specificity/pneumonia",
                                                      "specificity/covid"}  # fmt: skip


def test_a_small_set_says_so_and_a_large_one_does_not():
    assert "normal: 80 films of 80 patients" in evaluate.small(_table(1, 0))
    assert evaluate.small(_table(1, 0, films=300)) is None
    one_patient = replace(_table(1, 0, films=300), groups=("same",) * 300)
    assert "100 films of 1 patients" in evaluate.small(one_patient)
