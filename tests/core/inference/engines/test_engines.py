"""What every engine promises, whichever it is."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from core.errors import BundleRefused, ImageFailed
from core.inference.engines.base import Engine, Network
from core.inference.engines.keras import KerasEngine
from core.inference.engines.openvino import OpenvinoEngine

OUTPUTS = ("logits", "features", "maps")
MAKERS = {
    "openvino, single": OpenvinoEngine,
    "openvino, folder": functools.partial(OpenvinoEngine, use="folder"),
    "keras": KerasEngine,
}


@pytest.fixture(scope="module", params=MAKERS)
def engine(request, members) -> Iterator[Engine]:
    made = MAKERS[request.param](members)
    yield made
    made.close()


def probabilities(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_shapes_and_types_are_as_promised(engine, members, films):
    for member in members:
        output = engine.run(member.name, films(member, 3))
        assert output.logits.shape == (3, 3)
        assert output.features.shape == (3, {"lite": 40, "mobile": 24}[member.name])
        rows, columns = ((side + 7) // 8 for side in member.input[:2]) if member.name == "lite" else (6, 4)
        assert output.maps.shape == (3, 3, rows, columns)
        assert {getattr(output, name).dtype for name in OUTPUTS} == {np.dtype(np.float32)}


def test_the_precision_in_use_is_stated(engine):
    assert (engine.precision, engine.device, engine.note) == ("f32", "CPU", None)


def test_an_answer_does_not_change_when_the_next_one_is_asked_for(engine, members, films):
    pixels = films(members[0], 2)
    first = engine.run("lite", pixels[:1])
    kept = {name: getattr(first, name).copy() for name in OUTPUTS}
    engine.run("lite", pixels[1:])
    assert all((getattr(first, name) == kept[name]).all() for name in OUTPUTS)


def test_no_image_depends_on_the_others(engine, members, films):
    for member in members:
        pixels = films(member, 9)
        together = engine.run(member.name, pixels)
        order = np.random.default_rng(0).permutation(9)
        shuffled = engine.run(member.name, pixels[order])
        alone = [engine.run(member.name, pixels[number : number + 1]) for number in range(9)]
        for name in OUTPUTS:
            values = getattr(together, name)
            scale = np.abs(values).max()
            for other in (
                getattr(shuffled, name)[np.argsort(order)],
                np.concatenate([getattr(a, name) for a in alone]),
            ):
                if engine.name == "openvino":
                    np.testing.assert_array_equal(other, values)
                else:
                    assert np.abs(other - values).max() <= 1e-5 * scale


def test_no_image_at_all_gives_empty_answers(engine, members, films):
    output = engine.run("lite", films(members[0], 0))
    assert (output.logits.shape, output.maps.shape[:2]) == ((0, 3), (0, 3))


def test_engines_agree(engine, members, films):
    reference = OpenvinoEngine(members)
    for member in members:
        pixels = films(member, 8)
        expected, found = reference.run(member.name, pixels), engine.run(member.name, pixels)
        assert np.abs(probabilities(found.logits) - probabilities(expected.logits)).max() <= 1e-3
        scale = np.abs(expected.maps).max(axis=(0, 2, 3), keepdims=True)
        assert (np.abs(found.maps - expected.maps) / scale).max() <= 1e-2
        np.testing.assert_allclose(found.features, expected.features, rtol=1e-3, atol=1e-4)
    reference.close()


@pytest.mark.parametrize("value", [np.nan, np.inf])  # a ReLU6 swallows both; they must be found before it
def test_what_is_no_number_fails_that_image_and_not_the_next(engine, members, films, value):
    pixels = films(members[0], 3)
    pixels[1, 30, 30] = value
    with pytest.raises(ImageFailed) as failed:
        engine.run("lite", pixels)
    assert failed.value.code == "not-finite"
    assert np.isfinite(engine.run("lite", pixels[[0, 2]]).logits).all()


def test_an_input_of_another_shape_is_our_own_mistake(engine, members, films):
    with pytest.raises(ValueError, match="lite takes"):
        engine.run("lite", films(members[1], 1))
    with pytest.raises(ValueError, match="lite takes"):
        engine.run("lite", films(members[0], 1)[0])


@pytest.mark.parametrize("maker", MAKERS)
def test_without_maps_the_answer_keeps_its_form(maker, members, films):
    engine = MAKERS[maker](members, maps=False)
    full = OpenvinoEngine(members)
    for member in members:
        pixels = films(member, 2)
        found, expected = engine.run(member.name, pixels), full.run(member.name, pixels)
        assert found.maps.shape == (2, 3, 0, 0)
        np.testing.assert_allclose(found.logits, expected.logits, rtol=1e-3, atol=1e-4)
    engine.close()
    full.close()


def copied(network: Network, folder) -> Network:
    for path in (network.weights, network.graph, network.graph.with_suffix(".bin")):
        shutil.copy(path, folder)
    return replace(network, weights=folder / network.weights.name, graph=folder / network.graph.name)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("content", [b"", b"<net/>", b"\0" * 5000, None], ids=["empty", "words", "zeros", "missing"])
def test_a_damaged_file_is_refused_in_one_sentence(maker, content, members, tmp_path):
    member = copied(members[0], tmp_path)
    path, code = (member.weights, "weights-unusable") if maker == "keras" else (member.graph, "graph-unusable")
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(BundleRefused) as refused:
        MAKERS[maker]([member])
    assert refused.value.code == code


@pytest.mark.parametrize("maker", MAKERS)
def test_the_files_of_another_member_are_refused(maker, members, tmp_path):
    member = copied(members[0], tmp_path)
    other = copied(members[1], tmp_path)
    mixed = replace(member, weights=other.weights, graph=other.graph)
    with pytest.raises(BundleRefused) as refused:
        MAKERS[maker]([mixed])
    assert refused.value.code in ("weights-unusable", "graph-unusable")
