"""Which films train, steer and judge: a protocol of a recipe, laid over labelled films.

By group every place follows from a keyed hash of the group alone, so films that arrive later never move earlier
ones, and recipes of one seed share their splits. That leaves the shares of the classes to chance, which a small set
cannot bear: there, and only where the recipe asks for strata, the hash is cut at its own quantiles within each class
instead of at fixed shares. Both rules read the same hash: later films then move only groups that lie next to a cut,
and none any more once every class has 100 films of 30 groups.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cohort.splits import share_of
from core.errors import RunRefused
from core.evidence.evaluate import SMALL_FILMS, SMALL_PATIENTS
from core.training.recipe import Protocol, Recipe

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """One training of a protocol: numbers of the films that train, that steer it, and that judge it, each ascending.

    name: also the name of its folder. train and test share no unit (group or image), nor does validation with either.
    """

    name: str
    train: Numbers
    validation: Numbers
    test: Numbers


@dataclass(frozen=True, slots=True)
class _Units:
    """What stays on one side. of_film: the unit of every film; of each unit its films, its stratum and its name.

    by_quantiles: whether cuts lie at quantiles within a stratum instead of at fixed shares.
    """

    of_film: Numbers
    films: Floats
    strata: Numbers
    names: tuple[str, ...]
    by_quantiles: bool
    key: str
    seed: int
    by_image: bool = field(default=False)

    def places(self, purpose: str, chosen: NDArray[np.bool_]) -> Floats:
        """A number in [0, 1) for every unit, and NaN for those not chosen; another one for another purpose."""
        if self.by_image:
            # Whoever splits by image repeats a paper: a seeded draw, as there.
            drawn = np.random.default_rng([self.seed, *purpose.encode()]).random(len(self.names))
        else:
            drawn = np.array([share_of(name, f"{self.key}/{purpose}") for name in self.names])
        answer = np.where(chosen, drawn, np.nan)
        if not self.by_quantiles:
            return answer
        for stratum in np.unique(self.strata):
            own = np.flatnonzero(chosen & (self.strata == stratum))
            order = own[np.argsort(drawn[own], kind="stable")]
            # The middle of a unit's films decides: shares are of films, whatever the size of groups.
            upto = np.cumsum(self.films[order])
            answer[order] = (upto - self.films[order] / 2) / max(upto[-1] if len(upto) else 1, 1)
        return answer


def parts(
    protocol: Protocol,
    labels: Sequence[str],
    groups: Sequence[str],
    sources: Sequence[str],
    seed: int,
    *,
    stated: Sequence[str] = (),
) -> list[Part]:
    """The trainings that a protocol asks for, over films with these labels, groups and sources.

    stated: the split that the labels name for every film, or "". Where they name test films, a single split takes
    these; a group is then where its first film is. In k-fold and leave-one-source-out every film judges exactly once.
    Refuses (RunRefused) "one-source", and "class-missing" when a part that trains, or one of a fold that judges, has
    no film of a class.
    """
    units = _units(protocol, labels, groups, seed)
    everything = np.ones(len(units.names), bool)
    if protocol.kind == "leave-one-source-out":
        return _by_source(protocol, units, labels, sources)
    if protocol.kind == "k-fold":
        fold = np.floor(units.places("fold", everything) * protocol.folds)
        cut = [(f"fold-{number + 1}", fold == number) for number in range(protocol.folds)]
    else:
        held = units.places("test", everything) < protocol.test
        if "test" in stated:
            _names, first = np.unique(units.of_film, return_index=True)
            held = np.asarray(stated)[first] == "test"
        cut = [("split", held)]
    found = [_part(name, units, held, protocol) for name, held in cut]
    for part in found:
        _check(part.name, "training", part.train, labels)
        _check(part.name, "test", part.test, labels)
        if protocol.kind != "single" and protocol.validation > 0 and not len(part.validation):
            # Nothing would steer the training.
            _check(part.name, "validation", part.validation, labels)
    return found


def final_part(protocol: Protocol, labels: Sequence[str], groups: Sequence[str], seed: int) -> Part:
    """For the network that is kept after k-fold: all films train but a small part, by group, that steers."""
    share = protocol.validation or Protocol().validation
    by_group = msgspec.structs.replace(protocol, unit="group", validation=share, kind="k-fold")
    units = _units(by_group, labels, groups, seed)
    part = _part("final", units, np.zeros(len(units.names), bool), by_group)
    _check(part.name, "training", part.train, labels)
    return part


def for_a_site(recipe: Recipe, labels: Sequence[str], groups: Sequence[str], stated: Sequence[str]) -> Recipe:
    """The recipe, with k-fold in place of a single split where the films are few and nobody repeats a paper.

    A test part of a small set would be a handful of films: out-of-fold figures use all of them (design.md section 7).
    As many folds as leave every class in each of them, five at most; a class of one patient keeps the single split.
    """
    protocol = recipe.protocol
    if recipe.paper or not protocol.kind.startswith("single") or "test" in stated or not small_classes(labels, groups):
        return recipe
    for folds in range(Protocol().folds, 1, -1):
        k_fold = msgspec.structs.replace(protocol, kind="k-fold", folds=folds, unit="group")
        try:
            parts(k_fold, labels, groups, [""] * len(labels), recipe.seed)
        except RunRefused:
            continue
        return msgspec.structs.replace(recipe, protocol=k_fold)
    return recipe


def twin(recipe: Recipe) -> Recipe | None:
    """The same recipe with groups kept together, where it splits by image; its figures stand beside it."""
    if recipe.protocol.unit == "group":
        return None
    return msgspec.structs.replace(recipe, protocol=msgspec.structs.replace(recipe.protocol, unit="group"))


def small_classes(labels: Sequence[str], groups: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Films and patients of every class that has too few for a threshold or a locked test (design.md section 7)."""
    films = Counter(labels)
    patients = Counter(label for label, _group in set(zip(labels, groups, strict=True)))
    return {
        name: (films[name], patients[name])
        for name in sorted(films)
        if films[name] < SMALL_FILMS or patients[name] < SMALL_PATIENTS
    }


