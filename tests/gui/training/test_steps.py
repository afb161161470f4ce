"""The wizard leads through its steps: which one is here, which is blocked and why, and what comes next."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from gui.training.start import StartStep
from tests.gui.conftest import LONG
from tests.gui.training.conftest import Films, MakePage


def test_a_step_is_blocked_until_those_before_it_are_answered_and_says_by_what(make_page: MakePage) -> None:
    page = make_page()
    first = page.current
    assert isinstance(first, Films)
    assert page.list.words()[:2] == ["▸ here", "blocked: Choose a folder."]
    assert page.words.text() == "Choose a folder."
    assert not page.next.isEnabled()
    page.go_to("start")
    assert page.current is first
    first.answer()
    assert page.list.words()[1:3] == ["open", "blocked: Start from comes first."]
    assert page.next.isEnabled()


def test_a_step_that_is_answered_is_done_and_can_be_gone_back_to(page: object, qtbot: QtBot) -> None:
    page.go_to("start")
    assert page.list.words()[:2] == ["✓ done", "▸ here"]
    page.back.click()
    assert isinstance(page.current, Films)


def test_an_answer_that_is_taken_back_blocks_what_follows_again(page: object) -> None:
    page.go_to("start")
    page.move(-1)
    page.current.answer("The folder is gone.")
    assert page.list.words()[1] == "blocked: The folder is gone."


def test_the_start_is_the_bundle_in_use_unless_another_is_chosen(page: object, qtbot: QtBot) -> None:
    page.go_to("start")
    step = page.current
    assert isinstance(step, StartStep)
    assert page.words.text() == "Choose what the training begins with."
    qtbot.waitUntil(lambda: bool(page.wizard.choices.start), timeout=LONG)
    assert page.wizard.choices.start == "/shipped"
    assert not step.buttons["/own/old"].isEnabled()
    step.buttons["imagenet"].click()
    assert page.wizard.choices.start == "imagenet"
    assert 'start = "imagenet"' in page.wizard.choices.recipe


def test_the_ruler_says_what_lies_on_both_sides_of_the_cut(page: object, qtbot: QtBot) -> None:
    page.go_to("start")
    qtbot.waitUntil(lambda: bool(page.current.ruler.rulers), timeout=LONG)
    first = page.current.ruler.words.splitlines()[0]
    assert first.startswith("lite0: learns from block_60 on: 30 layers, ")
    assert "(all kept)" in first
    assert "keeps: 60 layers" in first
    page.current.use_start("random")
    qtbot.waitUntil(lambda: "99 blocks" in page.current.ruler.words, timeout=LONG)
