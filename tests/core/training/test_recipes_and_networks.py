"""What recipes say of networks is what the networks are: names, ranges, and how many weights learn in every phase."""

from __future__ import annotations

import typing

import msgspec
import pytest

from core.training import recipes, rules
from core.training.papers.scaled import _STAND_IN, _STAND_IN_BLOCKS, scaled
from core.training.recipe import Backbone, Recipe

pytest.importorskip("keras", reason="networks need Keras")

from core.networks import members
from core.networks.backbones import BACKBONES
from core.networks.start import input_range
from core.networks.trainable import blocks, choose

# Weights that learn in the base and in the head, phase by phase, as counted in Keras' own layer lists.
LEARN = {
    "a-mobilenet": [3_203_520 + 1_778_003],
    "c-model-0": [421_699],
    "c-model-2": [387, 421_699],
    "c-model-3": [6_147, 4_465_664 + 6_147],
    "d-alexnet-data-b": [55_435_524],
    "e-off-the-shelf": [3_225_007],
    "e-fine-tuning-1": [412_160 + 3_225_007],
    "e-fine-tuning-3": [1_206_080 + 3_225_007],
    "e-fine-tuning-5": [1_681_344 + 3_225_007],
    "e-fine-tuning-7": [1_917_888 + 3_225_007],
    "e-fine-tuning-9": [2_038_784 + 3_225_007],
    "e-fine-tuning-11": [2_147_328 + 3_225_007],
    "e-from-scratch": [2_223_872 + 3_225_007],
}


BUILT: dict[str, members.Member] = {}


def built(recipe: Recipe) -> members.Member:
    """A network a description; the strategies of paper E differ in what learns only."""
    description = recipes.architecture(recipe, len(recipe.classes))
    if repr(description) not in BUILT:
        BUILT[repr(description)] = members.build(description)
    return BUILT[repr(description)]


def learning(recipe: Recipe) -> list[int]:
    """How many weights learn in every phase."""
    member = built(recipe)
    return [
        choose(
            member, phase.trainable, cutoff=phase.cutoff, after=phase.after, count=phase.count,
            norms="frozen" if phase.norms == "frozen" else "learn",
        ).parameters
        for phase in recipe.phases
    ]  # fmt: skip


def test_the_declaration_knows_the_same_backbones() -> None:
    assert set(typing.get_args(Backbone)) == set(BACKBONES)


@pytest.mark.parametrize("backbone", sorted(rules.IMAGENET_RANGES))
def test_imagenet_ranges_are_those_of_the_weights(backbone: str) -> None:
    assert rules.IMAGENET_RANGES[backbone] == input_range(backbone)


@pytest.mark.parametrize("name", sorted(LEARN))
def test_as_many_weights_learn_as_the_published_cut_off_leaves(name: str) -> None:
    recipe = recipes.read(name)
    if not name.startswith("d-"):
        # Counts do not depend on the size; a flattened map's do.
        smaller = msgspec.structs.replace(recipe.input, rows=64, columns=64)
        recipe = msgspec.structs.replace(recipe, input=smaller)
    assert learning(recipe) == LEARN[name]


def test_the_small_network_has_the_blocks_that_shares_are_taken_of() -> None:
    head = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 2}]
    member = members.build({"backbone": _STAND_IN, "input": [64, 64, 3], "head": head})
    found = [name for name in blocks(member) if not name.startswith("stem")]
    assert len(found) == _STAND_IN_BLOCKS


def test_scaled_down_cut_offs_keep_something_frozen_and_something_learning() -> None:
    small = scaled(recipes.read("a-mobilenet"))
    learns = learning(small)[0]
    head = sum(layer.count_params() for layer in built(small).head)
    assert head < learns < built(small).parameters


def test_a_site_fine_tune_starts_as_well_from_imagenet() -> None:
    recipe = recipes.read("site-fine-tune")
    network = msgspec.structs.replace(recipe.network, start="imagenet")
    assert rules.problems(msgspec.structs.replace(recipe, network=network)) == []
    first, everything = learning(msgspec.structs.replace(recipe, classes=recipes.read("b-densenet201").classes))
    assert first < everything
