"""A worker process as the window sees it: order, deaths, limits, mistakes of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.errors import HilumError
from gui.operation import Operation
from gui.process import Process
from tests.gui.conftest import LONG

MakeProcess = Callable[..., Process]


@pytest.fixture
def make_process(qtbot: QtBot) -> Iterator[MakeProcess]:
    made: list[Process] = []

    def make(serve: str = "serve", **limits: float) -> Process:
        process = Process("decoder", f"tests.stand_in_workers:{serve}", **limits)  # type: ignore[arg-type]
        made.append(process)
        return process

    yield make
    for process in made:
        process.stop()


class Told:
    """What came back, in the order in which it came."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.codes: list[str] = []

    def value(self, value: object) -> None:
        self.values.append(value)

    def error(self, error: HilumError) -> None:
        self.codes.append(error.code)

    def ask(self, process: Process, *request: object, key: object = None, urgent: bool = True) -> Operation:
        operation = Operation(process, request, key=key, urgent=urgent)
        return operation.then(self.value).refused(self.error).run()


def test_urgent_work_comes_before_the_rest(make_process: MakeProcess, qtbot: QtBot) -> None:
    process, told = make_process(), Told()
    for value in ("c", "d"):
        told.ask(process, "echo", value, urgent=False)
    for value in ("a", "b"):
        told.ask(process, "echo", value)
    process.start()
    qtbot.waitUntil(lambda: len(told.values) == 4, timeout=LONG)
    assert told.values == ["a", "b", "c", "d"]


def test_work_that_was_dropped_is_not_begun_and_not_told(
    make_process: MakeProcess, qtbot: QtBot, tmp_path: Path
) -> None:
    process, told = make_process(), Told()
    told.ask(process, "abort", str(tmp_path / "notes")).drop()
    told.ask(process, "echo", "wanted")
    process.start()
    qtbot.waitUntil(lambda: told.values == ["wanted"], timeout=LONG)
    assert not (tmp_path / "notes").exists()


def test_a_request_that_takes_too_long_fails_and_the_next_one_is_done(make_process: MakeProcess, qtbot: QtBot) -> None:
    process, told = make_process(seconds=0.3), Told()
    told.ask(process, "hold-the-lock")
    told.ask(process, "echo", "after")
    process.start()
    qtbot.waitUntil(lambda: told.values == ["after"], timeout=LONG)
    assert told.codes == ["timed-out"]


def test_a_file_that_ends_the_process_twice_is_not_tried_a_third_time(
    make_process: MakeProcess, qtbot: QtBot, tmp_path: Path
) -> None:
    process, told, notes = make_process(), Told(), tmp_path / "notes"
    process.start()
    told.ask(process, "abort", str(notes), key="film")
    qtbot.waitUntil(lambda: len(told.codes) == 1, timeout=LONG)
    told.ask(process, "abort", str(notes), key="film")
    qtbot.waitUntil(lambda: len(told.codes) == 2, timeout=LONG)
    assert told.codes == ["worker-died", "worker-died"]
    assert notes.read_text() == "tried\ntried\n"


def test_an_idle_process_that_is_killed_is_replaced(make_process: MakeProcess, qtbot: QtBot) -> None:
    import psutil

    process, told = make_process(), Told()
    with qtbot.waitSignal(process.ready, timeout=LONG):
        process.start()
    with qtbot.waitSignal(process.died, timeout=LONG) as death:
        psutil.Process(process.pid).kill()
    assert death.args == ["The decoder ended unexpectedly and was started again."]
    told.ask(process, "echo", "again")
    qtbot.waitUntil(lambda: told.values == ["again"], timeout=LONG)


def test_a_process_that_cannot_start_answers_everything_and_is_tried_again_when_wanted(
    make_process: MakeProcess, qtbot: QtBot
) -> None:
    process, told = make_process("cannot_start"), Told()
    told.ask(process, "echo", "one")
    process.start()
    qtbot.waitUntil(lambda: told.codes == ["bundle-missing"], timeout=LONG)
    told.ask(process, "echo", "two")
    qtbot.waitUntil(lambda: told.codes == ["bundle-missing"] * 2, timeout=LONG)


def test_a_process_that_dies_while_starting_is_not_started_for_ever(make_process: MakeProcess, qtbot: QtBot) -> None:
    process, told = make_process("dies_at_start"), Told()
    with qtbot.waitSignal(process.unusable, timeout=LONG):
        process.start()
    told.ask(process, "echo", "one")
    qtbot.waitUntil(lambda: told.codes == ["program-error"], timeout=LONG)


def test_a_mistake_of_ours_is_raised_in_the_window_and_the_file_fails(make_process: MakeProcess, qtbot: QtBot) -> None:
    process, told = make_process(), Told()
    process.start()
    with qtbot.captureExceptions() as raised:
        told.ask(process, "mistake")
        qtbot.waitUntil(lambda: told.codes == ["program-error"], timeout=LONG)
    assert "KeyError: 'forgotten'" in str(raised[0][1])


def test_arithmetic_on_the_answer_runs_off_the_windows_thread(make_process: MakeProcess, qtbot: QtBot) -> None:
    import threading

    process, told = make_process(), Told()
    process.start()
    Operation(process, ("echo", 1)).through(lambda _value: threading.current_thread().name).then(told.value).run()
    qtbot.waitUntil(lambda: told.values == ["decoder-reader"], timeout=LONG)


def test_a_renewed_process_has_the_new_arguments_and_loses_nothing_that_waited(
    make_process: MakeProcess, qtbot: QtBot
) -> None:
    process, told = make_process("named"), Told()
    process.start()
    told.ask(process, "who", 1)
    qtbot.waitUntil(lambda: told.values == [("first", 1)], timeout=LONG)
    before = process.pid
    process.renew({"name": "second"})
    told.ask(process, "who", 2)
    qtbot.waitUntil(lambda: len(told.values) == 2, timeout=LONG)
    assert told.values[1] == ("second", 2)
    assert process.pid != before


def test_a_process_that_could_not_start_is_renewed_with_arguments_that_work(
    make_process: MakeProcess, qtbot: QtBot
) -> None:
    process, told = make_process("named"), Told()
    process.renew({"no": "such argument"})
    with qtbot.captureExceptions() as faults:
        process.start()
        told.ask(process, "who", 1)
        qtbot.waitUntil(lambda: told.codes == ["program-error"], timeout=LONG)
    assert faults
    process.renew({"name": "second"})
    told.ask(process, "who", 2)
    qtbot.waitUntil(lambda: told.values == [("second", 2)], timeout=LONG)


def test_an_answer_that_cannot_be_read_fails_alone_and_nobody_waits_for_ever(
    make_process: MakeProcess, qtbot: QtBot
) -> None:
    process, told = make_process(), Told()
    with qtbot.captureExceptions() as faults:
        process.start()
        told.ask(process, "unreadable")
        told.ask(process, "echo", "after")
        qtbot.waitUntil(lambda: told.values == ["after"], timeout=LONG)
    assert told.codes == ["program-error"]
    assert faults
