from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from core.errors import BundleRefused
from core.imaging.prepare import Settled, fit

CAFFE = {"offsets": [103.939, 116.779, 123.68], "divisors": [1.0, 1.0, 1.0], "order": "bgr"}
TORCH = {"offsets": [123.675, 116.28, 103.53], "divisors": [58.395, 57.12, 57.375], "order": "rgb"}


@pytest.fixture
def film() -> Settled:
    return Settled(np.random.default_rng(0).integers(0, 65536, (40, 30)).astype(np.uint16), np.eye(3))


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras (extra `train`) is not installed")
@pytest.mark.parametrize(("network", "numbers"), [("vgg16", CAFFE), ("resnet50", CAFFE), ("densenet", TORCH)])
def test_each_channel_gets_what_the_published_preprocessing_gives(film, network, numbers):
    from core.networks.backend import keras

    fitted = fit(film, [{"name": "scale", "version": 2, **numbers}])
    grey = film.pixels.astype(np.float64) / 65535 * 255
    expected = getattr(keras().applications, network).preprocess_input(np.repeat(grey[..., None], 3, axis=2))
    assert fitted.pixels.shape == (40, 30, 3)
    assert fitted.pixels.dtype == np.float32
    np.testing.assert_allclose(fitted.pixels, expected, rtol=1e-6, atol=5e-5)


def test_black_and_white_become_the_ends_of_each_channel():
    film = Settled(np.array([[0, 65535]], np.uint16), np.eye(3))
    step = {
        "name": "scale",
        "version": 2,
        "offsets": [0.0, 100.0, 255.0],
        "divisors": [255.0, 2.0, 1.0],
        "order": "rgb",
    }
    np.testing.assert_allclose(fit(film, [step]).pixels, [[[0, -50, -255], [1, 77.5, 0]]])


def test_the_place_of_the_pixels_stays(film):
    np.testing.assert_array_equal(fit(film, [{"name": "scale", "version": 2, **TORCH}]).fitted_to_settled, np.eye(3))


def test_a_version_that_is_not_known_is_refused(film):
    with pytest.raises(BundleRefused) as refused:
        fit(film, [{"name": "scale", "version": 3, **TORCH}])
    assert refused.value.code == "bundle-step"
