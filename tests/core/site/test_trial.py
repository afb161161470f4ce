"""The steps that are tried before a training are those that it would take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="the dry run needs Keras, which is not installed")

from core.site import trial
from core.training.recipe import Phase
from tests import small_training


def test_a_phase_that_draws_attention_into_the_lungs_is_tried_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phases = [{**small_training.RECIPE["phases"][0], "attention": 0.5}, small_training.RECIPE["phases"][1]]
    recipe = small_training.write_recipe(tmp_path, phases=phases)
    labels = small_training.write_labels(tmp_path / "site", 24)
    beside: list[tuple[float, Any]] = []

    def tried(_member: Any, feed: Any, phase: Phase, **_how: Any) -> tuple[int, float]:
        beside.append((phase.attention, feed.beside.cells))
        return 3, 0.1

    monkeypatch.setattr(trial, "_timed", tried)
    found = trial.Trial(str(recipe), str(labels), str(tmp_path / "cache"), "random").member(0)
    assert found.name == "small-cnn" and found.steps == 6
    assert [attention for attention, _cells in beside] == [0.5, 0.0]
    assert beside[0][1] is not None
