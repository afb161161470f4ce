"""The reader's verdict: given, asking for initials, and with a note."""

from __future__ import annotations

from tests.screen_states.stage import Stage, state


@state
def verdict_given(stage: Stage) -> None:
    stage.window.preferences.put("reader", "AB")
    stage.open_and_wait(stage.film("refer"))
    stage.press("verdict.agree")
    stage.until(lambda: "COVID-19" in stage.window.page.verdict.sentence)


@state
def verdict_initials(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer"))
    stage.press("verdict.finding-2")


@state
def verdict_note(stage: Stage) -> None:
    stage.window.preferences.put("reader", "AB")
    stage.open_and_wait(stage.film("refer"))
    stage.press("verdict.note")
