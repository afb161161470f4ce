"""Files are old or new, never half, whatever the disk does."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.errors import RunRefused
from tests.faults import FailAt, full_disk


def break_at(number: int, monkeypatch: pytest.MonkeyPatch, error: int = errno.ENOSPC) -> FailAt:
    """Let the Nth of all operations on the disk fail, from making the file to renaming it."""
    fault = FailAt(number, error)
    opened: Callable[..., Any] = os.fdopen
    monkeypatch.setattr(tempfile, "mkstemp", fault.around(tempfile.mkstemp))
    monkeypatch.setattr(os, "fdopen", lambda *a, **k: fault.file(opened(*a, **k)))
    monkeypatch.setattr(os, "fsync", fault.around(os.fsync))
    monkeypatch.setattr(Path, "replace", fault.around(Path.replace))
    return fault


def test_a_file_is_old_or_new_whichever_write_fails(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"old")

    def rewrite(number: int) -> FailAt:
        with pytest.MonkeyPatch.context() as patches:
            fault = break_at(number, patches)
            with files.whole_file(path) as file:
                file.write(b"new, part one;")
                file.write(b"part two")
        return fault

    total = rewrite(0).calls
    assert total >= 7 and path.read_bytes() == b"new, part one;part two"
    for number in range(1, total + 1):
        path.write_bytes(b"old")
        with pytest.raises(RunRefused, match="no space left") as refused:
            rewrite(number)
        assert refused.value.code == "disk-full"
        assert path.read_bytes() == b"old", f"operation {number}"
        assert [entry.name for entry in tmp_path.iterdir()] == ["settings.json"], f"operation {number}"


def test_our_own_mistake_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    path.write_text("old")

    def write() -> None:
        with files.whole_file(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(errno.EACCES, "place-unwritable"), (errno.EROFS, "place-unwritable"), (errno.EDQUOT, "disk-full")],
)
def test_a_place_that_takes_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, code: str
) -> None:
    break_at(1, monkeypatch, error)
    with pytest.raises(RunRefused, match=str(tmp_path)) as refused:
        files.write_whole(tmp_path / "x", "text")
    assert refused.value.code == code


def test_a_scanner_that_holds_the_file_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []
    replace = Path.replace

    def held_twice(source: Path, target: Path) -> Path:
        if len(tries) < 2:
            raise PermissionError(errno.EACCES, "held by another program")
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", held_twice)
    monkeypatch.setattr("time.sleep", tries.append)
    files.write_whole(tmp_path / "x", "text")
    assert (tmp_path / "x").read_text() == "text" and len(tries) == 2


def test_a_scanner_that_never_lets_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(*_: object) -> Path:
        raise PermissionError(errno.EACCES, "held by another program")

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(RunRefused, match="held by another program"):
        files.write_whole(tmp_path / "x", "text")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no file size limit")
def test_a_full_disk_gives_one_sentence_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("old")
    code = """
from pathlib import Path
from core.errors import RunRefused
from core.files import write_whole
try:
    write_whole(Path(sys.argv[2]), bytes(100_000))
except RunRefused as refused:
    print(refused.code, refused)
"""
    done = full_disk(50_000, code, [str(path)])
    assert done.stderr == "" and done.stdout.startswith("disk-full There is no space left on ")
    assert str(tmp_path) in done.stdout
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes are not like that there")
def test_a_written_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    files.write_whole(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "film", b"\x00" * 300_000)
    assert files.sha256_of(tmp_path / "film") == hashlib.sha256(bytes(300_000)).hexdigest()
