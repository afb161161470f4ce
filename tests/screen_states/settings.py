"""The settings: what is kept, the networks, and keys that are in conflict."""

from __future__ import annotations

from typing import Any

from tests.core.test_work_folders import films_of, training
from tests.screen_states.stage import Stage, state


def settings_page(stage: Stage) -> Any:
    page: Any = stage.window.go_to("settings")
    stage.until(lambda: page.keys.is_built and page.networks.buttons and page.kept.counts.text(), 300)
    return page


@state
def settings(stage: Stage) -> None:
    stage.window.preferences.put("reader", "AB")
    settings_page(stage)


@state
def settings_light(stage: Stage) -> None:
    stage.press("view.light")
    page = settings_page(stage)
    page.kept.boxes["keep/names"].setChecked(True)
    page.networks.prevalence.fields["covid"].setText("5")
    page.scroll.verticalScrollBar().setValue(360)


@state
def settings_forget(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer"))
    films = films_of("/data/chest films/adults 2025", 310_000_000)
    for name in ("our-films", "our-films-clinic"):
        training(name, films)
    page = settings_page(stage)
    stage.until(page.kept.forget.isEnabled)
    page.kept.forget.click()
    stage.until(lambda: True, 50)
    page.scroll.ensureWidgetVisible(page.kept.question)


@state
def settings_keys_conflict(stage: Stage) -> None:
    page = settings_page(stage)
    page.keys.rows["film.fit"].keys.pressed_keys.emit("J")
    stage.until(lambda: True, 50)
    page.scroll.ensureWidgetVisible(page.keys.conflict, 0, 200)
