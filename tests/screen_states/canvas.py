"""The canvas: turns, windows of the file, and the ways to draw a map."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from core.places import SAMPLES
from tests.screen_states.stage import Stage, state


def open_sample(stage: Stage) -> None:
    stage.open_and_wait(str(SAMPLES / "06-ground-glass-dx.dcm"))


@state
def patient_on_the_film(stage: Stage) -> None:
    open_sample(stage)
    stage.window.page.area.pair.film_foot.point(312.0, 200.0)


@state
def overlay_hidden(stage: Stage) -> None:
    open_sample(stage)
    stage.press("view.patient")


@state
def rotated_flipped(stage: Stage) -> None:
    open_sample(stage)
    stage.press("film.right", "film.flip")


@state
def presets(stage: Stage) -> None:
    open_sample(stage)
    stage.press("film.preset")


@state
def contour(stage: Stage) -> None:
    open_sample(stage)
    stage.press("findings.contour")


@state
def member_map(stage: Stage) -> None:
    open_sample(stage)
    stage.press("findings.member", "findings.less", "findings.less", "findings.less")


@state
def finding_alone(stage: Stage) -> None:
    open_sample(stage)
    stage.press("findings.alone", "view.list")


@state
def heatmap_menu(stage: Stage) -> QWidget | None:
    open_sample(stage)
    menu = stage.window.page.area.pair.map_foot.menu
    menu.popup(stage.window.mapToGlobal(stage.window.rect().center()))
    stage.until(lambda: True, 100)
    return menu


@state
def one_canvas(stage: Stage) -> None:
    stage.window.resize(720, stage.height)
    open_sample(stage)
