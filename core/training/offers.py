"""What can be started from, and what of it would learn: the answers that the wizard's start page asks for.

Building a network takes seconds and a network library, so this runs in the trainer's process.
"""

from __future__ import annotations

import functools
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.inference import shelf
from core.inference.bundles import load
from core.training import recipes
from core.training.offered import Offer, Ruler, Side
from core.training.recipe import Phase, Recipe

BESIDES = ("imagenet", "random")


def offered() -> tuple[Offer, ...]:
    """Every ensemble on the shelf: the one in use first, then the site's own."""
    found = []
    for one in shelf.listed():
        if one.bundle is None:
            why = one.problem.text if one.problem is not None else ""
            found.append(Offer(str(one.folder), one.folder.name, "", "", "", one.shipped, False, (), (), why))
        elif one.bundle.description.kind == "ensemble":
            bundle = one.bundle
            backbones = tuple(str(entry.architecture.get("backbone")) for entry in bundle.members)
            found.append(
                Offer(str(one.folder), bundle.name, bundle.version, bundle.description.title, bundle.digest,
                      one.shipped, one.in_use, bundle.classes, backbones)
            )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (not one.in_use, bool(one.problem), one.shipped)))


def promotions() -> tuple[tuple[str, str, str, str, str], ...]:
    """When (UTC, ISO 8601), who, "promote" or "rollback", name and version, oldest first. Refuses what the log does."""
    return tuple((one.when, one.who, one.action, one.name, one.version) for one in shelf.log())


def rolled_back(who: str) -> str:
    """Put the bundle into use that was before, and give its name and version. Refuses "no-earlier-bundle"."""
    bundle = shelf.rollback(who)
    return f"{bundle.name} {bundle.version}"


def rulers(recipe_text: str, start: str, classes: int = 2) -> tuple[Ruler, ...]:
    """What learns in every phase of a recipe, for each network that it would train.

    start: the folder of a bundle, whose members are then trained, or "imagenet" or "random". classes: of a network
    that is begun anew. Refuses "recipe-unusable", "trainable-unusable", "architecture-unusable", and what load does.
    """
    data = tomllib.loads(recipe_text)
    recipe = recipes.checked(data, str(data.get("title", "")))
    return tuple(
        _ruler(name, data, phase) for name, data in _networks(recipe, start, classes) for phase in recipe.phases
    )


def _networks(recipe: Recipe, start: str, classes: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
    if start in BESIDES:
        return [(recipe.network.backbone, recipes.architecture(recipe, classes))]
    return [(entry.name, entry.architecture) for entry in load(Path(start)).members]


def _ruler(name: str, architecture: Mapping[str, Any], phase: Phase) -> Ruler:
    from core.networks.trainable import choose

    member = _built(json.dumps(architecture, sort_keys=True))
    norms = "learn" if phase.norms == "measured" else phase.norms
    choose(member, phase.trainable, cutoff=phase.cutoff, after=phase.after, count=phase.count, norms=norms)
    layers = [*member.layers, *member.head]
    sizes = [sum(math.prod(weight.shape) for weight in layer.weights) for layer in layers]
    learning = [number for number, layer in enumerate(layers) if layer.trainable_weights]
    cut = learning[0] if learning else len(layers)
    norm_layers = tuple(number for number, layer in enumerate(layers) if type(layer).__name__ == "BatchNormalization")
    beyond = [number for number in norm_layers if number >= cut]
    return Ruler(
        name, phase.name,
        Side(cut, sum(sizes[:cut]), len(norm_layers) - len(beyond)),
        Side(len(layers) - cut, sum(sizes[cut:]), len(beyond)),
        cut, layers[cut].name if learning else "", tuple(sizes), norm_layers,
        sum(not layers[number].trainable_weights for number in beyond),
    )  # fmt: skip


@functools.lru_cache(maxsize=4)
def _built(architecture: str) -> Any:
    """A network takes seconds to build, and only what learns in it changes while a form is filled in."""
    from core.networks.members import build

    return build(json.loads(architecture))
