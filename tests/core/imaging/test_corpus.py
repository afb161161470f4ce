"""The corpus of real and hostile DICOM files says what must happen to each; it is not part of the project."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.imaging.describing import descriptions
from core.imaging.dicom.reading import stored_values
from core.imaging.grayscale import Stored
from core.imaging.limits import Limits
from core.imaging.radiograph import Radiograph
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "data" / "dicom"
STATUS = {"open": "opened", "open-with-caution": "caution", "refuse": "refused"}
# Its damage cannot be seen, but its compression is lossy, and that is said (dicom.md 3.7, 3.15).
ALSO_LOSSY = "hostile/jpeg-scan-damaged.dcm"
IN_PAIRS = ("duplicate-uid", "patient-conflict")


def _rows(name: str) -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with open(CORPUS / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _named(name: str) -> list[object]:
    return [pytest.param(row, id=f"{row['path']} {row.get('frame', '')}") for row in _rows(name)] or [
        pytest.param({}, marks=pytest.mark.skip("the corpus, ../shared/data/dicom, is not here"))
    ]


@pytest.mark.parametrize("row", _named("manifest.csv"))
def test_each_file_opens_warns_or_is_refused_as_the_corpus_says(row: dict[str, str]) -> None:
    if row["reason_code"] in IN_PAIRS:
        pytest.skip("only a second file can tell: see the next test")
    found = describe(ImageRef(str(CORPUS / row["path"]), root=str(CORPUS)))
    codes = [reason.code for reason in found.reasons]
    if row["path"] == ALSO_LOSSY:
        assert found.status == "caution" and codes == ["lossy-compressed"]
        return
    assert found.status == STATUS[row["expect"]], codes
    assert row["reason_code"] == "ok" or row["reason_code"] in codes


def test_two_files_that_contradict_each_other_are_both_marked(shared_data: Path) -> None:
    rows = [row for row in _rows("manifest.csv") if row["reason_code"] in IN_PAIRS]
    refs = [ImageRef(str(CORPUS / row["path"]), root=str(CORPUS)) for row in rows]
    found = list(descriptions(refs, Limits()))
    assert rows and [one.status for one in found] == ["caution"] * len(rows)
    assert [row["reason_code"] for row in rows] == [one.reasons[0].code for one in found]


@pytest.mark.parametrize("row", _named("expected_display.csv"))
def test_stored_values_are_those_of_the_reference_decoders(row: dict[str, str]) -> None:
    with open(CORPUS / row["path"], "rb") as file:
        stored = stored_values(file, int(row["frame"]), Limits())
    assert stored.shape == (int(row["rows"]), int(row["columns"]))
    if row["stored_match"] == "exact":
        assert _sha256(stored) == row["stored_sha256_int32le"]
    else:
        # Lossy decoders may differ by 1 from each other.
        assert abs(int(stored.min()) - int(row["stored_min"])) <= 1
        assert abs(int(stored.max()) - int(row["stored_max"])) <= 1


@pytest.mark.parametrize("row", _named("expected_display.csv"))
def test_grey_values_are_those_of_the_reference(row: dict[str, str]) -> None:
    if row["use"] != "screen":
        pytest.skip("refused by its label: only its stored values count")
    radiograph = open_radiograph(ImageRef(str(CORPUS / row["path"]), frame=int(row["frame"])))
    shown = radiograph.display()
    tolerance = int(row["tolerance"])
    pictures = [shown, 255 - shown] if row["accept_inverted"] == "yes" else [shown]
    assert min(_difference(picture, radiograph, row) for picture in pictures) <= tolerance
    for probe in row["probes_x_y_value"].split():
        x, y, value = map(int, probe.split(","))
        if radiograph.padding is None or not radiograph.padding[y, x]:
            assert min(abs(int(picture[y, x]) - value) for picture in pictures) <= tolerance
    padded = 0.0 if radiograph.padding is None else radiograph.padding.mean()
    assert padded == pytest.approx(float(row["padding_fraction"]), abs=1e-3)


def _difference(picture: Stored, radiograph: Radiograph, row: dict[str, str]) -> int:
    with Image.open(CORPUS / row["reference"]) as reference:
        wanted = np.asarray(reference).astype(int)
    if row["reference_kind"] != "full":
        small = np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.BOX))
        return int(np.abs(small.astype(int) - wanted).max())
    apart = np.abs(picture.astype(int) - wanted)
    return int(apart.max() if radiograph.padding is None else apart[~radiograph.padding].max())


def _sha256(stored: Stored) -> str:
    return hashlib.sha256(stored.astype("<i4").tobytes()).hexdigest()
