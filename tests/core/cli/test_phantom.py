"""`phantom` writes films, masks and an index that fit together."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.main import run
from core.imaging.phantom import simulate


def _phantom(*words: str) -> int:
    return run("nowhere:window", ["phantom", *words])


def test_every_film_is_a_row_and_its_masks_fit_it(tmp_path: Path) -> None:
    assert _phantom("-o", str(tmp_path), "--count", "4", "--seed", "5", "--size", "96", "--masks") == 0
    with (tmp_path / "index.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["normal", "consolidation", "ground-glass", "effusion"]
    for row in rows:
        pixels = np.asarray(Image.open(tmp_path / row["path"]))
        lungs = np.asarray(Image.open(tmp_path / row["lungs"]))
        assert pixels.shape == lungs.shape == (96, 96)
        assert set(np.unique(lungs)) == {0, 255}
        assert (row["opacity"] == "") == (row["label"] == "normal")
    film = simulate(6, "consolidation", 96)
    assert np.array_equal(np.asarray(Image.open(tmp_path / rows[1]["opacity"])) == 255, film.opacity_mask)
    assert np.abs(np.asarray(Image.open(tmp_path / rows[1]["path"])) / 255 - film.pixels / 4095).max() < 0.002


def test_a_size_that_makes_no_film_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _phantom("-o", str(tmp_path / "films"), "--size", "10") == 2
    assert capsys.readouterr().err == "Give a count of at least 1, a seed of at least 0 and a size from 64 to 4096.\n"
    assert not (tmp_path / "films").exists()
