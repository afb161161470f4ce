"""What a training begins from: nothing, ImageNet, or the members of a bundle or of an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cohort.cohort import Cohort
from core.cohort.hashes import NEAR_BITS, distances, mirrored_hash
from core.cohort.lineage import Lineage, read_lineage
from core.errors import RunRefused
from core.evidence.judging import LINEAGE
from core.inference import shelf
from core.inference.bundles import DESCRIPTION, Bundle, load
from core.inference.description import MemberEntry
from core.networks.members import Member, build
from core.training.recipe import Recipe

BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class Start:
    """Start weights. kind: "random", "imagenet" or "bundle". folder: of Keras' published weight files, if given.

    network: whose weights are taken in the kind "bundle": architecture and .weights.h5; None where every member of the
    bundle is taken (core.training.several). bundle: that it is a member of, if any. notes: what a run folder keeps of
    it, with "words" for people.
    """

    kind: str
    folder: Path | None = None
    bundle: Bundle | None = None
    network: tuple[Mapping[str, Any], Path] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return str(self.notes.get("words", self.kind))


def start_of(recipe: Recipe, given: Path | Bundle | None = None, weights: Path | None = None) -> Start:
    """The start that a recipe asks for; `given` (a bundle, or a run that ended in one) goes before it.

    A recipe that starts from a bundle takes the one in use when none is given. weights: a folder of Keras' published
    weight files. Refuses (RunRefused) "start-missing", "start-unusable" when no member has the recipe's backbone, and
    what loading a bundle refuses.
    """
    kind, _, name = recipe.network.start.partition(":")
    if given is None and kind == "recipe":
        raise RunRefused("start-missing", what=f"a run of the recipe {name}; give it with --start RUN")
    if given is None and kind != "bundle":
        words = {"random": "random weights", "imagenet": f"ImageNet weights of {recipe.network.backbone}"}[kind]
        return Start(kind, weights, notes={"words": words})
    bundle = given if isinstance(given, Bundle) else bundle_of(given)
    entry = _member(bundle, recipe)
    words = f"{bundle.name} {bundle.version}, member {entry.name}"
    notes = {"words": words, "bundle": bundle.name, "version": bundle.version, "digest": bundle.digest,
             "member": entry.name, "weights_sha256": entry.files.weights.sha256}  # fmt: skip
    network = entry.architecture, bundle.path(entry.files.weights.path)
    return Start("bundle", bundle=bundle, network=network, notes=notes)


def load_into(member: Member, start: Start, classes: Sequence[str]) -> None:
    """Give a built member its start weights; what has no counterpart there keeps its random ones.

    classes: the member's, in its order. A bundle that tells the same classes apart gives its last layer too.
    """
    from core.networks import start as starts

    if start.kind == "bundle":
        if start.network is None:
            raise ValueError("a start from a bundle names the network whose weights are taken")
        starts.load_member(member, *start.network)
        if start.bundle is not None and set(start.bundle.classes) == set(classes):
            _take_last_layer(member, start.network, [start.bundle.classes.index(name) for name in classes])
    else:
        starts.load_start(member, start.kind, start.folder)


def _take_last_layer(member: Member, network: tuple[Mapping[str, Any], Path], order: Sequence[int]) -> None:
    """The same classes need no new head: it would have to learn from nothing what the start knows."""
    architecture, weights = network
    source = build(architecture)
    source.model.load_weights(weights)
    kernel, bias = source.head[-1].get_weights()
    if kernel.shape == tuple(member.head[-1].kernel.shape):
        member.head[-1].set_weights([kernel[:, order], bias[order]])


def seen(start: Start, cohort: Cohort) -> NDArray[np.bool_]:
    """Which films the start weights' bundle or its ancestors saw."""
    return known_to(lineage_before(start), cohort)


def known_to(lineage: Lineage | None, cohort: Cohort) -> NDArray[np.bool_]:
    """Which films a lineage names, by file or as nearly the same film."""
    answer = np.zeros(len(cohort), bool)
    if lineage is None or not len(lineage.exact):
        return answer
    known = {row.tobytes() for row in lineage.exact}
    for number, sha256 in enumerate(cohort.sha256s.tolist()):
        answer[number] = bytes.fromhex(sha256) in known
    for number in np.flatnonzero(~answer).tolist():
        both = np.stack([cohort.hashes[number], mirrored_hash(cohort.films[number])])
        answer[number] = bool((distances(both, lineage.perceptual) <= NEAR_BITS).any())
    return answer


def lineage_before(start: Start) -> Lineage | None:
    return None if start.bundle is None else lineage_in(start.bundle)


def lineage_in(bundle: Bundle) -> Lineage | None:
    """What a bundle and its ancestors saw; None for one that does not say."""
    return read_lineage(bundle.path(LINEAGE)) if bundle.path(LINEAGE).is_file() else None


def bundle_of(given: Path | None) -> Bundle:
    """The bundle that a place means: a bundle, or a run that ended in one; the one in use when None."""
    if given is not None and not (given / DESCRIPTION).is_file() and (given / BUNDLE / DESCRIPTION).is_file():
        return load(given / BUNDLE)
    if given is not None and (given / "run.json").is_file() and not (given / BUNDLE).exists():
        raise RunRefused("start-missing", what=f"the run {given} has not ended in a bundle")
    return shelf.chosen(given)


def _member(bundle: Bundle, recipe: Recipe) -> MemberEntry:
    """The first member with the recipe's backbone, cut at the same place if there is one."""
    wanted = recipe.network
    same = [
        entry
        for entry in bundle.members
        if entry.architecture.get("backbone") == wanted.backbone and entry.architecture.get("width") == wanted.width
    ]
    if not same:
        have = ", ".join(str(entry.architecture.get("backbone")) for entry in bundle.members)
        raise RunRefused("start-unusable", what=bundle.name, why=f"it has {have}, not {wanted.backbone}")
    return next((entry for entry in same if entry.architecture.get("cut") == wanted.cut), same[0])
