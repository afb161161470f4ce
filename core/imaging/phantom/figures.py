"""A film in a few numbers, the same for real and simulated ones."""

from __future__ import annotations

import numpy as np

from core.imaging.phantom.shapes import Map


def figures(picture: Map) -> dict[str, float]:
    """picture: (n, n) float32 in 0…1, bone white, the whole film shrunk by area; n at least 128.

    slope: of log power over log frequency between 4 and n/4 cycles a film, after a Hann window.
    lung/middle: mean grey of two boxes where lungs lie on a centred film, against the middle between them.
    """
    quantiles = np.percentile(picture, [5, 25, 50, 75, 95])
    found = {"mean": float(picture.mean()), "spread": float(picture.std())}
    found |= {f"percentile {p}": float(q) for p, q in zip((5, 25, 50, 75, 95), quantiles, strict=True)}
    found["spectrum slope"] = spectrum_slope(picture)
    side = len(picture)
    rows = slice(int(0.32 * side), int(0.56 * side))
    left, right = slice(int(0.22 * side), int(0.36 * side)), slice(int(0.64 * side), int(0.78 * side))
    lung = (picture[rows, left].mean() + picture[rows, right].mean()) / 2
    found["lung/middle"] = float(lung / max(float(picture[rows, int(0.46 * side) : int(0.54 * side)].mean()), 1e-3))
    return found


def spectrum_slope(picture: Map) -> float:
    side = len(picture)
    window = np.hanning(side)
    power = np.abs(np.fft.rfft2((picture - picture.mean()) * window[:, None] * window[None, :])) ** 2
    cycles = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]) * side
    edges = np.geomspace(4, side / 4, 13)
    place = np.digitize(cycles, edges)
    means = [power[place == ring].mean() for ring in range(1, len(edges))]
    return float(np.polyfit(np.log(np.sqrt(edges[:-1] * edges[1:])), np.log(means), 1)[0])
