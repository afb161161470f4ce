"""The pages beside the reading page: each is made when it is first wanted, from modules that are imported then."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gui.pages import Page

if TYPE_CHECKING:
    from gui.window import Window

NAMES: Final = ("reading", "screening", "training", "models", "settings")
# What the pages are made of; all at once their import would hold the window up.
_AHEAD: Final = (
    "core.models.state", "gui.models.parts", "gui.widgets.plots", "gui.models.detail", "gui.models.page",
    "core.training.state", "core.site.state", "gui.training.steps", "gui.training.page", "gui.training.data",
)  # fmt: skip
SCREENER: Final = "core.screening.desk:serve"


def imported_ahead() -> Iterator[None]:
    """Import while nobody waits for it, a little in each step."""
    for module in _AHEAD:
        yield
        importlib.import_module(module)


def made(name: str, window: Window, workers: Mapping[str, str]) -> Page:
    """A page with its own signals wired. workers: other modules for "screener", "site", "trainer" and "models", for
    tests."""
    if name == "screening":
        from gui.screening.page import ScreeningPage

        screening = ScreeningPage(window.services, workers.get("screener", SCREENER))
        screening.opened.connect(window.open_refs)
        return screening
    if name == "training":
        from gui.training.page import SITE, TRAINER, TrainingPage

        training = TrainingPage(window.services, workers.get("site", SITE), workers.get("trainer", TRAINER))
        training.opened.connect(window.open_refs)
        training.put_into_use.connect(window.another_bundle)
        return training
    if name == "models":
        from gui.models.page import SERVE, ModelsPage

        models = ModelsPage(window.services, workers.get("models", SERVE))
        models.put_into_use.connect(window.another_bundle)
        return models
    from gui.settings.page import SettingsPage

    return SettingsPage(window.services, window.let_go)
