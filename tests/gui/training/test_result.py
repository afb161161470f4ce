"""A result says first whether the new bundle is better, every figure has its interval, a cell leads to its films."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.training.page import TrainingPage
from gui.training.register import RegisterStep
from gui.training.result import ResultStep
from gui.training.run import RunStep
from gui.training.steps import UNFINISHED
from tests.gui.conftest import LONG


@pytest.fixture
def step(ready_to_run: RunStep, page: TrainingPage, qtbot: QtBot) -> ResultStep:
    ready_to_run._before.name.setText("our-films")
    ready_to_run._before.start.click()
    qtbot.waitUntil(lambda: ready_to_run.may_leave() is None, timeout=LONG)
    page.move(1)
    made = page.current
    assert isinstance(made, ResultStep)
    qtbot.waitUntil(lambda: made.result is not None, timeout=LONG)
    return made


@pytest.fixture
def register(step: ResultStep, page: TrainingPage, qtbot: QtBot) -> RegisterStep:
    page.move(1)
    made = page.current
    assert isinstance(made, RegisterStep)
    qtbot.waitUntil(made.register.isEnabled, timeout=LONG)
    return made


def test_one_plain_sentence_comes_first_and_then_on_what_it_stands(step: ResultStep) -> None:
    assert step.sentence.text() == "Too few images to tell whether it is better than adult-covid 1.2."
    assert step.judged.text() == (
        "Judged on 60 films of 54 patients. Out of fold, 5 folds, patients kept together. These films were opened 2 "
        "times on this PC. Left out: 3 (adult-covid 1.2 saw them)."
    )


def test_every_figure_has_its_interval_and_stands_beside_the_bundle_in_use(step: ResultStep) -> None:
    first = step.figures.table.texts()[0]
    assert first == [
        "AUROC, mean of the classes", "0.90 (0.84 to 0.96)", "0.84 (0.78 to 0.90)", "+0.06 (-0.01 to +0.13)"
    ]  # fmt: skip


def test_shortcuts_that_come_close_are_said_in_plain_words(step: ResultStep) -> None:
    assert "have shown nothing" in step.figures.warning.text()
    assert step.figures.warning.property("look") == "refer"
    assert [row[0] for row in step.figures.shortcuts.texts()] == [
        "The new bundle", "Always the commonest class", "A thumbnail of 16 × 16 pixels",
        "The file's facts (size, greys, border)",
    ]  # fmt: skip


def test_a_cell_of_the_matrix_leads_to_its_films_and_their_heatmaps(step: ResultStep, qtbot: QtBot) -> None:
    step.show_part("films")
    part = step.matrix
    part.show_cell(1, 0)
    assert part.heading.text() == "Pneumonia, called Normal: 3 films"
    assert len(part.pictures.numbers) == 3
    qtbot.waitUntil(lambda: part.pictures.drawn == part.pictures.numbers, timeout=LONG)


def test_a_film_of_the_result_is_read_with_those_beside_it(step: ResultStep, page: TrainingPage, qtbot: QtBot) -> None:
    step.show_part("films")
    step.matrix.show_cell(1, 0)
    pictures = step.matrix.pictures
    with qtbot.waitSignal(page.opened, timeout=LONG) as opened:
        pictures.itemActivated.emit(pictures.item(1))
    refs, index = opened.args
    assert [Path(ref.path).name for ref in refs] == [f"{number:03}.png" for number in pictures.numbers]
    assert index == 1


def test_the_matrix_answers_the_keyboard_too(step: ResultStep, qtbot: QtBot) -> None:
    step.show_part("films")
    step.matrix.matrix.setCurrentCell(2, 2)
    qtbot.keyClick(step.matrix.matrix, Qt.Key.Key_Return)
    assert step.matrix.heading.text() == "COVID-19, called COVID-19: 16 films"


def test_one_source_alone_has_its_own_matrix_and_films(step: ResultStep) -> None:
    step.show_part("films")
    step.matrix.show_source("ward")
    step.matrix.show_cell(1, 0)
    assert step.matrix.heading.text() == "Pneumonia, called Normal: 1 film"
    step.matrix.wrong.click()
    assert step.matrix.heading.text() == "Wrong answers, the surest first: 2 films"


def test_the_worst_group_comes_first(step: ResultStep) -> None:
    assert step.sources.sentence.text() == (
        "It does worst for the source clinic: 0.78 (0.72 to 0.84) of 29 films are right."
    )
    assert [row[0] for row in step.sources.table.texts()] == ["clinic", "ward"]
    assert [row[0] for row in step.sources.groups.texts()] == ["age: over 65", "age: under 40"]


def test_where_no_threshold_may_be_picked_it_says_why_and_asks_for_none(step: ResultStep) -> None:
    assert step.threshold.words.startswith("The operating point of the start is kept")
    assert step.threshold._asking.isHidden()
    assert step.threshold.plotted.plot.chart.rules == ((0.45, "0.45"),)


def test_the_operating_curve_has_its_intervals_as_bands(step: ResultStep) -> None:
    assert step.result is not None
    found, passed = step.threshold.plotted.plot.chart.lines
    for line in (found, passed):
        assert len(line.lows) == len(line.highs) == len(line.ys) == len(step.result.operating)
        assert all(low <= y <= high for low, y, high in zip(line.lows, line.ys, line.highs, strict=True))
    assert "Bands: 95 % intervals" in step.threshold.plotted.sentence
    before = [msgspec.structs.replace(one, sensitivity_between=None) for one in step.result.operating]
    step.threshold.show_curve(before, step.result.point, "")
    assert step.threshold.plotted.plot.chart.lines[0].lows == ()


def test_a_threshold_is_picked_by_the_share_that_is_wanted(step: ResultStep, qtbot: QtBot) -> None:
    assert step.result is not None
    step.threshold.show_curve(step.result.operating, step.result.point, "")
    step.threshold.share.setText("90")
    step.threshold.apply.click()
    qtbot.waitUntil(lambda: step.wizard.choices.point is not None, timeout=LONG)
    assert step.threshold.plotted.plot.chart.rules == ((0.45, "0.45"),)
    assert "Picked for a sensitivity of 0.90." in step.threshold.plotted.sentence
    step.threshold.share.setText("much")
    step.threshold.apply.click()
    assert step.threshold.words == "A share is a number above 0, at most 100."


def test_a_bundle_is_named_put_on_the_shelf_and_into_use_with_who_and_when(
    register: RegisterStep, page: TrainingPage, qtbot: QtBot
) -> None:
    assert register.fields["use"].text() == "Frontal films of adults"
    assert not register.promote.isEnabled()
    register.fields["name"].setText("")
    assert not register.register.isEnabled()
    register.fields["name"].setText("our-films")
    register.register.click()
    qtbot.waitUntil(lambda: bool(register.digest), timeout=LONG)
    assert page.wizard.services.preferences.value(UNFINISHED) is None
    assert not register.promote.isEnabled()
    register.fields["who"].setText("rk")
    with qtbot.waitSignal(page.wizard.bundle_changed, timeout=LONG):
        register.promote.click()
    qtbot.waitUntil(lambda: register.log.rowCount() == 2, timeout=LONG)
    assert register.log.texts()[0] == ["2026-11-21 21:30", "rk", "put into use", "our-films 2026.11.21"]


def _put_on_the_shelf(register: RegisterStep, qtbot: QtBot) -> None:
    register.register.click()
    qtbot.waitUntil(lambda: bool(register.digest), timeout=LONG)
    register.fields["who"].setText("rk")


def test_a_bundle_that_is_proved_is_waited_for_and_the_page_says_so(
    register: RegisterStep, page: TrainingPage, qtbot: QtBot
) -> None:
    _put_on_the_shelf(register, qtbot)
    said: list[str] = []
    page.wizard.trainer.told.connect(lambda _state: said.append(register.standing.text()))
    register.promote.click()
    assert not register.promote.isEnabled()
    qtbot.waitUntil(lambda: register.standing.text() == "our-films 2026.11.21 is in use now.", timeout=LONG)
    assert said[0].startswith("Proving… The bundle shows on this PC")


def test_a_trainer_that_ends_while_a_bundle_is_proved_leaves_the_page_usable(
    register: RegisterStep, page: TrainingPage, qtbot: QtBot
) -> None:
    _put_on_the_shelf(register, qtbot)
    page.wizard.trainer.ask(("prove-and-die",))
    register.promote.click()
    qtbot.waitUntil(lambda: "try it once more" in register.standing.text(), timeout=LONG)
    assert register.promote.isEnabled()


def test_the_bundle_before_is_in_use_again_after_going_back(
    register: RegisterStep, page: TrainingPage, qtbot: QtBot
) -> None:
    register.fields["who"].setText("rk")
    with qtbot.waitSignal(page.wizard.bundle_changed, timeout=LONG):
        register.roll_back.click()
    assert register.standing.text() == "adult-covid 1.0 is in use again."
