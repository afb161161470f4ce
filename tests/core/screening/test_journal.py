"""The journal of a run is whole after every kill, and says no in one sentence."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import places
from core.errors import RunRefused
from core.screening.journal import open_journal
from core.screening.schema import FILE_NAME, SCHEMA_VERSION
from tests import one_process
from tests.faults import full_disk, python
from tests.films import disc, write_png
from tests.one_process import TERMS, make_films, screened, screened_until, table


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return make_films(tmp_path / "films")


def row_of(folder: Path, name: str, columns: str = "status, superseded") -> list[tuple[Any, ...]]:
    return [row[1:] for row in table(folder, f"path, {columns}") if row[0] == name.encode()]


def without_seconds(folder: Path) -> list[tuple[Any, ...]]:
    """Everything that a journal says of its films, but for seconds."""
    rows = []
    for *plain, assessment in table(
        folder,
        "seq, root, path, member, frame, size, time, status, superseded, sha256, content, pixels, sop,"
        " patient, name, burned_in, suspicion, assessment",
    ):
        told = json.loads(assessment)
        told.pop("seconds")
        rows.append((*plain, told))
    return rows


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
@pytest.mark.parametrize("local", [True, False], ids=["write-ahead log", "rollback journal"])
def test_a_run_killed_at_any_write_and_resumed_equals_an_undisturbed_one(
    films: Path, tmp_path: Path, local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that has imported everything once; each run is a process of its own, forked from it.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.one_process"])

    monkeypatch.setattr(places, "on_local_disk", lambda _folder: local)
    for name in ("b-dark.png", "e.dcm", "h-short.png"):  # one film of every fate is enough
        (films / name).unlink()

    def run(folder: Path, number: int) -> int | None:
        process = context.Process(target=screened_until, args=(films, folder, number, local))
        process.start()
        process.join(60)
        return process.exitcode

    assert run(tmp_path / "undisturbed", 0) == 0
    expected = without_seconds(tmp_path / "undisturbed")
    assert len(expected) == 5
    total = int((tmp_path / "undisturbed" / "writes").read_text())
    for number in range(1, total + 1):
        folder = tmp_path / f"killed-{number}"
        assert run(folder, number) == -9
        screened([films], folder, failing=["g-gone.png"])
        assert without_seconds(folder) == expected, f"killed at write {number} of {total}"


def test_a_row_for_every_file_and_its_fate(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run", failing=["g-gone.png"])
    assert [(row[0].decode(), row[1]) for row in table(tmp_path / "run", "path, status")] == [
        ("a-bright.png", "assessed"),
        ("b-dark.png", "assessed"),
        ("c-copy.png", "assessed"),
        ("d.dcm", "assessed"),
        ("e.dcm", "assessed"),
        ("f-notes.txt", "refused"),
        ("g-gone.png", "failed"),
        ("h-short.png", "refused"),
    ]


def test_a_failed_film_is_tried_again_and_a_refused_one_is_not(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run", failing=["g-gone.png"])
    again = screened([films], tmp_path / "run")
    assert again.decoders.asked == {"g-gone.png": 1}
    assert row_of(tmp_path / "run", "g-gone.png") == [("assessed", 0)]


def test_a_changed_film_gets_a_new_row_and_the_old_one_is_kept(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run")
    write_png(films / "b-dark.png", disc((180, 160), (90, 80), 60))
    again = screened([films], tmp_path / "run")
    assert again.decoders.asked == {"b-dark.png": 1}
    (old, new) = row_of(tmp_path / "run", "b-dark.png", "seq, status, superseded, sha256")
    assert old[2] == new[0] and (old[1], new[1], new[2]) == ("assessed", "assessed", 0)
    assert old[3] != new[3]


def test_a_film_that_was_only_touched_keeps_its_row(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run")
    before = row_of(tmp_path / "run", "b-dark.png", "seq, status, assessment")
    os.utime(films / "b-dark.png", ns=(10**18, 10**18))
    again = screened([films], tmp_path / "run")
    assert again.decoders.asked == {"b-dark.png": 1} and not again.assess.asked
    assert row_of(tmp_path / "run", "b-dark.png", "seq, status, assessment") == before
    assert row_of(tmp_path / "run", "b-dark.png", "time, superseded") == [(10**18, 0)]
    assert not screened([films], tmp_path / "run").decoders.asked


def test_a_film_that_comes_later_is_taken_by_the_next_resume(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run")
    write_png(films / "aa-new.png", disc((180, 160), (90, 80), 33))
    again = screened([films], tmp_path / "run")
    assert again.decoders.asked == {"aa-new.png": 1}
    assert row_of(tmp_path / "run", "aa-new.png", "seq, status") == [(9, "assessed")]


def test_a_folder_that_moved_keeps_its_rows(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run", failing=["g-gone.png"])
    (tmp_path / "elsewhere").mkdir()
    films = films.rename(tmp_path / "elsewhere" / "films")
    again = screened([films], tmp_path / "run")
    assert again.decoders.asked == {"g-gone.png": 1}
    assert len(table(tmp_path / "run")) == 8


def test_two_folders_with_the_same_names_keep_two_rows(tmp_path: Path) -> None:
    for number, folder in enumerate(("one", "two")):
        (tmp_path / folder).mkdir()
        write_png(tmp_path / folder / "film.png", disc((180, 160), (90, 80), 20 + 30 * number))
    screened([tmp_path / "one", tmp_path / "two"], tmp_path / "run")
    assert [row[0] for row in table(tmp_path / "run", "path")] == [b"film.png", b"film.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_name_that_is_not_text_has_a_row(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    name = os.fsencode(tmp_path / "films") + b"/film-\xff\xfe.png"
    Path(os.fsdecode(name)).write_bytes(one_process.png(7))
    screened([tmp_path / "films"], tmp_path / "run")
    assert table(tmp_path / "run", "path, status") == [(b"film-\xff\xfe.png", "assessed")]
    assert not screened([tmp_path / "films"], tmp_path / "run").decoders.asked


def test_a_run_is_not_begun_twice_without_resume(tmp_path: Path) -> None:
    open_journal(tmp_path / "run", resume=False).close()
    with pytest.raises(RunRefused, match="add --resume"):
        open_journal(tmp_path / "run", resume=False)
    open_journal(tmp_path / "run", resume=True).close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bundle": "c" * 64}, "made with the bundle bbbbbbbbbbbb, not the bundle cccccccccccc"),
        ({"engine": "keras"}, "made with the engine stand-in, not the engine keras"),
        ({"device": "GPU"}, "made with the device CPU, not the device GPU"),
        ({"precision": "bf16"}, "made with precision f32, not precision bf16"),
        ({"steps": "settle 2"}, "made with the steps settle 1, not the steps settle 2"),
    ],
)
def test_a_run_goes_on_only_with_what_it_was_begun_with(tmp_path: Path, change: dict[str, str], sentence: str) -> None:
    with open_journal(tmp_path / "run", resume=True) as journal:
        journal.agree(TERMS)
    with open_journal(tmp_path / "run", resume=True) as journal:
        with pytest.raises(RunRefused, match=re.escape(sentence)) as refused:
            journal.agree(replace(TERMS, **change))
        journal.agree(TERMS)
    assert refused.value.code == "run-differs"


def test_a_second_process_on_the_same_run_is_refused(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from core.errors import RunRefused
from core.screening.journal import open_journal
try:
    open_journal(Path(sys.argv[1]), resume=True)
except RunRefused as refused:
    print(refused.code)
"""
    with open_journal(tmp_path / "run", resume=True):
        assert python(code, str(tmp_path / "run")).stdout == "run-in-use\n"
    assert python(code, str(tmp_path / "run")).stdout == ""


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()


