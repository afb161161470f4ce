"""Numbers fall into the band that names them."""

from __future__ import annotations

import pytest

from core.evidence.strata import banded


@pytest.mark.parametrize(
    ("age", "band"),
    [(39.9, "under 40 years"), (40, "40 to 59 years"), (59, "40 to 59 years"), (60, "60 and over years")],
)
def test_an_edge_is_the_first_number_of_its_band(age: float, band: str) -> None:
    assert banded([age], [40, 60], "years") == (band,)


def test_what_is_not_known_has_no_band() -> None:
    assert banded([None, float("nan")], [40]) == ("", "")


def test_a_band_of_one_number_is_called_by_it() -> None:
    assert banded([1, 2], [1, 2, 6], "years") == ("1 years", "2 to 5 years")
