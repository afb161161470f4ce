"""The trainer's process: from labelled films to a bundle in use, through pauses, ends and what people ask of it."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core import places, work_folders
from core.errors import RunRefused
from core.inference import shelf
from core.inference.bundles import Bundle, load
from core.jobs import Worker, WorkerDied
from core.training.desk import Desk
from core.training.state import Shelving, SiteResult, TrainState
from core.training.written import toml
from tests import small_training
from tests.core.training.test_several import CHANGES, CLASSES

pytest.importorskip("tensorflow", reason="training needs Keras, which is not installed")

_SECONDS = 240
RECIPE = toml({**small_training.RECIPE, **CHANGES})
LONG = RECIPE.replace("epochs = 2", "epochs = 600")
assert LONG != RECIPE


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 films of 18 patients; the labels hold back the last 12 as a test."""
    place = small_training.write_labels(tmp_path_factory.mktemp("site"), 36, CLASSES)
    rows = list(csv.reader(place.read_text("utf-8").splitlines()))
    with open(place, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*rows[0], "split"])
        table.writerows([*row, "test" if number >= 24 else ""] for number, row in enumerate(rows[1:]))
    return place


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close(_SECONDS)


def _ended(desk: Desk) -> TrainState:
    run = desk._run
    assert run is not None and run.thread is not None
    run.thread.join(_SECONDS)
    state = desk.look(None)
    assert state.error is None, state.error
    return state


def _begin(desk: Desk, labels: Path, start: Bundle, recipe: str = RECIPE) -> Path:
    told = {"name": "ours", "use": "Adults of this hospital.", "acknowledged": {"one-patient": "Known."}}
    return Path(desk.start(str(labels), recipe, str(start.folder), None, told))


def _after_epochs(desk: Desk, count: int) -> None:
    """Wait for so many epochs: on what the training tells, not on the clock."""
    run = desk._run
    assert run is not None and run.thread is not None
    for _ in range(100 * _SECONDS):
        if len(run.epochs) >= count or not run.thread.is_alive():
            break
        run.thread.join(0.01)
    assert len(run.epochs) >= count, run.error


def test_films_become_a_bundle_that_is_registered_and_put_into_use(
    desk: Desk, labels: Path, small_bundle: Bundle
) -> None:
    shelf.promote(small_bundle.folder)
    assert desk.look(None).phase == "empty"
    folder = _begin(desk, labels, small_bundle)
    assert folder.parent == places.home() / "trainings"
    with pytest.raises(RunRefused, match="A run is going on"):
        _begin(desk, labels, small_bundle)
    state = _ended(desk)
    assert (state.phase, state.result_ready, len(state.curves)) == ("done", True, 6)
    assert (state.device, state.memory_bytes > 0) == ("", True) or state.memory_bytes > 0
    later = desk.look(state.version)
    assert not later.fresh and later.curves == ()

    result = desk.result()
    assert result.sentence.startswith("Too few images to tell.")
    assert result.used is not None and result.used.digest == small_bundle.digest
    assert result.bundle.digest == load(folder / "bundle").digest != small_bundle.digest
    assert result.compared is not None and result.compared["films"] == 12 == result.films
    assert result.used_report is not None and result.used_report["films"] == 12
    assert (result.openings, result.openings_bundles, result.locked) == (2, 2, True)
    assert {row.split for row in result.rows} == {"test", "validation"}
    assert sum(sum(row) for row in result.confusion) == 12
    assert [line.name for line in result.roc] == ["normal", "bright", "dark", "suspicion"]
    assert (result.name, result.use) == ("ours", "Adults of this hospital.")
    with pytest.raises(RunRefused, match="Under 100 films or 30 patients"):
        desk.threshold("specificity", 0.9)

    some = [row.number for row in result.rows[:2]]
    pictures = desk.heatmaps([*some, 9999])
    assert sorted(pictures) == sorted(some) and all(one[:3] == b"\xff\xd8\xff" for one in pictures.values())

    refs = desk.refs(some)
    assert [refs[number].path for number in some] == [row.path for row in result.rows[:2]]
    assert refs[some[0]].name == Path(result.rows[0].path).name

    _registered_and_promoted(desk, result)
    _opened_again(folder, result)


def _registered_and_promoted(desk: Desk, result: SiteResult) -> None:
    refused = _shelved(desk, desk.register("../ours", "1", result.use, result.card)).error
    assert refused is not None and refused.code == "bundle-name"
    digest = _shelved(desk, desk.register("ours", "1", result.use, result.card + "\nRead by nobody yet.\n")).digest
    bundle = shelf.chosen("ours 1")
    assert bundle.digest == digest and shelf.in_use().digest != digest
    assert bundle.description.intended_use.population == "Adults of this hospital."
    assert "Read by nobody yet." in bundle.card and result.sentence in bundle.card
    assert "one-patient: Known." in bundle.card and "opened 2 times" in bundle.card
    assert bundle.raw["test_openings"] == 2
    assert _shelved(desk, desk.promote(digest, "AB")).digest == digest == shelf.in_use().digest
    assert shelf.log()[-1].who == "AB"


