"""`recipe` and `reproduce` on the command line: what is printed, where, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run as command
from core.places import PROGRAM
from core.training import recipes
from core.training.recipe_page import page


def run(*words: str) -> int:
    return command("none:none", words)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_list_gives_one_object_a_recipe_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("recipe", "list", "--json") == 0
    assert [one["name"] for one in lines(capsys)] == recipes.names()
    assert run("recipe", "list", "--paper", "b", "--json") == 0
    assert len(lines(capsys)) == 4


def test_show_tells_value_unit_range_published_value_and_what_the_paper_leaves_open(capsys: Any) -> None:
    assert run("recipe", "show", "a-vgg19", "--json") == 0
    (shown,) = lines(capsys)
    rows = {row["key"]: row for row in shown["rows"]}
    assert rows["phases.1.cutoff"]["published"] == "18"
    assert rows["input.rows"]["unit"] == "pixels"
    assert rows["phases.1.rate"]["range"] == "a number, above 0, at most 1"
    assert rows["phases.1.rate"]["unspecified"].startswith("Not said")
    assert run("recipe", "show", "site-fine-tune") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "augmentation.least_crop" in told.err
    assert "Not used:" in told.err


def test_check_says_ok_or_everything_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.toml"
    own.write_text('extends = "site-fine-tune"\nname = "own"\n', "utf-8")
    assert run("recipe", "check", str(own)) == 0
    assert "own.toml: ok" in capsys.readouterr().err
    own.write_text('name = "own"\ntitle = "Own"\n[netwrk]\n[[phases]]\nrate = -1\n', "utf-8")
    assert run("recipe", "check", str(own), "a-vgg19", "--json") == 1
    bad, good = lines(capsys)
    assert bad["errors"] == [
        "There is no netwrk (the nearest is network).",
        "network is missing.",
        "phases.1.rate is -1; it has to be a number, above 0, at most 1.",
    ]
    assert (bad["ok"], good["ok"], good["name"]) == (False, True, "a-vgg19")


def test_a_recipe_that_does_not_exist_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("recipe", "show", "a-vgg") == 1
    assert capsys.readouterr().err == "There is no recipe a-vgg (the nearest is a-vgg19).\n"
    assert run("recipe", "check", "a-vgg") == 1


def test_reproducing_without_films_tells_what_is_wrong_and_what_is_wanted(tmp_path: Path, capsys: Any) -> None:
    assert run("reproduce", "a", "-o", str(tmp_path / "run")) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "A3 impossible" in told.err
    assert "Wanted: Three classes" in told.err
    assert run("reproduce", "a", "-o", str(tmp_path / "run")) == 1
    assert "--resume" in capsys.readouterr().err
    assert run("reproduce", "f", "-o", str(tmp_path / "run")) == 2


def test_a_scale_may_be_given_and_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["reproduce", "d", "-o", str(tmp_path / "run"), "--json", "--scaled"]
    assert run(*words, "side=224", "minutes=90") == 0
    (told,) = lines(capsys)
    assert told["scale"].startswith("scaled: 224², 3 folds by patient, ≤ 10 epochs and ≤ 90 min")
    assert run(*words, "size=224") == 2
    assert "--scaled takes side (32 to 512)" in capsys.readouterr().err


def test_the_page_of_recipes_is_current() -> None:
    written = (PROGRAM / "docs" / "recipes.md").read_text("utf-8")
    assert written == page(), "run python tools/write_recipe_page.py"
