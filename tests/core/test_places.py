"""Hilum knows where it keeps things, and which of these places are a disk of this PC."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from core import places


@pytest.mark.parametrize(
    ("disks", "expected"),
    [
        ([("/", "ext4", "rw")], True),
        ([("/", "ext4", "rw"), ("{}", "nfs4", "rw")], False),
        ([("/", "ext4", "rw"), ("{}", "cifs", "rw")], False),
        ([("/", "ext4", "rw"), ("{}", "fuse.sshfs", "rw")], False),
        ([("/", "nfs", "rw"), ("{}", "XFS", "rw")], True),
        ([("/", "ext4", "rw"), ("{}", "ext4", "rw"), ("{}", "somethingnew", "rw")], False),
        ([("/", "NTFS", "rw,remote")], False),
        ([("/elsewhere", "ext4", "rw")], False),
        ([], False),
    ],
)
def test_only_a_known_file_system_of_this_pc_is_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disks: list[tuple[str, str, str]], expected: bool
) -> None:
    mounted = [
        SimpleNamespace(mountpoint=place.format(tmp_path), fstype=kind, opts=options) for place, kind, options in disks
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounted)
    assert places.on_local_disk(tmp_path / "run") is expected


def test_the_version_is_the_one_that_is_published() -> None:
    with open(places.PROGRAM / "pyproject.toml", "rb") as file:
        assert places.version() == tomllib.load(file)["project"]["version"]
