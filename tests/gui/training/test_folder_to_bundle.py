"""The whole way, with the real processes: from a folder of simulated films to another bundle that answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from core.inference import shelf
from core.inference.bundles import Bundle
from gui.training.page import TrainingPage
from tests.gui.conftest import OpenWindow
from tests.gui.training.walking import LONG, QUICK, Walk

pytest.importorskip("tensorflow", reason="training needs Keras, which is not installed")


def test_a_folder_becomes_a_bundle_in_use_that_says_too_few_images_to_tell(
    open_window: OpenWindow, qtbot: QtBot, films: Path, small_bundle: Bundle
) -> None:
    before = shelf.promote(small_bundle.folder).digest
    window = open_window(
        decoder="core.imaging.desk:serve", assessor="core.inference.worker:serve", site="core.site.desk:serve"
    )
    page = window.go_to("training")
    assert isinstance(page, TrainingPage)
    walk = Walk(page, qtbot)

    page.current.open(str(films))
    classes = walk.to("classes")
    assert "too few images to tell" in classes.together.text()
    check = walk.to("check")
    _acknowledge_everything(walk, check)

    start = walk.to("start")
    walk.until(lambda: page.wizard.choices.start)
    assert page.wizard.choices.start == str(shelf.in_use().folder)
    start.buttons["random"].click()
    for key, value in QUICK.items():
        start.form.put(key, value)
    assert start.form.problem == ""
    preview = walk.to("preview")
    walk.until(lambda: preview.grid.cells)

    run = walk.to("run")
    run._before.name.setText("our-films")
    run._before.use.setText("Tests with simulated films.")
    run._before.start.click()
    walk.until(lambda: run.state is not None and run.state.phase not in ("empty", "reading", "training", "judging"))
    assert run.state.phase == "done", run.state.error
    assert run.rows

    result = walk.to("result")
    walk.until(lambda: result.result is not None)
    assert result.sentence.text().startswith("Too few images to tell")
    assert result.threshold.words
    result.matrix.right.click()
    walk.until(lambda: result.matrix.pictures.drawn)

    register = walk.to("register")
    walk.until(register.register.isEnabled)
    register.register.click()
    walk.until(lambda: register.digest)
    register.fields["who"].setText("rk")
    with qtbot.waitSignal(page.put_into_use, timeout=LONG):
        register.promote.click()
    used = shelf.in_use()
    assert (used.digest, used.name) == (register.digest, "our-films")
    assert used.digest != before

    with qtbot.waitSignal(window.page.assessed, timeout=LONG) as answered:
        window.open_paths([str(films / "bright" / "00.png")])
    assert answered.args[0].bundle.digest == used.digest
    assert window.state.startswith("our-films ")


def _acknowledge_everything(walk: Walk, check: Any) -> None:
    """What the check found is known: simulated films have no patients and one source."""
    site = check.wizard.site
    walk.until(lambda: site.state.findings is not None)
    for finding in site.state.findings:
        if finding.severity == "blocker":
            assert finding.may_acknowledge, finding
            site.ask(("acknowledge", finding.code, "Simulated films."))
