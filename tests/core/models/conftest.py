"""A program that comes with the small bundle, labelled films for it, and a desk to ask."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import places
from core.inference import shelf
from core.inference.bundles import Bundle
from core.models.desk import Desk
from core.models.state import Task
from tests import labelled_films
from tests.films import write_png

Run = Callable[..., Task]
_LONG = 120


@pytest.fixture
def shipped(small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small bundle as the one that comes with the program; without a lungs bundle."""
    folder = tmp_path / "models"
    shutil.copytree(small_bundle.folder, folder / shelf.DEFAULT)
    monkeypatch.setattr(places, "SHIPPED_BUNDLES", folder)
    return folder / shelf.DEFAULT


@pytest.fixture(scope="session")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """18 films of 9 patients; too few for a threshold."""
    return labelled_films.make(tmp_path_factory.mktemp("labelled"))


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many films of each class as a threshold needs, in a folder a class; some are called what they are not."""
    folder = tmp_path_factory.mktemp("many")
    for place, label in enumerate(("normal", "bright", "dark")):
        (folder / label).mkdir()
        chance = np.random.default_rng(place)
        for number in range(104):
            # Every thirtieth film looks like another class: nobody is certain of anything.
            looks = ("normal", "bright", "dark")[(place + 1) % 3] if number % 30 == 0 else label
            film = labelled_films.drawn(1000 * (place + 1) + number, looks)
            write_png(
                folder / label / f"{number:03d}.png", np.clip(film + chance.normal(0, 9), 0, 255).astype(np.uint8)
            )
    return folder


@pytest.fixture
def desk(shipped: Path) -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close(_LONG)


@pytest.fixture
def run(desk: Desk) -> Run:
    """Begin something and wait until it has ended."""

    def act(what: str, *arguments: Any) -> Task:
        number = desk.begin(what, *arguments)
        until = time.monotonic() + _LONG
        while (task := desk.look(number)).phase == "working":
            assert time.monotonic() < until
            time.sleep(0.02)
        return task

    return act
