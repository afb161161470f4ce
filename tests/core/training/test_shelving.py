"""A bundle is put onto the shelf and into use beside the looks at the training, one at a time."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from core.errors import BundleRefused
from core.training.desk import Desk

_SECONDS = 60


def test_a_look_is_answered_while_a_bundle_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    proved = threading.Event()

    def promote(digest: str, who: str) -> SimpleNamespace:
        assert proved.wait(_SECONDS)
        return SimpleNamespace(digest=digest)

    monkeypatch.setattr("core.training.desk.shelf.promote", promote)
    desk = Desk()
    number = desk.promote("d" * 64, "rk")
    state = desk.look(None)
    assert state.busy and state.shelving is not None
    assert (state.shelving.number, state.shelving.step, state.shelving.digest) == (number, "promote", "")
    with pytest.raises(BundleRefused, match="a bundle is being proved"):
        desk.promote("e" * 64, "rk")
    proved.set()
    desk.close(_SECONDS)
    state = desk.look(None)
    assert not state.busy and state.shelving is not None and state.shelving.digest == "d" * 64


def test_what_the_shelf_refuses_and_mistakes_of_our_own_are_in_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.promote("nothing", "rk")
    desk.close(_SECONDS)
    state = desk.look(None)
    assert state.shelving is not None and state.shelving.error is not None
    assert state.shelving.error.code == "bundle-missing"

    def broken(digest: str, who: str) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("core.training.desk.shelf.promote", broken)
    desk.promote("d", "rk")
    desk.close(_SECONDS)
    with pytest.raises(RuntimeError, match="by nothing"):
        desk.look(None)
    state = desk.look(None)
    assert state.shelving is not None and state.shelving.error is not None
    assert state.shelving.error.code == "models-broken"
