"""The screening page: runs that go on, are stopped, done or in trouble, drawn as folders of journals."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PySide6.QtWidgets import QApplication, QWidget

from core.errors import RunRefused
from core.places import SAMPLES
from tests import drawn_runs, one_process
from tests.screen_states.stage import Stage, drawn_film, state


def thumbnails() -> list[bytes]:
    sources = [path.read_bytes() for path in sorted(SAMPLES.glob("*.png"))[:6]] or [drawn_film(None)]
    films = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_GRAYSCALE) for one in sources]
    small = [cv2.resize(one, (118, 128), interpolation=cv2.INTER_AREA) for one in films]
    return [cv2.imencode(".jpg", one)[1].tobytes() for one in small]


def open_run(stage: Stage, run: Path, chosen: int = 3) -> None:
    page: Any = stage.window.go_to("screening")
    page.open_run(str(run))
    at_rest(stage, page)
    page.table.go_to(chosen)
    stage.until(lambda: page.preview.picture.has_image, 300)


def at_rest(stage: Stage, page: Any) -> None:
    stage.until(lambda: page.state.phase == "resting" and not page.state.more)


def screen_films(stage: Stage, count: int, name: str) -> Any:
    source = stage.folder / f"{name}-{count}"
    source.mkdir(exist_ok=True)
    for number in range(count):
        (source / f"{number:03}-{name}.png").write_bytes(one_process.png(number))
    page: Any = stage.window.go_to("screening")
    page.start([str(source)])
    return page


@state
def screening_empty(stage: Stage) -> None:
    stage.window.go_to("screening")


@state
def screening_running(stage: Stage) -> None:
    page = screen_films(stage, 400, "slow")
    stage.until(lambda: page.rows.rowCount() > 60)
    page.table.go_to(2)
    stage.until(lambda: page.rows.rowCount() > 120)


@state
def screening_stopped(stage: Stage) -> None:
    open_run(stage, drawn_runs.make(fresh(stage.folder), 612, waiting=368, thumbnails=thumbnails()))


@state
def screening_done(stage: Stage) -> None:
    open_run(stage, drawn_runs.make(fresh(stage.folder), 640, thumbnails=thumbnails()), 24)


@state
def screening_grouped(stage: Stage) -> None:
    open_run(stage, drawn_runs.make(fresh(stage.folder), 640, thumbnails=thumbnails()), 4)
    stage.press("run.group")
    stage.press("run.names")
    stage.until(lambda: True, 200)


@state
def screening_ten_thousand(stage: Stage) -> None:
    open_run(stage, drawn_runs.make(fresh(stage.folder), 10_000, thumbnails=thumbnails()[:1]), 8)
    page: Any = stage.window.go_to("screening")
    page.threshold.slider.setValue(73)
    stage.until(lambda: True, 200)


@state
def screening_all_refused(stage: Stage) -> None:
    page = screen_films(stage, 24, "refused")
    at_rest(stage, page)
    page.table.go_to(0)
    stage.until(lambda: page.preview.picture.has_image, 300)


@state
def screening_no_films(stage: Stage) -> None:
    at_rest(stage, screen_films(stage, 0, "none"))


@state
def screening_disk_full(stage: Stage) -> None:
    run = drawn_runs.make(fresh(stage.folder), 300, waiting=500, thumbnails=thumbnails())
    open_run(stage, run)
    page: Any = stage.window.go_to("screening")
    error = RunRefused("disk-full", what=run).reason
    page._take(replace(page.state, error=error, fresh=False))


@state
def screening_export(stage: Stage) -> QWidget | None:
    open_run(stage, drawn_runs.make(fresh(stage.folder), 300, waiting=20, thumbnails=thumbnails()))
    stage.press("run.csv")
    stage.until(lambda: True, 100)
    return QApplication.activeModalWidget()


@state
def screening_light(stage: Stage) -> None:
    stage.press("view.light")
    open_run(stage, drawn_runs.make(fresh(stage.folder), 640, thumbnails=thumbnails()), 24)


def fresh(folder: Path) -> Path:
    """A folder that is not there yet."""
    return Path(tempfile.mkdtemp(dir=folder)) / "run"
