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
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"1366": (1366, 768, "1"), "4k": (1920, 1080, "2")}
LIMIT_MS = 30_000
STAND_INS = {"decoder": "tests.gui.standins:decoder", "assessor": "tests.gui.standins:assessor"}
STAND_INS |= {"screener": "tests.stand_in_screening:serve"}


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
    from gui.reading.studies import ROW
    from gui.window import Window
    from tests import drawn_runs, one_process

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
        until(lambda: window.page.area.film is not None, 200)

    @state
    def no_networks(window: Window) -> None:
        window.open_paths([film("refer")])
        until(lambda: window.page.area.film is not None, 1500)

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
        window.page.area.pair.view.zoom_by(3, window.page.area.pair.film_canvas.device_size)
        window.actions_["film.invert"].trigger()

    # The canvas: turns, windows of the file, and the ways to draw a map.

    def open_sample(window: Window) -> None:
        from core.places import SAMPLES

        open_and_wait(window, str(SAMPLES / "06-ground-glass-dx.dcm"))

    def press(window: Window, *names: str) -> None:
        for name in names:
            window.actions_[name].trigger()

    @state
    def patient_on_the_film(window: Window) -> None:
        open_sample(window)
        window.page.area.pair.film_foot.point(312.0, 200.0)

    @state
    def overlay_hidden(window: Window) -> None:
        open_sample(window)
        press(window, "view.patient")

    @state
    def rotated_flipped(window: Window) -> None:
        open_sample(window)
        press(window, "film.right", "film.flip")

    @state
    def presets(window: Window) -> None:
        open_sample(window)
        press(window, "film.preset")

    @state
    def contour(window: Window) -> None:
        open_sample(window)
        press(window, "findings.contour")

    @state
    def member_map(window: Window) -> None:
        open_sample(window)
        press(window, "findings.member", "findings.less", "findings.less", "findings.less")

    @state
    def finding_alone(window: Window) -> None:
        open_sample(window)
        press(window, "findings.alone", "view.list")

    @state
    def heatmap_menu(window: Window) -> QWidget | None:
        open_sample(window)
        menu = window.page.area.pair.map_foot.menu
        menu.popup(window.mapToGlobal(window.rect().center()))
        until(lambda: True, 100)
        return menu

    @state
    def one_canvas(window: Window) -> None:
        window.resize(720, height)
        open_sample(window)

    # The list and the findings.

    def many_films() -> list[str]:
        """Studies of one and of two films, a patient without a name, pictures without any, and a letter."""
        from core.imaging.reading import open_radiograph
        from core.imaging.sources import ImageRef
        from core.places import SAMPLES
        from tests.films import write_dicom

        several = folder / "several"
        several.mkdir(exist_ok=True)
        sources = sorted(SAMPLES.glob("*.png"))
        pixels = [open_radiograph(ImageRef(str(path), root=str(path))).display() for path in sources]
        rows = (
            ("refer-0001", "ALDER^ASH", "20260112", "1"), ("normal-0002", "BIRCH^OAK", "20260112", "2"),
            ("normal-0003", "BIRCH^OAK", "20260112", "2"), ("disagree-0004", "CEDAR^ELM", "20260114", "3"),
            ("lateral-0005", None, "20260115", "4"), ("refer-0006", "FIR^HAZEL", "20260119", "5"),
            ("normal-0007", "LARCH^ROWAN", "20260119", "6"),
        )  # fmt: skip
        for index, (name, patient, date, study) in enumerate(rows):
            tags = {
                "PatientName": patient,
                "StudyDate": date,
                "StudyInstanceUID": f"1.2.826.0.1.3680043.8.498.9{study}",
            }
            write_dicom(several / f"{name}.dcm", pixels[index % len(pixels)], PatientID=f"P-{study}", **tags)
        (several / "letter.txt").write_text("Dear colleague")
        return [str(several), *(film(f"refer-{number}", str(sources[number % len(sources)])) for number in range(4))]

    def read_through(window: Window, *paths: str, films: int = 5) -> None:
        """Open all and read the first few."""
        open_and_wait(window, *paths)
        page = window.page
        for _step in range(films - 1):
            page.step(1)
            until(lambda: page.list.currentIndex().data(ROW).entry.assessment is not None)
        page.step(1 - films)
        until(
            lambda: page._entry.assessment is not None and all(one.small for one in page.list.in_sight() if one.facts)
        )

    @state
    def study_list_many(window: Window) -> None:
        window.preferences.put("reader", "AB")
        read_through(window, *many_films())
        press(window, "verdict.agree")
        until(lambda: window.page.studies.entries[0].verdict)

    @state
    def search(window: Window) -> None:
        read_through(window, *many_films())
        press(window, "view.search")
        window.page.left.field.setText("birch 2026-01")

    @state
    def search_nothing(window: Window) -> None:
        read_through(window, *many_films(), films=2)
        press(window, "view.search")
        window.page.left.field.setText("willow")

    @state
    def attention_in_lungs(window: Window) -> None:
        open_and_wait(window, film("refer-lungs"))

    @state
    def prevalence(window: Window) -> None:
        window.preferences.put("prevalence/stand-in", {"normal": 0.9, "pneumonia": 0.08, "covid": 0.02})
        open_and_wait(window, film("refer-lungs"), film("normal"))

    @state
    def several_cautions(window: Window) -> None:
        open_and_wait(window, film("refer-lungs-cautions"))

    @state
    def multi_frame(window: Window) -> None:
        import numpy as np

        from core.imaging.reading import open_radiograph
        from core.imaging.sources import ImageRef
        from core.places import SAMPLES
        from tests.films import write_dicom

        source = str(sorted(SAMPLES.glob("*.png"))[0])
        pixels = open_radiograph(ImageRef(source, root=source)).display()
        path = folder / "two-frames.dcm"
        stacked = np.concatenate([pixels, pixels[:, ::-1]])
        write_dicom(path, stacked, Rows=pixels.shape[0], NumberOfFrames=2)
        open_and_wait(window, str(path))

    @state
    def forget_question(window: Window) -> QWidget | None:
        read_through(window, *many_films(), films=1)
        press(window, "file.forget")
        until(application.activeModalWidget, 100)
        return application.activeModalWidget()

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

    def settings_page(window: Window) -> Any:
        page: Any = window.go_to("settings")
        until(lambda: page.keys.is_built and page.networks.buttons and page.kept.counts.text(), 300)
        return page

    @state
    def settings(window: Window) -> None:
        window.preferences.put("reader", "AB")
        settings_page(window)

    @state
    def settings_light(window: Window) -> None:
        window.actions_["view.light"].trigger()
        page = settings_page(window)
        page.kept.boxes["keep/names"].setChecked(True)
        page.networks.prevalence.fields["covid"].setText("5")
        page.scroll.verticalScrollBar().setValue(360)

    @state
    def settings_forget(window: Window) -> None:
        open_and_wait(window, film("refer"))
        page = settings_page(window)
        until(page.kept.forget.isEnabled)
        page.kept.forget.click()
        until(lambda: True, 50)
        page.scroll.ensureWidgetVisible(page.kept.question)

    @state
    def settings_keys_conflict(window: Window) -> None:
        page = settings_page(window)
        page.keys.rows["film.fit"].keys.pressed_keys.emit("J")
        until(lambda: True, 50)
        page.scroll.ensureWidgetVisible(page.keys.conflict, 0, 200)

    @state
    def verdict_given(window: Window) -> None:
        window.preferences.put("reader", "AB")
        open_and_wait(window, film("refer"))
        window.actions_["verdict.agree"].trigger()
        until(lambda: "COVID-19" in window.page.verdict.sentence)

    @state
    def verdict_initials(window: Window) -> None:
        open_and_wait(window, film("refer"))
        window.actions_["verdict.finding-2"].trigger()

    @state
    def verdict_note(window: Window) -> None:
        window.preferences.put("reader", "AB")
        open_and_wait(window, film("refer"))
        window.actions_["verdict.note"].trigger()

    def thumbnails() -> list[bytes]:
        import cv2
        import numpy as np

        from core.places import SAMPLES

        sources = [path.read_bytes() for path in sorted(SAMPLES.glob("*.png"))[:6]] or [drawn_film(None)]
        films = [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_GRAYSCALE) for one in sources]
        small = [cv2.resize(one, (118, 128), interpolation=cv2.INTER_AREA) for one in films]
        return [cv2.imencode(".jpg", one)[1].tobytes() for one in small]

    def open_run(window: Window, run: Path, chosen: int = 3) -> None:
        page = window.go_to("screening")
        page.open_run(str(run))  # type: ignore[attr-defined]
        at_rest(page)
        page.table.go_to(chosen)  # type: ignore[attr-defined]
        until(lambda: page.preview.picture.has_image, 300)  # type: ignore[attr-defined]

    def at_rest(page: QWidget) -> None:
        until(lambda: page.state.phase == "resting" and not page.state.more)  # type: ignore[attr-defined]

    def screen_films(window: Window, count: int, name: str) -> QWidget:
        source = folder / f"{name}-{count}"
        source.mkdir(exist_ok=True)
        for number in range(count):
            (source / f"{number:03}-{name}.png").write_bytes(one_process.png(number))
        page = window.go_to("screening")
        page.start([str(source)])  # type: ignore[attr-defined]
        return page

    @state
    def screening_empty(window: Window) -> None:
        window.go_to("screening")

    @state
    def screening_running(window: Window) -> None:
        page = screen_films(window, 400, "slow")
        until(lambda: page.rows.rowCount() > 60)  # type: ignore[attr-defined]
        page.table.go_to(2)  # type: ignore[attr-defined]
        until(lambda: page.rows.rowCount() > 120)  # type: ignore[attr-defined]

    @state
    def screening_stopped(window: Window) -> None:
        open_run(window, drawn_runs.make(fresh(folder), 612, waiting=368, thumbnails=thumbnails()))

    @state
    def screening_done(window: Window) -> None:
        open_run(window, drawn_runs.make(fresh(folder), 640, thumbnails=thumbnails()), 24)

    @state
    def screening_grouped(window: Window) -> None:
        open_run(window, drawn_runs.make(fresh(folder), 640, thumbnails=thumbnails()), 4)
        window.actions_["run.group"].trigger()
        window.actions_["run.names"].trigger()
        until(lambda: True, 200)

    @state
    def screening_ten_thousand(window: Window) -> None:
        open_run(window, drawn_runs.make(fresh(folder), 10_000, thumbnails=thumbnails()[:1]), 8)
        page = window.go_to("screening")
        page.threshold.slider.setValue(73)  # type: ignore[attr-defined]
        until(lambda: True, 200)

    @state
    def screening_all_refused(window: Window) -> None:
        page = screen_films(window, 24, "refused")
        at_rest(page)
        page.table.go_to(0)  # type: ignore[attr-defined]
        until(lambda: page.preview.picture.has_image, 300)  # type: ignore[attr-defined]

    @state
    def screening_no_films(window: Window) -> None:
        at_rest(screen_films(window, 0, "none"))

    @state
    def screening_disk_full(window: Window) -> None:
        from core.errors import RunRefused

        run = drawn_runs.make(fresh(folder), 300, waiting=500, thumbnails=thumbnails())
        open_run(window, run)
        page = window.go_to("screening")
        error = RunRefused("disk-full", what=run).reason
        page._take(replace(page.state, error=error, fresh=False))  # type: ignore[attr-defined]

    @state
    def screening_export(window: Window) -> QWidget | None:
        open_run(window, drawn_runs.make(fresh(folder), 300, waiting=20, thumbnails=thumbnails()))
        window.actions_["run.csv"].trigger()
        until(lambda: True, 100)
        return application.activeModalWidget()

    @state
    def screening_light(window: Window) -> None:
        window.actions_["view.light"].trigger()
        open_run(window, drawn_runs.make(fresh(folder), 640, thumbnails=thumbnails()), 24)

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


def fresh(folder: Path) -> Path:
    """A folder that is not there yet."""
    return Path(tempfile.mkdtemp(dir=folder)) / "run"


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
