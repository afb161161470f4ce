"""The screening process: requests never wait for the run, rows come once and in pieces, and nothing outlives it."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import RunRefused
from core.jobs import Worker, WorkerBug, WorkerDied
from core.screening.rows import is_finished, reading
from core.screening.state import BATCH_ROWS, State
from tests.films import disc, write_png
from tests.one_process import png, screened

LONG = 120.0
DESK = "tests.stand_in_screening:serve"


class Client:
    """Asks the process as the window does."""

    def __init__(self) -> None:
        self.worker = Worker(DESK)
        self.version: tuple[str, int] | None = None
        self.rows: dict[int, Any] = {}
        self.batches: list[int] = []
        assert self.worker.answer(LONG) is not None

    def ask(self, *request: object) -> Any:
        self.worker.ask(request)
        answer = self.worker.answer(LONG)
        assert answer is not None
        if answer.error is not None:
            raise answer.error
        return answer.value

    def look(self) -> State:
        state: State = self.ask("look", self.version)
        if state.fresh:
            self.rows.clear()
        self.version = state.version
        for number in state.gone:
            self.rows.pop(number, None)
        self.rows.update({row.number: row for row in state.rows})
        self.batches.append(len(state.rows))
        return state

    def look_until(self, holds: Callable[[State], object]) -> State:
        limit = time.monotonic() + LONG
        while time.monotonic() < limit:
            state = self.look()
            if holds(state):
                return state
            time.sleep(0.01)
        raise AssertionError(state)

    def rest(self) -> State:
        return self.look_until(lambda state: state.phase in ("resting", "empty") and not state.more)


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.worker.stop()


def many(folder: Path, count: int, word: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number:04}{word}.png").write_bytes(png(number))
    return folder


def fates(folder: Path) -> Path:
    """One film of each fate."""
    folder.mkdir()
    for number, name in enumerate(("plain", "abstains", "refused", "fails")):
        write_png(folder / f"{name}.png", disc((180, 160), (90, 80), 20 + 10 * number))
    (folder / "notes.txt").write_text("not a film")
    return folder


def test_a_run_is_watched_to_its_end(client: Client, tmp_path: Path) -> None:
    folder = client.ask("start", (str(fates(tmp_path / "films")),), None, None)
    assert Path(folder).parent.name == "runs"
    state = client.rest()
    assert state.finished and not state.stopped and state.error is None and state.faults == 0
    assert state.counts == {"assessed": 1, "abstained": 1, "refused": 2, "failed": 1}
    found = {row.name: row for row in client.rows.values()}
    assert {name: row.status for name, row in found.items()} == {
        "plain.png": "assessed",
        "abstains.png": "abstained",
        "refused.png": "refused",
        "fails.png": "failed",
        "notes.txt": "refused",
    }
    assert sum(found["plain.png"].probabilities[1:]) == pytest.approx(found["plain.png"].suspicion)
    assert found["notes.txt"].reasons[0].code == "not-an-image" and found["notes.txt"].suspicion is None
    assert "out of memory" in found["fails.png"].reasons[0].text


def test_a_run_says_what_its_bundle_knows_of_thresholds(client: Client, tmp_path: Path) -> None:
    client.ask("start", (str(many(tmp_path / "films", 2)),), None, "careful")
    about = client.rest().about
    assert about is not None and about.known
    assert [(point.name, point.threshold) for point in about.points] == [("careful", 0.25), ("balanced", 0.5)]
    assert [(one.name, one.source) for one in about.test] == [
        ("referral sensitivity", "locked test"),
        ("referral specificity", "locked test"),
    ]
    assert about.test_threshold == 0.5 and about.mix == {"normal": 60, "pneumonia": 15, "covid": 25}


def test_a_run_that_is_going_on_answers_at_any_time_and_can_be_stopped(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 300, "-slow")
    client.ask("start", (str(films),), str(tmp_path / "run"), None)
    state = client.look_until(lambda state: len(client.rows) > 5)
    assert state.phase == "running" and state.progress is not None and state.progress.done > 0
    with pytest.raises(RunRefused, match="going on"):
        client.ask("start", (str(films),), None, None)
    with pytest.raises(RunRefused, match="going on"):
        client.ask("open", str(tmp_path / "run"))
    number = next(iter(client.rows))
    row, ref = client.ask("row", number)
    assert row.path == ref.name == client.rows[number].name and Path(ref.path).is_file()
    assert client.ask("picture", number)[:2] == b"\xff\xd8"
    client.ask("stop")
    state = client.rest()
    assert state.stopped and not state.finished and state.counts["found"] == 300 - len(client.rows) > 0
    client.ask("go-on")
    state = client.rest()
    assert state.finished and len(client.rows) == 300 and state.counts == {"assessed": 300}


def test_a_finished_run_comes_in_batches_the_most_suspicious_first(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 3)
    screened([films], tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "journal.sqlite") as database:
        for number in range(1200):
            database.execute(
                "INSERT INTO item (root, path, member, frame, status, suspicion, assessment, sha256)"
                " SELECT root, ?, member, frame, status, ?, assessment, sha256 FROM item WHERE seq = 1",
                (f"x{number}".encode(), number / 1300),
            )
    database.close()
    client.ask("open", str(tmp_path / "run"))
    state = client.rest()
    assert client.batches == [BATCH_ROWS, BATCH_ROWS, 203] and state.finished
    assert len(client.rows) == 1203
    assert client.look().rows == ()


def test_a_run_of_the_command_line_opens_and_goes_on(client: Client, tmp_path: Path) -> None:
    """Its journal says nothing of what was asked: what is known are the folders under which its films lie."""
    films = many(tmp_path / "films", 4)
    screened([films], tmp_path / "run", stop_after=2)
    with sqlite3.connect(tmp_path / "run" / "journal.sqlite") as database:
        (terms,) = database.execute("SELECT value FROM run WHERE name = 'terms'").fetchone()
        told = json.loads(terms) | {"engine": "openvino", "steps": "settle 1"}
        database.execute("UPDATE run SET value = ? WHERE name = 'terms'", (json.dumps(told),))
        # The two stand-ins behind the halves of this run name their classes differently.
        database.execute("UPDATE item SET assessment = replace(assessment, '\"bright\"', '\"covid\"')")
        database.execute('UPDATE item SET assessment = replace(assessment, \'"covid":\', \'"pneumonia":0,"covid":\')')
        database.execute("UPDATE run SET value = replace(value, 'bright', 'pneumonia\", \"covid') WHERE name = 'about'")
    database.close()
    client.ask("open", str(tmp_path / "run"))
    state = client.rest()
    assert not state.finished and state.counts["found"] == 2
    client.ask("go-on")
    state = client.rest()
    assert state.error is None and state.finished and len(client.rows) == 4


def test_what_failed_and_what_changed_leaves_the_table_until_it_is_judged_again(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 3)
    client.ask("start", (str(films),), str(tmp_path / "run"), None)
    client.rest()
    before = dict(client.rows)
    (films / "0001.png").write_bytes(png(700))
    (films / "0009.png").write_bytes(png(900))
    client.ask("go-on")
    state = client.rest()
    assert state.counts == {"assessed": 4} and len(client.rows) == 4
    assert {row.name for row in client.rows.values()} == {"0000.png", "0001.png", "0002.png", "0009.png"}
    replaced = next(number for number, row in before.items() if row.name == "0001.png")
    assert replaced not in client.rows


def test_what_ends_a_run_is_told_in_its_state(client: Client, tmp_path: Path) -> None:
    client.ask("start", (str(tmp_path / "nowhere"),), None, None)
    state = client.rest()
    assert state.phase == "empty" and state.error is not None and state.error.code == "path-missing"
    with pytest.raises(RunRefused, match="no journal"):
        client.ask("open", str(tmp_path))
    films = many(tmp_path / "films", 2)
    screened([films], tmp_path / "run")
    client.ask("open", str(tmp_path / "run"))
    client.ask("go-on")
    state = client.rest()
    assert state.error is not None and state.error.code == "run-differs" and len(client.rows) == 2


def test_a_run_of_another_process_is_not_gone_on_with(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 200, "-slow")
    client.ask("start", (str(films),), str(tmp_path / "run"), None)
    client.look_until(lambda _: len(client.rows) > 3)
    second = Client()
    try:
        second.ask("open", str(tmp_path / "run"))
        assert second.rest().counts
        second.ask("go-on")
        state = second.rest()
        assert state.error is not None and state.error.code == "run-in-use"
    finally:
        second.worker.stop()


def test_a_mistake_of_our_own_is_reported_once_and_the_run_is_kept(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 3)
    (films / "9-mistake.png").write_bytes(png(50))
    client.ask("start", (str(films),), str(tmp_path / "run"), None)
    with pytest.raises(WorkerBug, match="forgotten"):
        client.rest()
    state = client.rest()
    assert state.error is not None and state.error.code == "run-broken" and "forgotten" in state.error.text
    assert not state.finished


@pytest.mark.parametrize("kind", ["csv", "json", "html"])
def test_exports_name_nobody_unless_told_to(client: Client, tmp_path: Path, kind: str) -> None:
    client.ask("start", (str(fates(tmp_path / "films")),), None, None)
    client.rest()
    for identifiers in (False, True):
        path = tmp_path / f"{identifiers}.{kind}"
        assert client.ask("export", kind, str(path), identifiers) == str(path)
        text = path.read_text("utf-8-sig")
        assert ("abstains.png" in text) is identifiers and ("out of memory" in text) is identifiers
        if kind == "csv":
            assert len(list(csv.reader(io.StringIO(text)))) == 6
        if kind == "json":
            lines = [json.loads(line) for line in text.splitlines()]
            assert sorted(line["status"] for line in lines[-3:]) == ["failed", "refused", "refused"]


def test_an_unfinished_export_says_so_first(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 5)
    screened([films], tmp_path / "run", stop_after=2)
    client.ask("open", str(tmp_path / "run"))
    client.ask("export", "json", str(tmp_path / "rows.json"), False)
    first = json.loads((tmp_path / "rows.json").read_text().splitlines()[0])
    assert first == {"unfinished": "Unfinished run: 2 films are done, 3 found so far wait."}


def test_what_is_dropped_is_a_run_or_the_beginning_of_one(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 2)
    run = client.ask("drop", (str(films),), None)
    assert client.rest().finished and Path(run).parent.name == "runs"
    assert client.ask("drop", (run,), None) == run
    assert client.rest().finished and len(client.rows) == 2


def test_the_process_takes_its_decoders_with_it_and_the_run_goes_on(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 200, "-slow")
    client.ask("start", (str(films),), str(tmp_path / "run"), None)
    client.look_until(lambda _: len(client.rows) > 3)
    pid = client.worker.pid
    assert pid is not None
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    assert len(family) > 1
    client.worker.stop()
    _gone, alive = psutil.wait_procs(family, timeout=LONG)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    with reading(tmp_path / "run") as database:
        assert not is_finished(database)
    second = Client()
    try:
        second.ask("open", str(tmp_path / "run"))
        second.ask("go-on")
        assert second.rest().finished and len(second.rows) == 200
    finally:
        second.worker.stop()


def test_a_process_that_was_started_again_says_that_nothing_is_open(client: Client, tmp_path: Path) -> None:
    films = many(tmp_path / "films", 3)
    (films / "0-kills.png").write_bytes(png(60))
    client.ask("start", (str(films),), str(tmp_path / "run"), None)
    with pytest.raises(WorkerDied):
        client.rest()
    second = Client()
    try:
        second.version = client.version
        state = second.look()
        assert state.phase == "empty" and state.fresh
        with pytest.raises(RunRefused, match="started again"):
            second.ask("row", 1)
        assert os.environ["HILUM_HOME"]
        second.ask("open", str(tmp_path / "run"))
        second.ask("go-on")
        assert second.rest().finished
    finally:
        second.worker.stop()
