"""What every test may lean on, and what no test may leave behind."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psutil
import pytest

if TYPE_CHECKING:
    from core.inference.bundles import Bundle

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The same examples in every run: what fails today failed yesterday, and is not found by luck in somebody else's change.
hypothesis.settings.register_profile("hilum", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("hilum")
HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared"
# Tests of a file stay on one worker. A long file that came last would keep the others waiting, so these come first, the
# longest before the others (tools/test.sh; xdist's own order is by the number of tests, and theirs are few).
LONG_FILES = (
    "core/training/test_desk.py", "core/models/test_legacy.py", "core/cli/test_train.py",
    "gui/training/test_folder_to_bundle.py", "gui/training/test_killed.py", "core/training/test_several.py",
    "core/models/test_desk.py",
    "core/networks/test_convert.py", "core/screening/test_desk.py", "core/networks/test_applications.py",
    "core/training/test_fit.py", "core/inference/test_lungs.py", "core/training/test_resuming.py",
    "gui/screening/test_runs.py", "core/site/test_desk.py", "core/training/papers/test_reproducing.py",
    "core/inference/test_gate.py", "gui/site/test_steps.py", "core/screening/test_journal.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {HERE / name: place for place, name in enumerate(LONG_FILES)}
    if gone := [str(path) for path in places if not path.is_file()]:
        raise pytest.UsageError(f"LONG_FILES names what is not there: {', '.join(gone)}")
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real films; it is not part of the project, and tests that need it skip without it."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real films, ../shared/data, is not here")
    return folder


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own data."""
    home = tmp_path_factory.mktemp("hilum-home")
    monkeypatch.setenv("HILUM_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Whoever starts a worker ends it."""
    yield
    # pid_exists: a child that a test waited for by other means has ended, though multiprocessing never heard of it.
    assert [child for child in multiprocessing.active_children() if psutil.pid_exists(child.pid or 0)] == []


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A whole bundle with three tiny members, two of them set by hand (tests/small_bundle.py); not to be changed."""
    pytest.importorskip("tensorflow", reason="a bundle is made with Keras, which is not installed")
    from tests import small_bundle

    folder = tmp_path_factory.mktemp("small")
    return small_bundle.make(folder / "bundle", folder)
