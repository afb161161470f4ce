"""Labelled films for a small bundle that tells bright from dark."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from core.imaging.looks import FRONTAL
from tests.films import write_png

ROWS, COLUMNS = 120, 110


def drawn(seed: int, label: str) -> np.ndarray:
    """A film that the gate lets pass, unlike any other; on the whole as light as its label says."""
    chance = np.random.default_rng(seed)
    middle = {"normal": 110, "bright": 170, "dark": 60}[label]
    chest = cv2.resize(FRONTAL, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    own = cv2.resize(chance.normal(0, 1, (16, 16)), (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    return np.clip(middle + 14 * chest + 14 * own + chance.normal(0, 2, chest.shape), 0, 255).astype(np.uint8)


def make(folder: Path) -> Path:
    """A LABELS table of 18 films of 9 patients and two sources, and of a file that is no image and an other label."""
    rows = []
    for number in range(18):
        label = ("normal", "bright", "dark")[number % 3]
        write_png(folder / f"{number:02d}.png", drawn(number, label))
        rows.append((f"{number:02d}.png", label, f"patient-{number // 2}", "here" if number < 10 else "there", "F"))
    (folder / "words.png").write_text("not an image", "utf-8")
    rows.insert(3, ("words.png", "dark", "patient-90", "here", "M"))
    write_png(folder / "other.png", drawn(99, "normal"))
    rows.append(("other.png", "other:fracture", "patient-91", "here", "M"))
    with open(folder / "labels.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("path", "label", "patient", "source", "sex"))
        table.writerows(rows)
    return folder / "labels.csv"
