"""`lungs`: a mask a film, of the stored size and orientation; a row a file, whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.cli import main
from core.evidence.masks import compared
from core.imaging.phantom import Phantom, simulate
from tests.films import write_dicom, write_png


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return simulate(11, rows=320)


@pytest.fixture(scope="module")
def film(phantom: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dicom(tmp_path_factory.mktemp("films") / "film.dcm", (phantom.pixels >> 4).astype(np.uint8))


def lungs(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[dict]]:
    code = main.run("none:none", ["lungs", *map(str, words), "--json", "--engine", "openvino"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def read(path: Path) -> np.ndarray:
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert mask.dtype == np.uint8
    assert mask.ndim == 2
    assert set(np.unique(mask)) <= {0, 255}
    return mask


def test_the_mask_has_the_stored_size_and_lies_on_the_lungs(
    film: Path, phantom: Phantom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, [row] = lungs(capsys, film, "-o", tmp_path / "mask.png")
    assert (code, row["status"], row["path"]) == (0, "found", "film.dcm")
    mask = read(tmp_path / "mask.png") > 0
    assert mask.shape == phantom.lungs.shape
    assert compared(mask, phantom.lungs).dice > 0.85
    assert row["share"] == pytest.approx(mask.mean(), abs=0.01)
    rows, columns = np.nonzero(mask)
    box = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
    assert row["box"] == pytest.approx(box, abs=2)


def test_a_film_stored_lying_has_a_lying_mask(
    phantom: Phantom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Stored turned: rows run to the feet, columns to the patient's left.
    pixels = (phantom.pixels >> 4).astype(np.uint8)
    lying = write_dicom(tmp_path / "lying.dcm", np.ascontiguousarray(pixels.T), PatientOrientation=["F", "L"])
    _code, [row] = lungs(capsys, lying, "-o", tmp_path / "mask.png")
    assert row["status"] == "found"
    assert compared(read(tmp_path / "mask.png") > 0, np.ascontiguousarray(phantom.lungs.T)).dice > 0.85


def test_without_lungs_the_mask_is_empty_and_the_row_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = write_png(tmp_path / "grey.png", np.full((210, 300), 90, np.uint8))
    code, [row] = lungs(capsys, grey, "-o", tmp_path / "mask.png")
    assert (code, row["status"], row["box"], row["share"]) == (0, "none", None, 0)
    assert "no-lungs-found" in [one["code"] for one in row["reasons"]]
    mask = read(tmp_path / "mask.png")
    assert mask.shape == (210, 300)
    assert not mask.any()


def test_of_a_folder_every_file_has_a_row_and_every_film_a_mask(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "films"
    (folder / "a").mkdir(parents=True)
    for name in ("one.dcm", "a/one.dcm"):
        (folder / name).write_bytes(film.read_bytes())
    (folder / "words.txt").write_text("no image")
    code, rows = lungs(capsys, folder, "-o", tmp_path / "masks")
    assert code == 0
    assert sorted(row["status"] for row in rows) == ["found", "found", "refused"]
    masks = {Path(row["mask"]) for row in rows if row["mask"]}
    assert masks == set((tmp_path / "masks").iterdir())
    assert len(masks) == 2
    assert [one["code"] for row in rows if row["status"] == "refused" for one in row["reasons"]] == ["not-an-image"]


def test_several_images_do_not_go_into_one_file(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run("none:none", ["lungs", str(film), str(film), "-o", str(tmp_path / "mask.png")])
    assert code == 2
    assert "must be a folder" in capsys.readouterr().err
    assert not (tmp_path / "mask.png").exists()


@pytest.mark.parametrize("words", [["no-such-file", "-o", "mask.png"], []])
def test_wrong_usage_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run("none:none", ["lungs", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err
