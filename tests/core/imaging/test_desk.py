"""The window's decoder: a film is decoded once, and the list gets small pictures of what the canvas shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.imaging import worker
from core.imaging.desk import serve, thumbnail
from core.imaging.sources import ImageRef, find
from tests.films import disc, radiograph, write_dicom, write_png


def ref(path: Path) -> ImageRef:
    return next(iter(find([path])))


def test_a_small_picture_keeps_the_proportions_and_what_is_light(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", disc((600, 400), (150, 100), 60))
    description, small = serve()(("thumbnail", ref(path), 96))
    assert small.shape == (96, 64)
    assert small.dtype == np.uint8
    assert small[24, 16] == 255
    assert small[72, 48] < 160
    assert description.status == "opened"
    assert description.facts.patient_id == "T1"
    assert description.sha256 == radiograph(path).sha256


def test_a_small_picture_is_turned_as_the_canvas_turns_the_film(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", disc((400, 400), (100, 100), 60), PatientOrientation=["R", "F"])
    _description, small = serve()(("thumbnail", ref(path), 80))
    assert small[20, 60] == 255
    assert small[20, 20] < 255


def test_a_film_smaller_than_the_list_wants_is_not_enlarged(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", disc((80, 70), (20, 20), 10))
    assert thumbnail(radiograph(path), 96).shape == (80, 70)


def test_a_file_that_is_no_film_has_a_description_and_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Dear colleague")
    description, small = serve()(("thumbnail", ref(tmp_path / "a.txt"), 96))
    assert description.status == "refused"
    assert description.reasons[0].code == "not-an-image"
    assert small is None


def test_the_film_that_is_shown_is_not_decoded_again_for_its_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real = worker.serve

    def counting(limits: object) -> object:
        handle = real(limits)
        return lambda request: (opened.append(Path(request[1].path).name), handle(request))[1]

    monkeypatch.setattr(worker, "serve", counting)
    one, two = (ref(write_png(tmp_path / f"{name}.png", disc((300, 300), (90, 90), 30))) for name in ("one", "two"))
    handle = serve()
    handle(("open", one))
    handle(("thumbnail", two, 64))
    handle(("thumbnail", one, 64))
    assert opened == ["one.png", "two.png"]
