"""Simulated films are the same everywhere, know exactly what they show, and are grey as real ones are."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.imaging.phantom import OPACITIES, Opacity, Phantom, simulate
from core.imaging.phantom.figures import figures
from core.imaging.phantom.person import View
from core.imaging.phantom.physics import ATTENUATION_PER_MM, spectrum, transmitted
from core.imaging.phantom.shapes import ellipsoid, grid_of, tube

# 5th and 95th percentile over 1,040 real normals; printed by
#     python tools/measure_phantom.py ../shared/data/adult-cxr
REAL = {
    "mean": (0.396, 0.686),
    "spread": (0.160, 0.287),
    "percentile 5": (0.000, 0.363),
    "percentile 25": (0.172, 0.589),
    "percentile 50": (0.400, 0.744),
    "percentile 75": (0.561, 0.859),
    "percentile 95": (0.725, 0.943),
    "spectrum slope": (-3.516, -2.817),
    "lung/middle": (0.311, 0.919),
}


@functools.lru_cache(maxsize=32)
def film(seed: int, opacity: Opacity | None = None, view: View = "PA", rows: int = 160) -> Phantom:
    return simulate(seed, opacity, rows, view)


def test_a_seed_gives_the_same_film_again_and_another_seed_another_one() -> None:
    again = simulate(3, "effusion", 160)
    assert np.array_equal(again.pixels, film(3, "effusion").pixels)
    assert again.person == film(3, "effusion").person
    assert not np.array_equal(film(4, "effusion").pixels, again.pixels)


def test_pixels_are_twelve_bits_with_bone_white_and_air_black() -> None:
    shown = film(5)
    assert shown.pixels.dtype == np.uint16
    assert shown.pixels.max() <= 4095
    assert shown.pixels[~shown.body].mean() < 400
    spine = shown.pixels[84:108, 75:85].mean()
    assert spine > shown.pixels[shown.lungs].mean() + 600


@pytest.mark.parametrize("view", ["PA", "AP"])
@pytest.mark.parametrize("seed", range(1, 4))
def test_both_lungs_lie_inside_the_body_one_on_each_side(seed: int, view: View) -> None:
    shown = film(seed, view=view)
    assert shown.lungs.shape == shown.pixels.shape
    assert not (shown.lungs & ~shown.body).any()
    assert 0.15 < shown.lungs.mean() < 0.5
    _, _, parts, _ = cv2.connectedComponentsWithStats(shown.lungs.astype(np.uint8))
    assert (parts[1:, cv2.CC_STAT_AREA] > 0.05 * shown.lungs.size).sum() == 2


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_heart_lies_on_the_patients_left_which_is_right_in_the_picture(seed: int) -> None:
    shown = film(seed)
    # Behind the heart there is still lung in the mask, and it is whiter than the lung beside it.
    rows = np.flatnonzero(shown.lungs.any(axis=1))
    low = slice(int(rows[0] + 0.62 * len(rows)), int(rows[0] + 0.8 * len(rows)))
    half = shown.pixels.shape[1] // 2
    right, left = shown.lungs[low, :half], shown.lungs[low, half:]
    assert shown.pixels[low, half:][left].mean() > shown.pixels[low, :half][right].mean() + 100


@pytest.mark.parametrize("view", ["PA", "AP"])
@pytest.mark.parametrize("opacity", OPACITIES)
@pytest.mark.parametrize("seed", range(1, 4))
def test_an_opacity_lies_in_the_lungs_and_whitens_its_own_place_only(seed: int, opacity: Opacity, view: View) -> None:
    with_it, without = film(seed, opacity, view), film(seed, None, view)
    assert with_it.person == without.person
    assert np.array_equal(with_it.lungs, without.lungs)
    place = with_it.opacity_mask
    assert place.sum() > 0.004 * place.size
    assert not (place & ~with_it.lungs).any()
    change = with_it.pixels.astype(float) - without.pixels
    far = with_it.lungs & ~cv2.dilate(place.astype(np.uint8), np.ones((21, 21), np.uint8)).astype(bool)
    assert change[place].mean() > 60
    assert change[place].mean() > change[far].mean() + 60
    assert not without.opacity_mask.any()


def test_ground_glass_is_in_both_lungs_and_an_effusion_in_one() -> None:
    def halves(opacity: Opacity, seed: int) -> tuple[bool, bool]:
        mask = film(seed, opacity).opacity_mask
        return bool(mask[:, :80].sum() > 20), bool(mask[:, 80:].sum() > 20)

    assert all(halves("ground-glass", seed) == (True, True) for seed in range(1, 4))
    assert all(sum(halves("effusion", seed)) == 1 for seed in range(1, 4))


@pytest.mark.parametrize("seed", range(1000, 1008))
def test_a_simulated_film_is_grey_as_nine_of_ten_real_normals_are(seed: int) -> None:
    pixels = film(seed, view="AP" if seed % 3 == 1 else "PA", rows=448).pixels.astype(np.float32) / 4095
    found = figures(cv2.resize(pixels, (224, 224), interpolation=cv2.INTER_AREA))
    outside = {name: value for name, value in found.items() if not REAL[name][0] <= value <= REAL[name][1]}
    assert not outside


def test_the_same_person_is_there_at_every_size() -> None:
    small, large = film(7, rows=160), film(7, rows=448)
    shrunk = cv2.resize(large.pixels.astype(np.float32), (160, 160), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(shrunk.ravel(), small.pixels.ravel())[0, 1] > 0.98
    assert small.spacing_mm == pytest.approx(large.spacing_mm * 448 / 160)


def test_a_film_may_be_wider_than_high() -> None:
    wide = simulate(7, rows=160, columns=200)
    assert wide.pixels.shape == wide.lungs.shape == (160, 200)


@pytest.mark.parametrize("asked", [{"rows": 20}, {"opacity": "tumour"}])
def test_what_cannot_be_simulated_is_our_own_mistake(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"rows|opacity"):
        simulate(1, **asked)  # type: ignore[arg-type]


def test_a_ball_weighs_what_a_ball_weighs() -> None:
    grid = grid_of(200, 200, 100, -50, -50)
    patch = ellipsoid(grid, (3.0, -4.0), (20, 20, 20))
    assert patch is not None
    assert patch[1].max() == pytest.approx(40, abs=0.1)
    assert patch[1].sum() * grid.pitch**2 == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.005)


def test_a_tube_keeps_its_amount_when_it_is_thinner_than_a_pixel() -> None:
    def amount(rows: int) -> float:
        grid = grid_of(rows, rows, 100, -50, -50)
        patch = tube(grid, [(-30.0, 1.0, 0.0), (30.0, 9.0, 0.0)], 0.5)[0]
        assert patch is not None
        return float(patch[1].sum()) * grid.pitch**2

    whole = np.pi * 0.5**2 * np.hypot(60, 8)
    assert amount(1000) == pytest.approx(whole, rel=0.05)
    assert amount(64) == pytest.approx(whole, rel=0.15)


def test_the_beam_weakens_as_beer_and_lambert_say() -> None:
    weights = spectrum(120)
    assert weights.sum() == pytest.approx(1)
    behind = transmitted({"soft": np.full((1, 1), 100, np.float32)}, weights)[0, 0]
    expected = float((weights * np.exp(-100 * ATTENUATION_PER_MM["soft"])).sum())
    assert behind == pytest.approx(expected, rel=1e-5)
    assert spectrum(80)[4] == 0


def test_the_stated_ranges_are_those_of_the_real_films(shared_data: Path) -> None:
    import csv

    with (shared_data / "adult-cxr" / "images.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] in ("nih", "rsna") and row["label"] == "normal"]
    found = []
    for row in rows[::4]:
        picture = cv2.imread(str(shared_data / "adult-cxr" / row["path"]), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        small = cv2.resize(picture.astype(np.float32) / 255, (224, 224), interpolation=cv2.INTER_AREA)
        found.append(figures(small))
    for name, (low, high) in REAL.items():
        inside = np.mean([low <= one[name] <= high for one in found])
        assert 0.85 < inside <= 0.96 or name == "percentile 5"  # of 260 films 90 % belong inside; many have no black
