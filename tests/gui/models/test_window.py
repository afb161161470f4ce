"""Models in the window: from the rail, with Ctrl+4, and the reading page learns what is in use."""

from __future__ import annotations

from gui.models.page import ModelsPage
from tests.gui.conftest import OpenWindow
from tests.gui.models.conftest import Wait
from tests.stand_in_models import OWN


def test_the_rail_leads_to_the_models_and_a_promotion_reaches_the_reading_page(
    open_window: OpenWindow, wait: Wait
) -> None:
    window = open_window(models="tests.stand_in_models:serve")
    wait(lambda: "stand-in" in window.state)
    window.actions_["view.models"].trigger()
    page = window.current
    assert isinstance(page, ModelsPage)
    assert window.actions_["view.models"].isChecked()
    wait(lambda: page.detail.row is not None)
    page.choose(OWN.key)
    engine = window.assessor.pid
    page.detail.use.click()
    wait(lambda: "site 2 is in use now" in window.notice.sentence)
    # Another process, which holds what is in use now.
    wait(lambda: window.assessor.pid not in (None, engine) and "stand-in" in window.state)
