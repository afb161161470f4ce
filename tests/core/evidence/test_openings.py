"""Every look at a test set is counted, and none is forgotten."""

from __future__ import annotations

import pytest

from core import places
from core.errors import RunRefused
from core.evidence.openings import Openings, opened, openings, set_digest

FILMS = [("aa" * 32, "normal"), ("bb" * 32, "covid")]


def test_each_opening_of_a_set_is_counted_with_the_bundles_that_it_judged():
    digest = set_digest(FILMS)
    assert openings(digest) == Openings(0, 0)
    assert opened(digest, "first") == Openings(1, 1)
    assert opened(digest, "first", {"shortcut-source": "known"}) == Openings(2, 1)
    assert opened(digest, "second") == openings(digest) == Openings(3, 2)
    assert openings(set_digest(FILMS[:1])) == Openings(0, 0)


def test_a_set_is_the_same_in_any_order_and_another_one_with_another_label():
    assert set_digest(FILMS) == set_digest(FILMS[::-1])
    assert set_digest(FILMS) != set_digest([FILMS[0], ("bb" * 32, "normal")])


def test_a_damaged_count_is_refused_and_not_started_again():
    opened(set_digest(FILMS), "first")
    (places.home() / "openings.json").write_text("{", "utf-8")
    with pytest.raises(RunRefused, match="damaged"):
        opened(set_digest(FILMS), "first")
