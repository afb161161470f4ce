"""Facts in plain words: spacing and what it is measured on, age, orientation, label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.imaging.facts import Spacing
from core.imaging.geometry import Turn
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef
from tests.dicom_bytes import film


@pytest.fixture
def described(tmp_path: Path) -> Any:
    def describe_film(**changes: Any) -> Any:
        path = tmp_path / "film.dcm"
        path.write_bytes(film(**changes))
        return describe(ImageRef(str(path)))

    return describe_film


DETECTOR, PIXEL, SCANNED = "x00181164", "x00280030", "x00182010"


@pytest.mark.parametrize(
    ("changes", "spacing"),
    [
        ({DETECTOR: ("DS", "0.2\\0.2")}, Spacing(0.2, 0.2, "mm at detector")),
        ({PIXEL: ("DS", "0.2\\0.2")}, Spacing(0.2, 0.2, "mm at detector (uncalibrated)")),
        ({PIXEL: ("DS", "0.2\\0.2"), DETECTOR: ("DS", "0.2\\0.2")}, Spacing(0.2, 0.2, "mm at detector (uncalibrated)")),
        (
            {PIXEL: ("DS", "0.15\\0.15"), DETECTOR: ("DS", "0.2\\0.2"), "x00280a02": ("CS", "GEOMETRY")},
            Spacing(0.15, 0.15, "mm, calibrated (GEOMETRY)"),
        ),
        ({SCANNED: ("DS", "0.1\\0.1")}, Spacing(0.1, 0.1, "mm on film")),
        ({DETECTOR: ("DS", "0.3\\0.3"), "x00181114": ("DS", "1.5")}, Spacing(0.3 / 1.5, 0.3 / 1.5, "mm, estimated")),
        ({}, None),
        ({PIXEL: ("DS", "0\\0")}, None),
        ({PIXEL: ("DS", "-1\\-1")}, None),
        ({PIXEL: ("DS", "0.2")}, None),
        ({PIXEL: ("DS", "wide\\high")}, None),
    ],
)
def test_spacing_says_what_it_is_measured_on(described: Any, changes: dict[str, Any], spacing: Spacing | None) -> None:
    found = described(**changes)
    assert found.facts.spacing == spacing
    assert [reason.code for reason in found.reasons] == (["bad-spacing"] if changes and spacing is None else [])


@pytest.mark.parametrize(
    ("changes", "age"),
    [
        ({"x00101010": ("AS", "061Y")}, 61.0),
        ({"x00101010": ("AS", "006M")}, 0.5),
        ({"x00101010": ("AS", "014D")}, 0.04),
        ({"x00101010": ("AS", "old ")}, 60.0),
        ({"x00100030": ("DA", "20240901")}, None),
        ({"x00100030": ("DA", "19000000")}, None),
        ({"x00100030": None}, None),
    ],
)
def test_age_is_stated_or_counted_or_unknown(described: Any, changes: dict[str, Any], age: float | None) -> None:
    assert described(**changes).facts.age_years == age


@pytest.mark.parametrize(
    ("orientation", "turn", "sides"),
    [
        ("L\\F", Turn(), "stated"),
        ("R\\F", Turn(flip_columns=True), "stated"),
        ("L\\H", Turn(flip_rows=True), "stated"),
        ("R\\H", Turn(flip_rows=True, flip_columns=True), "stated"),
        ("F\\L", Turn(transpose=True), "stated"),
        ("H\\R", Turn(True, True, True), "stated"),
        ("A\\F", Turn(), "unknown"),
        ("P\\H", Turn(flip_rows=True), "unknown"),
        ("LP\\FA", Turn(), "stated"),
        ("L", Turn(), "unknown"),
        ("X\\Y", Turn(), "unknown"),
        ("", Turn(), "unknown"),
    ],
)
def test_a_film_is_put_right_by_its_tag_alone(tmp_path: Path, orientation: str, turn: Turn, sides: str) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(film(x00200020=("CS", orientation)))
    radiograph = open_radiograph(ImageRef(str(path)))
    assert (radiograph.upright, radiograph.sides) == (turn, sides)
    assert ("mirrored" in [reason.code for reason in radiograph.reasons]) == bool(turn)
    assert np.array_equal(radiograph.as_read(), turn.apply(radiograph.display()))


@pytest.mark.parametrize(
    ("modality", "body_part", "codes"),
    [
        ("CR", "CHEST", []),
        ("DX", "PORT CHEST", []),
        ("DX", "THORAX", []),
        ("DX", "CHESTABDOMEN", []),
        ("DX", "TSPINE", ["not-a-chest-radiograph"]),
        ("DX", "HAND", ["not-a-chest-radiograph"]),
        ("MG", "BREAST", ["not-a-chest-radiograph"]),
        ("XA", "", ["not-a-chest-radiograph"]),
        ("RF", "CHEST", ["not-a-chest-radiograph"]),
        ("OT", "", ["secondary-capture"]),
        ("CT", "CHEST", ["not-projection"]),
        ("US", "CHEST", ["not-projection"]),
        ("XC", "", ["not-projection"]),
    ],
)
def test_the_label_decides_what_opens(described: Any, modality: str, body_part: str, codes: list[str]) -> None:
    found = described(x00080060=("CS", modality), x00180015=("CS", body_part))
    assert [reason.code for reason in found.reasons] == codes


def test_the_part_of_the_body_may_stand_in_the_anatomic_region(described: Any) -> None:
    from tests.dicom_bytes import sequence

    region = sequence({0x00080104: ("LO", "Chest")})
    found = described(x00180015=None, x00082218=region)
    assert found.status == "opened" and found.facts.body_part == "CHEST"
