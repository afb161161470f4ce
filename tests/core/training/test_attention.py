"""What is learnt beside the classes: not what the source tells, and not what lies outside the lungs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow")

from core.inference.heatmap import against_the_rest
from core.training import features
from core.training.balance import source_prior
from core.training.features import border, kept
from core.training.feed import Beside, FilmFeed
from core.training.fit import fit
from core.training.forward import forward
from core.training.probe import linear_probe
from core.training.recipe import Augmentation, Balance, Phase
from core.training.stretch import Stretch, against_rest, class_loss, outside_lungs
from tests.core.training.small import STEPS, feed, films, member

CELLS = (16, 16)  # of the map of the small network
TAIL = Phase(epochs=2, rate=1e-3, batch=8, trainable="cutoff", after="stem_relu6", norms="frozen")


def upper_lungs(count: int = 24) -> list[np.ndarray]:
    mask = np.zeros((48, 40), np.bool_)
    mask[:24] = True
    return [mask] * count


def test_the_prior_of_a_source_is_the_share_of_its_classes() -> None:
    prior = source_prior(["a", "a", "a", "b"], np.array([0, 0, 1, 1]), 2, least=0.0 + 1e-9)
    assert np.exp(prior).sum(1) == pytest.approx(1, abs=1e-6)
    assert np.exp(prior[0]) == pytest.approx([2 / 3, 1 / 3], abs=1e-6)
    assert np.exp(prior[3]) == pytest.approx([0, 1], abs=1e-6)


def test_the_prior_counts_films_as_they_are_drawn() -> None:
    prior = source_prior(["a", "a"], np.array([0, 1]), 2, np.array([3.0, 1.0]), least=1e-9)
    assert np.exp(prior[0]) == pytest.approx([0.75, 0.25], abs=1e-6)


def test_with_a_prior_the_loss_is_that_of_logits_and_prior_together() -> None:
    import keras

    logits, prior = np.array([[1.0, 2.0]], np.float32), np.array([[0.5, -1.0]], np.float32)
    told = np.concatenate([[[0.0, 1.0]], prior], axis=1).astype(np.float32)
    own = class_loss(2, 0.0)(keras.ops.convert_to_tensor(told), keras.ops.convert_to_tensor(logits))
    both = logits + prior
    assert float(own[0]) == pytest.approx(float(np.log(np.exp(both).sum()) - both[0, 1]), abs=1e-5)


def test_a_probe_with_a_prior_leaves_to_the_source_what_the_source_tells() -> None:
    draw = np.random.default_rng(3)
    source = draw.integers(0, 2, 600)
    truth = np.where(draw.random(600) < 0.9, source, 1 - source)
    lungs = truth + draw.normal(0, 1, 600)
    seen = np.stack([source + draw.normal(0, 0.1, 600), lungs], axis=1).astype(np.float32)
    prior = source_prior([str(one) for one in source], truth, 2)
    ones = np.ones(600)
    plain, _bias = linear_probe(seen, truth, ones, penalty=1e-3)
    freed, _bias = linear_probe(seen, truth, ones, prior, penalty=1e-3)

    def of_the_source(kernel: np.ndarray) -> float:
        margin = np.abs(kernel[:, 1] - kernel[:, 0]) * seen.std(0)
        return float(margin[0] / margin.sum())

    assert of_the_source(plain) > 0.5
    assert of_the_source(freed) < 0.2


def test_a_feed_tells_the_prior_behind_the_classes() -> None:
    some = feed(balance=Balance(source_prior=0.5), sources=["a"] * 12 + ["b"] * 12)
    assert some.beside == Beside(prior=True)
    targets = some.batch(np.array([0, 23]), 0)[1]
    assert targets.shape == (2, 4)
    assert np.exp(2 * targets[:, 2:]).sum(1) == pytest.approx(1, abs=1e-5)


def test_a_feed_tells_how_much_of_each_cell_is_not_lung() -> None:
    some = feed(lungs=upper_lungs(), cells=CELLS)
    outside = some.batch(np.array([0]), 0)[1][0, 2:].reshape(CELLS)
    assert outside[:7].max() == 0
    assert outside[9:].min() == 1


def test_what_is_outside_follows_the_film_when_it_is_moved() -> None:
    moved = Augmentation(shift=0.4)
    made, _truth = films()
    # A film that is its own mask: wherever it is dark, there is no lung.
    masks = upper_lungs()
    made = [np.where(mask, 65535, 0).astype(np.uint16) for mask in masks]
    some = FilmFeed(
        made, np.eye(2, dtype=np.float32)[[0] * 24], STEPS, seed=2, augmentation=moved, lungs=masks, cells=CELLS
    )
    for epoch in range(4):
        pixels, targets, _counts = some.batch(np.array([1]), epoch)
        bright = (pixels[0, ..., 0] * 128 + 127).reshape(16, 2, 16, 2).mean((1, 3)) / 255
        assert np.abs(1 - targets[0, 2:].reshape(CELLS) - bright).max() < 0.12


def test_a_film_without_lungs_has_nothing_outside_them() -> None:
    some = feed(lungs=[np.zeros((48, 40), np.bool_)] * 24, cells=CELLS)
    assert not some.batch(np.array([0]), 0)[1][0, 2:].any()


def test_the_map_that_learns_is_the_one_that_is_shown() -> None:
    own = member(seed=4)
    pixels = feed().batch(np.arange(4), 0)[0]
    import keras

    shown = keras.models.Model(own.model.input, [against_rest(own), own.with_maps.output["maps"], own.model.output])
    rest, maps, logits = (np.asarray(one) for one in shown(pixels))
    for film in range(4):
        expected = against_the_rest(maps[film], logits[film].astype(np.float64))
        assert np.allclose(rest[film], expected, atol=1e-5)


def test_the_share_outside_is_that_of_the_films_class_alone() -> None:
    import keras

    maps = np.zeros((1, 2, 1, 2), np.float32)
    maps[0, 0] = [3, 1]
    maps[0, 1] = [0, 9]
    outside = np.full((1, 2, 1, 2), -1, np.float32)
    outside[0, 0] = [0, 1]
    share = outside_lungs(keras.ops.convert_to_tensor(outside), keras.ops.convert_to_tensor(maps))
    assert float(share[0]) == pytest.approx(0.25, abs=1e-3)


def _outside(own: object, some: FilmFeed) -> float:
    pixels, targets, _counts = some.batch(np.arange(24), 0)
    answers = own.with_maps.predict_on_batch(pixels)  # type: ignore[attr-defined]
    shares = []
    for film in range(24):
        rest = against_the_rest(answers["maps"][film], answers["logits"][film].astype(np.float64))
        positive = np.maximum(rest[int(targets[film, :2].argmax())], 0)
        shares.append((positive.reshape(-1) * targets[film, 2:]).sum() / (positive.sum() + 1e-6))
    return float(np.mean(shares))


def test_attention_moves_into_the_lungs(tmp_path: Path) -> None:
    # The classes differ in the left half by their grey, in the right one by a pattern; the "lungs" are the left half.
    draw, truth = np.random.default_rng(1), np.arange(24) % 2
    left = np.zeros((48, 40), np.bool_)
    left[:, :20] = True
    made = []
    for lower in truth:
        film = draw.uniform(0.2, 0.3, (48, 40))
        film[:, :20] += 0.3 * lower
        film[::2, 20:] += 0.6 * lower
        made.append((film * 65535).astype(np.uint16))
    shares = {}
    for weight in (0.0, 5.0):
        own = member()
        rows, columns = own.with_maps.output["maps"].shape[2:4]
        targets = np.eye(2, dtype=np.float32)[truth]
        some = FilmFeed(made, targets, STEPS, seed=5, lungs=[left] * 24, cells=(rows, columns))
        phase = Phase(epochs=12, rate=3e-3, batch=8, attention=weight)
        assert fit(own, some, None, [phase], seed=5, folder=tmp_path / str(weight)) is not None
        shares[weight] = _outside(own, some)
    assert shares[5.0] < shares[0.0] - 0.15


def test_looks_come_again_when_a_recipe_says_how_many_there_are() -> None:
    some = feed(augmentation=Augmentation(rotation=20, views=2))
    first, second, third = (some.batch(np.arange(3), epoch)[0] for epoch in range(3))
    assert np.array_equal(first, third)
    assert not np.array_equal(first, second)


def test_what_frozen_layers_say_of_every_look_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = feed(augmentation=Augmentation(rotation=20, views=2))
    short, long = member(seed=3), member(seed=3)
    one = fit(short, some, None, [TAIL], seed=5, folder=tmp_path / "kept")
    monkeypatch.setattr(features, "worth", lambda *_arguments: False)
    other = fit(long, some, None, [TAIL], seed=5, folder=tmp_path / "long")
    assert one is not None and other is not None
    assert [row["loss"] for row in one.curves] == pytest.approx([row["loss"] for row in other.curves], rel=1e-3)


def test_several_trainings_share_the_looks_of_some_films(tmp_path: Path) -> None:
    looks = Augmentation(rotation=20, views=2)
    made, truth = films()
    own = member(seed=3)
    Stretch.learning(own, TAIL)
    found = border(own.model)
    assert found is not None
    everyone = FilmFeed(
        made, np.ones((24, 1), np.float32), STEPS, augmentation=looks, lungs=upper_lungs(), cells=CELLS, seed=5
    )
    store = kept(everyone, found, tmp_path / "looks.f32")
    assert store is not None
    some = np.arange(4, 20)
    like = FilmFeed(
        [made[one] for one in some], np.eye(2, dtype=np.float32)[truth[some]], STEPS,
        balance=Balance(source_prior=1.0), sources=["a"] * 8 + ["b"] * 8, seed=5,
    )  # fmt: skip
    part = store.chosen(some, like)
    assert part.beside == Beside(prior=True, cells=CELLS)
    values, targets, _counts = part.batch(np.array([0, 3]), 1)
    expected = forward(found.front)(everyone.batch(some[[0, 3]], 1)[0])[""]
    assert np.allclose(values, expected, atol=1e-5)
    assert np.array_equal(targets[:, :4], like.plain_targets[[0, 3]])
    assert np.array_equal(targets[:, 4:], everyone.batch(some[[0, 3]], 1)[1][:, 1:])
    attentive = Phase(epochs=2, rate=1e-3, batch=8, trainable="cutoff", after="stem_relu6", norms="frozen", attention=1)
    fitted = fit(own, part, None, [attentive], seed=5, folder=tmp_path / "fit")
    assert fitted is not None and np.isfinite(fitted.curves[-1]["loss"])


def test_features_from_another_place_are_no_input(tmp_path: Path) -> None:
    own = member(seed=3)
    Stretch.learning(own, TAIL)
    found = border(own.model)
    assert found is not None
    store = kept(feed(), found, tmp_path / "looks.f32")
    assert store is not None
    with pytest.raises(ValueError, match="no input of the phase"):
        fit(own, store, None, [Phase(name="head", trainable="head", epochs=2)], seed=5, folder=tmp_path / "fit")
