"""Films known again by what they show."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.cohort.hashes import NEAR_BITS, distances, mirrored_hash, near_pairs, perceptual_hash
from core.cohort.lineage import lineage_of, read_lineage
from core.errors import BundleRefused


def _film(seed: int, rows: int = 220, columns: int = 200) -> np.ndarray:
    """A smooth picture like no other."""
    draw = np.random.default_rng(seed)
    small = draw.random((14, 12)).astype(np.float32)
    return (cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 65535).astype(np.uint16)


def _distance(one: np.ndarray, other: np.ndarray) -> int:
    return int(distances(perceptual_hash(one)[None], perceptual_hash(other)[None])[0, 0])


def _jpeg(film: np.ndarray) -> np.ndarray:
    stream = cv2.imencode(".jpg", cv2.resize((film >> 8).astype(np.uint8), (150, 150)), [cv2.IMWRITE_JPEG_QUALITY, 40])[
        1
    ]
    return cv2.imdecode(stream, cv2.IMREAD_GRAYSCALE)


@pytest.mark.parametrize(
    "copied",
    [_jpeg, lambda film: (film / 65535) ** 0.7, lambda film: film[3:-3, 3:-3], lambda film: film * 0.5],
    ids=["small JPEG", "gamma", "crop", "darker"],
)
def test_a_copy_is_known_again(copied) -> None:
    for seed in range(5):
        assert _distance(_film(seed), copied(_film(seed))) <= NEAR_BITS


def test_other_films_are_far_away() -> None:
    hashes = np.stack([perceptual_hash(_film(seed)) for seed in range(30)])
    apart = distances(hashes, hashes)[~np.eye(30, dtype=bool)]
    assert apart.min() > NEAR_BITS
    assert apart.mean() == pytest.approx(128, abs=12)


def test_pairs_are_found_also_mirrored() -> None:
    films = [_film(1), _film(2), _film(1)[:, ::-1], _film(2)[2:, 2:]]
    hashes = np.stack([perceptual_hash(film) for film in films])
    mirrored = np.stack([mirrored_hash(film) for film in films])
    assert near_pairs(hashes, mirrored) == [(0, 2), (1, 3)]


def test_a_bundle_knows_the_files_and_films_that_it_has_seen(tmp_path) -> None:
    film, sha256 = _film(5), "ab" * 32
    lineage = lineage_of([sha256, "01" * 32], np.stack([perceptual_hash(film), perceptual_hash(_film(6))]))
    np.savez(tmp_path / "lineage.npz", **lineage.arrays())
    again = read_lineage(tmp_path / "lineage.npz")
    assert again.seen(sha256, _film(99)) == "same-file"
    assert again.seen("00" * 32, film[2:-2, 2:-2]) == "same-film"
    assert again.seen("00" * 32, film[:, ::-1]) == "same-film"
    assert again.seen("00" * 32, _film(7)) == ""


def test_a_bundle_inherits_what_its_ancestor_saw() -> None:
    own = lineage_of(["aa" * 32], perceptual_hash(_film(1))[None])
    ancestor = lineage_of(["bb" * 32, "aa" * 32], np.stack([perceptual_hash(_film(2)), perceptual_hash(_film(1))]))
    both = own.joined(ancestor)
    assert len(both.exact) == 2
    assert both.seen("cc" * 32, _film(2)) == "same-film"


def test_a_damaged_lineage_is_refused(tmp_path) -> None:
    (tmp_path / "lineage.npz").write_bytes(b"nothing")
    with pytest.raises(BundleRefused, match=r"lineage\.npz is damaged"):
        read_lineage(tmp_path / "lineage.npz")
