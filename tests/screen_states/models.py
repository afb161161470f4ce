"""The models page: the card, members and weights, comparison, calibration, a bundle that is spoiled, an import."""

from __future__ import annotations

from typing import Any

from tests.screen_states.stage import Stage, state
from tests.stand_in_models import OWN, SPOILED


def models_page(stage: Stage) -> Any:
    page: Any = stage.window.go_to("models")
    stage.until(lambda: page.detail.row is not None, 200)
    return page


def judged(stage: Stage, page: Any, chooser: Any, place: str = "/films") -> None:
    chooser.look_at(place)
    stage.until(lambda: chooser.choices)
    for choice in chooser.choices.values():
        if not choice.value:
            choice.choose("covid")
    chooser.begin()
    stage.until(lambda: not page.watch.working, 100)


@state
def models_card(stage: Stage) -> None:
    models_page(stage)


@state
def models_light(stage: Stage) -> None:
    stage.press("view.light")
    models_page(stage)


@state
def models_spoiled(stage: Stage) -> None:
    models_page(stage).choose(SPOILED.key)


@state
def models_history(stage: Stage) -> None:
    stage.window.preferences.put("reader", "AB")
    page = models_page(stage)
    page.choose(OWN.key)
    page.promote()
    stage.until(lambda: page.shelf.can_go_back)
    page.roll_back()
    stage.until(lambda: len(page.panel.log) == 2)
    page.choose(OWN.key)
    page.remove()
    stage.until(lambda: OWN.key not in page.panel.lines)


@state
def models_weights(stage: Stage) -> None:
    page = models_page(stage)
    page.detail.go_to("weights")
    judged(stage, page, page.detail.weights.chooser)
    page.detail.weights.sliders[0].setValue(100)
    stage.until(lambda: page.detail.weights.figures["better_by"].text().startswith("+0.0"), 300)


@state
def models_compare(stage: Stage) -> None:
    page = models_page(stage)
    page.choose(OWN.key)
    page.detail.go_to("compare")
    judged(stage, page, page.detail.compare.chooser)


@state
def models_judging(stage: Stage) -> None:
    page = models_page(stage)
    page.detail.go_to("compare")
    chooser = page.detail.compare.chooser
    chooser.look_at(str(stage.folder / "slow"))
    stage.until(lambda: chooser.choices)
    chooser.begin()
    stage.until(lambda: chooser.working.bar.maximum() > 1)


@state
def models_calibration(stage: Stage) -> None:
    page = models_page(stage)
    page.detail.go_to("calibrate")
    judged(stage, page, page.detail.calibrate.chooser)


@state
def models_calibration_adopt(stage: Stage) -> None:
    page = models_page(stage)
    page.detail.go_to("calibrate")
    judged(stage, page, page.detail.calibrate.chooser)
    page.detail.calibrate.go_to(2)
    stage.until(lambda: "Refer" in page.detail.calibrate.sentences)


@state
def models_calibration_too_few(stage: Stage) -> None:
    page = models_page(stage)
    page.detail.go_to("calibrate")
    judged(stage, page, page.detail.calibrate.chooser, "/few")
    page.detail.calibrate.go_to(2)


@state
def models_import(stage: Stage) -> None:
    page = models_page(stage)
    page.import_keras("/data/old-net.h5")
    stage.until(lambda: page.importing.asks)
    page.importing.names[0].setText("normal")
    page.importing.titles[0].setText("Normal")
    page.importing.naming.button.click()


@state
def models_import_refused(stage: Stage) -> None:
    page = models_page(stage)
    page.import_keras("/data/refuse.h5")
    stage.until(lambda: not page.watch.working)
