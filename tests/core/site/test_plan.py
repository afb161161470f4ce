from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import RunRefused
from core.evidence import evaluate
from core.site import plan
from core.site.classes import class_name, first_choices
from core.site.plan import ClassChoice, SitePlan, allowed, allowed_together, folder_name, read_plan
from core.training import material
from core.work_folders import PLAN


def test_the_limits_are_those_of_training_and_evaluation() -> None:
    assert plan.FEWEST_FILMS == material.FEWEST_FILMS
    assert (plan.SMALL_FILMS, plan.SMALL_PATIENTS) == (evaluate.SMALL_FILMS, evaluate.SMALL_PATIENTS)


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    made = SitePlan(
        place="/films", kind="folder", choices=(ClassChoice("a", None), ClassChoice("b", "covid", "COVID-19")),
        exclusions={"/films/1": "a hand"}, relabels={"/films/2": "a"}, acknowledgements={"small-set": "known"},
        changes={"phases.1.epochs": 3}, seed=7,
    )  # fmt: skip
    made.write(tmp_path)
    assert read_plan(tmp_path) == made


def test_a_damaged_or_newer_plan_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text('{"format": 99, "place": "x", "kind": "folder"}')
    with pytest.raises(RunRefused, match="newer"):
        read_plan(tmp_path)
    (tmp_path / PLAN).write_text("{")
    with pytest.raises(RunRefused, match="damaged"):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    ("films", "patients", "trains", "locked"),
    [(9, 9, False, False), (10, 10, True, False), (99, 40, True, False), (100, 29, True, False), (100, 30, True, True)],
)
def test_the_counts_allow_what_the_rules_say(films: int, patients: int, trains: bool, locked: bool) -> None:
    found = allowed(films, patients)
    assert (found.trains, found.locked_test) == (trains, locked)


@pytest.mark.parametrize(("films", "patients", "tells"), [(130, 120, False), (500, 149, False), (500, 150, True)])
def test_it_is_said_beforehand_whether_the_locked_test_can_tell_which_bundle_is_better(
    films: int, patients: int, tells: bool
) -> None:
    found = allowed_together({"normal": (900, 800), "pneumonia": (films, patients)})
    assert found.locked_test
    assert ("too few images to tell" in found.words) is not tells


def test_any_label_has_a_class_name_that_a_recipe_takes() -> None:
    assert [class_name(label) for label in ("Pleural effusion", "COVID-19", "3rd", "肺炎")] == [
        "pleural-effusion", "covid-19", "class-3rd", "class",
    ]  # fmt: skip


def test_a_synonym_is_only_used_where_the_bundle_has_the_class() -> None:
    [with_it] = first_choices(["healthy"], (("normal", "Normal"),))
    [without] = first_choices(["healthy"], (("clear", "Clear"),))
    assert (with_it.to, without.to) == ("normal", "healthy")


def test_a_sign_at_the_end_of_a_label_is_not_overlooked() -> None:
    choices = first_choices(["COVID+", "COVID-", "covid"], (("covid", "COVID-19"),))
    assert [one.to for one in choices] == ["covid-2", "covid-3", "covid"]


def test_one_place_has_one_folder() -> None:
    assert folder_name("/a/films") == folder_name("/a/films") != folder_name("/b/films")
    assert folder_name("/a/films").startswith("films-")
