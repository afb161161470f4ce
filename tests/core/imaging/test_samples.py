"""The bundled samples are what docs/samples.md says, and open."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest

from core.imaging.phantom import simulate
from core.imaging.phantom.dicom import Form, encoded, identifier
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef
from core.places import PROGRAM, SAMPLES

FILES = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".dcm", ".png"))


def _ref(path: Path) -> ImageRef:
    return ImageRef(str(path), None, 1, str(path.parent))


def test_there_are_a_dozen_small_files_and_each_is_explained() -> None:
    assert len(FILES) == 12 == len(list(SAMPLES.iterdir()))
    assert sum(path.stat().st_size for path in FILES) < 8 * 2**20
    explained = (PROGRAM / "docs" / "samples.md").read_text(encoding="utf-8")
    assert all(f"| {path.name} |" in explained for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_sample_opens_and_says_that_it_is_simulated(path: Path) -> None:
    found = describe(_ref(path))
    expected = {"mirrored"} if "mirrored" in path.name else set()
    assert found.status == ("caution" if expected else "opened")
    assert {one.code for one in found.reasons if one.severity != "note"} == expected
    assert b"Simulated radiograph of a person who does not exist" in path.read_bytes()


@pytest.mark.parametrize("form", [
    Form(1, 1, "20260101"),
    Form(1, 1, "20260101", "CR", negative=True),
    Form(1, 1, "20260101", "CR", left_justified=True),
    Form(1, 1, "20260101", compressed=True),
    Form(1, 1, "20260101", mirrored=True),
])  # fmt: skip
def test_a_film_looks_the_same_however_it_is_stored(tmp_path: Path, form: Form) -> None:
    film = simulate(11, rows=128)
    path = tmp_path / "film.dcm"
    path.write_bytes(encoded(film, form))
    seen = open_radiograph(_ref(path)).as_read()
    # One grey step: the standard's linear window is off by half a value at each end (PS3.3 C.11.2.1.2).
    assert np.abs(seen.astype(float) - film.pixels / 4095 * 255).max() <= 1.0


def test_identifiers_are_the_same_everywhere_and_differ_between_studies_and_pixels() -> None:
    film, other = simulate(11, rows=64), simulate(12, rows=64)
    first = pydicom.dcmread(io.BytesIO(encoded(film, Form(1, 1, "20260101"))))
    later = pydicom.dcmread(io.BytesIO(encoded(other, Form(1, 2, "20260201"))))
    assert encoded(film, Form(1, 1, "20260101")) == encoded(film, Form(1, 1, "20260101"))
    assert first.PatientID == later.PatientID
    assert first.StudyInstanceUID != later.StudyInstanceUID
    assert first.SOPInstanceUID != later.SOPInstanceUID
    assert identifier("study", "01", 1).startswith("2.25.")
    assert len(identifier("study", "01", 1)) <= 64