def _cut(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:20_000] = bytes(15_904)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_newer, "a newer Hilum made it"),
        (_cut, "its journal is damaged"),
        (lambda path: path.write_text("a diary" * 1000), "its journal is damaged"),
    ],
)
def test_a_journal_that_cannot_be_trusted_is_refused_and_left_alone(
    tmp_path: Path, films: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    screened([films], tmp_path / "run")
    path = tmp_path / "run" / FILE_NAME
    spoil(path)
    content = path.read_bytes()
    with pytest.raises(RunRefused, match=sentence) as refused:
        open_journal(tmp_path / "run", resume=True)
    assert refused.value.code == "run-unreadable"
    assert path.read_bytes() == content


@pytest.mark.parametrize(("local", "mode"), [(True, "wal"), (False, "delete")])
def test_only_a_disk_of_this_pc_gets_a_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: bool, mode: str
) -> None:
    monkeypatch.setattr(places, "on_local_disk", lambda _folder: local)
    with open_journal(tmp_path / "run", resume=True) as journal:
        assert journal.database.execute("PRAGMA journal_mode").fetchone()[0] == mode


@pytest.mark.skipif(sys.platform == "win32", reason="there is no file size limit")
def test_a_full_disk_is_one_sentence_and_the_rows_so_far_are_kept(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for number in range(200):  # SQLite versions differ in how many fit
        (films / f"{number:03}.png").write_bytes(one_process.png(number))
    code = """
from pathlib import Path
from core.errors import RunRefused
from tests.one_process import screened
try:
    screened([Path(sys.argv[2])], Path(sys.argv[3]))
except RunRefused as refused:
    print(refused.code, refused)
"""
    done = full_disk(200_000, code, [str(films), str(tmp_path / "run")])
    assert done.stdout.startswith(("place-unwritable", "disk-full")) and str(tmp_path / "run") in done.stdout
    assert done.stdout.count("\n") == 1 and done.stderr == ""
    kept = len(table(tmp_path / "run", where="status = 'assessed'"))
    assert 0 < kept < 200
    again = screened([films], tmp_path / "run")
    assert len(again.told) == 200 - kept
    assert len(table(tmp_path / "run", where="status = 'assessed'")) == 200
