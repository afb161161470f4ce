"""A Keras file as a network, without running anything that stands in it.

Of the file's description only layers of a short list and only their plain settings are kept (no functions, no
modules, no initialisers); Keras builds the network from what is left, in its safe mode, and takes the numbers from
the file. Keras's own safe mode alone let code through more than once (CVE-2024-3660, CVE-2025-1550, CVE-2025-9905).
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import BundleRefused

_MOST_BYTES = 2 * 2**30
_MOST_CONFIG = 32 * 2**20
_CODE = {"Lambda", "TFOpLambda", "SlicingOpLambda"}
_COMMON = {"name", "trainable", "data_format"}
_CONV = {"filters", "kernel_size", "strides", "padding", "dilation_rate", "activation", "use_bias", "groups"}
_POOL = {"pool_size", "strides", "padding"}
# The layers that are understood, and the settings of each that are read.
_SETTINGS: dict[str, set[str]] = {
    "InputLayer": {"batch_shape"},
    "Conv2D": _CONV,
    "DepthwiseConv2D": (_CONV - {"filters", "groups"}) | {"depth_multiplier"},
    "SeparableConv2D": (_CONV - {"groups"}) | {"depth_multiplier"},
    "BatchNormalization": {"axis", "epsilon", "momentum", "center", "scale"},
    "Dense": {"units", "activation", "use_bias"},
    "Activation": {"activation"},
    "ReLU": {"max_value", "negative_slope", "threshold"},
    "Softmax": {"axis"},
    "Dropout": {"rate"},
    "ZeroPadding2D": {"padding"},
    "MaxPooling2D": _POOL,
    "AveragePooling2D": _POOL,
    "GlobalAveragePooling2D": {"keepdims"},
    "GlobalMaxPooling2D": {"keepdims"},
    "Flatten": set(),
    "Add": set(),
    "Concatenate": {"axis"},
}
# What acts in training only, and gives back what it got.
_IDLE = {
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
    "GaussianNoise", "GaussianDropout", "SpatialDropout2D", "ActivityRegularization",
}  # fmt: skip
_ACTIVATIONS = {"linear", "relu", "relu6", "sigmoid", "tanh", "softmax", "swish", "silu"}
_MODELS = {"Functional": "keras.src.models.functional", "Model": "keras.src.models.functional", "Sequential": "keras"}


def opened(path: Path) -> Any:
    """The network in a `.h5` or `.keras` file, with its weights, not compiled.

    Refuses (BundleRefused) "legacy-unreadable" for what is none or is damaged, "legacy-unsafe" for one that brings
    code, "legacy-unknown" for one with other layers.
    """
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise BundleRefused("legacy-unreadable", what=path.name, why="there is no such file, or it is too large")
    with tempfile.TemporaryDirectory(prefix="hilum-") as folder:
        config, weights = _zipped(path, Path(folder)) if zipfile.is_zipfile(path) else _hdf5(path)
        clean = _model(path.name, config)
        try:
            from core.networks.backend import keras

            model = keras().saving.deserialize_keras_object(clean, safe_mode=True)
            model.load_weights(str(weights))
        # Keras and h5py tell a damaged file, and one of another form, by a dozen kinds of exception.
        except Exception as error:
            why = f"its layers and its weights do not fit together ({type(error).__name__})"
            raise BundleRefused("legacy-unreadable", what=path.name, why=why) from error
    return model


def _hdf5(path: Path) -> tuple[Any, Path]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
    except OSError as error:
        why = "it is neither a .h5 nor a .keras file, or it is damaged"
        raise BundleRefused("legacy-unreadable", what=path.name, why=why) from error
    if text is None:
        why = "it holds weights only; the whole model is needed, as model.save writes it"
        raise BundleRefused("legacy-unreadable", what=path.name, why=why)
    return _parsed(path.name, text), path


def _zipped(path: Path, folder: Path) -> tuple[Any, Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if not {"config.json", "model.weights.h5"} <= names:
                why = "it holds no Keras model"
                raise BundleRefused("legacy-unreadable", what=path.name, why=why)
            with archive.open("config.json") as file:
                text = file.read(_MOST_CONFIG + 1)
            weights = folder / "model.weights.h5"
            with archive.open("model.weights.h5") as file, open(weights, "xb") as out:
                left = _MOST_BYTES
                while block := file.read(min(2**20, left + 1)):
                    left -= len(block)
                    if left < 0:
                        raise BundleRefused("legacy-unreadable", what=path.name, why="it is too large")
                    out.write(block)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BundleRefused("legacy-unreadable", what=path.name, why="it is damaged") from error
    return _parsed(path.name, text), weights


def _parsed(name: str, text: bytes | str) -> Any:
    try:
        if len(text) > _MOST_CONFIG:
            raise ValueError("too long")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleRefused("legacy-unreadable", what=name, why="its description is damaged") from error


def _model(name: str, config: Any) -> dict[str, Any]:
    """A model's description with nothing in it but known layers, their plain settings, and how they are joined."""
    try:
        kind, inner = config["class_name"], config["config"]
        if kind in _CODE:
            raise BundleRefused("legacy-unsafe", what=name, why=f"its layer {inner.get('name')} is a {kind}")
        if kind not in _MODELS:
            raise BundleRefused("legacy-unknown", what=name, why=f"it is a {kind}")
        # Very old files of a Sequential hold the list alone.
        layers = inner if isinstance(inner, list) else inner["layers"]
        made = [_layer(name, one) for one in layers]
        if kind == "Sequential":
            return _sequential(inner, made, layers)
        clean = {
            "name": str(inner["name"]),
            "layers": made,
            "input_layers": inner["input_layers"],
            "output_layers": inner["output_layers"],
        }
        _only_plain(clean["input_layers"], clean["output_layers"])
        return _wrapped("Functional", clean)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        why = f"its description is damaged ({type(error).__name__})"
        raise BundleRefused("legacy-unreadable", what=name, why=why) from error


