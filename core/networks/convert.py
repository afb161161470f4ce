"""A member in its compiled-graph form: converted to OpenVINO, read back, and compared with Keras.

The file that passed is the file that stays: it is written beside its place, compared there, then renamed.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleRefused
from core.networks.backend import keras
from core.networks.members import Member
from core.runtimes import openvino

Floats = NDArray[np.float32]
LIMIT = 1e-4
CHECK_IMAGES = 8
OUTPUTS = ("logits", "features", "maps")


@dataclass(frozen=True, slots=True)
class Converted:
    """How far the written file is from Keras in f32: the largest differences over `images` pictures.

    probability: of p. maps and features: as a share of the largest value, of each class and in all.
    """

    images: int
    probability: float
    maps: float
    features: float


def convert(member: Member, path_xml: Path, images: Floats | None = None) -> Converted:
    """Write a member as OpenVINO IR, `path_xml` and the .bin beside it, weights in f32, for one image at a time.

    images: at least 8 inputs (n, rows, columns, channels) float32 to compare on; smooth random ones by default.
    The graph's input is `pixels`, its outputs `logits`, `features`, `maps` as Member.with_maps gives them.
    Refuses "conversion-differs" (BundleRefused) when a probability differs by more than 1e-4, or a map by more
    than 1e-4 of its class's largest value; nothing is written then.
    """
    path_xml = Path(path_xml)
    images = check_images(member) if images is None else np.asarray(images, np.float32)
    if len(images) < CHECK_IMAGES:
        raise ValueError(f"a conversion is compared on at least {CHECK_IMAGES} images, got {len(images)}")
    expected = {name: np.asarray(values) for name, values in member.with_maps.predict_on_batch(images).items()}
    with tempfile.TemporaryDirectory(prefix=".hilum-", dir=path_xml.parent) as folder:
        written = Path(folder) / path_xml.name
        # f16 is the default of save_model; it moved probabilities of a trained network by 0.06.
        openvino().save_model(_graph(member), str(written), compress_to_fp16=False)
        found = _run(written, images)
        figures = _compared(expected, found)
        worst = max(figures.probability, figures.maps)
        if not worst <= LIMIT:  # also when a figure is not a number
            raise BundleRefused("conversion-differs", what=path_xml.name, present=f"{worst:.2g}", limit=LIMIT)
        # The graph last: whoever sees it finds its weights.
        for suffix in (".bin", ".xml"):
            written.with_suffix(suffix).replace(path_xml.with_suffix(suffix))
    return figures


def check_images(member: Member, count: int = CHECK_IMAGES) -> Floats:
    """Smooth random pictures in the range of the input, -1…1: coarse noise enlarged, with fine noise on it."""
    rows, columns, channels = member.model.input_shape[1:]
    rng = np.random.default_rng(0)
    coarse = rng.uniform(-0.9, 0.9, (count, -(-rows // 16), -(-columns // 16)))
    smooth = coarse.repeat(16, axis=1).repeat(16, axis=2)[:, :rows, :columns]
    grey = smooth + rng.normal(0, 0.05, (count, rows, columns))
    return np.repeat(grey[..., None], channels, axis=3).astype(np.float32)


def _graph(member: Member) -> Any:
    """The OpenVINO model of one image; names come from the dictionary of outputs."""
    # The converter hands inputs over as a tuple; a model made for a list takes that without a warning.
    model = keras().models.Model(member.with_maps.inputs, member.with_maps.output)
    with warnings.catch_warnings():
        # Its TensorFlow frontend still looks at what newer TensorFlow and NumPy deprecate.
        warnings.simplefilter("ignore", DeprecationWarning)
        graph = openvino().convert_model(model)
    graph.reshape([1, *member.model.input_shape[1:]])
    for output in graph.outputs:
        (name,) = output.get_names() & set(OUTPUTS)
        output.get_tensor().set_names({name})
    return graph


def _run(path_xml: Path, images: Floats) -> dict[str, Floats]:
    compiled = openvino().Core().compile_model(str(path_xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = [compiled(image[None]) for image in images]
    return {name: np.concatenate([answer[name] for answer in answers]) for name in OUTPUTS}


def _compared(expected: dict[str, Floats], found: dict[str, Floats]) -> Converted:
    logits = expected["logits"], found["logits"]
    probability = float(np.abs(np.subtract(*(_probabilities(z) for z in logits))).max())
    shares = [_share(expected["maps"][:, c], found["maps"][:, c]) for c in range(expected["maps"].shape[1])]
    features = _share(expected["features"], found["features"])
    return Converted(len(expected["logits"]), probability, max(shares), features)


def _probabilities(logits: Floats) -> Floats:
    z = logits.astype(np.float64)
    if z.shape[1] == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=1)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p: Floats = e / e.sum(axis=1, keepdims=True)
    return p


def _share(expected: Floats, found: Floats) -> float:
    """The largest difference as a share of the largest value; 0 where both are 0 throughout."""
    scale = float(np.abs(expected).max())
    return float(np.abs(expected - found).max()) / scale if scale else float(np.abs(found).max())
