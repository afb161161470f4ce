"""`assess` and `bundle` as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core import places
from core.cli import main
from core.imaging.phantom import simulate
from core.inference import shelf
from core.inference.bundles import Bundle
from tests.films import write_dicom, write_png


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    pixels = (simulate(11, "consolidation", rows=256).pixels >> 4).astype(np.uint8)
    write_dicom(folder / "a.dcm", pixels, PatientOrientation=["R", "F"])
    write_dicom(folder / "b lateral.dcm", pixels, ViewPosition="LL")
    write_png(folder / "c.png", pixels)
    (folder / "d.txt").write_text("not a film")
    return folder


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict]:
    code = main.run("no:window", ["assess", *words, "--json"])
    said = capsys.readouterr()
    assert code == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def test_every_file_has_its_row_in_order(films: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, str(films), "--bundle", str(small_bundle.folder), "--engine", "openvino")
    assert [(row["path"], row["status"]) for row in found] == [
        ("a.dcm", "assessed"),
        ("b lateral.dcm", "refused"),
        ("c.png", "assessed"),
        ("d.txt", "refused"),
    ]
    assert [reason["code"] for reason in found[1]["reasons"]] == ["gate-not-frontal"]
    assert [reason["code"] for reason in found[3]["reasons"]] == ["not-an-image"]
    assert found[0]["reasons"][0]["code"] == "mirrored"
    assert found[0]["sha256"]
    assert found[0]["seconds"]["read"] > 0


def test_heatmaps_are_pictures_of_the_film_as_it_is_read(
    films: Path, small_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maps = tmp_path / "maps"
    found = rows(
        capsys, str(films), "--bundle", str(small_bundle.folder), "--maps", str(maps), "--override", "the tag is wrong"
    )
    assert [row["override"] for row in found[:3]] == [None, "the tag is wrong", None]
    pictures = sorted(maps.iterdir())
    assert len(pictures) == 3
    for picture in pictures:
        assert cv2.imread(str(picture)).shape == (256, 256, 3)


def test_declared_corrections_are_in_every_row(
    films: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = ["--negative", "--turned", "90", "--mirrored", "--override", "a test"]
    for row in rows(capsys, str(films), "--bundle", str(small_bundle.folder), *declared):
        assert row["corrections"] == {"negative": True, "turned": 90, "mirrored": True}


def test_people_get_a_table_and_nothing_on_standard_output(
    films: Path, small_bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run("no:window", ["assess", str(films), "--bundle", str(small_bundle.folder)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "not a medical device" in said.err
    assert "The view is LL" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.dcm"], "There is nothing at nowhere.dcm."),
        ([".", "--override", " "], "--override needs a reason."),
        ([".", "--turned", "45"], "invalid choice"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run("no:window", ["assess", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_the_shelf_from_the_command_line(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(places, "SHIPPED_BUNDLES", tmp_path / "none")

    def bundle(*words: str, code: int = 0) -> dict:
        assert main.run("no:window", ["bundle", *words, "--json"]) == code
        said = capsys.readouterr()
        return json.loads(said.out) if code == 0 else {"error": said.err}

    assert bundle("list")["bundles"] == []
    assert bundle("export", str(small_bundle.folder), "-o", str(tmp_path / "x.hilum"))["digest"] == small_bundle.digest
    assert bundle("import", str(tmp_path / "x.hilum"))["digest"] == small_bundle.digest
    assert "no bundle at" in bundle("show", code=1)["error"]
    assert bundle("promote", "small", "--who", "A. Reader")["version"] == "1.0.0"
    listed = bundle("list")
    assert [row["in_use"] for row in listed["bundles"]] == [True]
    assert listed["log"][0]["who"] == "A. Reader"
    assert bundle("show")["card"].startswith("# A small bundle")
    report = bundle("verify", "small")
    assert {proof["engine"] for proof in report["proofs"]} == {"openvino", "keras"}
    assert "in use" in bundle("remove", "small", code=1)["error"]
    assert "no earlier bundle" in bundle("rollback", code=1)["error"]
    card = shelf.in_use().path("card.md")
    card.write_bytes(b"changed")
    assert "card.md" in bundle("verify", "small", code=1)["error"]
