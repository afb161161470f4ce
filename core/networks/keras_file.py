"""ImageNet weights in the files that Keras publishes for its applications, from a folder where a user put them.

Nothing is ever downloaded. The files have Keras's older HDF5 form: layers in the network's order, the names of which
changed over the years; so they are read by their order and every shape is checked, as Keras does.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused
from core.networks.applications import APPLICATIONS
from core.networks.members import Member
from core.places import home

Floats = NDArray[np.float32]


def weight_folder() -> Path:
    """Where the published files are looked for unless another folder is named."""
    return home() / "weights"


def weight_file(backbone: str, folder: Path | None = None) -> Path:
    """The published file of one of APPLICATIONS.

    Refuses (RunRefused) "start-missing", naming file and folder, and "start-unusable" when its MD5 is another than
    Keras publishes. For keras-mobilenet and keras-mobilenetv2 Keras publishes none; there shapes alone are checked.
    """
    application = APPLICATIONS[backbone]
    path = (folder or weight_folder()) / application.file
    if not path.is_file():
        raise RunRefused("start-missing", what=f"the file {path.name}, which Keras publishes, is not in {path.parent}")
    if application.md5 is not None:
        with open(path, "rb") as file:
            # A fingerprint to compare with the published one; nothing rests on its strength.
            present = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if present != application.md5:
            raise RunRefused("start-unusable", what=path, why="its MD5 is not the one that Keras publishes")
    return path


def load(member: Member, folder: Path | None = None) -> None:
    """Give a member's backbone, one of APPLICATIONS, its ImageNet weights; cut backbones take the beginning.

    With one channel the first kernel is the sum over its three, which is exact for grey where all channels have one
    range; for the other ranges it is refused. Refuses as `weight_file` and "start-unusable" (RunRefused).
    """
    backbone = str(member.architecture["backbone"])
    path = weight_file(backbone, folder)
    grey = int(member.model.input_shape[-1]) == 1
    if grey and APPLICATIONS[backbone].range != "-1..1":
        why = f"{backbone} then needs three channels, each with a range of its own"
        raise RunRefused("start-unusable", what=path.name, why=why)
    stored = _layers(path)
    ours = [layer for layer in member.layers if layer.weights]
    whole = member.architecture.get("cut") is None
    if len(stored) < len(ours) or (whole and len(stored) != len(ours)):
        why = f"it has {len(stored)} layers with weights where {len(ours)} are needed"
        raise RunRefused("start-unusable", what=path.name, why=why)
    # All shapes before the first weight is set: a member is never left half filled.
    values = []
    for number, (layer, (name, found)) in enumerate(zip(ours, stored, strict=False)):
        first = [found[0].sum(axis=2, keepdims=True), *found[1:]] if grey and number == 0 else found
        if [value.shape for value in first] != [tuple(weight.shape) for weight in layer.weights]:
            raise RunRefused("start-unusable", what=path.name, why=f"{name} has not the shape of {layer.name}")
        values.append(first)
    for layer, found in zip(ours, values, strict=True):
        layer.set_weights(found)


def _layers(path: Path) -> list[tuple[str, list[Floats]]]:
    """The file's layers that have weights, in its order."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            root: Any = file["model_weights"] if "layer_names" not in file.attrs and "model_weights" in file else file
            found = []
            for name in map(_text, root.attrs["layer_names"]):
                group = root[name]
                values = [np.asarray(group[_text(one)], np.float32) for one in group.attrs["weight_names"]]
                if values:
                    found.append((name, values))
            return found
    # h5py tells a damaged file, and one of another form, by half a dozen kinds of exception.
    except Exception as error:
        why = f"it is damaged or has another form ({type(error).__name__})"
        raise RunRefused("start-unusable", what=path.name, why=why) from error


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
