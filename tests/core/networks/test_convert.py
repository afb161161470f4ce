from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from core.errors import BundleRefused
from core.networks import convert as conversion
from core.networks.backend import keras
from core.networks.convert import LIMIT, check_images, convert
from core.runtimes import openvino

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _with_tensorflow() -> None:
    if keras().backend.backend() != "tensorflow":
        pytest.skip("a conversion to OpenVINO goes through TensorFlow")


POOLED = {"layer": "global-average-pooling"}
CLASSES = {"layer": "dense", "units": 2}
ARCHITECTURES = {
    "lite0 cut at stride 16": {"cut": "stage5", "input": [96, 64, 1]},
    "lite2, three channels": {"backbone": "efficientnet-lite2", "cut": "stage3", "input": [64, 64, 3]},
    "mobilenetv2 whole, two-layer head": {
        "backbone": "mobilenetv2",
        "width": 0.35,
        "cut": "top",
        "input": [64, 96, 1],
        "head": [
            POOLED,
            {"layer": "batch-normalisation"},
            {"layer": "dense", "units": 16, "activation": "relu"},
            {"layer": "dropout", "rate": 0.5},
            {"layer": "dense", "units": 3},
        ],
    },
    "small network of paper c": {"backbone": "small-cnn", "cut": None, "input": [64, 96, 3], "head": [POOLED, CLASSES]},
    "head of paper b, dense on every cell": {
        "backbone": "keras-mobilenet",
        "cut": "conv_pw_3_relu",
        "input": [64, 64, 3],
        "head": [
            {"layer": "dropout", "rate": 0.5},
            {"layer": "dense", "units": 6, "activation": "relu"},
            {"layer": "global-max-pooling"},
            {"layer": "dense", "units": 16, "activation": "relu", "activity_l1": 1e-3, "activity_l2": 1e-3},
            {"layer": "batch-normalisation"},
            {**CLASSES, "activity_l1": 1e-3, "activity_l2": 1e-3},
        ],
    },
    "inceptionv3": {"backbone": "keras-inceptionv3", "cut": "mixed4", "input": [75, 96, 1], "head": [POOLED, CLASSES]},
    "densenet121": {
        "backbone": "keras-densenet121",
        "cut": "conv3_block2_concat",
        "input": [64, 64, 3],
        "head": [POOLED, CLASSES],
    },
    "one logit, flat": {"head": [{"layer": "flatten"}, {"layer": "dense", "units": 1}]},
    "maximum, sigmoid": {
        "head": [
            {"layer": "global-max-pooling"},
            {"layer": "dense", "units": 8, "activation": "sigmoid"},
            {"layer": "dense", "units": 2},
        ]
    },
}


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_the_converted_graph_gives_what_keras_gives(architecture, lived_in, tmp_path):
    member = lived_in(**architecture)
    figures = convert(member, tmp_path / "member.xml")
    assert figures.images == 8
    assert figures.probability <= LIMIT
    assert figures.maps <= LIMIT
    assert figures.features <= LIMIT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["member.bin", "member.xml"]


def test_the_graph_has_named_outputs_one_image_and_weights_in_f32(lived_in, tmp_path):
    member = lived_in(cut="stage2")
    convert(member, tmp_path / "member.xml")
    graph = openvino().Core().read_model(tmp_path / "member.xml")
    assert {output.any_name: tuple(output.shape) for output in graph.outputs} == {
        "logits": (1, 3),
        "features": (1, 24),
        "maps": (1, 3, 16, 16),
    }
    assert tuple(graph.input("pixels").shape) == (1, 64, 64, 1)
    kinds = {node.get_element_type().get_type_name() for node in graph.get_ops() if node.get_type_name() == "Constant"}
    assert "f16" not in kinds
    # Batch normalisation is folded into the convolutions; all else is there in four bytes a number.
    assert (tmp_path / "member.bin").stat().st_size >= 4 * member.parameters * 0.8


@pytest.mark.parametrize("layer", ["head2_dense", "stage2_block1_depthwise_conv"])
def test_a_graph_that_differs_is_refused_and_nothing_is_left(layer, lived_in, tmp_path, monkeypatch):
    member = lived_in(seed=1)
    graph_of = conversion._graph

    def slightly_wrong(member):
        graph = graph_of(member)
        kernel = member.model.get_layer(layer)
        weights = kernel.get_weights()
        weights[0] = weights[0] * 1.01
        kernel.set_weights(weights)
        wrong = graph_of(member)
        assert len(wrong.outputs) == len(graph.outputs)
        return wrong

    monkeypatch.setattr(conversion, "_graph", slightly_wrong)
    (tmp_path / "member.xml").write_text("the earlier one")
    with pytest.raises(BundleRefused) as refused:
        convert(member, tmp_path / "member.xml")
    assert refused.value.code == "conversion-differs"
    assert [path.name for path in tmp_path.iterdir()] == ["member.xml"]
    assert (tmp_path / "member.xml").read_text() == "the earlier one"


def test_a_network_that_gives_no_numbers_is_refused(lived_in, tmp_path):
    member = lived_in(seed=1)
    member.head[-1].set_weights([np.full_like(weight, np.nan) for weight in member.head[-1].get_weights()])
    with pytest.raises(BundleRefused) as refused:
        convert(member, tmp_path / "member.xml")
    assert refused.value.code == "conversion-differs"


def test_a_comparison_on_few_images_is_our_own_mistake(lived_in, tmp_path):
    member = lived_in()
    with pytest.raises(ValueError, match="at least 8"):
        convert(member, tmp_path / "member.xml", check_images(member, 7))


NO_NETWORK = """
    import socket, sys, threading

    opened, asked = [], []

    class Denied(socket.socket):
        def __init__(self, family=socket.AF_INET, *rest, **named):
            if family in (socket.AF_INET, socket.AF_INET6):
                opened.append(family)
                raise PermissionError("no network here")
            super().__init__(family, *rest, **named)

    def denied(*arguments, **named):
        asked.append(arguments)
        raise PermissionError("no network here")

    socket.socket = Denied
    socket.getaddrinfo = socket.create_connection = socket.gethostbyname = denied

    # urllib3, which TensorFlow brings, opens a socket while it is imported, to learn whether the PC has IPv6. It
    # connects to nothing; all else counts.
    from core.networks.backend import keras
    keras()
    assert set(opened) <= {{socket.AF_INET6}} and len(opened) <= 1, opened
    opened.clear()

    {body}

    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(20)
    assert not opened and not asked, (opened, asked)
    import openvino.tools.ovc.convert_impl as converter
    assert converter.tm.__name__ == "openvino.tools.ovc.telemetry_stub", converter.tm
"""
CONVERT = """
    from pathlib import Path
    from core.networks.convert import convert
    from core.networks.members import build

    head = [{{"layer": "global-average-pooling"}}, {{"layer": "dense", "units": 2}}]
    data = {{"backbone": "mobilenetv2", "width": 0.35, "cut": "stage1", "input": [64, 64, 1], "head": head}}
    convert(build(data), Path(sys.argv[1]) / "member.xml")
"""


def test_a_conversion_asks_for_no_connection(tmp_path):
    program = textwrap.dedent(NO_NETWORK).format(body=textwrap.dedent(CONVERT).format())
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "member.xml").exists()
    assert done.stderr == ""
