"""The quick way forward keeps the weights that it was made with."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from core.networks.members import build
from core.training.forward import Ask, forward

tensorflow = pytest.importorskip("tensorflow", reason="networks need Keras, which is not installed")

HEAD = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}]
PICTURES = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)


def test_answers_stay_when_the_model_has_gone_and_its_memory_holds_something_else() -> None:
    def made() -> Ask:
        member = build({"backbone": "efficientnet-lite0", "cut": "stage4", "input": [96, 96, 3], "head": HEAD})
        draw = np.random.default_rng(1)
        member.model.set_weights([np.abs(draw.normal(0.1, 0.2, one.shape)) for one in member.model.get_weights()])
        return forward(member.model)

    ask = made()
    before = ask(PICTURES)[""]
    gc.collect()
    sizes = np.random.default_rng(2).integers(1, 700, (400, 2)) % [64, 700] + 1
    kept = [tensorflow.Variable(np.full(size, 3.0, np.float32)) for size in sizes]
    np.testing.assert_array_equal(ask(PICTURES)[""], before)
    del kept


def test_answers_stay_when_the_model_learns_on_and_another_question_gives_the_new_ones() -> None:
    member = build({"backbone": "small-cnn", "input": [96, 96, 3], "head": HEAD})
    ask = forward(member.model)
    before = ask(PICTURES)[""]
    for variable in member.model.weights:
        variable.value.assign_add(np.full(variable.shape, 0.5, np.float32))
    np.testing.assert_array_equal(ask(PICTURES)[""], before)
    assert np.abs(forward(member.model)(PICTURES)[""] - before).max() > 1e-3
