"""Simulated films beside real ones: grey histogram, power spectrum, lungs against the middle.

    python tools/measure_phantom.py DATA [--count 60] [--sheet FOLDER]

DATA is the folder adult-cxr (its README says what it holds); its normals of the sources nih and rsna are taken.
All films get the same treatment: shrunk by area to 224 × 224, 0…1. Prints the 5th and 95th percentile of each figure
over the real films, and the same over the simulated ones with the share of them that lies between.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.imaging.phantom import simulate
from core.imaging.phantom.figures import figures

SIDE = 224
Picture = NDArray[np.float32]


def shrunk(pixels: NDArray[np.uint8] | NDArray[np.uint16], white: float) -> Picture:
    small = cv2.resize(pixels.astype(np.float32) / white, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.clip(small, 0, 1).astype(np.float32)


def real_normals(data: Path, count: int) -> list[Picture]:
    with (data / "images.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] in ("nih", "rsna") and row["label"] == "normal"]
    chosen = np.random.default_rng(7).permutation(len(rows))[:count]
    return [shrunk(cv2.imread(str(data / rows[i]["path"]), cv2.IMREAD_GRAYSCALE), 255) for i in chosen]


def simulated(count: int, first: int = 1000) -> list[Picture]:
    films = (simulate(first + i, rows=448, view="AP" if i % 3 == 0 else "PA") for i in range(count))
    return [shrunk(film.pixels, 4095) for film in films]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--real", type=int, default=1040, help="how many real films")
    parser.add_argument("--count", type=int, default=60, help="how many simulated films")
    parser.add_argument("--sheet", type=Path, help="folder for a contact sheet; never commit it, it shows real films")
    options = parser.parse_args()
    real, ours = real_normals(options.data, options.real), simulated(options.count)
    of_real, of_ours = [figures(film) for film in real], [figures(film) for film in ours]
    print(f"{'':28}{'real (' + str(len(real)) + ')':>24}{'simulated (' + str(len(ours)) + ')':>26}")
    print(f"{'figure':28}{'p5':>8}{'p50':>8}{'p95':>8}{'p5':>10}{'p50':>8}{'p95':>8}{'between':>10}")
    for name in of_real[0]:
        theirs = np.array([row[name] for row in of_real])
        mine = np.array([row[name] for row in of_ours])
        low, middle, high = np.percentile(theirs, [5, 50, 95])
        a, b, c = np.percentile(mine, [5, 50, 95])
        share = float(np.mean((mine >= low) & (mine <= high)))
        print(f"{name:28}{low:8.3f}{middle:8.3f}{high:8.3f}{a:10.3f}{b:8.3f}{c:8.3f}{share:10.0%}")
    if options.sheet:
        options.sheet.mkdir(parents=True, exist_ok=True)
        rows = [np.hstack(group) for group in (ours[:4], real[:4], ours[4:8], real[4:8])]
        cv2.imwrite(str(options.sheet / "simulated-above-real.png"), (np.vstack(rows) * 255).astype(np.uint8))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