def _shelved(desk: Desk, number: int) -> Shelving:
    desk.shelf.wait(_SECONDS)
    done = desk.look(None).shelving
    assert done is not None and done.number == number and not done.busy
    return done


def _opened_again(folder: Path, result: SiteResult) -> None:
    """Looking at a training again opens no test again."""
    other = Desk()
    other.open(str(folder))
    state = other.look(None)
    assert (state.phase, len(state.curves)) == ("done", 6)
    assert other.result() == result
    other.go_on()
    assert other.look(None).phase == "done"


def test_a_training_rests_goes_on_and_ends_with_the_best_so_far(desk: Desk, labels: Path, small_bundle: Bundle) -> None:
    folder = _begin(desk, labels, small_bundle, LONG)
    with pytest.raises(RunRefused, match="nothing to keep"):
        desk.keep_best()
    _after_epochs(desk, 1)
    assert [one.use for one in work_folders.listed()] == ["running"]
    desk.pause()
    state = _ended(desk)
    assert state.phase == "paused" and state.folder == str(folder)
    assert [one.use for one in work_folders.listed()] == [""]
    with pytest.raises(RunRefused, match="has no result yet"):
        desk.result()
    desk.go_on()
    _after_epochs(desk, 3)
    desk.keep_best()
    state = _ended(desk)
    assert state.phase == "done" and state.enough
    assert len({(row.member, row.epoch) for row in state.curves}) == len(state.curves) < 600
    assert [one.name for one in load(folder / "bundle").members] == ["stretched", "boxed", "random"]


def test_a_cancelled_training_leaves_nothing(desk: Desk, labels: Path, small_bundle: Bundle) -> None:
    folder = _begin(desk, labels, small_bundle, LONG)
    _after_epochs(desk, 1)
    desk.cancel()
    assert desk.look(None).phase == "empty" and not folder.exists()


def test_what_cannot_be_trained_is_told_at_once_or_in_the_state(
    desk: Desk, labels: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(RunRefused, match="rate"):
        _begin(desk, labels, small_bundle, RECIPE.replace("rate = 0.001", "rate = -1"))
    assert list((places.home() / "trainings").iterdir()) == []
    with pytest.raises(RunRefused, match="it is no training of this window"):
        desk.open(str(tmp_path))
    few = tmp_path / "few"
    few.mkdir()
    (few / "labels.csv").write_text(
        "path,label\n" + "".join(f"{labels.parent / row}\n" for row in ("000.png,normal", "002.png,bright")), "utf-8"
    )
    folder = Path(desk.start(str(few / "labels.csv"), RECIPE, str(small_bundle.folder)))
    run = desk._run
    assert run is not None and run.thread is not None
    run.thread.join(_SECONDS)
    state = desk.look(None)
    assert state.phase == "failed" and state.error is not None and state.error.code == "too-few-films"
    desk.cancel()
    assert not folder.exists()


class _Asked:
    """A trainer in a process of its own."""

    def __init__(self) -> None:
        self.worker = Worker("core.training.desk:serve")
        assert self._answer() is None

    def __call__(self, *request: Any) -> Any:
        self.worker.ask(request)
        return self._answer()

    def _answer(self) -> Any:
        answer = self.worker.answer(_SECONDS)
        assert answer is not None
        if answer.error is not None:
            raise answer.error
        return answer.value

    def until(self, *phases: str, epochs: int = 0) -> TrainState:
        process = psutil.Process(self.worker.pid)
        for _ in range(20 * _SECONDS):
            state: TrainState = self("look", None)
            if state.phase in phases and len(state.curves) >= epochs:
                return state
            assert state.phase != "failed", state.error
            try:
                process.wait(0.05)
            except psutil.TimeoutExpired:
                continue
        raise AssertionError(f"never {phases}")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nobody is killed like this here")
def test_a_trainer_that_is_killed_goes_on_in_another_process(labels: Path, small_bundle: Bundle) -> None:
    first = _Asked()
    try:
        if hasattr(os, "nice"):
            assert psutil.Process(first.worker.pid).nice() > psutil.Process().nice() or os.nice(0) >= 10
        folder = first("start", str(labels), RECIPE, str(small_bundle.folder), None, {"name": "ours"})
        first.until("training", epochs=3)
        os.kill(first.worker.pid or 0, signal.SIGKILL)
        with pytest.raises(WorkerDied):
            first("look", None)
    finally:
        first.worker.stop()
    second = _Asked()
    try:
        second("open", folder)
        state = second("look", None)
        assert state.phase == "stopped" and len(state.curves) >= 3
        second("go-on")
        state = second.until("done")
        assert len(state.curves) == 6 and second("result").name == "ours"
        assert second("result").bundle.digest == load(Path(folder) / "bundle").digest
    finally:
        second.worker.stop()