def _sequential(inner: Any, made: list[dict[str, Any]], layers: list[Any]) -> dict[str, Any]:
    first = layers[0]["config"] if isinstance(layers[0].get("config"), Mapping) else {}
    shape = first.get("batch_input_shape")
    if made[0]["class_name"] != "InputLayer" and shape is None and isinstance(inner, Mapping):
        shape = inner.get("build_input_shape")
    if made[0]["class_name"] != "InputLayer" and shape is not None:
        made.insert(0, _wrapped("InputLayer", {"name": "pixels_in", "batch_shape": _numbers(shape)}))
    name = inner.get("name", "sequential") if isinstance(inner, Mapping) else "sequential"
    return _wrapped("Sequential", {"name": str(name), "layers": made})


def _layer(name: str, row: Any) -> dict[str, Any]:
    kind, config = row["class_name"], row["config"]
    if kind in _MODELS:
        clean = _model(name, row)
    elif kind in _CODE:
        raise BundleRefused("legacy-unsafe", what=name, why=f"its layer {config.get('name')} is a {kind}")
    elif kind in _IDLE:
        clean = _wrapped("Activation", {"name": str(config["name"]), "activation": "linear"})
    elif kind in _SETTINGS:
        clean = _wrapped(kind, _settings(name, kind, config))
    else:
        raise BundleRefused("legacy-unknown", what=name, why=f"it has a layer {kind}")
    # In a list of layers a nested model is called by its own name.
    clean["name"] = str(row.get("name", clean["config"]["name"]))
    if "inbound_nodes" in row:
        clean["inbound_nodes"] = [_node(one) for one in row["inbound_nodes"]]
    return clean


def _settings(name: str, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(config)
    if "batch_input_shape" in given:
        given["batch_shape"] = given["batch_input_shape"]
    kept = {key: given[key] for key in (_SETTINGS[kind] | _COMMON) & given.keys()}
    kept.pop("trainable", None)
    if "batch_shape" in kept:
        kept["batch_shape"] = _numbers(kept["batch_shape"])
    if isinstance(kept.get("axis"), list):
        (kept["axis"],) = kept["axis"]
    if "activation" in kept:
        wanted = kept["activation"]
        if isinstance(wanted, Mapping):
            wanted = wanted.get("config") if wanted.get("class_name") == "function" else wanted.get("class_name")
        if wanted not in _ACTIVATIONS:
            raise BundleRefused("legacy-unknown", what=name, why=f"it has the activation {wanted}")
        kept["activation"] = wanted
    _only_plain(*kept.values())
    return kept


def _node(node: Any) -> Any:
    """Where a layer's inputs come from; how it was called besides makes no difference outside training."""
    if isinstance(node, list):
        made = [[str(one[0]), int(one[1]), int(one[2]), {}] for one in node]
        return made
    tensors = [_tensor(one) for one in node["args"]]
    return {"args": tensors, "kwargs": {}}


def _tensor(value: Any) -> Any:
    if isinstance(value, list):
        return [_tensor(one) for one in value]
    if value["class_name"] != "__keras_tensor__":
        raise ValueError("an input is no tensor")
    layer, node, place = value["config"]["keras_history"]
    return {
        "class_name": "__keras_tensor__",
        "config": {
            "shape": _numbers(value["config"]["shape"]),
            "dtype": "float32",
            "keras_history": [str(layer), int(node), int(place)],
        },
    }


def _wrapped(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    module = _MODELS.get(kind, "keras.layers")
    registered = "Functional" if kind == "Functional" else None
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _numbers(values: Any) -> list[int | None]:
    return [None if one is None else int(one) for one in values]


def _only_plain(*values: Any) -> None:
    """Raise ValueError for anything but numbers, words, and lists of them."""
    for value in values:
        if isinstance(value, list | tuple):
            _only_plain(*value)
        elif not isinstance(value, str | int | float | bool | None):
            raise ValueError("a setting is no plain value")
