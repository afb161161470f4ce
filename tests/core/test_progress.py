"""Progress is honest about what is not known yet."""

from __future__ import annotations

import threading

import pytest

from core.progress import Meter, Stop


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_rate_and_time_left_follow_the_clock(clock: list[float]) -> None:
    meter = Meter(total=100)
    clock[0] += 2.0
    progress = meter.add(10, note="a film")
    assert (progress.done, progress.total, progress.rate, progress.remaining) == (10, 100, 5.0, 18.0)
    assert progress.note == "a film"


def test_an_unknown_total_gives_a_rate_but_no_time_left(clock: list[float]) -> None:
    meter = Meter()
    clock[0] += 1.0
    progress = meter.add(4)
    assert (progress.total, progress.rate, progress.remaining) == (None, 4.0, None)
    meter.total = 8
    assert meter.add(0).remaining == 1.0


def test_nothing_is_promised_before_the_clock_moves(clock: list[float]) -> None:
    progress = Meter(total=3).add()
    assert progress.rate is None and progress.remaining is None


def test_the_rate_forgets_what_was_long_ago(clock: list[float]) -> None:
    meter = Meter(total=10_000)
    clock[0] += 1000.0  # a share that did not answer
    meter.add(1)
    for _ in range(60):
        clock[0] += 1.0
        progress = meter.add(10)
    assert progress.rate == pytest.approx(10.0)


def test_memory_does_not_grow_with_the_rate(clock: list[float]) -> None:
    meter = Meter()
    for _ in range(100_000):
        clock[0] += 0.0001
        meter.add()
    assert len(meter._marks) < 1000


def test_a_meter_that_goes_on_begins_at_what_was_done(clock: list[float]) -> None:
    meter = Meter(total=100, done=50)
    clock[0] += 1.0
    progress = meter.add(10)
    assert (progress.done, progress.rate, progress.remaining) == (60, 10.0, 4.0)


def test_a_stop_is_seen_from_another_thread() -> None:
    stop = Stop()
    assert not stop.asked
    thread = threading.Thread(target=stop.ask)
    thread.start()
    thread.join()
    assert stop.asked
