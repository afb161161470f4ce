from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import BundleRefused
from core.networks.applications import APPLICATIONS
from core.networks.backend import keras
from core.networks.members import build
from tests.core.networks.conftest import LINEAR_HEAD, on_cpu

ROOT = Path(__file__).resolve().parents[3]
# Layers without a name of their own, branches of convolutions, and a cut that leaves a third of it.
UNNAMED = {"backbone": "keras-inceptionv3", "cut": "mixed2", "input": [75, 84, 1], "head": LINEAR_HEAD}


def test_a_second_build_has_the_names_of_the_first_and_takes_its_weights(tmp_path):
    first = build(UNNAMED)
    first.model.save_weights(tmp_path / "member.weights.h5")
    second = build(UNNAMED)
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert {"conv2d", "conv2d_25", "batch_normalization_25", "mixed2"} < set(names)
    assert len(set(names)) == len(names)
    second.model.load_weights(tmp_path / "member.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(first.model.get_weights(), second.model.get_weights(), strict=True))


# Branches without a name of their own before its cut, and the one layer of a kind that Keras has in this network only:
# a share of a residue, which has a factor and no weights.
RESIDUAL = {"backbone": "keras-inceptionresnetv2", "cut": "block35_2_ac", "input": [75, 84, 1], "head": LINEAR_HEAD}
OTHER_PROCESS = f"""
import sys
import numpy as np
from core.networks.backend import keras
from core.networks.members import build

# Numbers of layers made before must not matter.
keras().layers.Conv2D(1, 1)
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer
CustomScaleLayer(0.5)
member = build({RESIDUAL!r})
member.model.load_weights(sys.argv[1])
pixels = np.linspace(-1, 1, 75 * 84, dtype=np.float32).reshape(1, 75, 84, 1)
answers = {{name: keras().ops.convert_to_numpy(one) for name, one in member.with_maps(pixels, training=False).items()}}
np.savez(sys.argv[2], names=[layer.name for layer in member.layers], **answers)
"""


def test_weights_and_residual_shares_are_read_in_another_process(tmp_path, lived_in):
    member = lived_in(**RESIDUAL)
    member.model.save_weights(tmp_path / "member.weights.h5")
    answer = tmp_path / "answer.npz"
    command = [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "member.weights.h5"), str(answer)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    pixels = np.linspace(-1, 1, 75 * 84, dtype=np.float32).reshape(1, 75, 84, 1)
    expected = member.with_maps(pixels, training=False)
    with np.load(answer) as found:
        assert found["names"].tolist() == [layer.name for layer in member.layers]
        assert {"conv2d", "custom_scale_layer_1"} < set(found["names"].tolist())
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], on_cpu(values), rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_cut_network_is_the_beginning_of_the_whole_one(built):
    whole = built("keras-resnet50")
    cut = build({"backbone": "keras-resnet50", "cut": "conv3_block4_out", "input": [75, 84, 3], "head": LINEAR_HEAD})
    names = [layer.name for layer in cut.layers]
    assert names == [layer.name for layer in whole.layers][: len(names)]
    assert names[-1] == "conv3_block4_out"
    assert len(names) == 81


@pytest.mark.parametrize(
    ("backbone", "cut"),
    [
        ("keras-resnet50", "conv3_block4_3_conv"),  # beside it runs what the block adds to
        ("keras-resnet50", "conv3_block4_0"),
        ("keras-resnet50", "pixels"),
        ("small-cnn", 3),
    ],
)
def test_a_cut_beside_which_something_else_passes_is_refused(backbone, cut):
    with pytest.raises(BundleRefused) as refused:
        build({"backbone": backbone, "cut": cut, "input": [64, 64, 1], "head": LINEAR_HEAD})
    assert refused.value.code == "architecture-unusable"


# The others are built elsewhere in this folder, or like one of these.
@pytest.mark.parametrize("backbone", ["keras-mobilenet", "keras-xception", "alexnet-3x3", "resnet50-3x3", "small-cnn"])
def test_a_member_of_any_shape_and_one_channel_answers(backbone):
    member = build({"backbone": backbone, "input": [80, 107, 1], "head": LINEAR_HEAD})
    output = member.with_maps(np.zeros((2, 80, 107, 1), np.float32), training=False)
    rows, columns, channels = member.layers[-1].output.shape[1:]
    assert {name: tuple(values.shape) for name, values in output.items()} == {
        "logits": (2, 3),
        "features": (2, channels),
        "maps": (2, 3, rows, columns),
    }
    assert columns > rows


def test_the_normalised_variant_of_vgg16_has_a_normalisation_after_every_convolution():
    data = {"backbone": "vgg16-3x3", "input": [32, 32, 1], "head": LINEAR_HEAD}
    kinds = [type(layer).__name__ for layer in build({**data, "norms": True}).layers]
    assert kinds.count("BatchNormalization") == kinds.count("Conv2D") == 13
    plain = [(layer.name, layer.output.shape) for layer in build(data).layers]
    stock = [(layer.name, layer.output.shape) for layer in build({**data, "backbone": "keras-vgg16"}).layers]
    assert plain == stock


def test_every_network_of_keras_is_named_after_it_and_knows_its_file():
    for backbone, application in APPLICATIONS.items():
        assert hasattr(keras().applications, application.name)
        assert backbone == f"keras-{application.name.lower()}"
        assert application.file.endswith(".h5")
        assert "top" in application.file
