"""A run folder belongs to one process, one recipe, one set of films."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import msgspec
import pytest

from core.errors import RunRefused
from core.training import recipes
from core.training.folder import RunFolder
from core.training.written import toml


@pytest.mark.parametrize("recipe", recipes.shipped(), ids=lambda recipe: recipe.name)
def test_a_resolved_recipe_reads_back_as_itself(recipe) -> None:
    assert recipes.checked(tomllib.loads(toml(msgspec.to_builtins(recipe)))) == recipe


def test_any_text_survives_the_recipe_file() -> None:
    data = {
        "name": 'quotes " and \\ and\nlines\tand \x7f, ä',
        "dotted": {"a.b": [1, 2.5, True, {"c d": "x"}]},
        "no": None,
    }
    assert tomllib.loads(toml(data)) == {name: value for name, value in data.items() if value is not None}


def test_one_run_has_one_process_at_a_time(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run"), pytest.raises(RunRefused) as refused:
        RunFolder(tmp_path / "run")
    assert refused.value.code == "run-in-use"
    RunFolder(tmp_path / "run").close()  # nothing was kept yet: still a new run


def test_a_run_that_exists_is_gone_on_with_only_when_asked(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as run:
        run.note(format=1, started="now")
    with pytest.raises(RunRefused, match="add --resume"):
        RunFolder(tmp_path)
    with RunFolder(tmp_path, resume=True) as run:
        assert run.notes["started"] == "now"


@pytest.mark.parametrize("content", ["{", json.dumps({"format": 9})])
def test_a_damaged_or_newer_run_is_refused_and_given_back(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content, "utf-8")
    for _again in range(2):
        with pytest.raises(RunRefused) as refused:
            RunFolder(tmp_path, resume=True)
        assert refused.value.code == "run-unreadable"
