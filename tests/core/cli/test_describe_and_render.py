"""`describe` and `render` from the command line, with real decoder processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.cli.main import run
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from tests.core.imaging.test_sources import archive
from tests.dicom_bytes import COLUMNS, ROWS, film


def command(*words: str | Path) -> int:
    return run("tests.no_window:run", [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.dcm").write_bytes(film())
    (tmp_path / "films" / "b.dcm").write_bytes(film()[:-700])
    (tmp_path / "films" / "c.txt").write_text("words")
    return tmp_path / "films"


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_describe_gives_one_json_row_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("describe", folder, "--json") == 0
    found = rows(capsys)
    assert [(row["path"], row["frame"], row["status"]) for row in found] == [
        ("a.dcm", 1, "opened"),
        ("b.dcm", 1, "refused"),
        ("c.txt", 1, "refused"),
    ]
    assert all(set(row) == {"path", "frame", "status", "reasons", "facts"} for row in found)
    assert found[0]["facts"]["patient_name"] == "Drawn^Film" and found[0]["reasons"] == []
    assert set(found[1]["reasons"][0]) == {"code", "severity", "text"}
    assert found[1]["reasons"][0]["code"] == "truncated-pixels"


def test_describe_tells_people_in_words_and_leaves_standard_output_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("describe", folder) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "a.dcm: opened" in told.err and "Drawn^Film" in told.err and "(truncated-pixels)" in told.err


def test_describe_of_an_empty_folder_has_no_row(tmp_path: Path) -> None:
    assert command("describe", tmp_path, "--json") == 1


def test_files_that_contradict_each_other_are_marked_whatever_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.dcm").write_bytes(film())
    (tmp_path / "b.dcm").write_bytes(film(x00280004=("CS", "MONOCHROME1")))
    (tmp_path / "c.dcm").write_bytes(film(data=bytes(2 * ROWS * COLUMNS)))
    assert command("describe", tmp_path, "--json") == 0
    assert [[one["code"] for one in row["reasons"]] for row in rows(capsys)] == [["duplicate-uid"]] * 3


def test_render_writes_what_the_reader_shows(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    assert command("render", folder / "a.dcm", "-o", out) == 0
    radiograph = open_radiograph(ImageRef(str(folder / "a.dcm")))
    with Image.open(out) as picture:
        assert picture.mode == "L" and np.array_equal(np.asarray(picture), radiograph.display())


def test_render_takes_a_window_a_preset_a_size_and_a_member(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    path = archive(tmp_path / "study.zip", ("films/a.dcm", film(x00281055=("LO", "LUNG"), x00200020=("CS", "R\\F"))))
    assert command("render", f"{path}!films/a.dcm", "-o", out, "--preset", "lung", "--as-read") == 0
    with Image.open(out) as picture:
        upright = np.asarray(picture)
    assert command("render", f"{path}!films/a.dcm", "-o", out, "--window", "2048", "4096") == 0
    with Image.open(out) as picture:
        assert np.array_equal(np.asarray(picture)[:, ::-1], upright)
    assert command("render", folder / "a.dcm", "-o", out, "--size", "24") == 0
    with Image.open(out) as picture:
        assert picture.size == (24, 20)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("b.dcm",), 1, "The file ends before the image does"),
        (("gone.dcm",), 1, "cannot be reached"),
        (("a.dcm", "--frame", "2"), 1, "frame 2 of 1 was asked for"),
        (("a.dcm", "--preset", "BONE"), 2, "it has: Window 1, Full range."),
        (("a.dcm", "--window", "5", "0"), 2, "A window needs a width of at least 1."),
        (("a.dcm", "--size", "0"), 2, "--size is from 1 to 20000 pixels."),
    ],
)
def test_render_says_in_one_sentence_why_there_is_no_picture(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, sentence: str
) -> None:
    out = folder.parent / "out.png"
    assert command("render", folder / words[0], *words[1:], "-o", out) == code
    told = capsys.readouterr()
    assert sentence in told.err and told.err.count("\n") == 1 and told.out == ""
    assert not out.exists()
