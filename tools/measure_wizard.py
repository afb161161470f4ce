"""A real fine-tune through the window, as somebody would do it, and what the reading page is like meanwhile.

    python tools/measure_wizard.py FOLDER-OR-CSV --out OUT [--name NAME] [--films FOLDER] [--set KEY=VALUE …]

The real window and its real processes, without a screen; a home of its own in OUT/home, so that nothing of the user's
is touched. Walks the wizard from the films to a bundle in use by its buttons, acknowledges what the check found, and
opens a film on the reading page again and again: before the training, and while the networks are trained. Writes
OUT/wizard.json (pauses of the event loop, seconds from opening a film to its findings, what the result page says) and
pictures of the run and of its result. docs/training.md has what came of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_TICK_MS = 5
_SIZE = (1366, 768)
_RESTING = ("done", "failed", "stopped", "paused")
_AFTER = 5.0  # seconds between two films while the networks are trained


class Somebody:
    """Who sits at the window."""

    def __init__(self, out: Path, films: list[Path]) -> None:
        from PySide6.QtCore import Qt, QTimer
        from PySide6.QtWidgets import QApplication

        from gui import system, theme
        from gui.window import Window

        system.keep_constants_alive()
        self.application = QApplication([])
        theme.apply(self.application, theme.DARK)
        self.out, self.films, self.window = out, films, Window()
        self.window.resize(*_SIZE)
        self.pauses: dict[str, list[float]] = {"before": [], "training": [], "after": []}
        self.seconds: dict[str, list[float]] = {"before": [], "training": [], "after": []}
        self.when, self._last, self._read = "before", 0.0, 0
        self._ticker = QTimer()
        self._ticker.setTimerType(Qt.TimerType.PreciseTimer)
        self._ticker.timeout.connect(self._tick)
        self._ticker.start(_TICK_MS)
        self.window.show()

    def _tick(self) -> None:
        now = perf_counter()
        if self._last:
            self.pauses[self.when].append((now - self._last) * 1000 - _TICK_MS)
        self._last = now

    def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            self.application.processEvents()
            # Whoever spins takes a core from what is measured.
            self.application.thread().msleep(1)

    def rest(self, seconds: float) -> None:
        end = perf_counter() + seconds
        self.until(lambda: perf_counter() > end)

    def read(self) -> None:
        """Open a film and wait for its findings."""
        answers: list[object] = []
        self.window.page.assessed.connect(answers.append)
        start = perf_counter()
        self.window.open_paths([str(self.films[self._read % len(self.films)])])
        self._read += 1
        self.until(lambda: answers)
        self.seconds[self.when].append(perf_counter() - start)
        self.window.page.assessed.disconnect(answers.append)

    def picture(self, name: str) -> None:
        self.rest(0.3)
        self.window.grab().save(str(self.out / f"{name}.png"))
        self._last = 0.0  # nobody who works takes pictures: this pause is ours

    def go_to(self, page: str) -> Any:
        """Between two presses of a hand the event loop has turned."""
        self.rest(0.2)
        found = self.window.go_to(page)
        self.rest(0.2)
        return found

    def step(self, page: Any, name: str) -> Any:
        self.until(lambda: page.current.may_leave() is None)
        page.next.click()
        if page.current.name != name:
            raise SystemExit(f"the wizard is at {page.current.name}: {page.words.text()}")
        return page.current


def main() -> int:
    options = _options()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    os.environ["HILUM_HOME"] = str(out / "home")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    films = sorted(path for path in options.films.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".dcm"))[:20]
    one = Somebody(out, films)
    for _film in range(len(films)):
        one.read()
    one.seconds["before"] = one.seconds["before"][1:]  # the first waited for the processes
    page: Any = one.go_to("training")
    start = perf_counter()
    page.current.open(str(options.place.resolve()))
    classes = one.step(page, "classes")
    said = {"together": classes.together.text()}
    check = one.step(page, "check")
    site = check.wizard.site
    one.until(lambda: site.state.findings is not None)
    said["findings"] = [f"{each.severity}: {each.title}" for each in site.state.findings]
    for each in site.state.findings:
        if each.severity == "blocker" and each.may_acknowledge:
            site.ask(("acknowledge", each.code, "Known; this is a trial of the program."))
    one.picture("check")
    begin = one.step(page, "start")
    one.until(lambda: page.wizard.choices.start)
    for setting in options.set:
        key, _, value = setting.partition("=")
        begin.form.put(key, json.loads(value))
    one.picture("start")
    preview = one.step(page, "preview")
    one.until(lambda: preview.grid.cells)
    one.picture("preview")
    prepared = perf_counter() - start
    run = one.step(page, "run")
    run._before.name.setText(options.name)
    run._before.use.setText("A trial of the program.")
    begun = perf_counter()
    run._before.start.click()
    one.until(lambda: run.state is not None and run.state.phase in ("training", *_RESTING))
    one.when, pictured = "training", False
    while run.state.phase not in _RESTING:
        if run.state.phase == "training":
            one.go_to("reading")
            one.read()
            one.go_to("training")
            if not pictured and run.rows:
                one.picture("run")
                pictured = True
        one.rest(_AFTER)
    trained = perf_counter() - begun
    one.when = "after"
    if run.state.phase != "done":
        raise SystemExit(f"the training is {run.state.phase}: {run.state.error}")
    result = one.step(page, "result")
    one.until(lambda: result.result is not None)
    one.picture("result")
    register = one.step(page, "register")
    one.until(register.register.isEnabled)
    register.register.click()
    one.until(lambda: register.digest)
    register.fields["who"].setText("trial")
    one.until(register.promote.isEnabled)
    register.promote.click()
    one.until(lambda: one.window.state.startswith(options.name))
    one.read()
    found = result.result
    figures = {
        "seconds_to_prepare": prepared, "seconds_of_training": trained,
        "pauses_ms": {when: sorted(each)[-3:] for when, each in one.pauses.items()},
        "seconds_to_findings": {when: median(each) for when, each in one.seconds.items()},
        "films_read": {when: len(each) for when, each in one.seconds.items()},
        "times_slower": median(one.seconds["training"]) / median(one.seconds["before"]),
        **said, "sentence": found.sentence, "shortcuts": found.shortcuts, "films": found.films,
        "patients": found.patients, "protocol": found.protocol, "locked": found.locked,
        "left_out": dict(found.left_out),
        "bundle": found.bundle.words, "used": found.used and found.used.words, "compared": found.compared,
        "point": found.point.words, "in_use": one.window.state,
    }  # fmt: skip
    (out / "wizard.json").write_text(json.dumps(figures, indent=1, default=str), "utf-8")
    print(json.dumps(figures, indent=1, default=str))
    one.window.close()
    one.window.stop()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path, help="the site's films")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=Path, default=Path("resources/samples"), help="films to read meanwhile")
    parser.add_argument("--name", default="trial")
    parser.add_argument("--set", action="append", default=[], help="a setting of the recipe, its value in JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
