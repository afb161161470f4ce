"""The training wizard's pages about a site's films: the real process on simulated films."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLabel, QWidget

from core.imaging.phantom import Opacity, simulate
from core.imaging.phantom.pictures import as_png
from core.inference import shelf
from core.site.state import DryRun
from core.training import recipes
from gui.training.page import TrainingPage
from tests.screen_states.stage import Stage, state
from tests.screen_states.training import Answered

_FINDINGS: tuple[tuple[str, Opacity | None], ...] = (
    ("No finding", None), ("COVID-19", "ground-glass"), ("Pneumonia", "consolidation"), ("Effusion", "effusion"),
)  # fmt: skip
_EACH = 12


def films_of_a_site(folder: Path) -> Path:
    """A folder with a sub-folder for each finding, and the mistakes that such folders have."""
    place = folder / "films of our site"
    if place.exists():
        return place
    for number in range(len(_FINDINGS) * _EACH):
        label, opacity = _FINDINGS[number % len(_FINDINGS)]
        (place / label).mkdir(parents=True, exist_ok=True)
        film = simulate(number, opacity, rows=320)
        (place / label / f"film-{number:03d}.png").write_bytes(as_png(film.pixels, 8))
    (place / "Effusion" / "notes.txt").write_text("no picture")
    shutil.copy(place / "COVID-19" / "film-001.png", place / "Pneumonia" / "copy.png")
    return place


def _patiently(stage: Stage, holds: Callable[[], object]) -> None:
    """Several processes have to start first."""
    for _try in range(10):
        stage.until(holds)
        if holds():
            return


def wizard_on(stage: Stage) -> TrainingPage:
    """The wizard, as large as the window leaves it room, with the films read."""
    page = TrainingPage(stage.window.services)
    page.resize(stage.window.width() - 56, stage.window.height() - 60)
    page.show()
    data: Any = page.page("data")
    data.open(str(films_of_a_site(stage.folder)))
    _patiently(stage, lambda: data.may_leave() is None)
    _patiently(stage, lambda: len(data.site.pictures) >= _EACH)
    return page


def _drawn(stage: Stage, page: TrainingPage) -> QWidget:
    """A still picture: the page's processes end with the state."""
    stage.until(lambda: True, 200)
    picture = page.grab()
    page.stop()
    label = QLabel()
    label.setPixmap(picture)
    label.resize(page.size())
    return label


@state
def training_data_empty(stage: Stage) -> QWidget:
    page = TrainingPage(stage.window.services)
    page.resize(stage.window.width() - 56, stage.window.height() - 60)
    return _drawn(stage, page)


@state
def training_data(stage: Stage) -> QWidget:
    page = wizard_on(stage)
    data: Any = page.page("data")
    data.thumbs.choose(data.thumbs.numbers[3:5])
    _patiently(stage, lambda: data.look.large.image is not None)
    return _drawn(stage, page)


@state
def training_classes(stage: Stage) -> QWidget:
    page = wizard_on(stage)
    page.go_to("classes")
    return _drawn(stage, page)


@state
def training_preview(stage: Stage) -> QWidget:
    page = wizard_on(stage)
    for number in range(1, 4):
        page._made[number] = Answered(page.wizard)
        page._stack.addWidget(page._made[number])
    choices = page.wizard.choices
    choices.recipe, choices.start = recipes.found("site-fine-tune").read_text("utf-8"), str(shelf.in_use().folder)
    preview: Any = page.page("preview")
    # No network is trained for a picture.
    each = (("lite0", 0.61, 1260.0), ("lite2", 0.94, 1980.0), ("mobile", 0.43, 900.0))
    trial = DryRun(24, 0.66, 1_900_000_000, 4140.0, 3, "CPU", each)
    preview._time = lambda: None
    page.go_to("preview")
    preview._timed_for = preview._asked_for
    _patiently(stage, lambda: preview.grid.cells)
    preview.site.state = replace(preview.site.state, dry_run=trial)
    preview._show()
    return _drawn(stage, page)


@state
def training_check(stage: Stage) -> QWidget:
    page = wizard_on(stage)
    page.go_to("classes")
    page.go_to("check")
    check: Any = page.page("check")
    _patiently(stage, lambda: check.list.count() > 1)
    codes = [one.code for one in check.site.state.findings]
    check.list.setCurrentRow(codes.index("copies-in-two-classes"))
    stage.until(lambda: len(check.site.pictures) >= _EACH, 200)
    return _drawn(stage, page)
