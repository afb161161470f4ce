from __future__ import annotations

import hashlib
import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import RunRefused
from core.networks import start
from core.networks.applications import APPLICATIONS
from core.networks.backend import keras
from core.networks.keras_file import weight_folder
from core.networks.members import build
from tests.core.networks.conftest import LINEAR_HEAD

BACKBONE = "keras-mobilenet"
FILE = APPLICATIONS[BACKBONE].file


def member(channels: int = 3, backbone: str = BACKBONE, cut: str | None = "conv_pw_2_relu"):
    return build({"backbone": backbone, "cut": cut, "input": [32, 40, channels], "head": LINEAR_HEAD})


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Write a file as Keras published them, from a network of Keras's own, and make its hash the published one."""
    import h5py

    def published(change=lambda values: values, names=lambda name: name, inside=False):
        network = keras().applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3))
        keras().utils.set_random_seed(3)
        for layer in network.layers:
            layer.set_weights([np.random.default_rng(len(layer.name)).uniform(0, 1, w.shape) for w in layer.weights])
        path = tmp_path / FILE
        with h5py.File(path, "w") as file:
            root = file.create_group("model_weights") if inside else file
            root.attrs["layer_names"] = [names(layer.name).encode() for layer in network.layers]
            for layer in network.layers:
                group = root.create_group(names(layer.name))
                group.attrs["weight_names"] = [f"{w.name}:0".encode() for w in layer.weights]
                for w, values in zip(layer.weights, change(layer.get_weights()), strict=True):
                    group[f"{w.name}:0"] = values
        md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        monkeypatch.setitem(APPLICATIONS, BACKBONE, replace(APPLICATIONS[BACKBONE], md5=md5))
        return network, tmp_path

    return published


def weights(layers):
    return [values for layer in layers for values in layer.get_weights()]


@pytest.mark.parametrize("inside", [False, True])
def test_published_weights_fill_the_backbone_and_leave_the_head(publish, inside):
    # Files of earlier years have other names for the same layers.
    network, folder = publish(names=lambda name: f"old_{name}", inside=inside)
    ours = member()
    head = weights(ours.head)
    start.load_start(ours, "imagenet", folder)
    theirs = weights(network.layers[: len(ours.layers)])
    assert all(np.array_equal(a, b) for a, b in zip(weights(ours.layers), theirs, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(weights(ours.head), head, strict=True))


def test_the_whole_network_is_filled_to_its_last_layer_as_keras_would(publish):
    _network, folder = publish()
    ours = member(cut=None)
    start.load_start(ours, "imagenet", folder)
    keras_s = keras().applications.MobileNet(include_top=False, weights=str(folder / FILE), input_shape=(32, 40, 3))
    assert all(np.array_equal(a, b) for a, b in zip(weights(ours.layers), keras_s.get_weights(), strict=False))
    assert len(weights(ours.layers)) == len(keras_s.get_weights())


def test_one_channel_gets_the_sum_over_three(publish):
    network, folder = publish()
    ours = member(channels=1)
    start.load_start(ours, "imagenet", folder)
    first = next(layer for layer in network.layers if layer.weights).get_weights()[0]
    np.testing.assert_allclose(weights(ours.layers)[0], first.sum(axis=2, keepdims=True), rtol=1e-6)


def test_a_file_that_is_not_there_is_named_with_its_folder(tmp_path, monkeypatch):
    ours = member()
    with pytest.raises(RunRefused, match=FILE) as refused:
        start.load_start(ours, "imagenet", tmp_path / "mine")
    assert refused.value.code == "start-missing"
    assert str(tmp_path / "mine") in str(refused.value)
    monkeypatch.setenv("HILUM_HOME", str(tmp_path / "home"))
    with pytest.raises(RunRefused) as refused:
        start.load_start(ours, "imagenet")
    assert weight_folder() == tmp_path / "home" / "weights"
    assert str(weight_folder()) in str(refused.value)


def test_a_file_of_another_hash_is_refused_and_nothing_is_taken_from_it(publish, monkeypatch):
    _network, folder = publish()
    with open(folder / FILE, "ab") as file:
        file.write(b"\0")
    ours = member()
    before = weights(ours.layers)
    with pytest.raises(RunRefused, match="MD5") as refused:
        start.load_start(ours, "imagenet", folder)
    assert refused.value.code == "start-unusable"
    assert all(np.array_equal(a, b) for a, b in zip(weights(ours.layers), before, strict=True))


def test_a_file_of_other_shapes_is_refused_and_nothing_is_taken_from_it(publish):
    _network, folder = publish(change=lambda values: [value[..., :-1] for value in values])
    ours = member()
    before = weights(ours.layers)
    with pytest.raises(RunRefused, match="shape") as refused:
        start.load_start(ours, "imagenet", folder)
    assert refused.value.code == "start-unusable"
    assert all(np.array_equal(a, b) for a, b in zip(weights(ours.layers), before, strict=True))


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_damaged_file_is_refused(tmp_path, content):
    # No hash is published for this one; so the file itself has to show it.
    assert APPLICATIONS[BACKBONE].md5 is None
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(RunRefused) as refused:
        start.load_start(member(), "imagenet", tmp_path)
    assert refused.value.code == "start-unusable"


def test_a_file_of_fewer_layers_is_refused(tmp_path, monkeypatch):
    import h5py

    with h5py.File(tmp_path / FILE, "w") as file:
        file.attrs["layer_names"] = [b"conv1"]
        file.create_group("conv1").attrs["weight_names"] = np.array([], "S1")
    with pytest.raises(RunRefused, match="0 layers") as refused:
        start.load_start(member(), "imagenet", tmp_path)
    assert refused.value.code == "start-unusable"


def test_grey_is_refused_where_each_channel_has_a_range_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setitem(APPLICATIONS, "keras-vgg16", replace(APPLICATIONS["keras-vgg16"], md5=None))
    (tmp_path / APPLICATIONS["keras-vgg16"].file).touch()
    with pytest.raises(RunRefused, match="three channels"):
        start.load_start(member(1, "keras-vgg16", "block1_pool"), "imagenet", tmp_path)


def test_the_range_that_start_weights_want_is_known_or_there_are_none():
    expected = {"keras-vgg19": "caffe", "keras-resnet50": "caffe", "keras-densenet121": "torch"}
    expected |= {"keras-resnet101v2": "-1..1", "keras-xception": "-1..1", "efficientnet-lite2": "lite"}
    assert {backbone: start.input_range(backbone) for backbone in expected} == expected
    for backbone in ("small-cnn", "mobilenetv2", "resnet50-3x3"):
        with pytest.raises(RunRefused) as refused:
            start.input_range(backbone)
        assert refused.value.code == "start-missing"


def test_hashes_and_names_are_those_that_keras_itself_checks():
    # Its modules hold them as text inside functions.
    folder = Path(inspect.getfile(keras())).parent / "src" / "applications"
    texts = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    for application in APPLICATIONS.values():
        assert application.md5 is None or f'"{application.md5}"' in texts


def test_the_card_can_say_where_the_weights_come_from(publish):
    _network, folder = publish()
    source = start.source(BACKBONE, folder)
    assert (source.package, source.version, source.licence) == ("keras-applications", FILE, "Apache-2.0")
    assert source.path == folder / FILE
