"""What the tests with the real processes share: simulated films, a training of seconds, and somebody who walks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from core.imaging.phantom import Opacity, simulate
from core.imaging.phantom.pictures import as_png
from gui.training.page import TrainingPage

_FILMS_A_CLASS, _SIDE = 20, 96
_KINDS: dict[str, Opacity | None] = {"normal": None, "bright": "consolidation", "dark": "effusion"}
# One small network from nothing: what is tested is the way, not what comes of it.
QUICK = {
    "network.backbone": "small-cnn", "network.cut": None, "input.rows": 32, "input.columns": 32, "input.range": "-1..1",
    "protocol.kind": "k-fold", "protocol.folds": 2,
    **{f"phases.{phase}.{name}": value for phase in (1, 2)
       for name, value in (("trainable", "all"), ("norms", "learn"), ("epochs", 1), ("early_stop", None),
                           ("attention", 0.0))},
}  # fmt: skip
# Two cores are shared with other tests; every wait is on an event.
LONG = 600_000


def write_films(folder: Path) -> Path:
    """60 simulated films of people who do not exist, a folder a finding."""
    for number, (label, opacity) in enumerate(_KINDS.items()):
        (folder / label).mkdir()
        for film in range(_FILMS_A_CLASS):
            pixels = simulate(100 * number + film, opacity, _SIDE).pixels
            (folder / label / f"{film:02d}.png").write_bytes(as_png(pixels, 8))
    return folder


class Walk:
    """Somebody who reads every page of the wizard and goes on as soon as it lets them."""

    def __init__(self, page: TrainingPage, qtbot: QtBot) -> None:
        self._page, self._qtbot = page, qtbot

    def until(self, holds: Any) -> None:
        self._qtbot.waitUntil(lambda: bool(holds()), timeout=LONG)

    def to(self, name: str) -> Any:
        """The next step, which is the one of that name."""
        self.until(lambda: self._page.current.may_leave() is None)
        self._page.next.click()
        assert self._page.current.name == name
        return self._page.current
