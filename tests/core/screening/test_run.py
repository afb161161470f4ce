"""The whole of screening: real decoders, a real engine, a run folder, and what the command line says of it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import RunRefused, UsageRefused
from core.imaging.reading import open_radiograph
from core.imaging.sources import find
from core.inference.assessing import Assessor, film_of
from core.inference.bundles import Bundle
from core.screening.rows import is_finished, reading, rows
from core.screening.run import Wish, decoders, screen
from tests import one_process
from tests.faults import ROOT
from tests.one_process import make_films, table

LONG = 120.0


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return make_films(tmp_path / "films")


def many(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}.png").write_bytes(one_process.png(number))
    return folder


def command(*words: object, home: Path) -> list[str]:
    return [sys.executable, "main.py", "screen", *map(str, words)]


def run_command(*words: object, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words, home=home),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"HILUM_HOME": str(home)},
        timeout=LONG,
        check=False,
    )


def test_every_row_is_what_assess_says_of_the_film_alone(films: Path, tmp_path: Path, small_bundle: Bundle) -> None:
    summary = screen([films], tmp_path / "run", Wish(bundle=str(small_bundle.folder), workers=2))
    assert summary.finished and summary.total == 8 and summary.faults == 0
    alone = Assessor(small_bundle, "openvino", "cpu")
    with reading(tmp_path / "run") as database:
        found = {row.name: row.assessment for row in rows(database)}
    for ref in find([films]):
        told = found[ref.name]
        assert told is not None and told.path == ref.name
        if told.status in ("assessed", "abstained"):
            expected, _maps = alone.assess(film_of(open_radiograph(ref)), maps=False)
            # Bit for bit: neither the batch nor the order may matter.
            assert told.probabilities == expected.probabilities and told.suspicion == expected.suspicion
            assert told.sha256 == expected.sha256 and told.bundle == expected.bundle
    assert {found[name].study for name in ("d.dcm", "e.dcm")} != {None}  # type: ignore[union-attr]


def test_a_run_goes_on_only_with_its_bundle(films: Path, tmp_path: Path, small_bundle: Bundle) -> None:
    wish = Wish(bundle=str(small_bundle.folder), workers=1)
    screen([films], tmp_path / "run", wish)
    with pytest.raises(RunRefused, match="add --resume"):
        screen([films], tmp_path / "run", wish)
    import sqlite3

    database = sqlite3.connect(tmp_path / "run" / "journal.sqlite")
    (terms,) = database.execute("SELECT value FROM run WHERE name = 'terms'").fetchone()
    database.execute(
        "UPDATE run SET value = ? WHERE name = 'terms'", (json.dumps(json.loads(terms) | {"bundle": "0" * 64}),)
    )
    database.commit()
    database.close()
    with pytest.raises(RunRefused, match="made with the bundle 000000000000, not the bundle"):
        screen([films], tmp_path / "run", wish, resume=True)


def test_paths_of_which_none_exists_are_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageRefused, match="nothing at"):
        screen([tmp_path / "nowhere"], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_decoders_share_a_quarter_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    monkeypatch.setattr("core.screening.run.Pool", lambda *_, **options: made.append(options))
    gibibyte = 1 << 30
    for total, workers in ((64, 32), (8, 16), (2, 4)):
        monkeypatch.setattr(psutil, "virtual_memory", lambda total=total: type("", (), {"total": total * gibibyte}))
        decoders(Wish(workers=workers), b"")
    assert [one["count"] for one in made] == [16, 2, 1]
    assert [one["memory_bytes"] // gibibyte for one in made] == [1, 1, 1]


def test_the_command_keeps_words_and_rows_apart(films: Path, tmp_path: Path, small_bundle: Bundle) -> None:
    done = run_command(
        films, "-o", tmp_path / "run", "--bundle", small_bundle.folder, "--json",
        "--csv", tmp_path / "films.csv", "--html", tmp_path / "films.html", home=tmp_path / "home",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["path"] for row in told] == sorted(path.name for path in films.iterdir())
    assert "Traceback" not in done.stderr and "assessed" in done.stderr and "research use" in done.stderr
    table = list(csv.DictReader(io.StringIO((tmp_path / "films.csv").read_text("utf-8-sig"))))
    assert len(table) == 8 and (tmp_path / "films.html").stat().st_size > 1000
    again = run_command(films, "-o", tmp_path / "run", "--bundle", small_bundle.folder, home=tmp_path / "home")
    assert again.returncode == 1 and again.stderr.count("\n") == 1 and "--resume" in again.stderr


def begin(
    films: Path, folder: Path, bundle: Bundle, home: Path, ending: Callable[[subprocess.Popen[str]], object]
) -> tuple[int, str, set[int]]:
    """Screen until a few rows are there, then end it; gives exit code, words, and the workers' process numbers."""
    with subprocess.Popen(
        command(films, "-o", folder, "--resume", "--bundle", bundle.folder, home=home),
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"HILUM_HOME": str(home)},
    ) as process:
        until = time.monotonic() + LONG
        while time.monotonic() < until and process.poll() is None:
            if (folder / "journal.sqlite").exists() and _done(folder) >= 5:
                break
            time.sleep(0.02)
        workers = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        ending(process)
        words = process.communicate(timeout=LONG)[1]
    return process.returncode, words, workers


def _done(folder: Path) -> int:
    try:
        with reading(folder) as database:
            found = database.execute("SELECT count(*) FROM item WHERE status <> 'found'").fetchone()
            return int(found[0])
    except RunRefused:
        return 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_run_that_is_ended_leaves_a_whole_journal_and_no_process(
    tmp_path: Path, small_bundle: Bundle, number: signal.Signals, code: int
) -> None:
    films, run, home = many(tmp_path / "films", 400), tmp_path / "run", tmp_path / "home"
    ended, words, workers = begin(films, run, small_bundle, home, lambda process: process.send_signal(number))
    assert ended == code and "Traceback" not in words
    assert workers
    for pid in workers:
        with_limit = time.monotonic() + LONG
        while _lives(pid) and time.monotonic() < with_limit:
            time.sleep(0.02)
        assert not _lives(pid)
    with reading(run) as database:
        assert not is_finished(database)
    done = run_command(films, "-o", run, "--resume", "--bundle", small_bundle.folder, home=home)
    assert done.returncode == 0, done.stderr
    assert len(table(run, where="status IN ('assessed', 'refused')")) == 400


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
