"""The list of studies, the findings beside it, and how both look in light and in narrow windows."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget

from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.places import SAMPLES
from gui.reading.studies import ROW
from tests.films import write_dicom
from tests.screen_states.stage import Stage, state


def many_films(stage: Stage) -> list[str]:
    """Studies of one and of two films, a patient without a name, pictures without any, and a letter."""
    several = stage.folder / "several"
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
    return [str(several), *(stage.film(f"refer-{number}", str(sources[number % len(sources)])) for number in range(4))]


def read_through(stage: Stage, *paths: str, films: int = 5) -> None:
    """Open all and read the first few."""
    stage.open_and_wait(*paths)
    page = stage.window.page
    for _step in range(films - 1):
        page.step(1)
        # The letter is refused, and never assessed.
        stage.until(lambda: (entry := page.list.currentIndex().data(ROW).entry).assessment or entry.reason)
    page.step(1 - films)
    stage.until(
        lambda: page._entry.assessment is not None and all(one.small for one in page.list.in_sight() if one.facts)
    )


@state
def study_list_many(stage: Stage) -> None:
    stage.window.preferences.put("reader", "AB")
    read_through(stage, *many_films(stage))
    stage.press("verdict.agree")
    stage.until(lambda: stage.window.page.studies.entries[0].verdict)


@state
def search(stage: Stage) -> None:
    read_through(stage, *many_films(stage))
    stage.press("view.search")
    stage.window.page.left.field.setText("birch 2026-01")


@state
def search_nothing(stage: Stage) -> None:
    read_through(stage, *many_films(stage), films=2)
    stage.press("view.search")
    stage.window.page.left.field.setText("willow")


@state
def attention_in_lungs(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer-lungs"))


@state
def prevalence(stage: Stage) -> None:
    stage.window.preferences.put("prevalence/stand-in", {"normal": 0.9, "pneumonia": 0.08, "covid": 0.02})
    stage.open_and_wait(stage.film("refer-lungs"), stage.film("normal"))


@state
def several_cautions(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer-lungs-cautions"))


@state
def multi_frame(stage: Stage) -> None:
    source = str(sorted(SAMPLES.glob("*.png"))[0])
    pixels = open_radiograph(ImageRef(source, root=source)).display()
    path = stage.folder / "two-frames.dcm"
    stacked = np.concatenate([pixels, pixels[:, ::-1]])
    write_dicom(path, stacked, Rows=pixels.shape[0], NumberOfFrames=2)
    stage.open_and_wait(str(path))


@state
def forget_question(stage: Stage) -> QWidget | None:
    read_through(stage, *many_films(stage), films=1)
    stage.press("file.forget")
    stage.until(QApplication.activeModalWidget, 100)
    return QApplication.activeModalWidget()


@state
def narrow(stage: Stage) -> None:
    stage.window.resize(900, stage.height)
    stage.open_and_wait(stage.film("refer"))


@state
def folded(stage: Stage) -> None:
    stage.open_and_wait(stage.film("refer"))
    stage.press("view.list")


@state
def light(stage: Stage) -> None:
    stage.press("view.light")
    stage.open_and_wait(stage.film("refer"), stage.film("lateral"))


@state
def light_empty(stage: Stage) -> None:
    stage.press("view.light")
    stage.until(lambda: "getting ready" not in stage.window.state)
