"""Hidden is what is said to be hidden, and a network that lives on the border is found out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.evidence.occlusion import CONDITIONS, Film, occluded
from core.inference.lungs import Lungs

TRUTH = np.arange(40) % 2
GROUPS = [f"g{number // 2}" for number in range(0, 80, 2)]
CLASSES = ("normal", "covid")
INSIDE = np.zeros((100, 100), bool)
INSIDE[30:70, 20:40] = INSIDE[30:70, 60:80] = True
LUNGS = Lungs(INSIDE, (30.0, 20.0, 70.0, 80.0), float(INSIDE.mean()), 2, 0.95)
NONE = Lungs(np.zeros((100, 100), bool), None, 0.0, 0, 0.0)


def _films(where: np.ndarray) -> list[Film]:
    """Films that are brighter, somewhere, when they are ill; the rest is noise."""
    draw = np.random.default_rng(3)
    made = []
    for ill in TRUTH:
        film = draw.uniform(0.3, 0.4, (100, 100))
        film[where] += 0.3 * ill
        made.append(np.round(film * 65535).astype(np.uint16))
    return made


def _mean_of(where: np.ndarray) -> object:
    def assess(films: Sequence[Film], boxes: np.ndarray) -> np.ndarray:
        assert boxes.shape == (len(films), 4)
        p = np.array([film[where].mean() / 65535 for film in films])
        return np.stack([1 - p, p], 1)

    return assess


def _aurocs(where: np.ndarray) -> dict[str, float]:
    found = occluded(_films(where), [LUNGS] * 40, _mean_of(where), TRUTH, groups=GROUPS, classes=CLASSES)  # type: ignore[arg-type]
    return {name: one["figures"]["auroc/macro"]["value"] for name, one in found["conditions"].items()}


def test_a_network_that_looks_at_lungs_has_nothing_left_without_them() -> None:
    assert _aurocs(INSIDE) == pytest.approx(
        {"whole": 1, "lungs-blackened": 0.5, "lungs-only": 1, "border-only": 0.5}, abs=1e-9
    )


def test_a_network_that_looks_at_the_border_keeps_all_of_it() -> None:
    border = np.zeros((100, 100), bool)
    border[:10] = True
    assert _aurocs(border) == pytest.approx(
        {"whole": 1, "lungs-blackened": 1, "lungs-only": 0.5, "border-only": 1}, abs=1e-9
    )


def test_what_is_between_the_lungs_goes_with_their_box() -> None:
    between = np.zeros((100, 100), bool)
    between[40:60, 46:54] = True
    assert _aurocs(between) == pytest.approx(
        {"whole": 1, "lungs-blackened": 1, "lungs-only": 0.5, "border-only": 0.5}, abs=1e-9
    )


def test_the_rim_of_a_blackened_lung_does_not_peep_out() -> None:
    [blackened] = [one for one in CONDITIONS if one.name == "lungs-blackened"]
    hidden = blackened.hide(np.zeros((100, 100), np.uint16), LUNGS)
    assert hidden[28, 30]
    assert hidden[INSIDE].all()
    assert not hidden[26, 30]


def test_films_without_lungs_are_left_out_and_counted_and_the_frame_stays() -> None:
    seen = []

    def assess(films: Sequence[Film], boxes: np.ndarray) -> np.ndarray:
        seen.append(boxes)
        p = np.array([film.mean() / 65535 for film in films])
        return np.stack([1 - p, p], 1)

    lungs = [NONE if number < 4 else LUNGS for number in range(40)]
    found = occluded(
        _films(INSIDE), lungs, assess, TRUTH, groups=GROUPS, classes=CLASSES,
        sources=["here"] * 30 + ["there"] * 10, pairs=[("here", 1, 0), ("nowhere", 1, 0)],
    )  # fmt: skip
    assert (found["films"], found["left_out"]) == (36, 4)
    assert all((boxes == [30, 20, 70, 80]).all() for boxes in seen)
    [row] = found["conditions"]["whole"]["within"]
    assert (row["source"], row["films"], row["auroc"]["value"]) == ("here", 26, 1)
    assert found["conditions"]["border-only"]["better_by"]["value"] == pytest.approx(0.5, abs=0.3)
    assert found["conditions"]["whole"]["better_by"] is None


def test_no_lungs_at_all_is_no_failure() -> None:
    found = occluded(
        _films(INSIDE),
        [NONE] * 40,
        _mean_of(INSIDE),
        TRUTH,
        groups=GROUPS,
        classes=CLASSES,  # type: ignore[arg-type]
    )
    assert found == {"films": 0, "left_out": 40, "conditions": {}}
