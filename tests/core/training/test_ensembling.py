"""An ensemble's constants from its members' answers."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow")

from core.imaging.prepare import Settled, fit
from core.inference import ensemble, heatmap
from core.networks.members import build
from core.training.ensembling import fitted_to_mix, joined_logits, map_scale, said, spreads

CLASSES = ("normal", "pneumonia", "covid")


def _steps(side: int) -> tuple[dict[str, object], ...]:
    return (
        {"name": "border-crop", "version": 1, "fraction": 0.05},
        {"name": "stretch", "version": 1, "rows": side, "columns": side},
        {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 1},
    )


def test_map_scale_makes_the_95th_percentile_film_reach_one() -> None:
    import keras

    keras.utils.set_random_seed(0)
    draw = np.random.default_rng(0)
    films = [(draw.random((70, 60)) * 65535).astype(np.uint16) for _ in range(12)]
    head = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}]
    members = {}
    for name, side in (("a", 32), ("b", 48)):
        data = {"backbone": "mobilenetv2", "width": 0.25, "cut": "stage3", "input": [side, side, 1], "head": head}
        member = build(data)
        members[name] = (member, _steps(side), said(member, films, _steps(side)))
    weights, temperature = (0.25, 0.75), 1.5
    scale = map_scale(members, films, weights, temperature, CLASSES)

    largest = []
    for place, film in enumerate(films):
        settled = Settled(film, np.eye(3))
        own = {
            name: heatmap.MemberMaps(
                answer.maps[place], (int(side), int(side)), member.cell_to_square, fit(settled, steps).fitted_to_settled
            )
            for side, (name, (member, steps, answer)) in zip((32, 48), members.items(), strict=True)
        }
        logits = np.stack([answer.logits[place] for _member, _steps, answer in members.values()])
        opinion = ensemble.joined(logits, weights, temperature, [1, 2])
        scales = np.array([scale[name] for name in CLASSES], np.float32)
        maps = heatmap.combined(own, opinion, settled, weights=weights, classes=CLASSES, map_scale=scales)
        largest.append(maps.values.max(axis=(1, 2)))
    np.testing.assert_allclose(np.percentile(largest, 95, axis=0), 1, atol=1e-3)


def test_logits_and_spread_are_those_of_live_use() -> None:
    draw = np.random.default_rng(1)
    answers = [draw.normal(size=(5, 3)).astype(np.float32) for _ in range(3)]
    weights = (0.5, 0.3, 0.2)
    for place in range(5):
        opinion = ensemble.joined(np.stack([one[place] for one in answers]), weights, 1.3, [1, 2])
        np.testing.assert_allclose(joined_logits(answers, weights)[place] / 1.3, opinion.logits)
        assert spreads(answers, weights, 1.3)[place] == pytest.approx(opinion.spread)


def test_probabilities_hold_for_the_mix_of_the_films_they_were_fitted_to() -> None:
    draw = np.random.default_rng(2)
    truth = draw.choice(3, 3000, p=(0.7, 0.1, 0.2))
    # What a network trained on equally many films of each class says, twice as sure as it should be.
    logits = 2 * (draw.normal(size=(3000, 3)) * 1.2 + 1.44 * np.eye(3)[truth])
    offsets, temperature = fitted_to_mix(logits, truth)
    assert offsets.sum() == pytest.approx(0, abs=1e-9)
    assert temperature == pytest.approx(2, rel=0.15)
    probabilities = ensemble.softmax((logits + offsets) / temperature)
    np.testing.assert_allclose(probabilities.mean(0), np.bincount(truth) / 3000, atol=1e-3)
    np.testing.assert_allclose((offsets - offsets[0]) / temperature, np.log([1, 1 / 7, 2 / 7]), atol=0.3)


def test_a_class_for_which_nothing_ever_speaks_has_a_scale_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.training import ensembling

    for largest, wanted in (([0.5, 0.0, 0.25], [0.5, 0.5, 0.25]), ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])):
        monkeypatch.setattr(ensembling, "_largest", lambda *_, largest=largest, **__: [np.array(largest)] * 20)
        assert list(map_scale({}, [], (), 1.0, CLASSES).values()) == wanted
