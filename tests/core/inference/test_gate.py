"""The gate says no in words before any network has seen what it cannot judge."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core import places
from core.errors import ImageRefused
from core.imaging.film import film_of
from core.imaging.looks import look
from core.imaging.phantom import simulate
from core.imaging.prepare import Corrections, settle
from core.imaging.radiograph import Facts
from core.inference import gate, shelf
from core.inference.assessing import Assessor
from core.inference.bundles import load
from core.inference.description import IntendedUse
from tests.films import radiograph, write_dicom, write_png

NAMES = Path(__file__).parent / "gate_names.csv"
USE = IntendedUse((16, 120), ("PA", "AP"), ("FOR PRESENTATION",), "Adults.")
CHEST: dict[str, Any] = {
    "format": "DICOM",
    "modality": "DX",
    "body_part": "CHEST",
    "view": "PA",
    "orientation": "L\\F",
    "presentation_intent": "FOR PRESENTATION",
    "age_years": 50.0,
}


def codes(**facts: Any) -> list[str]:
    return [reason.code for reason in gate.from_facts(Facts(**{**CHEST, **facts}), USE)]


def test_an_adult_frontal_chest_film_passes_without_a_word() -> None:
    assert codes() == []


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LLD", "RAO", "PA LATERAL DECUBITUS"])
def test_other_views_are_refused(view: str) -> None:
    assert codes(view=view) == ["gate-not-frontal"]


@pytest.mark.parametrize("orientation", ["A\\F", "P\\F", "AF\\F"])
def test_a_lateral_film_without_a_view_is_known_by_its_orientation(orientation: str) -> None:
    assert codes(view=None, orientation=orientation) == ["gate-not-frontal"]


@pytest.mark.parametrize("part", ["KNEE", "HAND", "ABDOMEN", "SKULL", "CSPINE"])
def test_other_parts_of_the_body_are_refused(part: str) -> None:
    assert codes(body_part=part) == ["gate-not-chest"]


@pytest.mark.parametrize("part", ["CHEST", "THORAX", "Chest PA", "CHEST_TO_ABDOMEN", "LUNG", None])
def test_every_name_of_the_chest_passes_and_so_does_none(part: str | None) -> None:
    assert codes(body_part=part) == []


@pytest.mark.parametrize("modality", ["MG", "XA", "RF", "CT", "US"])
def test_other_modalities_are_refused(modality: str) -> None:
    assert codes(modality=modality) == ["gate-not-chest"]


def test_detector_data_are_refused() -> None:
    assert codes(presentation_intent="FOR PROCESSING") == ["gate-not-for-networks"]


@pytest.mark.parametrize(
    ("age", "found"), [(15.9, ["gate-age"]), (0.5, ["gate-age"]), (16.0, []), (99, []), (130, ["gate-age"])]
)
def test_patients_outside_the_intended_ages_are_refused(age: float, found: list[str]) -> None:
    assert codes(age_years=age) == found


def test_what_a_file_does_not_say_is_a_caution() -> None:
    assert codes(view=None) == ["view-unknown"]
    assert codes(age_years=None) == ["age-unknown"]
    reasons = gate.from_facts(Facts(format="PNG"), USE)
    assert [(reason.code, reason.severity) for reason in reasons] == [("facts-unknown", "caution")]


# Looks


def looks_of(tmp_path: Path, pixels: NDArray[Any], **corrections: Any) -> list[str]:
    film = radiograph(write_png(tmp_path / "picture.png", pixels))
    settled = settle(film, Corrections(**corrections))
    return [reason.code for reason in gate.from_looks(look(film, settled))]


NOISE = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
PAGE = np.full((400, 300), 255, np.uint8)
PAGE[20:380:12, 20:280] = 0
PICTURES: dict[str, tuple[NDArray[Any], str]] = {
    "black": (np.zeros((300, 300), np.uint8), "gate-blank"),
    "white": (np.full((300, 300), 255, np.uint8), "gate-blank"),
    "nearly one grey": (np.full((300, 300), 120, np.uint8) + NOISE // 32, "gate-blank"),
    "noise": (NOISE, "gate-noise"),
    "a page": (PAGE, "gate-flat-art"),
    "a banner": (np.tile(np.arange(256, dtype=np.uint8), (110, 2)), "gate-shape"),
    "a strip": (np.tile(np.arange(256, dtype=np.uint8)[:, None], (2, 110)), "gate-shape"),
    "a stamp": (np.tile(np.arange(90, dtype=np.uint8) * 2, (90, 1)), "gate-too-small"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_is_no_film_is_refused_for_what_it_is(tmp_path: Path, name: str) -> None:
    pixels, code = PICTURES[name]
    assert looks_of(tmp_path, pixels) == [code]


@pytest.mark.parametrize("seed", range(3))
def test_a_simulated_film_passes_and_its_negative_is_named(tmp_path: Path, seed: int) -> None:
    pixels = (simulate(seed, rows=256).pixels >> 4).astype(np.uint8)
    assert looks_of(tmp_path, pixels) == []
    assert looks_of(tmp_path, 255 - pixels) == ["gate-inverted"]
    assert looks_of(tmp_path, 255 - pixels, negative=True) == [], "as soon as it is declared"


def test_a_film_that_is_mostly_behind_its_shutter_carries_a_caution() -> None:
    assert not gate.from_masking(0.4)
    assert [reason.text for reason in gate.from_masking(0.45)] == [
        "45% of the image lies outside the shutter or in padding."
    ]


def test_looks_do_not_depend_on_how_the_film_is_stored(tmp_path: Path) -> None:
    pixels = (simulate(4, rows=256).pixels >> 4).astype(np.uint8)
    upright = film_of(radiograph(write_dicom(tmp_path / "a.dcm", pixels))).looks
    turned = film_of(radiograph(write_dicom(tmp_path / "b.dcm", pixels.T, PatientOrientation=["F", "L"]))).looks
    assert abs(upright.frontal - turned.frontal) < 1e-6
    assert abs(upright.roughness - turned.roughness) < 1e-6
    assert (upright.levels, upright.aspect) == (turned.levels, turned.aspect)


# Real pictures, where they are


def test_the_list_of_names_halves_every_kind() -> None:
    lines = list(csv.DictReader(NAMES.read_text("utf-8").splitlines()))
    halves = Counter((line["kind"], line["half"]) for line in lines)
    kinds = {line["kind"] for line in lines}
    assert all(0 <= halves[kind, "tune"] - halves[kind, "judge"] <= 1 for kind in kinds)
    assert len({line["path"] for line in lines}) == len(lines)


def test_hardly_any_real_film_is_refused_for_its_looks(shared_data: Path) -> None:
    lines = list(csv.DictReader((shared_data / "adult-cxr" / "images.csv").read_text("utf-8").splitlines()))[::25]
    refused = [
        (line["path"], reason.code)
        for line in lines
        for reason in gate.from_looks(film_of(radiograph(shared_data / "adult-cxr" / line["path"])).looks)
    ]
    assert len(refused) <= 1, refused


@pytest.fixture(scope="module")
def shipped() -> Assessor:
    return Assessor(load(places.SHIPPED_BUNDLES / shelf.DEFAULT), "openvino", "cpu")


def status_of(assessor: Assessor, path: Path) -> str:
    try:
        return assessor.assess(film_of(radiograph(path)), maps=False)[0].status
    except ImageRefused:
        return "refused"


def test_the_shipped_bundle_refuses_pictures_that_nobody_tuned_it_on(shipped: Assessor, shared_data: Path) -> None:
    lines = [line for line in csv.DictReader(NAMES.read_text("utf-8").splitlines()) if line["half"] == "judge"]
    refused = [status_of(shipped, shared_data / "mixed-not-chest" / line["path"]) == "refused" for line in lines]
    assert sum(refused) / len(refused) >= 0.9


def test_the_shipped_bundle_lets_frontal_films_of_every_source_pass(shipped: Assessor, shared_data: Path) -> None:
    lines = list(csv.DictReader((shared_data / "adult-cxr" / "images.csv").read_text("utf-8").splitlines()))
    for source in sorted({line["source"] for line in lines}):
        own = [line for line in lines if line["source"] == source]
        picked = own[:: max(1, len(own) // 40)]
        passed = [status_of(shipped, shared_data / "adult-cxr" / line["path"]) != "refused" for line in picked]
        # 97 % is the aim on all films (tools/measure_gate.py); of forty, three may be refused by chance.
        assert sum(not one for one in passed) <= 3, source


def test_no_age_is_meant_by_two_shipped_bundles_and_each_keeps_to_its_own() -> None:
    bundles = [load(folder) for folder in sorted(places.SHIPPED_BUNDLES.iterdir())]
    uses = [one.description.intended_use for one in bundles if one.description.kind == "ensemble"]
    for age in range(0, 121, 4):
        facts = Facts(**{**CHEST, "age_years": float(age)})
        passing = [use for use in uses if "gate-age" not in [reason.code for reason in gate.from_facts(facts, use)]]
        assert len(passing) == 1 if age >= 16 else len(passing) <= 1


@pytest.mark.parametrize("path", sorted(places.SAMPLES.glob("*.*")), ids=lambda path: path.name)
def test_the_shipped_bundle_takes_our_own_samples_for_films(shipped: Assessor, path: Path) -> None:
    if path.suffix in (".dcm", ".png"):
        assert status_of(shipped, path) in ("assessed", "abstained")
