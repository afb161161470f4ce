"""What `bench` measures of the window, each in a process of its own: python -m gui.bench WHAT [FILM …].

empty and first_paint print one line at the moment of their first paint: whoever started them takes the time.
first_paint is named to core.cli.main as the window to open. The others print one JSON line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, cast

from gui import system

if TYPE_CHECKING:
    from gui.screening.page import ScreeningPage

DRAGS = 200
ZOOMS = 200
SIDE = 3000
ROWS, SCROLLS = 10_000, 300
_TICK_MS = 1
_GIVE_UP_MS = 120_000
PAINTED = "painted"


def first_paint(paths: Sequence[str]) -> int:
    """The real start, main.py's way, until the window was painted; then it closes."""
    from PySide6.QtWidgets import QApplication

    from gui import app, window

    class Marked(window.Window):
        def _after_first_paint(self) -> None:
            # Instead of starting the processes: they come after the first paint and do not belong to it.
            _say(PAINTED)
            QApplication.exit(0)

    window.Window = Marked  # type: ignore[misc]
    return app.run(paths)


def empty() -> int:
    """What the first paint is compared with: PySide6 and numpy imported, one empty window painted."""
    import numpy  # noqa: F401
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Empty(QMainWindow):
        def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
            super().paintEvent(event)
            QTimer.singleShot(0, self._painted)

        def _painted(self) -> None:
            _say(PAINTED)
            QApplication.exit(0)

    application = QApplication([])
    window = Empty()
    window.resize(1366, 768)
    window.show()
    return application.exec()


