"""Do maps look at lungs, do they depend on what was learnt, and do the members point to the same places?

Maps here are signed, class against the rest, (classes, rows, columns) on the regular grid over each film; `insides`
says how much of each cell is lung (core.inference.lungs.area_in). A map that stays the same when the weights of the
head change places says nothing of what was learnt (Adebayo et al., NeurIPS 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence import metrics
from core.evidence.intervals import interval, intervals
from core.evidence.metrics import Floats, Statistic

Map = NDArray[np.floating[Any]]
_LUNG = 0.5  # a cell is lung when at least this much of it is
_FEWEST_CELLS = 8


def shares_inside(maps: Sequence[Map], insides: Sequence[Map]) -> Floats:
    """(films, classes): the share of the positive part of each map that lies in the lungs; NaN where nothing is
    positive, and for a film without lungs."""
    found = []
    for values, inside in zip(maps, insides, strict=True):
        positive = np.maximum(values, 0).astype(np.float64)
        whole, within = positive.sum((1, 2)), (positive * inside).sum((1, 2))
        share = np.divide(within, whole, out=np.full(len(whole), np.nan), where=whole > 0)
        found.append(share if inside.any() else np.full(len(whole), np.nan))
    return np.array(found).reshape(len(maps), -1)


def lung_attention(
    maps: Sequence[Map],
    insides: Sequence[Map],
    finding: NDArray[np.intp],
    groups: Sequence[str],
    classes: Sequence[str],
    *,
    suspicious: Sequence[int] = (),
) -> dict[str, Any]:
    """Attention in the lungs of the map that is shown, the finding's, beside the lungs' share of the picture.

    finding: the class number of each film's finding. Gives rows by name: "all", "abnormal" (the findings among
    `suspicious`) and every class, each {films, attention, lungs, more_than_lungs}: means over films with intervals over
    groups; more_than_lungs is the share of films whose map lies in the lungs more than a map without preference would.
    """
    shares = shares_inside(maps, insides)
    own = shares[np.arange(len(finding)), finding] if len(finding) else np.zeros(0)
    area = np.array([float(inside.mean()) for inside in insides])
    parts = {"all": np.ones(len(own), bool), "abnormal": np.isin(finding, suspicious)}
    parts |= {name: finding == number for number, name in enumerate(classes)}
    rows = {}
    for name, chosen in parts.items():
        among = chosen & np.isfinite(own)
        if not among.any():
            continue
        statistics: dict[str, Statistic] = {
            "attention": metrics.mean(own[among]),
            "lungs": metrics.mean(area[among]),
            "more_than_lungs": metrics.share(own[among] > area[among]),
        }
        figures = intervals(statistics, np.asarray(groups)[among])
        rows[name] = {"films": int(among.sum()), **{key: figure.as_json() for key, figure in figures.items()}}
    return rows


def change_by_shuffling(
    maps: Sequence[Map],
    shuffled: Sequence[Sequence[Map]],
    insides: Sequence[Map],
    finding: NDArray[np.intp],
    groups: Sequence[str],
) -> dict[str, Any]:
    """How alike the finding's map stays when the rows of the heads' weights change places.

    shuffled: the same films' maps for every shuffling. Rank correlation over the cells that are lung: 1 is the same
    map, 0 another one. Gives shufflings, films, correlation, magnitude (of the maps without their sign, the stricter
    question) and attention: of the trained maps, of the shuffled ones, and how much less; means over films and
    shufflings, intervals over groups.
    """
    like, alike_sizes, after = [], [], []
    for other in shuffled:
        like.append(_alike(maps, other, insides, finding))
        alike_sizes.append(_alike([np.abs(one) for one in maps], [np.abs(one) for one in other], insides, finding))
        after.append(shares_inside(other, insides)[np.arange(len(finding)), finding])
    before = shares_inside(maps, insides)[np.arange(len(finding)), finding]
    with np.errstate(invalid="ignore"):
        correlation, sizes, share = (np.mean(np.array(one), axis=0) for one in (like, alike_sizes, after))
    usable = np.isfinite(correlation) & np.isfinite(sizes) & np.isfinite(before) & np.isfinite(share)
    statistics: dict[str, Statistic] = {
        "correlation": metrics.mean(correlation[usable]),
        "magnitude": metrics.mean(sizes[usable]),
        "attention": metrics.mean(before[usable]),
        "attention_shuffled": metrics.mean(share[usable]),
        "attention_less_by": metrics.mean(before[usable] - share[usable]),
    }
    figures = intervals(statistics, np.asarray(groups)[usable])
    told = {name: figure.as_json() for name, figure in figures.items()}
    return {"shufflings": len(shuffled), "films": int(usable.sum()), **told}


def map_agreement(
    members: Mapping[str, Sequence[Map]], insides: Sequence[Map], finding: NDArray[np.intp], groups: Sequence[str]
) -> dict[str, Any]:
    """Mean rank correlation, inside the lungs, of two members' maps of the ensemble's finding; for each two and all."""
    pairs = {
        f"{one} and {other}": _alike(members[one], members[other], insides, finding)
        for one, other in combinations(members, 2)
    }
    return _told(pairs, groups)


def probability_agreement(
    members: Mapping[str, Floats], groups: Sequence[str], *, suspicious: Sequence[int]
) -> dict[str, Any]:
    """How alike two members rank the films by suspicion, and how often they call the same class; for each two.

    members: name → probabilities (films, classes). Gives pairs {name: {correlation, same_finding}} with intervals
    over groups, and films, all_same_finding: the share of films that all members call alike.
    """
    calls = {name: shares.argmax(axis=1) for name, shares in members.items()}
    suspicion = {name: shares[:, list(suspicious)].sum(axis=1) for name, shares in members.items()}
    pairs = {}
    for one, other in combinations(members, 2):
        statistics: dict[str, Statistic] = {
            "correlation": rank_correlation(suspicion[one], suspicion[other]),
            "same_finding": metrics.share(calls[one] == calls[other]),
        }
        figures = intervals(statistics, groups)
        pairs[f"{one} and {other}"] = {name: figure.as_json() for name, figure in figures.items()}
    called = np.stack(list(calls.values()))
    alike = interval(metrics.share((called == called[0]).all(axis=0)), groups)
    return {"films": called.shape[1], "pairs": pairs, "all_same_finding": alike.as_json()}


def rank_correlation(first: Floats, second: Floats) -> Statistic:
    """Spearman's rank correlation of two numbers a film; equal numbers share their middle rank."""
    ranked = _ranked(first), _ranked(second)

    def statistic(weights: Floats) -> Floats:
        one, other = (ranks(weights) for ranks in ranked)
        total = weights.sum(axis=1, keepdims=True)
        one = one - (weights * one).sum(axis=1, keepdims=True) / total
        other = other - (weights * other).sum(axis=1, keepdims=True) / total
        spread = (weights * one**2).sum(axis=1) * (weights * other**2).sum(axis=1)
        return metrics.divided((weights * one * other).sum(axis=1), np.sqrt(spread))

    return statistic


