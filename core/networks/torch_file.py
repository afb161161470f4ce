"""Named tensors from a PyTorch file, without PyTorch and without trusting the file.

Such a file is a pickle, and a pickle can name any function to call. This reader knows the four names that a
dictionary of float and integer tensors needs, and refuses everything else. It reads PyTorch's older format
(four pickles, then every storage as its length and its bytes), which is what the published packages carry.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RunRefused

Tensors = dict[str, NDArray[Any]]
LARGEST_FILE = 256 * 1024 * 1024

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def read_tensors(path: Path) -> Tensors:
    """The file's tensors by name, floats as float32 and integers as int64, read-only.

    Refuses "start-unsafe" (the file wants something called that is no tensor), "start-unusable" (another
    format, cut off, or damaged); RunRefused both.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from error
    if len(content) > LARGEST_FILE:
        raise _unusable(path, "it is too large")
    stream = io.BytesIO(content)
    try:
        return _read(stream, path)
    except RunRefused:
        raise
    # A damaged pickle fails in as many ways as there are opcodes; all of them are the file's fault.
    except Exception as error:
        raise _unusable(path, f"it is damaged ({type(error).__name__})") from error


class _Storage:
    """A run of numbers that is declared first and filled when the file's data are reached."""

    def __init__(self, dtype: str, key: str, length: int) -> None:
        self.dtype, self.key, self.length = dtype, key, length


class _View:
    """A tensor before its numbers are there."""

    def __init__(self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides


class _Reader(pickle.Unpickler):
    """An unpickler for dictionaries of tensors, and for nothing else."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        super().__init__(stream)
        self.path = path
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise RunRefused("start-unsafe", what=self.path.name, wanted=f"{module}.{name}")

    def persistent_load(self, identifier: Any) -> _Storage:
        kind, dtype, key, place, length, view = identifier
        if kind != "storage" or dtype not in _STORAGES.values() or place != "cpu" or view is not None:
            raise RunRefused("start-unsafe", what=self.path.name, wanted="another kind of storage")
        return self.storages.setdefault(key, _Storage(dtype, key, int(length)))


def _view(storage: _Storage, offset: int, shape: Any, strides: Any, *_gradient: Any) -> _View:
    if not isinstance(storage, _Storage):
        raise TypeError("a tensor without a storage")
    return _View(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _read(stream: IO[bytes], path: Path) -> Tensors:
    if stream.read(2) == b"PK":
        raise _unusable(path, "it has PyTorch's newer format")
    stream.seek(0)
    if _Reader(stream, path).load() != _MAGIC or _Reader(stream, path).load() != _PROTOCOL:
        raise _unusable(path, "it is no PyTorch file")
    if _Reader(stream, path).load().get("little_endian") is not True:
        raise _unusable(path, "its byte order is not supported")
    reader = _Reader(stream, path)
    named = reader.load()
    numbers = {}
    for key in _Reader(stream, path).load():
        storage = reader.storages[key]
        (length,) = struct.unpack("<q", stream.read(8))
        size = np.dtype(storage.dtype).itemsize
        content = stream.read(size * storage.length) if length == storage.length >= 0 else b""
        if length != storage.length or len(content) != size * storage.length:
            raise _unusable(path, "it is cut off")
        numbers[key] = np.frombuffer(content, storage.dtype)
    return {str(name): _tensor(view, numbers[view.storage.key]) for name, view in named.items()}


def _tensor(view: _View, numbers: NDArray[Any]) -> NDArray[Any]:
    """The tensor over its storage: its strides count numbers, and none may reach outside."""
    if len(view.shape) != len(view.strides) or min((view.offset, *view.shape, *view.strides)) < 0:
        raise ValueError("a tensor of impossible shape")
    if math.prod(view.shape) == 0:
        return np.zeros(view.shape, numbers.dtype)
    reach = view.offset + sum((side - 1) * stride for side, stride in zip(view.shape, view.strides, strict=True))
    if reach >= len(numbers):
        raise ValueError("a tensor that reaches outside its storage")
    strides = tuple(stride * numbers.itemsize for stride in view.strides)
    # A stride of 0 could repeat one number a million times.
    if math.prod(view.shape) > len(numbers):
        raise ValueError("a tensor with more numbers than its storage")
    return np.lib.stride_tricks.as_strided(numbers[view.offset :], view.shape, strides, writeable=False)


def _unusable(path: Path, why: str) -> RunRefused:
    return RunRefused("start-unusable", what=path.name, why=why)
