"""A folder of drawn films, one sub-folder a finding, and the process's desk on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.site.desk import Desk
from core.site.state import SiteState
from tests.films import write_dicom, write_png
from tests.labelled_films import drawn

_LONG = 120


@pytest.fixture
def films(tmp_path: Path) -> Callable[..., Path]:
    """Films of these labels: label → how many. DICOM with a patient each where dicom is set."""

    def make(counts: dict[str, int], *, dicom: bool = False) -> Path:
        place, seed = tmp_path / "films", 0
        for label, count in counts.items():
            folder = place / label
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                picture = drawn(seed, "dark" if label == "dark" else "bright" if label == "bright" else "normal")
                if dicom:
                    write_dicom(folder / f"{number:02d}.dcm", picture, PatientID=f"P{number // 2}-{label}")
                else:
                    write_png(folder / f"{number:02d}.png", picture)
                seed += 1
        return place

    return make


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close()


def rested(desk: Desk) -> SiteState:
    """What the desk says once nothing is under way."""
    until = time.monotonic() + _LONG
    while (state := desk.look(None)).phase not in ("ready", "failed", "empty"):
        assert time.monotonic() < until, state.phase
        time.sleep(0.02)
    return state


def opened(desk: Desk, place: Path) -> SiteState:
    desk.open(str(place))
    return rested(desk)
