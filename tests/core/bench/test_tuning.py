"""The fine-tuning that is measured: its films, and what makes the comparison fair."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.bench import tuning
from core.bench.tuning import Side, Tuning


def test_both_classes_have_as_many_films_and_no_two_are_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_PNG_SIDE", 96)
    monkeypatch.setattr(tuning, "_PEOPLE", {"train": 1, "validation": 1})
    tuning.written(tmp_path, {"train": 6, "validation": 4})
    for part, count in (("train", 3), ("validation", 2)):
        for name in tuning.CLASSES:
            assert len(list((tmp_path / part / name).glob("*.png"))) == count
    films = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(tmp_path.rglob("*.png"))]
    assert all(film.shape == (96, 96) for film in films)
    assert len({film.tobytes() for film in films}) == 10
    assert min(np.abs(one.astype(int) - other).mean() for one in films for other in films if one is not other) > 1


def test_a_ratio_at_a_higher_loss_does_not_count() -> None:
    usual = Side(90.0, 170.0, 0.20, 0.9, {})
    better = Tuning(160, 40, Side(30.0, 50.0, 0.19, 0.9, {}), usual)
    assert better.ratio == pytest.approx(3)
    assert better.is_fair
    assert not Tuning(160, 40, Side(30.0, 50.0, 0.21, 0.9, {}), usual).is_fair
