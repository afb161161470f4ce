"""Films decoded once, streamed from disk, grouped and split."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.cohort import cache as caches
from core.cohort.cache import FilmCache, fill
from core.cohort.cohort import counts, gathered, places
from core.cohort.labels import LabelledFilm
from core.cohort.splits import split_of


def _write(path: Path, seed: int) -> Path:
    small = np.random.default_rng(seed).random((12, 12)).astype(np.float32)
    picture = cv2.resize(small, (160, 140), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255
    assert cv2.imwrite(str(path), picture.astype(np.uint8))
    return path


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    return [_write(tmp_path / f"{seed}.png", seed) for seed in range(4)]


def test_every_file_has_an_answer_and_one_that_cannot_be_read_does_not_end_the_work(
    films: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with FilmCache(tmp_path / "cache") as cache:
        answers = fill(cache, [films[0], tmp_path / "bad.png", tmp_path / "gone.png", films[1]])
        assert [answer.sha256 is not None for answer in answers] == [True, False, False, True]
        assert all((answer.reason is None) == (answer.sha256 is not None) for answer in answers)


def test_a_second_run_decodes_nothing(films: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FilmCache(tmp_path / "cache") as cache:
        first = fill(cache, films)
        pixels = [np.array(film) for film in cache.films([str(answer.sha256) for answer in first])]
    monkeypatch.setattr(caches, "open_radiograph", lambda ref: pytest.fail("decoded again"))
    with FilmCache(tmp_path / "cache") as cache:
        again = fill(cache, films)
        assert [answer.sha256 for answer in again] == [answer.sha256 for answer in first]
        for film, before in zip(cache.films([str(answer.sha256) for answer in again]), pixels, strict=True):
            np.testing.assert_array_equal(film, before)


def test_a_run_that_is_killed_loses_only_what_was_not_listed(films: list[Path], tmp_path: Path) -> None:
    cache = FilmCache(tmp_path / "cache")
    film = np.arange(12, dtype=np.uint16).reshape(3, 4)
    cache.add("a", film)
    cache.save()
    cache.add("b", film + 1)
    cache._file.flush()
    cache._file.close()  # as if killed: the list was not written again
    with FilmCache(tmp_path / "cache") as after:
        assert "a" in after
        assert "b" not in after
        after.add("c", film + 2)
        np.testing.assert_array_equal(after.films(["c", "a"])[0], film + 2)
        np.testing.assert_array_equal(after.films(["c", "a"])[1], film)


def test_films_settled_in_another_way_are_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FilmCache(tmp_path / "cache") as cache:
        cache.add("a", np.zeros((2, 2), np.uint16))
    monkeypatch.setattr(caches, "SETTLE_VERSION", caches.SETTLE_VERSION + 1)
    with FilmCache(tmp_path / "cache") as cache:
        assert len(cache) == 0


def test_films_travel_to_another_process_as_a_view(tmp_path: Path) -> None:
    with FilmCache(tmp_path / "cache") as cache:
        cache.add("a", np.full((2, 3), 7, np.uint16))
        films = pickle.loads(pickle.dumps(cache.films(["a"])))
    assert films[0].tolist() == [[7, 7, 7], [7, 7, 7]]
    with pytest.raises(ValueError, match="read-only"):
        films[0][0, 0] = 1


def test_a_cohort_keeps_patients_and_copies_on_one_side(films: list[Path], tmp_path: Path) -> None:
    crop = cv2.imread(str(films[3]), cv2.IMREAD_GRAYSCALE)[2:-2, 2:-2]
    assert cv2.imwrite(str(tmp_path / "copy.png"), crop)
    (tmp_path / "equal.png").write_bytes(films[0].read_bytes())
    rows = [LabelledFilm(path, "normal", f"p{number}", source="north") for number, path in enumerate(films)]
    rows += [
        LabelledFilm(tmp_path / "copy.png", "covid", "p9", source="web"),
        LabelledFilm(tmp_path / "equal.png", "covid", "p8", source="web"),
        LabelledFilm(tmp_path / "gone.png", "covid", "p7", source="web"),
    ]
    rows[1] = LabelledFilm(films[1], "other:Mass", "p0", source="north")
    with FilmCache(tmp_path / "cache") as cache:
        cohort, unread = gathered(
            rows, ("normal", "covid"), cache, key="k", split_for=lambda film, group: split_of(group, "k")
        )
        assert [answer.path.name for answer in unread] == ["gone.png"]
        assert len(cohort) == 5  # the equal file is there once
        assert cohort.groups[0] == cohort.groups[1]
        assert cohort.groups[3] == cohort.groups[4]
        assert cohort.splits[3] == cohort.splits[4]
        assert cohort.labels.tolist() == ["normal", "", "normal", "normal", "covid"]
        assert sum(counts(cohort).values()) == 5
        before = places(cohort)
        moved, _unread = gathered(
            rows, ("normal", "covid"), cache, key="k", split_for=lambda film, group: "test", before=before
        )
        assert moved.splits.tolist() == cohort.splits.tolist()


def test_committed_splits_name_no_patient(films: list[Path], tmp_path: Path) -> None:
    with FilmCache(tmp_path / "cache") as cache:
        rows = [LabelledFilm(path, "normal", "MUELLER") for path in films]
        cohort, _unread = gathered(rows, ("normal",), cache, key="k", split_for=lambda film, group: "train")
        assert "MUELLER" not in str(places(cohort))
