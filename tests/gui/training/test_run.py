"""A training is followed while it goes on, its course can be changed, and it survives its process and the window."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from gui.training.page import TrainingPage
from gui.training.run import RunStep
from gui.training.steps import UNFINISHED
from tests.gui.conftest import LONG
from tests.gui.training.conftest import Films, MakePage


def begin(run: RunStep, name: str = "our-films") -> None:
    run._before.name.setText(name)
    run._before.start.click()


def test_before_it_begins_it_says_on_what_with_what_and_how_long(ready_to_run: RunStep) -> None:
    words = f"{ready_to_run._before._facts.text()}\n{ready_to_run._before._time.text()}"
    assert "COVID-19: 20 films of 18 patients" in words
    assert "Begins with adult-covid 1.2." in words
    assert "About 21 min on this PC (CPU, 2 threads), and 1.8 GiB of memory." in words


def test_the_curves_grow_epoch_by_epoch_until_it_is_done(ready_to_run: RunStep, qtbot: QtBot) -> None:
    begin(ready_to_run)
    qtbot.waitUntil(lambda: len(ready_to_run.rows) > 1, timeout=LONG)
    assert ready_to_run.headline.text().startswith("Training, network ")
    assert ready_to_run.headline.text().endswith(" left")
    assert ready_to_run.may_leave() == "The result comes when the training is done."
    qtbot.waitUntil(lambda: ready_to_run.may_leave() is None, timeout=LONG)
    assert len(ready_to_run.rows) == 16
    training, validation = ready_to_run.loss.plot.chart.lines
    assert (training.title, validation.title) == ("training", "validation")
    assert len(training.ys) == 8
    assert ready_to_run.loss.plot.chart.rules == ((3.5, "“all”"),)
    assert ready_to_run.loss.sentence.startswith("The validation loss was lowest in epoch 5")


def test_every_network_has_its_own_curves(ready_to_run: RunStep, qtbot: QtBot) -> None:
    begin(ready_to_run)
    qtbot.waitUntil(lambda: ready_to_run.may_leave() is None, timeout=LONG)
    assert [made.text() for made in ready_to_run._network_buttons.values()] == ["lite0", "mobile"]
    ready_to_run._network_buttons[1, 1].click()
    assert ready_to_run._shown() == (1, 1)


def test_it_is_paused_and_goes_on(ready_to_run: RunStep, qtbot: QtBot) -> None:
    begin(ready_to_run)
    qtbot.waitUntil(lambda: bool(ready_to_run.rows), timeout=LONG)
    ready_to_run.pause.click()
    qtbot.waitUntil(lambda: ready_to_run.state.phase == "paused", timeout=LONG)
    assert ready_to_run.headline.text().startswith("Paused")
    assert not ready_to_run.pause.isVisible()
    ready_to_run.go_on.click()
    qtbot.waitUntil(lambda: ready_to_run.may_leave() is None, timeout=LONG)


def test_the_best_so_far_can_be_kept(ready_to_run: RunStep, qtbot: QtBot) -> None:
    begin(ready_to_run)
    qtbot.waitUntil(lambda: bool(ready_to_run.rows), timeout=LONG)
    ready_to_run.keep.click()
    qtbot.waitUntil(lambda: ready_to_run.may_leave() is None, timeout=LONG)
    assert len(ready_to_run.rows) < 16


def test_cancelling_asks_once_and_leads_back_to_the_beginning(ready_to_run: RunStep, qtbot: QtBot) -> None:
    begin(ready_to_run)
    qtbot.waitUntil(lambda: bool(ready_to_run.rows), timeout=LONG)
    ready_to_run.cancel.click()
    assert ready_to_run._question.isVisible()
    ready_to_run._cancel()
    qtbot.waitUntil(lambda: not ready_to_run.wizard.choices.folder, timeout=LONG)
    assert ready_to_run._before.start.isVisible()
    assert ready_to_run.wizard.services.preferences.value(UNFINISHED) is None


def test_what_ends_a_training_is_said_and_it_can_be_gone_on_with(ready_to_run: RunStep, qtbot: QtBot) -> None:
    begin(ready_to_run, "fails")
    qtbot.waitUntil(ready_to_run._trouble.isVisible, timeout=LONG)
    assert "There is no space left" in ready_to_run._trouble.text()
    assert ready_to_run.go_on.isVisible()


def test_a_training_whose_process_ended_is_open_again_at_rest(ready_to_run: RunStep, qtbot: QtBot) -> None:
    begin(ready_to_run, "kills")
    qtbot.waitUntil(lambda: ready_to_run.state is not None and ready_to_run.state.phase == "stopped", timeout=LONG)
    assert ready_to_run.headline.text().startswith("Stopped")
    assert ready_to_run.go_on.isVisible()


def test_a_training_is_there_again_after_the_window_was_closed(
    ready_to_run: RunStep, make_page: MakePage, page: TrainingPage, qtbot: QtBot
) -> None:
    begin(ready_to_run)
    qtbot.waitUntil(lambda: bool(ready_to_run.rows), timeout=LONG)
    page.stop()
    again = make_page()
    qtbot.waitUntil(lambda: isinstance(again.current, RunStep) and bool(again.current.rows), timeout=LONG)
    assert isinstance(again.page("data"), Films)
    assert again.current.go_on.isVisible()
    assert again.wizard.choices.folder == ready_to_run.wizard.choices.folder