def _ranked(values: Floats) -> Statistic:
    """(replicates, films) ranks among the films of each resample."""
    order = np.argsort(values, kind="stable")
    ranked = np.asarray(values)[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    group = np.cumsum(np.r_[True, ranked[1:] != ranked[:-1]]) - 1
    place = np.empty(len(order), np.intp)
    place[order] = group

    def ranks(weights: Floats) -> Floats:
        counts = np.add.reduceat(weights[:, order], starts, axis=1)
        middle = np.cumsum(counts, axis=1) - counts / 2
        return np.asarray(middle[:, place])

    return ranks


def _alike(first: Sequence[Map], second: Sequence[Map], insides: Sequence[Map], finding: NDArray[np.intp]) -> Floats:
    """(films,) rank correlation of the finding's two maps over the cells that are lung; NaN where there is none."""
    from scipy.stats import rankdata

    found = np.full(len(first), np.nan)
    for number, (one, other, inside) in enumerate(zip(first, second, insides, strict=True)):
        cells = inside >= _LUNG
        if cells.sum() < _FEWEST_CELLS:
            continue
        ranks = [rankdata(values[finding[number]][cells]) for values in (one, other)]
        if all(rank.std() > 0 for rank in ranks):
            found[number] = np.corrcoef(*ranks)[0, 1]
    return found


def _told(pairs: Mapping[str, Floats], groups: Sequence[str]) -> dict[str, Any]:
    usable = np.isfinite(np.array(list(pairs.values()))).all(axis=0)
    statistics: dict[str, Statistic] = {name: metrics.mean(values[usable]) for name, values in pairs.items()}
    every = metrics.mean(np.mean([values[usable] for values in pairs.values()], axis=0))
    figures = intervals({**statistics, "": every}, np.asarray(groups)[usable])
    told = {name: figure.as_json() for name, figure in figures.items()}
    return {"films": int(usable.sum()), "all": told.pop(""), "pairs": told}
