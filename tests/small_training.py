"""Labelled films and a recipe that train from end to end in seconds."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from core.training.written import toml
from tests.films import write_png
from tests.labelled_films import drawn

# One network, two phases, augmentation, balance: all that larger recipes do. The films that learn come in fours, so
# that no batch is smaller than the others: TensorFlow would trace the network again for it.
RECIPE = {
    "name": "small",
    "title": "A small training for tests",
    "seed": 3,
    "positive": ["bright"],
    "input": {"rows": 32, "columns": 32, "shape": "stretch", "range": "-1..1"},
    "network": {"backbone": "small-cnn", "start": "random"},
    "augmentation": {"rotation": 5.0, "gamma": 0.1},
    "balance": {"sampling": "classes"},
    "phases": [
        {"name": "first", "epochs": 2, "batch": 4, "rate": 0.003},
        {"name": "second", "epochs": 1, "batch": 4, "rate": 0.001, "keep": "best-loss"},
    ],
    "protocol": {"kind": "k-fold", "folds": 2, "validation": 0.25},
}


def write_recipe(folder: Path, **changes: object) -> Path:
    path = folder / f"{RECIPE['name']}.toml"
    path.write_text(toml({**RECIPE, **changes}), "utf-8")
    return path


def write_labels(
    folder: Path, films: int = 40, classes: Sequence[str] = ("normal", "bright"), patients: int = 2
) -> Path:
    """A LABELS table: every patient has `patients` films of one class; two sources."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(films):
        patient = number // patients
        label = classes[patient % len(classes)]
        write_png(folder / f"{number:03d}.png", drawn(number, label))
        rows.append((f"{number:03d}.png", label, f"patient-{patient}", "here" if patient % 4 < 2 else "there"))
    with open(folder / "labels.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("path", "label", "patient", "source"))
        table.writerows(rows)
    return folder / "labels.csv"
