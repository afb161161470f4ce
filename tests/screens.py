"""Write a screenshot of every state of the window: python tests/screens.py OUT [NAME…]

At 1366 × 768, and at 3840 × 2160 with 200 % scaling. They are for people to look at, and are compared with nothing.
The films are drawn, or taken from the simulated samples where those are there; the networks are stand-ins.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"1366": (1366, 768, "1"), "4k": (1920, 1080, "2")}
LIMIT_MS = 30_000
STAND_INS = {"decoder": "tests.gui.standins:decoder", "assessor": "tests.gui.standins:assessor"}


def main(out: Path, names: list[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for size, (_width, _height, scale) in SIZES.items():
        # The scale of the screen can be set only before Qt starts: one process for each.
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(ROOT)}
        environment["HILUM_HOME"] = tempfile.mkdtemp(prefix="hilum-screens-")
        command = [sys.executable, __file__, "--one", size, str(out), *names]
        subprocess.run(command, env=environment, check=True)


def one_size(size: str, out: Path, names: list[str]) -> None:
    from gui import system

    system.keep_constants_alive()
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication, QWidget

    from gui import theme
    from gui.window import Window

    application = QApplication([])
    folder = Path(tempfile.mkdtemp(prefix="hilum-films-"))
    width, height, _scale = SIZES[size]

    def until(holds: Callable[[], object], at_least_ms: int = 0) -> None:
        loop, clock, limit = QEventLoop(), QTimer(), QTimer()
        clock.timeout.connect(lambda: loop.quit() if holds() else None)
        limit.setSingleShot(True)
        limit.timeout.connect(loop.quit)
        pause = QTimer()
        pause.setSingleShot(True)
        pause.timeout.connect(lambda: clock.start(20))
        pause.start(at_least_ms)
        limit.start(LIMIT_MS)
        loop.exec()

    def film(name: str, source: str | None = None) -> str:
        path = folder / f"{name}.png"
        if not path.exists():
            path.write_bytes(drawn_film(source))
        return str(path)

    states: dict[str, Callable[[Window], QWidget | None]] = {}

    def state(act: Callable[[Window], QWidget | None]) -> Callable[[Window], QWidget | None]:
        states[act.__name__.replace("_", "-")] = act
        return act

    def open_and_wait(window: Window, *paths: str) -> None:
        window.open_paths(list(paths))
        page = window.page
        until(lambda: page.studies.entries and page.studies.entries[0].assessment is not None, 100)
        until(lambda: all(entry.facts or entry.reason for entry in page.studies.entries))

    @state
    def first_start(window: Window) -> None:
        until(lambda: "getting ready" not in window.state)

    @state
    def networks_getting_ready(window: Window) -> None:
        window.open_paths([film("refer")])
        until(lambda: window.page.area.view.film is not None, 200)

    @state
    def no_networks(window: Window) -> None:
        window.open_paths([film("refer")])
        until(lambda: window.page.area.view.film is not None, 1500)

    @state
    def opening(window: Window) -> None:
        window.open_paths([film("waits")])
        until(lambda: "Opening" in window.page.area.placard.words, 300)

    @state
    def assessed_refer(window: Window) -> None:
        open_and_wait(window, film("refer"), film("normal"), film("disagree"), film("lateral"))

    @state
    def assessed_normal(window: Window) -> None:
        open_and_wait(window, film("normal"))

    @state
    def abstained(window: Window) -> None:
        open_and_wait(window, film("disagree"))

    @state
    def refused_by_gate(window: Window) -> None:
        open_and_wait(window, film("lateral"))

    @state
    def asking_for_a_reason(window: Window) -> None:
        open_and_wait(window, film("lateral"))
        window.actions_["findings.override"].trigger()

    @state
    def overridden(window: Window) -> None:
        open_and_wait(window, film("lateral"))
        window.page.findings.overridden.emit("It is a frontal film; the tag is wrong")
        until(lambda: "because a reader asked" in window.page.findings.sentences)

    @state
    def declared(window: Window) -> None:
        open_and_wait(window, film("refer"))
        for name in ("findings.turned", "findings.negative", "findings.mirrored"):
            window.actions_[name].trigger()
        until(lambda: "Declared turned" in window.page.findings.sentences)

    @state
    def broken_file(window: Window) -> None:
        broken = folder / "broken.dcm"
        broken.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 300)
        window.open_paths([str(broken), film("refer")])
        until(lambda: "Refused" in window.page.area.placard.words, 400)

    @state
    def worker_died(window: Window) -> None:
        window.open_paths([film("kills"), film("refer")])
        until(lambda: "Failed" in window.page.area.placard.words, 400)

    @state
    def zoomed(window: Window) -> None:
        open_and_wait(window, film("refer"))
        window.page.area.view.zoom_by(3, window.page.area.film_canvas.device_size)
        window.actions_["film.invert"].trigger()

    @state
    def narrow(window: Window) -> None:
        window.resize(900, height)
        open_and_wait(window, film("refer"))

    @state
    def folded(window: Window) -> None:
        open_and_wait(window, film("refer"))
        window.actions_["view.list"].trigger()

    @state
    def light(window: Window) -> None:
        window.actions_["view.light"].trigger()
        open_and_wait(window, film("refer"), film("lateral"))

    @state
    def light_empty(window: Window) -> None:
        window.actions_["view.light"].trigger()
        until(lambda: "getting ready" not in window.state)

    @state
    def shortcuts(window: Window) -> QWidget | None:
        window.actions_["help.shortcuts"].trigger()
        until(lambda: True, 100)
        return application.activeModalWidget()

    @state
    def about(window: Window) -> QWidget | None:
        until(lambda: "getting ready" not in window.state)
        window.actions_["help.about"].trigger()
        until(lambda: True, 100)
        return application.activeModalWidget()

    special = {"no-networks": "no_bundle", "networks-getting-ready": "slow_assessor"}
    for name, act in states.items():
        if names and name not in names:
            continue
        theme.apply(application, theme.DARK)
        workers = dict(STAND_INS)
        if name in special:
            workers["assessor"] = f"tests.gui.standins:{special[name]}"
        window = Window(workers=workers)
        window.resize(width, height)
        window.show()
        until(lambda window=window: window.state)  # type: ignore[misc]
        shown = act(window) or window
        until(lambda: True, 60)
        shown.grab().save(str(out / f"{name}-{size}.png"))
        window.close()
        window.deleteLater()


def drawn_film(source: str | None) -> bytes:
    """A simulated film as PNG bytes, or a drawn one where there are none."""
    import cv2
    import numpy as np

    from core.places import SAMPLES

    samples = sorted(SAMPLES.glob("*.png")) if SAMPLES.is_dir() else []
    if source is not None or samples:
        return (Path(source) if source else samples[0]).read_bytes()
    r, c = np.mgrid[0:1000, 0:900] / 1000
    body = np.exp(-(((c - 0.45) / 0.42) ** 4)) * 150
    for side in (0.25, 0.65):
        body -= 100 * np.exp(-((((r - 0.45) / 0.3) ** 2 + ((c - side) / 0.14) ** 2) ** 2))
    body += np.random.default_rng(1).normal(0, 4, body.shape) + 40
    return bytes(cv2.imencode(".png", np.clip(body, 0, 255).astype(np.uint8))[1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one_size(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    elif len(sys.argv) < 2:
        sys.exit(__doc__)
    else:
        main(Path(sys.argv[1]), sys.argv[2:])
