"""What the screening page says, word for word."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from core.errors import reason
from core.screening.state import About, Figure, Point, State
from gui.screening import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (80, "1 min 20 s"),
        (119, "2 min"),
        (1500, "25 min"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_times_are_said_as_one_waits(seconds: float, said: str) -> None:
    assert words.lasting(seconds) == said


def test_a_run_is_said_in_one_line() -> None:
    from core.progress import Progress

    counts = {"assessed": 6000, "abstained": 104, "refused": 14, "failed": 2, "found": 3680}
    state = State(("x", 0), False, "running", "/run", progress=Progress(6120, 9800, 46.2, 80.0), counts=counts)
    said = words.headline(replace(state, listed=True)).replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert said == "6 120 of 9 800 films · 46 a second · 1 min 20 s left · 14 refused, 2 failed"
    said = words.headline(replace(state, progress=Progress(6120, None, 0.5, None)))
    assert "still looking for more · 30 a minute" in said
    assert words.headline(replace(state, phase="resting")).startswith("Stopped at")


def _about(**changes: Any) -> About:
    test = (
        Figure("referral sensitivity", 0.66, 0.58, 0.74, "locked test", 343),
        Figure("referral specificity", 0.92, 0.88, 0.96, "locked test", 343),
    )
    point = Point("p", 0.7, "specificity 0.90", (Figure("specificity", 0.9, 0.8, 0.95, "validation", 139),))
    plain = About(("normal", "covid"), {"covid": "COVID-19"}, "b", "1", "openvino", "CPU", "f32", (point,), test, 0.7)
    return replace(plain, mix={"normal": 150, "covid": 193}, **changes)


@pytest.mark.parametrize(
    ("about", "threshold", "says"),
    [
        (_about(), 0.7, "locked test it referred 66.% .95.% interval 58 to 74. of the films with a finding"),
        (_about(), 0.6, "tested at 0.70 only: no figures for this threshold. A lower one refers at least the 66"),
        (_about(), 0.8, "A higher one refers at most 66.% .* leaves at least 92"),
        (_about(test=()), 0.7, "Not tested on a locked set. Picked for specificity 0.90: specificity 90"),
        (_about(test=()), 0.6, "no figures for this threshold: what it means for other films is not known"),
        (_about(known=False), 0.7, "is not on this PC"),
    ],
)
def test_a_threshold_means_what_the_bundle_knows_and_nothing_else(about: About, threshold: float, says: str) -> None:
    assert re.search(says, " ".join(words.meaning(about, threshold)))


def test_disk_full_and_the_like_say_what_now() -> None:
    state = State(("x", 0), False, "resting", "/run", counts={"assessed": 1, "found": 2})
    full = replace(state, error=reason("disk-full", what="/run"))
    assert words.trouble(full).endswith("what was done is kept. Make room there, then go on.")
    assert "Wait until" in words.trouble(replace(state, error=reason("run-in-use", what="/run")))
    assert "Screen the folder again" in words.trouble(
        replace(state, error=reason("run-differs", present="a", asked="b"))
    )
    assert "faults.txt" in words.trouble(replace(state, faults=2))
