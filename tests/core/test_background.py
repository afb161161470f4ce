"""A process that works for hours beside the window steps back, and never forward."""

from __future__ import annotations

import sys

import psutil
import pytest

from core.background import step_back


@pytest.mark.skipif(sys.platform == "win32", reason="priorities are classes there")
@pytest.mark.parametrize(("before", "after"), [(0, 10), (10, 10), (19, 19)])
def test_who_was_started_further_back_stays_there(before: int, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Own:
        stands = before

        def nice(self, value: int | None = None) -> int:
            if value is not None:
                Own.stands = value
            return Own.stands

    monkeypatch.setattr(psutil, "Process", Own)
    step_back()
    assert Own.stands == after
