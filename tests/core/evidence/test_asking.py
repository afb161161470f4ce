"""A bundle asked with arrays says what it says of files, and looks where it looks there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.evidence.asking import Asker, frames_of
from core.imaging.film import film_of
from core.imaging.phantom import simulate
from core.imaging.phantom.pictures import as_png
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.inference.assessing import Assessor, Film
from core.inference.bundles import Bundle
from core.inference.engines.choose import opened
from core.inference.lungs import Lungs, shipped
from core.training.bundling import remade


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Film]:
    folder = tmp_path_factory.mktemp("films")
    read = []
    for seed in (1, 2):
        path = folder / f"{seed}.png"
        path.write_bytes(as_png(simulate(seed, None, 256).pixels, 16))
        read.append(film_of(open_radiograph(ImageRef(str(path), None, 1, str(folder)))))
    return read


@pytest.fixture
def asker(small_bundle: Bundle) -> Iterator[Asker]:
    engine = opened(small_bundle, device="cpu")
    yield Asker(small_bundle, engine, None)
    engine.close()


def _box(rows: int, columns: int) -> Lungs:
    mask = np.zeros((rows, columns), bool)
    mask[rows // 4 : rows // 2, columns // 4 : columns // 2] = True
    return Lungs(mask, (rows / 4, columns / 4, rows / 2, columns / 2), float(mask.mean()), 2, 0.9)


def test_probabilities_spread_and_maps_are_those_of_the_program(
    films: list[Film], asker: Asker, small_bundle: Bundle
) -> None:
    pixels = [film.settled.pixels for film in films]
    answers = asker.ask(pixels, asker.boxes(pixels))
    shares, spread = asker.probabilities(answers), asker.spread(answers)
    looked = asker.looked(pixels, [_box(*film.shape) for film in pixels])
    program = Assessor(small_bundle, device="cpu", lungs=None)
    for index, film in enumerate(films):
        row, maps = program.assess(film, override="simulated")
        assert row.probabilities is not None
        assert maps is not None
        np.testing.assert_allclose(shares[index], list(row.probabilities.values()), atol=1e-7)
        assert spread[index] == pytest.approx(row.spread, abs=1e-7)
        scale = small_bundle.map_scale[:, None, None]
        np.testing.assert_allclose(looked.ensemble[index], maps.values * scale, atol=1e-5)
        np.testing.assert_allclose(looked.members["boxed"][index], maps.members["boxed"] * scale, atol=1e-5)
        assert looked.insides[index].shape == maps.values.shape[1:]
        assert looked.insides[index].mean() == pytest.approx(1 / 16, abs=0.01)
    program.close()


def test_a_lung_frame_is_found_anew_on_every_film(films: list[Film], small_bundle: Bundle, tmp_path: Path) -> None:
    lungs = shipped()
    assert lungs is not None
    steps = [{"name": "lung-frame", "version": 1, "margin": 0.06}, *small_bundle.raw["input"]["steps"]]
    bundle = remade(
        small_bundle, tmp_path / "framed", input={**small_bundle.raw["input"], "steps": steps}, lungs=lungs.digest
    )
    program = Assessor(bundle, device="cpu")
    asker = Asker(bundle, program.engine, program.lungs)
    pixels = [film.settled.pixels for film in films]
    row, _maps = program.assess(films[0], override="simulated")
    assert row.probabilities is not None
    np.testing.assert_allclose(asker.assess(pixels)[0], list(row.probabilities.values()), atol=1e-7)
    assert row.area_in_lungs == pytest.approx(asker.lungs(pixels)[0].share)
    moved = np.pad(pixels[0], ((40, 0), (40, 0)))
    there, here = asker.boxes([moved])[0], asker.boxes(pixels)[0]
    np.testing.assert_allclose(there, here + 40, atol=12)
    whole = asker.framed(pixels, np.full((2, 4), np.nan))
    assert np.abs(whole[0] - asker.framed(pixels, asker.boxes(pixels))[0]).max() > 1e-4
    program.close()


def test_a_film_is_judged_the_same_alone_and_among_others(films: list[Film], asker: Asker) -> None:
    pixels = [film.settled.pixels for film in films]
    among = asker.assess([*pixels] * 17)  # more than are asked at once
    assert len(among) == 34
    np.testing.assert_array_equal(among[-1], asker.assess(pixels[1:])[0])


def test_members_have_probabilities_of_their_own(films: list[Film], asker: Asker) -> None:
    pixels = [film.settled.pixels for film in films]
    own = asker.of_members(asker.ask(pixels, asker.boxes(pixels)))
    assert list(own) == ["stretched", "boxed", "random"]
    assert all(np.allclose(shares.sum(1), 1) for shares in own.values())
    assert asker.suspicious == [1, 2]


def test_lungs_that_cannot_make_a_frame_make_none() -> None:
    one = Lungs(np.zeros((100, 100), bool), (10.0, 10.0, 90.0, 40.0), 0.2, 1, 0.9)
    boxes = frames_of([_box(100, 100), one])
    np.testing.assert_array_equal(boxes, [[25, 25, 50, 50], [np.nan] * 4])


def test_lungs_are_not_made_up_where_nothing_can_find_them(films: list[Film], asker: Asker) -> None:
    with pytest.raises(ValueError, match="no lungs bundle"):
        asker.lungs([films[0].settled.pixels])
