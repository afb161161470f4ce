"""The training page from its fourth step on: start, run, result, register. The trainer is a stand-in."""

from __future__ import annotations

from typing import Any

from gui import theme
from gui.training.steps import StepPage
from tests import stand_in_training
from tests.screen_states.stage import Stage, state

_STEPS = ("data", "classes", "check", "start", "preview")


class Answered(StepPage):
    """A step that was answered before."""


def decided(stage: Stage, to: str) -> Any:
    """The page at a step, with those before it answered and a site that was decided."""
    page: Any = stage.window.go_to("training")
    page.current.may_leave = lambda: None
    for number in range(1, _STEPS.index(to) if to in _STEPS else len(_STEPS)):
        page._made[number] = Answered(page.wizard)
        page._stack.addWidget(page._made[number])
    page.wizard.site.state = _answer(("look", None))
    page.wizard.site.ask = lambda request, then=None, *_, **__: then(_answer(request)) if then else None
    page.go_to(to)
    return page


def at_run(stage: Stage, name: str = "our-films") -> Any:
    """Before the training begins, with a start that was chosen."""
    page = decided(stage, "run")
    page.wizard.choices.start, page.wizard.choices.start_title = "/shipped", "adult-covid 1.2"
    page.current._before.name.setText(name)
    page.current.enter()
    return page


def _answer(request: tuple[Any, ...]) -> Any:
    return stand_in_training.site()(request)


def running(stage: Stage, epochs: int, name: str = "our-films") -> Any:
    page = at_run(stage, name)
    page.current._before.start.click()
    stage.until(lambda: len(page.current.rows) >= epochs)
    return page


def at_result(stage: Stage, part: str) -> Any:
    page = running(stage, 16)
    stage.until(lambda: page.current.may_leave() is None)
    page.go_to("result")
    stage.until(lambda: page.current.result is not None)
    page.current.show_part(part)
    return page


@state
def training_start(stage: Stage) -> None:
    page = decided(stage, "start")
    stage.until(lambda: page.current.ruler.rulers, 300)


@state
def training_paper(stage: Stage) -> None:
    page = decided(stage, "start")
    stage.until(lambda: page.current.offers)
    page.current.use_start("imagenet")
    page.current.use_recipe("a-vgg19")
    stage.until(lambda: page.current.ruler.rulers, 800)


@state
def training_before(stage: Stage) -> None:
    at_run(stage)


@state
def training_running(stage: Stage) -> None:
    running(stage, 13)


@state
def training_paused(stage: Stage) -> None:
    page = running(stage, 6)
    page.current.pause.click()
    stage.until(lambda: page.current.state.phase == "paused", 100)
    page.current.cancel.click()


@state
def training_failed(stage: Stage) -> None:
    page = at_run(stage, "fails")
    page.current._before.start.click()
    stage.until(lambda: page.current.state is not None and page.current.state.phase == "failed", 300)


@state
def training_result(stage: Stage) -> None:
    at_result(stage, "figures")


@state
def training_films(stage: Stage) -> None:
    page = at_result(stage, "films")
    page.current.matrix.show_cell(1, 1)
    stage.until(lambda: len(page.current.matrix.pictures.drawn) == len(page.current.matrix.pictures.numbers), 200)


@state
def training_curves(stage: Stage) -> None:
    at_result(stage, "curves")


@state
def training_sources(stage: Stage) -> None:
    at_result(stage, "sources")


@state
def training_threshold(stage: Stage) -> None:
    page = at_result(stage, "threshold")
    page.current.threshold.show_curve(page.current.result.operating, page.current.result.point, "")


@state
def training_register(stage: Stage) -> None:
    page = at_result(stage, "figures")
    page.go_to("register")
    stage.until(page.current.register.isEnabled, 100)
    page.current.register.click()
    stage.until(lambda: page.current.digest, 200)
    page.current.fields["who"].setText("rk")


@state
def training_light(stage: Stage) -> None:
    stage.window.use_theme(theme.LIGHT)
    running(stage, 13)
