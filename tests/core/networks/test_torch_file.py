from __future__ import annotations

import os
import pickle
import struct
import sys
from collections import OrderedDict
from types import ModuleType

import numpy as np
import pytest

from core.errors import RunRefused
from core.networks.torch_file import read_tensors

MAGIC, PROTOCOL, SYSTEM = 0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}


class Storage:
    def __init__(self, kind: type, key: str, numbers: np.ndarray) -> None:
        self.kind, self.key, self.numbers = kind, key, numbers


class Writer(pickle.Pickler):
    def persistent_id(self, value: object) -> object:
        if isinstance(value, Storage):
            return ("storage", value.kind, value.key, "cpu", len(value.numbers), None)
        return None


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files of PyTorch's older format without PyTorch: only its names have to exist while pickling."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    torch.LongStorage = type("LongStorage", (), {"__module__": "torch"})

    def rebuild(*arguments: object) -> None: ...

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    class Tensor:
        def __init__(self, numbers, shape=None, strides=None, offset=0, length=None):
            kind = torch.LongStorage if numbers.dtype == np.int64 else torch.FloatStorage
            self.storage = Storage(kind, str(id(numbers)), numbers.ravel())
            shape = numbers.shape if shape is None else shape
            strides = tuple(s // numbers.itemsize for s in numbers.strides) if strides is None else strides
            self.arguments = (self.storage, offset, shape, strides, False, OrderedDict())

        def __reduce__(self):
            return rebuild, self.arguments

    def written(named, *, cut=None, magic=MAGIC):
        path = tmp_path / "weights.pth"
        with open(path, "wb") as file:
            for part in (magic, PROTOCOL, SYSTEM):
                pickle.dump(part, file, protocol=2)
            Writer(file, protocol=2).dump(named)
            storages = [value.storage for value in named.values() if isinstance(value, Tensor)]
            pickle.dump([storage.key for storage in storages], file, protocol=2)
            for storage in storages:
                file.write(struct.pack("<q", len(storage.numbers)) + storage.numbers.tobytes())
        if cut is not None:
            os.truncate(path, path.stat().st_size - cut)
        return path

    written.tensor = Tensor
    return written


def refusal(path) -> str:
    with pytest.raises(RunRefused) as refused:
        read_tensors(path)
    return refused.value.code


def test_tensors_come_back_by_name(write):
    numbers = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    count = np.array([7], np.int64)
    path = write(OrderedDict(a=write.tensor(numbers), b=write.tensor(count)))
    found = read_tensors(path)
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], numbers)
    np.testing.assert_array_equal(found["b"], count)


def test_a_tensor_stored_in_another_order_is_put_right(write):
    numbers = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    path = write({"a": write.tensor(numbers, shape=(2, 3, 4), strides=(1, 2, 6))})
    np.testing.assert_array_equal(read_tensors(path)["a"], numbers.T)


class Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "hostile",
    [
        Hostile(os.system, "echo hostile > {path}"),
        Hostile(eval, "open('{path}', 'w').close()"),
        Hostile(getattr, os, "system") if os.name == "nt" else Hostile(os.mkdir, "{path}"),
        Hostile(np.frombuffer, b"1234"),
    ],
    ids=["system", "eval", "mkdir", "numpy"],
)
def test_a_file_that_wants_something_called_is_refused_and_nothing_is_called(write, tmp_path, hostile):
    mark = tmp_path / "called"
    function, arguments = hostile.call
    hostile.call = function, tuple(a.format(path=mark) if isinstance(a, str) else a for a in arguments)
    assert refusal(write({"a": hostile})) == "start-unsafe"
    assert not mark.exists()


def test_the_first_pickles_are_as_restricted_as_the_last(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Hostile(os.mkdir, str(tmp_path / "called")), protocol=2))
    assert refusal(path) == "start-unsafe"
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [((100,), (1,), 0), ((2,), (50,), 0), ((6,), (1,), 1), ((2,), (-1,), 3), ((10**9,), (0,), 0), ((2, 2), (1,), 0)],
)
def test_a_tensor_that_reaches_outside_its_numbers_is_refused(write, shape, strides, offset):
    path = write({"a": write.tensor(np.ones(6, np.float32), shape, strides, offset)})
    assert refusal(path) == "start-unusable"


def test_a_file_cut_off_anywhere_is_refused(write):
    named = {"a": write.tensor(np.ones(6, np.float32))}
    for cut in range(1, write(named).stat().st_size):
        assert refusal(write(named, cut=cut)) == "start-unusable"


def test_what_is_no_file_of_this_kind_is_refused(write, tmp_path):
    assert refusal(write({}, magic=5)) == "start-unusable"
    other = tmp_path / "other.pth"
    for content in (b"", b"PK\3\4 a newer format", b"\0" * 100, pickle.dumps([1, 2, 3])):
        other.write_bytes(content)
        assert refusal(other) == "start-unusable"
    assert refusal(tmp_path / "missing.pth") == "start-unusable"
