"""The members of a bundle, each made a network of one run: tuned on the same films, each with its own input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from core.cohort.labels import Labels
from core.errors import RunRefused
from core.imaging.prepare import needs_lungs
from core.inference.bundles import Bundle, of_kind
from core.inference.description import MemberEntry
from core.progress import Stop
from core.training.material import Material
from core.training.recipe import Recipe
from core.training.run import Report, Task, task_of
from core.training.starting import Start, bundle_of, start_of
from core.training.watching import Watch


def begins(recipe: Recipe, given: Path | Bundle | None, weights: Path | None) -> Start:
    """What a run begins from: all members of a bundle where the recipe starts from one, else one network.

    Refuses what starting.start_of refuses, and "bundle-kind" (BundleRefused) for a bundle of lungs.
    """
    if recipe.network.start != "bundle":
        return start_of(recipe, given, weights)
    bundle = of_kind(given if isinstance(given, Bundle) else bundle_of(given), "ensemble")
    names = [entry.name for entry in bundle.members]
    which = f"member {names[0]}" if len(names) == 1 else f"all {len(names)} members"
    notes = {"words": f"{bundle.name} {bundle.version}, {which}", "bundle": bundle.name, "version": bundle.version,
             "digest": bundle.digest, "members": names}  # fmt: skip
    return Start("bundle", bundle=bundle, notes=notes)


def is_several(start: Start) -> bool:
    """Whether members of a bundle are tuned, and not a network that the recipe describes."""
    return start.bundle is not None and start.network is None


def as_the_bundle(recipe: Recipe, labels: Labels, start: Start) -> tuple[Recipe, Labels]:
    """The recipe and the labels, with what the members' bundle says where they say nothing.

    The order of its classes, which of them are suspicious, and whether the lungs have to be found.
    """
    bundle = start.bundle
    if not is_several(start) or bundle is None:
        return recipe, labels
    if not recipe.classes:
        known = [name for name in bundle.classes if name in labels.classes]
        labels = replace(labels, classes=(*known, *(name for name in labels.classes if name not in known)))
    if not recipe.positive:
        harmless = set(bundle.classes) - set(bundle.description.suspicion)
        positive = tuple(name for name in labels.classes if name not in harmless)
        if 0 < len(positive) < len(labels.classes):
            recipe = msgspec.structs.replace(recipe, positive=positive)
    framed = any(needs_lungs(bundle.input(entry).steps) for entry in bundle.members)
    frame = msgspec.structs.replace(recipe.input, frame="lungs" if framed else "film")
    return msgspec.structs.replace(recipe, input=frame), labels


def tasks_of(
    recipe: Recipe, material: Material, start: Start, *, report: Report, stop: Stop, watch: Watch
) -> tuple[Task, ...]:
    """A task for every network of the run."""
    bundle = start.bundle
    if not is_several(start) or bundle is None:
        return (replace(task_of(recipe, material, start, report, stop), watch=watch),)
    return tuple(
        Task(
            recipe, material, _of_member(start, bundle, entry), bundle.input(entry).steps,
            _architecture(entry, bundle, material.classes), report, stop, entry.name, entry.weight, watch,
        )
        for entry in bundle.members
    )  # fmt: skip


def _of_member(start: Start, bundle: Bundle, entry: MemberEntry) -> Start:
    weights = entry.files.weights
    words = f"{bundle.name} {bundle.version}, member {entry.name}"
    notes = {**start.notes, "words": words, "member": entry.name, "weights_sha256": weights.sha256}
    return replace(start, network=(entry.architecture, bundle.path(weights.path)), notes=notes)


def _architecture(entry: MemberEntry, bundle: Bundle, classes: Sequence[str]) -> dict[str, Any]:
    """The member's own network, with a last layer for these classes."""
    head: list[Mapping[str, Any]] = list(entry.architecture.get("head", ()))
    if not head or head[-1].get("layer") != "dense":
        raise RunRefused("start-unusable", what=bundle.name, why=f"its member {entry.name} has no layer of classes")
    return {**entry.architecture, "head": [*head[:-1], {**head[-1], "units": len(classes)}]}