def window_level() -> int:
    """Milliseconds from a step of a drag to its picture, and from a step of a zoom, on 3000 × 3000 pixels of 16 bits.

    Both canvases are painted, one of them under a heatmap.
    """
    import numpy as np
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QApplication, QMainWindow

    from core.imaging.grayscale import Window
    from core.imaging.radiograph import Facts, Radiograph
    from core.imaging.sources import ImageRef
    from core.inference.assessment import Maps
    from gui import theme
    from gui.commands import Actions
    from gui.reading.film_area import FilmArea
    from gui.widgets.film import film
    from gui.widgets.view import ZOOM_STEP

    application = QApplication([])
    theme.apply(application, theme.DARK)
    host = QMainWindow()
    area = FilmArea(Actions(host))
    host.setCentralWidget(area)
    host.resize(1920, 1080)
    host.show()
    stored = np.random.default_rng(0).integers(0, 65536, (SIDE, SIDE), np.uint16)
    ref = ImageRef("bench", None, 1, "bench")
    area.show_film(film(Radiograph(ref, stored, Facts("PNG"), "", voi=(Window(32768.0, 65536.0),))))
    r, c = np.indices((64, 64)) / 64
    values = np.exp(-(((r - 0.4) / 0.2) ** 2 + ((c - 0.6) / 0.2) ** 2)).astype(np.float32)[None]
    area.put_maps(Maps(("finding",), values, np.diag([SIDE / 64, SIDE / 64, 1.0])), "finding", str)
    application.processEvents()

    def taken(step: Callable[[int], object], count: int) -> list[float]:
        times = []
        for number in range(count):
            start = perf_counter()
            step(number)
            application.processEvents()
            times.append((perf_counter() - start) * 1000)
        return sorted(times[5:])

    view, size = area.pair.view, area.pair.film_canvas.device_size
    dragged = taken(lambda n: view.drag_window(QPointF(1 if n % 40 < 20 else -1, 1 if n % 20 < 10 else -1)), DRAGS)
    # From the whole film to four screen pixels for one of the film, and back.
    zoomed = taken(lambda n: view.zoom_by(ZOOM_STEP ** (0.25 if n % 100 < 50 else -0.25), size), ZOOMS)
    _say(
        json.dumps(
            {
                "p95_ms": dragged[int(0.95 * len(dragged))],
                "median_ms": dragged[len(dragged) // 2],
                "zoom_p95_ms": zoomed[int(0.95 * len(zoomed))],
                "zoom_median_ms": zoomed[len(zoomed) // 2],
            }
        )
    )
    return 0


def event_loop(paths: Sequence[str]) -> int:
    """The longest pause between two turns of the event loop while films are opened and assessed one after another, and
    then screened.

    From the first paint on: the start of the processes is part of the load.
    """
    import tempfile

    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from gui import theme
    from gui.window import Window

    application = QApplication([])
    theme.apply(application, theme.DARK)
    window = Window()
    gaps: dict[str, list[float]] = {"reading": [], "screening": []}
    now_doing, last = ["reading"], [0.0]

    def tick() -> None:
        now = perf_counter()
        if last[0]:
            gaps[now_doing[0]].append((now - last[0]) * 1000 - _TICK_MS)
        last[0] = now

    ticker = QTimer()
    ticker.setTimerType(Qt.TimerType.PreciseTimer)
    ticker.timeout.connect(tick)
    window.first_painted.connect(lambda: ticker.start(_TICK_MS))
    assessed: list[object] = []

    def go_on(assessment: object) -> None:
        assessed.append(assessment)
        if len(assessed) < len(paths):
            window.actions_["film.next"].trigger()
        elif now_doing[0] == "reading":
            # A moment more: the heatmap of the last film is painted too.
            QTimer.singleShot(200, screen)

    def screen() -> None:
        now_doing[0] = "screening"
        page = cast("ScreeningPage", window.go_to("screening"))
        page.start(paths, f"{scratch}/run")
        done = QTimer(window)
        done.timeout.connect(lambda: QApplication.exit(0) if page.state.finished else None)
        done.start(100)

    window.page.assessed.connect(go_on)
    window.assessor.unusable.connect(lambda _error: QApplication.exit(1))
    QTimer.singleShot(_GIVE_UP_MS, lambda: QApplication.exit(1))
    window.show()
    window.open_paths(paths)
    with tempfile.TemporaryDirectory(prefix="hilum-bench-") as scratch:
        try:
            code = application.exec()
        finally:
            ticker.stop()
            window.stop()
    if code == 0:
        longest = {what: sorted(found)[-3:] for what, found in gaps.items()}
        figures = {f"{what}_ms": three[-1] for what, three in longest.items()}
        longest_ms = max(figures.values())
        _say(json.dumps({"longest_ms": longest_ms, **figures, "longest_three_ms": longest, "films": len(assessed)}))
    return code


def screening_table() -> int:
    """The longest pause of the event loop while 10,000 rows come in, are scrolled through, searched and filtered."""
    import numpy as np
    from PySide6.QtCore import QElapsedTimer, Qt, QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    from core.errors import reason
    from core.screening.state import BATCH_ROWS, Brief
    from gui import theme
    from gui.screening.model import Rows
    from gui.screening.table import Table

    rng = np.random.default_rng(0)
    classes = ("normal", "pneumonia", "covid")
    briefs = []
    for number in range(ROWS):
        shares = rng.dirichlet((6, 1, 1))
        refused = number % 40 == 0
        why = (reason("gate-blank"),) if refused else (reason("view-unknown"),) if number % 3 == 0 else ()
        finding = None if refused else classes[int(shares.argmax())]
        scores = (None, None, None) if refused else (1 - shares[0], bool(shares[0] < 0.5), tuple(map(float, shares)))
        briefs.append(
            Brief(
                number + 1, f"ward-{number % 7}/film-{number}.dcm", 1, "refused" if refused else "assessed", finding,
                scores[0], scores[1], why, "PA", f"{number // 2:024x}", f"{number:064x}", scores[2],
            )
        )  # fmt: skip
    application = QApplication([])
    theme.apply(application, theme.DARK)
    host = QMainWindow()
    rows = Rows(host)
    table = Table(rows)
    host.setCentralWidget(table)
    host.resize(1920, 1080)
    host.show()
    # What a window has long had when a run is opened: the reader of icons.
    theme.icon("refer", "refer")
    application.processEvents()
    gaps: dict[str, float] = {}
    own: list[float] = []
    last = QElapsedTimer()

    def steps() -> Iterator[str]:
        for first in range(0, ROWS, BATCH_ROWS):
            rows.update(briefs[first : first + BATCH_ROWS])
            yield "arriving_ms"
        bar = table.verticalScrollBar()
        for step in range(SCROLLS):
            # By the wheel, by the page, and by dragging the handle over the whole run.
            bar.setValue(bar.value() + (84, 900, 28 * ROWS // SCROLLS)[step % 3])
            yield "scrolling_ms"
        for wish in ({"filter": "refer"}, {"filter": "all"}, {"grouped": True}, {"grouped": False}, {"names": True}):
            rows.arrange(**wish)
            yield "arranging_ms"
        for text in ("film-77", "view", ""):
            rows.arrange(search=text)
            yield "arranging_ms"
        for hundredth in range(0, 100, 5):
            rows.arrange(threshold=hundredth / 100)
            yield "threshold_ms"

    doing = steps()

    def go_on() -> None:
        last.start()
        began = thread_time()
        what = next(doing, None)
        if what is None:
            QApplication.exit(0)
            return
        # Painted here and now, so that the pause is that of the whole turn: the work and its picture.
        table.viewport().repaint()
        gaps[what] = max(gaps.get(what, 0.0), last.nsecsElapsed() / 1e6)
        own.append((thread_time() - began) * 1000)

    ticker = QTimer()
    ticker.setTimerType(Qt.TimerType.PreciseTimer)
    ticker.timeout.connect(go_on)
    ticker.start(0)
    code = application.exec()
    ticker.stop()
    # own: processor time of the thread, which other programs do not lengthen.
    _say(json.dumps({"longest_ms": max(gaps.values()), "longest_own_ms": max(own), **gaps, "rows": ROWS}))
    return code


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _main(arguments: Sequence[str]) -> int:
    system.keep_constants_alive()
    what, paths = arguments[0], arguments[1:]
    if what == "event-loop":
        return event_loop(paths)
    return {"empty": empty, "window-level": window_level, "screening-table": screening_table}[what]()


if __name__ == "__main__":
    import multiprocessing

    multiprocessing.freeze_support()
    sys.exit(_main(sys.argv[1:]))
