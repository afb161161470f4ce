"""The papers' own arithmetic: slips are found by computing, and are gone when the figure is put right."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from core.errors import RunRefused
from core.training import recipes
from core.training.papers import count_rules, figure_rules
from core.training.papers.published import PAPERS, Check, Paper, arithmetic, figures_of, flagged, paper

# What is known of the five papers; "D2" and the like are open questions, not slips.
VERDICTS = {
    "a": {
        "A1": "inconsistent", "A2": "inconsistent", "A3": "impossible", "A4": "impossible", "A4b": "derived",
        "A5": "impossible", "A6": "suspicious", "A7": "contradicted", "A8": "wording", "A9": "consistent",
        "A10": "suspicious",
    },
    "b": {
        "B1": "consistent", "B2": "derived", "B3": "derived", "B4": "wording", "B5": "wording", "B6": "suspicious",
        "B7": "suspicious",
    },
    "c": {
        "C1": "consistent", "C1b": "consistent", "C2": "suspicious", "C3": "derived", "C4": "inconsistent",
        "C5": "derived", "C6": "wording", "C7": "derived",
    },
    "d": {
        "D1": "consistent", "D1b": "consistent", "D2": "unclear", "D3": "derived", "D4": "inconsistent",
        "D5": "derived", "D6": "impossible", "D6b": "suspicious", "D7": "wording", "D8": "wording", "D9": "derived",
    },
    "e": {
        "E1": "consistent", "E1b": "consistent", "E2": "inconsistent", "E3": "consistent", "E3b": "consistent",
        "E4": "inconsistent", "E5": "inconsistent", "E6": "suspicious", "E7": "suspicious", "E8": "suspicious",
        "E9": "suspicious", "E10": "wording", "E11": "suspicious", "E12": "suspicious", "E13": "suspicious",
    },
}  # fmt: skip


def check(of: Paper, name: str) -> Check:
    only = msgspec.structs.replace(of, checks=tuple(ask for ask in of.checks if ask["id"] == name))
    return arithmetic(only)[0]


def with_cell(of: Paper, table: str, key: str, column: str, value: float) -> Paper:
    """The paper with one printed figure put right."""
    old = of.table(table)
    place = old.columns.index(column)
    rows = tuple(
        (*row[:place], value, *row[place + 1 :]) if old.key(row) == key else row for row in old.rows
    )  # fmt: skip
    new = msgspec.structs.replace(old, rows=rows)
    return msgspec.structs.replace(of, tables=tuple(new if each.id == table else each for each in of.tables))


@pytest.mark.parametrize("key", PAPERS)
def test_arithmetic_finds_every_known_slip(key: str) -> None:
    assert {each.id: each.verdict for each in arithmetic(paper(key))} == VERDICTS[key]


def test_only_remarks_on_words_are_not_computed() -> None:
    told = {each.id for key in PAPERS for each in arithmetic(paper(key)) if not each.computed}
    assert told == {"A8", "B5", "D4", "D7", "D8", "E10"}


@pytest.mark.parametrize(
    ("key", "name", "cells"),
    [
        ("a", "A2", [("table2", "VGG19", "2-class accuracy", 97.82)]),
        ("a", "A3", [("table2", "Inception", "3-class accuracy", 80.0),
                     ("table2", "Xception", "3-class accuracy", 80.0),
                     ("table2", "InceptionResNetV2", "3-class accuracy", 80.0)]),
        ("a", "A4", [("table2", "Xception", "sensitivity", 8.03),
                     ("table2", "InceptionResNetV2", "sensitivity", 1.33)]),
        ("a", "A5", [("table2", "Xception", "specificity", 100.0), ("table2", "Inception", "specificity", 99.75)]),
        ("a", "A7", [("table2", "MobileNet", "specificity", 99.0)]),
        ("b", "B4", [("per-class", "DenseNet201/covid19", "F1", 0.94)]),
        ("c", "C2", [("figures", "Model_1", "accuracy", 92.33), ("figures", "Model_2", "accuracy", 95.66)]),
        ("c", "C4", [("figures", "Model_2", "F1", 95.65), ("figures", "Model_3", "F1", 97.7)]),
        ("d", "D6", [("folds", "AlexNet", "accuracy", 82.93), ("folds", "AlexNet", "plus-minus", 2.0),
                     ("folds", "VGGNet", "plus-minus", 2.0), ("folds", "ResNet", "plus-minus", 2.0)]),
        ("d", "D6b", [("folds", "AlexNet", "accuracy", 83.01)]),
        ("e", "E4", [("strategies", "fine_tuning_9", "2-class accuracy", 91.9)]),
        ("e", "E5", [("strategies", "fine_tuning_11", "2-class accuracy", 92.68)]),
        ("e", "E9", [("strategies", "fine_tuning_5", "2-class accuracy", 89.0)]),
    ],
)  # fmt: skip
def test_a_slip_is_gone_when_its_figure_is_put_right(key: str, name: str, cells: list[Any]) -> None:
    of = paper(key)
    assert check(of, name).verdict == VERDICTS[key][name]
    for cell in cells:
        of = with_cell(of, *cell)
    assert check(of, name).verdict == "consistent"


def test_a_figure_that_follows_from_its_matrix_is_found_out_when_it_is_changed() -> None:
    of = with_cell(paper("b"), "per-class", "ResNet101V2/covid19", "recall", 0.89)
    changed = check(of, "B1")
    assert changed.verdict == "inconsistent"
    assert changed.cells == (("per-class", "ResNet101V2/covid19", "recall"),)
    assert changed.recomputed == "0.881"


def test_recomputed_figures_stand_beside_the_printed_ones() -> None:
    slip = check(paper("a"), "A2")
    assert (slip.printed, slip.recomputed) == ("98.75", "97.829")
    assert "18 of 224 (8.04 %)" in check(paper("a"), "A4b").text
    assert "3 of 224 (1.34 %)" in check(paper("a"), "A4b").text
    assert "least possible is 0.148" in check(paper("d"), "D6").text
    assert check(paper("d"), "D9").recomputed == "499/622"
    assert check(paper("e"), "E13").recomputed == "99.15, 62.01"
    assert "at least 403" not in check(paper("d"), "D3").text
    assert "403 fewer" in check(paper("d"), "D3").text


def test_cells_that_cannot_be_right_are_marked_with_their_checks() -> None:
    marks = flagged(arithmetic(paper("a")))
    assert marks["table2", "VGG19", "2-class accuracy"] == ("A2",)
    assert marks["table2", "Xception", "3-class accuracy"] == ("A3", "A6")
    assert ("table2", "MobileNet", "sensitivity") not in marks


def test_every_rule_is_asked_for_and_every_ask_has_a_rule() -> None:
    rules = count_rules.RULES | figure_rules.RULES
    assert {ask["rule"] for key in PAPERS for ask in paper(key).checks} == set(rules)


def test_recipes_and_tables_name_the_same_networks_and_classes() -> None:
    for key in PAPERS:
        of = paper(key)
        own = [recipe for recipe in recipes.shipped() if recipe.paper == key and recipe.called]
        assert {recipe.called for recipe in own} == {str(row[0]) for row in of.tables[0].rows}
        for recipe in own:
            published = [(each.name, each.published) for each in recipe.classes]
            assert published == [(each.name, each.count) for each in of.classes]
            assert recipe.positive == of.positive


def test_both_accuracies_come_from_one_matrix_and_the_n_class_one_never_exceeds() -> None:
    draw = np.random.default_rng(1)
    for _round in range(50):
        found = figures_of(draw.integers(0, 30, (4, 4)), ("a", "b", "c", "d"), ("a", "c"))
        assert found["accuracy"] <= found["positive/accuracy"]


def test_a_class_that_is_never_called_counts_as_nothing_in_the_mean() -> None:
    found = figures_of([[5, 0], [5, 0]], ("a", "b"), ("a",))
    assert math.isnan(found["b/precision"])
    assert found["macro/precision"] == 0.25


def test_there_are_five_papers() -> None:
    with pytest.raises(RunRefused, match="There is no paper f"):
        paper("f")
