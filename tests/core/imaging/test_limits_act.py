"""Limits of time and memory end the file that exceeds them, and no other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.imaging import describing
from core.imaging.limits import GIB, Limits
from core.imaging.sources import find
from tests.dicom_bytes import film

# Short only where the limit of time itself is tried: a busy machine must not end honest films.
LIMITS = {"spin.dcm": Limits(decode_seconds=4)}
OTHERS = Limits(decode_seconds=60, memory_bytes=2 * GIB)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("spin.dcm", "timed-out"),
        pytest.param(
            "eat.dcm",
            "out-of-memory",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="job objects, not tried"),
        ),
        ("abort.dcm", "worker-died"),
    ],
)
def test_a_file_that_exceeds_its_limits_is_a_row_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    monkeypatch.setattr(describing, "DECODERS", "tests.stand_in_decoders:serve")
    for one in ("a.dcm", name, "z.dcm"):
        (tmp_path / one).write_bytes(film(x00080018=("UI", f"1.2.{len(one)}.{ord(one[0])}")))
    found = list(describing.descriptions(find([tmp_path]), LIMITS.get(name, OTHERS)))
    assert [one.ref.name for one in found] == ["a.dcm", name, "z.dcm"]
    assert [one.status for one in found] == ["opened", "failed", "opened"]
    assert [reason.code for reason in found[1].reasons] == [code]
