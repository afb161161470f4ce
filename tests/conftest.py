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
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


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
