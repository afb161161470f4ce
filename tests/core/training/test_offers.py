"""What the wizard's start page is told: what can be started from, and what of it would learn."""

from __future__ import annotations

import msgspec
import pytest

from core.errors import RunRefused
from core.training import offers, recipes
from core.training.written import toml
from tests.small_training import RECIPE

PHASE = {"trainable": "all", "rate": 0.01, "epochs": 1}


def text(*phases: dict[str, object]) -> str:
    recipe = recipes.checked({**RECIPE, "phases": [{**PHASE, **phase} for phase in phases]})
    return toml(msgspec.to_builtins(recipe))


def test_a_ruler_counts_everything_once_on_either_side_of_the_cut() -> None:
    whole, head = offers.rulers(text({}, {"name": "head", "trainable": "head"}), "random")
    for ruler in (whole, head):
        assert ruler.frozen.layers + ruler.learns.layers == len(ruler.sizes)
        assert ruler.frozen.parameters + ruler.learns.parameters == sum(ruler.sizes)
        assert ruler.frozen.norms + ruler.learns.norms == len(ruler.norms)
        assert ruler.cut == ruler.frozen.layers
    assert whole.frozen.parameters == 0
    assert head.learns.layers < whole.learns.layers
    assert (whole.phase, head.phase) == ("train", "head")


def test_normalisations_that_keep_what_they_have_are_told() -> None:
    recipe = {**RECIPE, "network": {"backbone": "mobilenetv2", "width": 0.35, "start": "random"}}
    last = {**PHASE, "trainable": "last-blocks", "count": 2}
    phases = [PHASE, {**last, "name": "learn"}, {**last, "name": "keep", "norms": "frozen"}]
    _all, learning, frozen = offers.rulers(
        toml(msgspec.to_builtins(recipes.checked(recipe | {"phases": phases}))), "random"
    )
    assert learning.still == 0
    assert frozen.still == frozen.learns.norms > 0
    assert frozen.frozen.norms > 0


def test_a_cut_off_that_the_network_has_not_is_refused_in_words() -> None:
    with pytest.raises(RunRefused) as refused:
        offers.rulers(text({}, {"name": "last", "trainable": "last-blocks", "count": 99}), "random")
    assert "99 blocks" in refused.value.reason.text


def test_the_bundle_in_use_is_offered_first_with_its_members() -> None:
    first = offers.offered()[0]
    assert first.in_use
    assert first.shipped
    assert len(first.members) > 1
    assert first.folder.endswith("adult-covid")
