"""The real trainer is killed while it trains: the window says so, the training goes on and ends with a result."""

from __future__ import annotations

import csv
import os
import signal
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.inference import shelf
from core.inference.bundles import Bundle
from core.training.written import toml
from gui.training.page import TrainingPage
from tests import small_training
from tests.gui.conftest import OpenWindow
from tests.gui.training.walking import Walk

pytest.importorskip("tensorflow", reason="training needs Keras, which is not installed")

_TEST_FILMS_A_CLASS = 4


@pytest.fixture
def table(films: Path, tmp_path: Path) -> Path:
    """The films with a test held back: one split and one network, so that little is computed."""
    place = tmp_path / "labels.csv"
    with open(place, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "label", "patient", "split"))
        for path in sorted(films.glob("*/*.png")):
            held_back = int(path.stem) < _TEST_FILMS_A_CLASS
            rows.writerow((path, path.parent.name, f"{path.parent.name}-{path.stem}", "test" if held_back else ""))
    return place


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nobody is killed like this here")
def test_a_trainer_that_is_killed_is_named_and_its_training_goes_on_to_a_result(
    open_window: OpenWindow, qtbot: QtBot, table: Path, tmp_path: Path, small_bundle: Bundle
) -> None:
    shelf.promote(small_bundle.folder)
    window = open_window(site="core.site.desk:serve", trainer="core.training.desk:serve")
    page = window.go_to("training")
    assert isinstance(page, TrainingPage)
    walk, choices = Walk(page, qtbot), page.wizard.choices
    page.current.open(str(table))
    walk.until(lambda: page.current.may_leave() is None)
    first, second = small_training.RECIPE["phases"]
    # Epochs of a moment each, so that it is still training when it is killed.
    phases = [{**first, "epochs": 8}, second]
    changed = {
        "phases": phases,
        "positive": ["bright", "dark"],
        "augmentation": {},
        "protocol": {"kind": "single-with-validation", "validation": 0.2},
    }
    recipe = tmp_path / "quick.toml"
    recipe.write_text(toml({**small_training.RECIPE, **changed}), "utf-8")
    choices.recipe, choices.start, choices.name = recipe.read_text("utf-8"), "random", "ours"
    run = page.page("run")
    run.start()
    walk.until(lambda: choices.folder or run._before._trouble.text())
    assert run._before._trouble.text() == ""
    page.go_to("run")
    walk.until(lambda: run.rows)

    killed = page.wizard.trainer.process.pid
    assert killed is not None and run.state.phase == "training"
    os.kill(killed, signal.SIGKILL)
    walk.until(lambda: "The trainer ended unexpectedly" in window.notice.sentence)
    walk.until(lambda: run.state.phase == "stopped")
    assert run.headline.text() == "Stopped; everything up to the last checkpoint is kept"
    assert run.go_on.isVisible() and run.rows
    run.go_on.click()
    walk.until(lambda: run.state.phase == "done" or run.state.error is not None)
    assert run.state.error is None
    assert page.wizard.trainer.process.pid != killed
    result = walk.to("result")
    walk.until(lambda: result.result is not None)
    assert result.sentence.text().startswith("Too few images to tell")
