"""Worker processes answer in order, and nothing that happens in one of them reaches its parent unnamed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import connection
from pathlib import Path

import numpy as np
import psutil
import pytest

from core import parcels
from core.errors import BundleRefused, HilumError
from core.jobs import Answer, Pool, Worker, WorkerBug, WorkerDied

STAND_IN = "tests.stand_in_workers:serve"
SHARED_MEMORY = Path("/dev/shm")
LONG = 60.0
_OURS = f"hilum-{os.getpid():x}-"


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(STAND_IN)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """No block of shared memory and no worker outlives a test."""
    yield
    if SHARED_MEMORY.is_dir():
        assert [path.name for path in SHARED_MEMORY.iterdir() if path.name.startswith(_OURS)] == []
    assert [child.pid for child in psutil.Process().children(recursive=True) if "spawn_main" in _line(child)] == []


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def answer(worker: Worker) -> Answer:
    got = worker.answer(LONG)
    assert got is not None
    return got


def ready(worker: Worker) -> Worker:
    assert answer(worker).number == -1
    return worker


def everything(pool: Pool) -> dict[object, Answer]:
    found: dict[object, Answer] = {}
    while pool.pending:
        found.update(pool.results(LONG))
    return found


def test_answers_come_in_the_order_of_the_questions(worker: Worker) -> None:
    numbers = [worker.ask(("echo", value)) for value in "abc"]
    ready(worker)
    assert [(got.number, got.value) for got in (answer(worker), answer(worker), answer(worker))] == [
        *zip(numbers, "abc", strict=True)
    ]


@pytest.mark.parametrize("count", [1, 3_000_000])
def test_arrays_arrive_equal_and_read_only_on_both_sides(worker: Worker, count: int) -> None:
    ready(worker)
    film = np.arange(count, dtype=np.uint16).reshape(-1, 1)
    worker.ask(("echo", {"film": film, "turned": film.T}))
    value = answer(worker).value
    assert isinstance(value, dict)
    for name, expected in (("film", film), ("turned", film.T)):
        np.testing.assert_array_equal(value[name], expected)
        assert not value[name].flags.writeable
    worker.ask(("writeable", film))
    assert answer(worker).value is False


def test_many_questions_may_wait_without_a_deadlock(worker: Worker) -> None:
    films = [np.full(50_000, number, np.uint8) for number in range(40)]
    for film in films:
        worker.ask(("echo", film))
    ready(worker)
    for film in films:
        np.testing.assert_array_equal(answer(worker).value, film)  # type: ignore[arg-type]


def test_nothing_stays_in_shared_memory_when_answers_are_not_fetched() -> None:
    worker = ready(Worker(STAND_IN))
    for _ in range(3):
        worker.ask(("ones", 100_000))
    worker.ask(("sum", np.ones(100_000)))
    assert answer(worker).number == 1
    connection.wait([worker.connection], LONG)
    worker.stop()  # the fixture looks


def test_a_parcel_goes_through_the_pipe_when_shared_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    film = np.arange(100_000)
    parcel, block = parcels.pack(film, "hilum-test-full")
    assert parcel[0] is None and block is None
    np.testing.assert_array_equal(parcels.unpack(parcel), film)  # type: ignore[arg-type]


def test_a_refusal_comes_back_as_the_same_refusal(worker: Worker) -> None:
    ready(worker)
    worker.ask(("refuse",))
    error = answer(worker).error
    assert isinstance(error, HilumError) and error.code == "empty-file"


def test_a_mistake_of_our_own_is_an_exception_that_shows_where_it_happened(worker: Worker) -> None:
    ready(worker)
    worker.ask(("mistake",))
    with pytest.raises(WorkerBug, match=r"(?s)in _mistake.*KeyError: 'forgotten'"):
        worker.answer(LONG)
    worker.ask(("echo", "still there"))
    assert answer(worker).value == "still there"


def test_a_worker_that_cannot_start_says_why() -> None:
    worker = Worker("tests.stand_in_workers:cannot_start")
    assert isinstance(answer(worker).error, BundleRefused)
    worker.stop()
    worker = Worker("tests.stand_in_workers:broken_start")
    with pytest.raises(WorkerBug, match="a mistake of ours"):
        worker.answer(LONG)
    worker.stop()


def test_a_dead_worker_is_named(worker: Worker, tmp_path: Path) -> None:
    ready(worker)
    worker.ask(("abort", str(tmp_path / "notes")))
    with pytest.raises(WorkerDied, match="stand_in_workers"):
        worker.answer(LONG)
    with pytest.raises(WorkerDied):
        for _ in range(1000):  # the pipe may take some before it breaks
            worker.ask(("echo", 1))


def test_stopping_twice_is_stopping_once(worker: Worker) -> None:
    worker.stop()
    worker.stop()
    assert not worker.alive and worker.pid is None


def test_standard_output_belongs_to_the_parent(capfd: pytest.CaptureFixture[str]) -> None:
    worker = ready(Worker(STAND_IN))
    worker.ask(("print", "a decoder chats"))
    answer(worker)
    worker.stop()
    seen = capfd.readouterr()
    assert seen.out == "" and "a decoder chats" in seen.err


def test_a_pool_gives_every_request_its_own_answer() -> None:
    with Pool(STAND_IN, count=2, seconds=LONG) as pool:
        for key in range(20):
            pool.submit(key, ("echo", key * key))
        assert {key: got.value for key, got in everything(pool).items()} == {key: key * key for key in range(20)}


def test_a_file_that_kills_its_decoder_is_tried_twice_and_never_a_third_time(tmp_path: Path) -> None:
    with Pool(STAND_IN, count=2, seconds=LONG) as pool:
        pool.submit("bad", ("abort", str(tmp_path / "notes")))
        pool.submit("unlucky", ("abort-once", str(tmp_path / "once")))
        for key in range(4):
            pool.submit(key, ("echo", key))
        found = everything(pool)
    bad = found.pop("bad").error
    assert isinstance(bad, HilumError) and bad.code == "worker-died"
    assert (tmp_path / "notes").read_text() == "tried\n" * 2
    assert found.pop("unlucky").value == "done the second time"
    assert {key: got.value for key, got in found.items()} == {key: key for key in range(4)}


def test_a_file_that_takes_too_long_is_ended_and_the_others_go_on() -> None:
    with Pool(STAND_IN, count=1, seconds=0.5) as pool:
        pool.submit("spins", ("spin",))
        pool.submit("holds", ("hold-the-lock",))
        pool.submit("good", ("echo", 1))
        found = everything(pool)
    assert [found[key].error.code for key in ("spins", "holds")] == ["timed-out"] * 2  # type: ignore[union-attr]
    assert found["good"].value == 1


def test_a_mistake_of_our_own_fails_one_file_and_keeps_its_traceback() -> None:
    with Pool(STAND_IN, count=1, seconds=LONG) as pool:
        pool.submit("bug", ("mistake",))
        pool.submit("good", ("echo", 1))
        found = everything(pool)
    bug = found["bug"]
    assert bug.error is not None and bug.error.code == "program-error"
    assert "in _mistake" in str(bug.bug) and "_mistake" not in str(bug.error)
    assert found["good"].value == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no memory limit there yet")
def test_the_memory_limit_acts() -> None:
    with Pool(STAND_IN, count=1, seconds=LONG, memory_bytes=2 << 30) as pool:
        pool.submit("large", ("ones", 1 << 30))
        pool.submit("small", ("ones", 3))
        found = everything(pool)
    assert found["large"].error is not None and found["large"].error.code == "out-of-memory"
    np.testing.assert_array_equal(found["small"].value, np.ones(3))  # type: ignore[arg-type]


def test_a_worker_that_dies_while_idle_costs_no_file_a_try(tmp_path: Path) -> None:
    with Pool(STAND_IN, count=1, seconds=LONG) as pool:
        pool.submit("pid", ("pid",))
        pid = everything(pool)["pid"].value
        assert isinstance(pid, int)
        process = psutil.Process(pid)
        os.kill(pid, signal.SIGTERM)
        process.wait(LONG)
        pool.submit("next", ("abort-once", str(tmp_path / "once")))
        assert everything(pool)["next"].value == "done the second time"


def test_a_pool_gives_up_when_its_workers_never_start() -> None:
    with Pool("tests.stand_in_workers:dies_at_start", count=2, seconds=LONG) as pool:
        pool.submit("any", ("echo", 1))
        with pytest.raises(WorkerDied, match="before it was ready"):
            everything(pool)


def test_a_pool_answers_none_within_its_time() -> None:
    with Pool(STAND_IN, count=1, seconds=LONG) as pool:
        pool.submit("spins", ("spin",))
        assert pool.results(0.05) == []
        assert pool.pending == 1


_PARENT = f"""
import sys, time
from core.jobs import Worker
if __name__ == "__main__":
    worker = Worker({STAND_IN!r}, seconds=float(sys.argv[2]))
    worker.answer()
    worker.ask((sys.argv[1],))
    print(worker.pid, flush=True)
    time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(("act", "seconds"), [("spin", 1000.0), ("hold-the-lock", 1.0)])
def test_children_end_when_their_parent_is_killed(tmp_path: Path, act: str, seconds: float) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, str(script), act, str(seconds)],
        stdout=subprocess.PIPE,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    # Nobody waits for an orphan but init; where init does not, a zombie counts as ended.
    gone, alive = psutil.wait_procs([child], timeout=LONG if child.status() != psutil.STATUS_ZOMBIE else 0)
    assert gone or alive[0].status() == psutil.STATUS_ZOMBIE
