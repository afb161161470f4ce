"""Where the lungs are: cleaning, placing, attention, and the bundle that ships."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import places
from core.errors import BundleRefused
from core.evidence.masks import compared
from core.imaging.film import Film, film_of
from core.imaging.phantom import simulate
from core.imaging.prepare import Corrections, Settled, settle
from core.inference import description, gate, shelf
from core.inference.assessing import Assessor
from core.inference.bundles import Bundle
from core.inference.lungs import (
    LungFinder,
    Lungs,
    attention,
    box_on_stored,
    cleaned,
    finder_for,
    on_stored,
    shipped,
)
from core.inference.selfproof import verify
from core.training.bundling import remade
from tests.films import radiograph, write_dicom, write_png

FRAME = {"name": "lung-frame", "version": 1, "margin": 0.06}
SHIFTS = st.floats(-0.2, 0.2)


def picture(*boxes: tuple[int, int, int, int], strength: float = 4.0) -> np.ndarray:
    """Logits that say "lung" in some boxes (top, left, bottom, right) of 100 × 120."""
    logits = np.full((100, 120), -4.0, np.float32)
    for top, left, bottom, right in boxes:
        logits[top:bottom, left:right] = strength
    return logits


RIGHT, LEFT = (20, 15, 80, 50), (22, 70, 78, 105)


@pytest.fixture(scope="module")
def finder() -> LungFinder:
    bundle = shipped()
    assert bundle is not None
    return LungFinder(bundle, "openvino", "cpu")


@pytest.fixture(scope="module")
def phantom_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pixels = (simulate(11, rows=320).pixels >> 4).astype(np.uint8)
    return write_dicom(tmp_path_factory.mktemp("films") / "film.dcm", pixels)


def test_two_lungs_stay_and_the_box_holds_both() -> None:
    lungs = cleaned(picture(RIGHT, LEFT))
    assert lungs.box == (20, 15, 80, 105)
    assert (lungs.parts, lungs.found) == (2, True)
    assert lungs.share == pytest.approx((60 * 35 + 56 * 35) / 12000)
    assert lungs.sure > 0.95


def test_a_third_part_and_a_small_one_are_left_out() -> None:
    lungs = cleaned(picture(RIGHT, LEFT, (90, 20, 98, 60)))
    assert lungs.box == (20, 15, 80, 105)
    assert cleaned(picture(RIGHT, (2, 100, 8, 110))).parts == 1


def test_one_lung_alone_has_no_frame_lest_the_other_be_cut_off() -> None:
    one, both = cleaned(picture(RIGHT)), cleaned(picture(RIGHT, LEFT))
    assert (one.one_sided, one.frame, one.found) == (True, None, True)
    assert (both.one_sided, both.frame) == (False, both.box)
    touching = cleaned(picture((20, 15, 80, 105)))
    assert (touching.parts, touching.frame) == (1, touching.box)


def test_what_the_edge_cuts_off_is_told() -> None:
    assert cleaned(picture(RIGHT, LEFT)).cut == 0
    assert cleaned(picture((0, 15, 80, 50), LEFT)).cut == pytest.approx(35 / 90)
    codes = [one.code for one in gate.from_lungs(cleaned(picture((0, 10, 60, 55), (0, 60, 60, 110))))]
    assert codes == ["gate-cropped"]
    assert [one.code for one in gate.from_lungs(cleaned(picture(RIGHT)))] == ["one-lung-found"]
    assert [one.code for one in gate.from_lungs(cleaned(picture()))] == ["gate-no-lungs"]
    assert gate.from_lungs(cleaned(picture(RIGHT, LEFT))) == ()


def test_holes_are_filled() -> None:
    logits = picture(RIGHT, LEFT)
    logits[40:50, 25:35] = -4
    assert cleaned(logits).mask[40:50, 25:35].all()


@pytest.mark.parametrize("logits", [picture(), picture((10, 10, 20, 20)), picture(RIGHT, LEFT, strength=0.3)])
def test_nothing_small_or_unsure_is_lungs(logits: np.ndarray) -> None:
    lungs = cleaned(logits)
    assert (lungs.box, lungs.share, lungs.parts, lungs.found) == (None, 0.0, 0, False)
    assert not lungs.mask.any()


@settings(deadline=None, max_examples=40)
@given(st.booleans(), st.booleans(), st.sampled_from([0, 90, 180, 270]), st.sampled_from([(100, 120), (400, 480)]))
def test_the_mask_comes_back_to_the_stored_orientation_and_size(
    mirrored: bool, negative: bool, turned: int, stored: tuple[int, int]
) -> None:
    from core.imaging.geometry import MIRROR, clockwise, scaling

    lungs = cleaned(picture(RIGHT, LEFT))
    turn = clockwise(turned).then(MIRROR) if mirrored else clockwise(turned)
    upright = turn.apply(np.zeros(stored)).shape
    to_stored = turn.turned_to_original(stored) @ scaling(upright[0] / 100, upright[1] / 120)
    mask = on_stored(lungs, Settled(np.zeros((100, 120), np.uint16), to_stored), *stored)
    assert mask.shape == stored and set(np.unique(mask)) <= {0, 255}
    box = box_on_stored(lungs, Settled(np.zeros((100, 120), np.uint16), to_stored))
    rows, columns = np.nonzero(mask)
    assert box == pytest.approx((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1), abs=3)
    assert float((mask > 0).mean()) == pytest.approx(lungs.share, abs=0.02)


def test_attention_is_the_share_of_the_positive_map_inside_the_lungs() -> None:
    lungs = cleaned(picture(RIGHT, LEFT))
    maps = np.full((4, 50, 60), -1.0, np.float32)
    maps[0, 15:35, 10:20] = 3  # inside the right lung
    maps[1] = 1  # everywhere alike
    maps[2, :8, :10] = 2  # a corner
    inside, alike, corner, nothing = attention(maps, lungs)
    assert inside == pytest.approx(1)
    assert alike == pytest.approx(lungs.share, abs=1e-6)
    assert (corner, nothing) == (0, 0)


def test_a_film_alone_and_among_others_has_the_same_mask(finder: LungFinder, phantom_path: Path) -> None:
    film = settle(radiograph(phantom_path))
    others = [Settled(np.full((90, 300), 9000, np.uint16), np.eye(3)), film, film]
    together = finder.find_many(others)
    assert np.array_equal(together[1].mask, finder.find(film).mask)
    assert together[1].box == together[2].box == finder.find(film).box
    assert together[0].mask.shape == (90, 300)


@pytest.mark.parametrize("seed", [3, 11, 27])
def test_the_lungs_of_a_simulated_film_are_found(finder: LungFinder, seed: int) -> None:
    phantom = simulate(seed, rows=320)
    lungs = finder.find(Settled((phantom.pixels * 16).astype(np.uint16), np.eye(3)))
    assert compared(lungs.mask, phantom.lungs).dice > 0.85


def test_a_blank_picture_has_no_lungs(finder: LungFinder) -> None:
    for grey in (0, 30000, 65535):
        assert not finder.find(Settled(np.full((300, 280), grey, np.uint16), np.eye(3))).found


def test_the_shipped_bundle_is_small_and_proves_itself() -> None:
    bundle = shipped()
    assert bundle is not None
    assert bundle.members[0].parameters <= 500_000
    assert sum(file.stat().st_size for file in bundle.folder.rglob("*") if file.is_file()) <= 8e6
    assert verify(bundle, ("openvino",)).proofs[0].holds


def test_films_with_masks_are_found_as_the_card_says(finder: LungFinder, shared_data: Path) -> None:
    """A few of the set that it was made with: this guards the way from file to mask, not the figures."""
    import csv

    import cv2

    lines = list(csv.DictReader((shared_data / "lungs" / "images.csv").read_text("utf-8").splitlines()))[::60]
    dice = []
    for line in lines:
        found = finder.find(settle(radiograph(shared_data / "lungs" / line["path"])))
        truth = cv2.imread(str(shared_data / "lungs" / line["mask"]), cv2.IMREAD_GRAYSCALE) > 127
        dice.append(compared(found.mask, truth).dice)
    assert np.mean(dice) > 0.94


def test_a_lungs_bundle_is_no_ensemble(small_bundle: Bundle) -> None:
    lungs = shipped()
    assert lungs is not None
    for what, kind in ((Assessor, lungs), (LungFinder, small_bundle)):
        with pytest.raises(BundleRefused) as caught:
            what(kind)
        assert caught.value.code == "bundle-kind"
    with pytest.raises(BundleRefused) as caught:
        shelf.promote(lungs.folder)
    assert caught.value.code == "bundle-kind"


def test_an_assessed_film_says_how_much_attention_lies_in_the_lungs(small_bundle: Bundle, phantom_path: Path) -> None:
    assessor = Assessor(small_bundle, "openvino", "cpu")
    film = film_of(radiograph(phantom_path))
    row, maps = assessor.assess(film)
    assert row.attention_in_lungs is not None and row.area_in_lungs is not None and maps is not None
    assert list(row.attention_in_lungs) == ["normal", "bright", "dark"]
    assert all(0 <= share <= 1 for share in row.attention_in_lungs.values())
    assert assessor.lungs is not None
    lungs = assessor.lungs.find(film.settled)
    assert row.area_in_lungs == lungs.share
    assert list(row.attention_in_lungs.values()) == attention(maps.values, lungs)
    without_maps, drawn = assessor.assess(film, maps=False)
    assert drawn is None
    assert without_maps.attention_in_lungs == row.attention_in_lungs


def test_without_a_lungs_bundle_the_row_says_nothing_of_lungs(small_bundle: Bundle, phantom_path: Path) -> None:
    row, _maps = Assessor(small_bundle, "openvino", "cpu", lungs=None).assess(film_of(radiograph(phantom_path)))
    assert (row.status, row.attention_in_lungs, row.area_in_lungs) == ("assessed", None, None)


def test_a_run_names_the_lungs_bundle_among_what_must_not_change(small_bundle: Bundle) -> None:
    from core.screening.run import _terms

    own = shipped()
    assert own is not None
    assessor = Assessor(small_bundle, "openvino", "cpu")
    without = Assessor(small_bundle, assessor.engine, lungs=None)
    assert _terms(assessor).steps == f"{_terms(without).steps}, lungs {own.digest[:12]}"


def framed(bundle: Bundle, folder: Path, lungs: str | None) -> Bundle:
    """The small bundle with a lung frame before its first step."""
    steps = [FRAME, *bundle.raw["input"]["steps"]]
    return remade(bundle, folder, input={**bundle.raw["input"], "steps": steps}, lungs=lungs)


def test_a_lung_frame_needs_the_bundle_that_it_states(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shipped()
    assert own is not None
    with pytest.raises(BundleRefused, match="does not state its lungs bundle"):
        framed(small_bundle, tmp_path / "a", None)
    with pytest.raises(BundleRefused) as caught:
        framed(small_bundle, tmp_path / "b", "0" * 64)
    assert caught.value.code == "bundle-lungs-missing"
    bundle = framed(small_bundle, tmp_path / "c", own.digest)
    assert finder_for(bundle) is not None
    monkeypatch.setattr(places, "SHIPPED_BUNDLES", tmp_path / "none")
    with pytest.raises(BundleRefused) as caught:
        Assessor(bundle, "openvino", "cpu")
    assert caught.value.code == "bundle-lungs-missing"


def test_a_bundle_with_a_lung_frame_sees_the_lungs_only(
    small_bundle: Bundle, phantom_path: Path, tmp_path: Path
) -> None:
    own = shipped()
    assert own is not None
    assessor = Assessor(framed(small_bundle, tmp_path / "framed", own.digest), "openvino", "cpu")
    film = film_of(radiograph(phantom_path))
    assert assessor.lungs is not None
    box = assessor.lungs.find(film.settled).box
    assert box is not None
    # What lies far outside the lungs does not matter any more.
    spoiled = film.settled.pixels.copy()
    spoiled[:, : int(box[1]) - 40] = 65535 if spoiled[:, : int(box[1]) - 40].mean() < 30000 else 0
    other = replace(film, settled=replace(film.settled, pixels=spoiled))
    if assessor.lungs.find(other.settled).box == box:
        stretched = [row.members[0].probabilities for row, _maps in assessor.assess_many([film, other])]
        assert stretched[0] == stretched[1]
    row, maps = assessor.assess(film)
    assert row.status == "assessed" and maps is not None


def test_an_exported_bundle_takes_its_lungs_along(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shipped()
    assert own is not None
    bundle = framed(small_bundle, tmp_path / "framed", own.digest)
    shelf.exported(bundle.folder, tmp_path / "framed.hilum")
    monkeypatch.setattr(places, "SHIPPED_BUNDLES", tmp_path / "none")
    imported = shelf.imported(tmp_path / "framed.hilum")
    found = finder_for(imported)
    assert found is not None and found.digest == own.digest
    shutil.rmtree(imported.path("lungs"))
    with pytest.raises(BundleRefused):
        finder_for(imported)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"classes": []}, "one member and one class"),
        ({"lungs": "0" * 64}, "cannot need another"),
        ({"map_scale": {"heart": 1.0}}, "one member and one class"),
    ],
)
def test_a_description_of_lungs_is_checked(change: dict[str, Any], words: str) -> None:
    import msgspec

    bundle = shipped()
    assert bundle is not None
    with pytest.raises(BundleRefused, match=words):
        description.parsed(msgspec.json.encode({**bundle.raw, **change}))


def test_a_film_without_lungs_says_so(small_bundle: Bundle, tmp_path: Path) -> None:
    texture = np.random.default_rng(0).normal(size=(40, 40)).repeat(8, 0).repeat(8, 1)
    pixels = np.clip(128 + 40 * texture, 0, 255).astype(np.uint8)
    film: Film = film_of(radiograph(write_png(tmp_path / "texture.png", pixels)), Corrections())
    row, _maps = Assessor(small_bundle, "openvino", "cpu").assess(film, override="a test")
    assert "gate-no-lungs" in [reason.code for reason in row.reasons]
    assert (row.attention_in_lungs, row.area_in_lungs) == (None, None)


def test_lungs_are_plain_data() -> None:
    lungs = cleaned(picture(RIGHT, LEFT))
    assert isinstance(lungs, Lungs)
    assert lungs.mask.dtype == np.bool_
    assert all(isinstance(one, float) for one in (*(lungs.box or ()), lungs.share, lungs.sure))
