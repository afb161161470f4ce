"""Lungs are found once, and a film's mask is read when it is asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import BundleRefused
from core.imaging.prepare import Settled
from core.progress import Stop
from core.training.lung_cache import LungMasks, lungs_of

BOX = (1.0, 2.0, 30.0, 25.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A finder whose mask is what is bright; gives how many films it was asked for, call by call."""
    calls: list[int] = []

    class Finder:
        def __init__(self, *_arguments: object, **_options: object) -> None: ...

        def find_many(self, films: list[Settled]) -> list[SimpleNamespace]:
            calls.append(len(films))
            return [
                SimpleNamespace(mask=one.pixels > 100, frame=BOX if (one.pixels > 100).any() else None) for one in films
            ]

        def close(self) -> None: ...

    monkeypatch.setattr("core.inference.lungs.LungFinder", Finder)
    monkeypatch.setattr("core.inference.lungs.shipped", lambda: SimpleNamespace(digest="d" * 64))
    return calls


def films(count: int = 5) -> list[np.ndarray]:
    draw = np.random.default_rng(2)
    made = [draw.integers(0, 200, (30 + number, 41)).astype(np.uint16) for number in range(count)]
    made[2][:] = 0
    return made


def found(some: list[np.ndarray], folder: Path, names: str = "abcde") -> LungMasks:
    lungs = lungs_of(some, list(names[: len(some)]), folder)
    assert lungs is not None
    return lungs


def test_masks_and_boxes_come_back_as_they_were_found(asked: list[int], tmp_path: Path) -> None:
    some = films()
    lungs = found(some, tmp_path)
    assert len(lungs) == 5
    for number, film in enumerate(some):
        assert np.array_equal(lungs[number], film > 100)
    assert lungs.boxes[0].tolist() == list(BOX)
    assert np.isnan(lungs.boxes[2]).all() and not lungs[2].any()


def test_what_was_found_is_not_looked_for_again(asked: list[int], tmp_path: Path) -> None:
    some = films()
    found(some[:3], tmp_path, "abc")
    lungs = found(some, tmp_path)
    assert asked == [3, 2]
    assert np.array_equal(lungs[4], some[4] > 100)


def test_what_a_killed_run_left_behind_the_list_does_no_harm(asked: list[int], tmp_path: Path) -> None:
    some = films()
    found(some[:3], tmp_path, "abc")
    [bits] = tmp_path.glob("lungs-*.bits")
    bits.write_bytes(bits.read_bytes() + b"\xff" * 1000)
    lungs = found(some, tmp_path)
    assert all(np.array_equal(lungs[number], film > 100) for number, film in enumerate(some))


def test_some_films_can_be_taken_out_in_any_order(asked: list[int], tmp_path: Path) -> None:
    some = films()
    part = found(some, tmp_path).chosen([4, 0])
    assert len(part) == 2
    assert np.array_equal(part[0], some[4] > 100) and np.array_equal(part[1], some[0] > 100)
    assert part.boxes.shape == (2, 4)


def test_a_stop_leaves_what_was_found(asked: list[int], tmp_path: Path) -> None:
    stop = Stop()
    stop.ask()
    assert lungs_of(films(), list("abcde"), tmp_path, stop=stop) is None
    assert len(found(films(), tmp_path)) == 5


def test_without_a_lungs_bundle_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.lungs.shipped", lambda: None)
    with pytest.raises(BundleRefused) as refused:
        lungs_of(films(), list("abcde"), tmp_path)
    assert refused.value.reason.code == "bundle-missing"
