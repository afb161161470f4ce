"""The wizard leads through its steps: which one is here, which is blocked and why, and what comes next."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from gui.training.start import StartStep
from gui.training.steps import Standing, StepList
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


def test_a_long_sentence_that_blocks_is_there_whole_and_said_once(qtbot: QtBot) -> None:
    why = "Too few films to train: Pneumothorax, Effusion. A class needs 10 films: add films, or leave it out. " * 2
    steps = StepList(["Data", "Classes", "Check", "Start from", "Preview", "Run", "Result", "Register"])
    qtbot.addWidget(steps)
    steps.resize(208, 320)
    steps.show()
    standings: list[tuple[Standing, str]] = [("done", ""), ("here", ""), *[("blocked", why)] * 6]
    steps.show_standing(standings)
    qtbot.waitUntil(lambda: all(row.height() >= row.minimumHeight() for row in steps.rows), timeout=LONG)
    for row in steps.rows:
        assert row.standing.height() >= row.standing.heightForWidth(row.standing.width())
    assert steps.words()[2:] == [f"blocked: {why}", *["blocked"] * 5]
    assert all(why in row.toolTip() and why in row.accessibleName() for row in steps.rows[2:])


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


def test_the_ruler_has_a_bar_for_every_phase_of_every_network(page: object, qtbot: QtBot) -> None:
    page.go_to("start")
    ruler = page.current.ruler
    qtbot.waitUntil(lambda: bool(ruler.rulers), timeout=LONG)
    assert ruler.titles == ["lite0, “last blocks”", "lite0, “all”", "mobile, “last blocks”", "mobile, “all”"]
    assert [one.cut for one in ruler.rulers] == [60, 0, 60, 0]
    assert "lite0, “all”: learns: 90 layers" in ruler.words
    four = ruler.sizeHint().height()
    ruler.show_rulers(ruler.rulers[:1])
    assert ruler.titles == ["lite0"] and ruler.sizeHint().height() == four // 4


def test_the_ruler_says_what_lies_on_both_sides_of_the_cut(page: object, qtbot: QtBot) -> None:
    page.go_to("start")
    qtbot.waitUntil(lambda: bool(page.current.ruler.rulers), timeout=LONG)
    first = page.current.ruler.words.splitlines()[0]
    assert first.startswith("lite0, “last blocks”: learns from block_60 on: 30 layers, ")
    assert "(all kept)" in first
    assert "keeps: 60 layers" in first
    page.current.use_start("random")
    qtbot.waitUntil(lambda: "99 blocks" in page.current.ruler.words, timeout=LONG)