def _units(protocol: Protocol, labels: Sequence[str], groups: Sequence[str], seed: int) -> _Units:
    by_image = protocol.unit == "image"
    if by_image:
        names, of_film = tuple(str(number) for number in range(len(labels))), np.arange(len(labels))
    else:
        found, of_film = np.unique(np.asarray(groups), return_inverse=True)
        names, of_film = tuple(found.tolist()), of_film.reshape(-1)
    strata = np.zeros(len(names), np.int64)
    if protocol.stratified:
        strata = _strata(labels, of_film, len(names))
    by_quantiles = by_image or (protocol.stratified and bool(small_classes(labels, groups)))
    films = np.bincount(of_film, minlength=len(names)).astype(np.float64)
    return _Units(of_film, films, strata, names, by_quantiles, f"split {seed}", seed, by_image)


def _strata(labels: ArrayLike, of_film: Numbers, count: int) -> Numbers:
    """The class of every unit: of a group with several, the one that is rarest on the whole."""
    classes, numbers, films = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    answer = np.full(count, -1, np.int64)
    for number in np.argsort(-films, kind="stable"):  # the rarest comes last and stays
        answer[of_film[numbers.reshape(-1) == number]] = number
    return answer


def _part(name: str, units: _Units, held: NDArray[np.bool_], protocol: Protocol) -> Part:
    """held: which units judge. What steers is taken from the others, by another hash than the folds."""
    steers = np.zeros(len(units.names), bool)
    if protocol.kind != "single" and protocol.validation:
        steers = units.places("validation", ~held) < protocol.validation
    return Part(name, *(np.flatnonzero(which[units.of_film]) for which in (~held & ~steers, steers, held)))


def _by_source(protocol: Protocol, units: _Units, labels: Sequence[str], sources: Sequence[str]) -> list[Part]:
    where = np.asarray(sources)
    names = sorted(set(where.tolist()))
    if len(names) < 2:
        raise RunRefused("one-source", present=names[0] if names and names[0] else "none named")
    found = []
    for number, source in enumerate(names, 1):
        judged = where == source
        # A group with films of two sources must not train for its own test: such films do neither there.
        touched = np.zeros(len(units.names), bool)
        touched[units.of_film[judged]] = True
        part = _part(_folder(number, source), units, touched, protocol)
        part = Part(part.name, part.train, part.validation, np.flatnonzero(judged))
        # A source need not have all classes to judge; what trains must.
        _check(part.name, "training", part.train, labels)
        found.append(part)
    return found


def _folder(number: int, source: str) -> str:
    """A name that every file system takes, and that two sources never share."""
    return f"source-{number}-{re.sub(r'[^a-z0-9]+', '-', source.lower()).strip('-') or 'unnamed'}"[:60].rstrip("-")


def _check(name: str, side: str, films: Numbers, labels: Sequence[str]) -> None:
    have = {labels[number] for number in films.tolist()}
    for label in sorted(set(labels) - have):
        raise RunRefused("class-missing", what=label, side=side, name=name)
