"""The points that are drawn of a result say what the films say, each share with its interval."""

from __future__ import annotations

import numpy as np
import pytest

from core.evidence.intervals import wilson
from core.training import points


def test_the_operating_curve_has_both_shares_of_every_threshold_with_their_intervals() -> None:
    abnormal = np.array([True] * 4 + [False] * 6)
    suspicion = np.array([0.9, 0.8, 0.6, 0.2, 0.7, 0.3, 0.3, 0.1, 0.1, 0.0])
    found = {round(one.threshold, 3): one for one in points.operating(abnormal, suspicion)}
    at = found[0.6]
    assert (at.sensitivity, at.specificity) == (3 / 4, 5 / 6)
    assert at.sensitivity_between == pytest.approx(wilson(3, 4))
    assert at.specificity_between == pytest.approx(wilson(5, 6))
    assert found[0.0].sensitivity == 1.0 == found[0.0].sensitivity_between[1]  # type: ignore[index]
    assert points.operating(np.ones(10, bool), suspicion) == ()
