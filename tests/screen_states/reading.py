"""A film from its opening to its findings: assessed, refused, failed, and read without networks."""

from __future__ import annotations

from tests.screen_states.stage import Stage, state, with_assessor


@state
def first_start(stage: Stage) -> None:
    stage.until(lambda: "getting ready" not in stage.window.state)


@with_assessor("tests.gui.standins:slow_assessor")
def networks_getting_ready(stage: Stage) -> None:
    stage.window.open_paths([stage.film("refer")])
    stage.until(lambda: stage.window.page.area.film is not None, 200)


@with_assessor("tests.gui.standins:no_bundle")
def no_networks(stage: Stage) -> None:
    stage.window.open_paths([stage.film("refer")])
    stage.until(lambda: stage.window.page.area.film is not None, 1500)


@state
def opening(stage: Stage) -> None:
    stage.window.open_paths([stage.film("waits")])
    stage.until(lambda: "Opening" in stage.window.page.area.placard.words, 300)


@state
def assessed_refer(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer"), stage.film("normal"), stage.film("disagree"), stage.film("lateral"))


@state
def assessed_normal(stage: Stage) -> None:
    stage.open_and_wait(stage.film("normal"))


@state
def abstained(stage: Stage) -> None:
    stage.open_and_wait(stage.film("disagree"))


@state
def refused_by_gate(stage: Stage) -> None:
    stage.open_and_wait(stage.film("lateral"))


@state
def asking_for_a_reason(stage: Stage) -> None:
    stage.open_and_wait(stage.film("lateral"))
    stage.press("findings.override")


@state
def overridden(stage: Stage) -> None:
    stage.open_and_wait(stage.film("lateral"))
    stage.window.page.findings.overridden.emit("It is a frontal film; the tag is wrong")
    stage.until(lambda: "because a reader asked" in stage.window.page.findings.sentences)


@state
def declared(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer"))
    stage.press("findings.turned", "findings.negative", "findings.mirrored")
    stage.until(lambda: "Declared turned" in stage.window.page.findings.sentences)


@state
def broken_file(stage: Stage) -> None:
    broken = stage.folder / "broken.dcm"
    broken.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 300)
    stage.window.open_paths([str(broken), stage.film("refer")])
    stage.until(lambda: "Refused" in stage.window.page.area.placard.words, 400)


@state
def worker_died(stage: Stage) -> None:
    stage.window.open_paths([stage.film("kills"), stage.film("refer")])
    stage.until(lambda: "Failed" in stage.window.page.area.placard.words, 400)


@state
def zoomed(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer"))
    stage.window.page.area.pair.view.zoom_by(3, stage.window.page.area.pair.film_canvas.device_size)
    stage.press("film.invert")
