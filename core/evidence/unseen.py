"""What is left in hospitals that nobody trained on: sources left out in turn, from logits that never saw them.

Pooled figures pay for knowing the source. These do not: two classes within one source, two classes of sources that
were both left out, and an operating point carried over to films of a hospital that had no part in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.evidence import metrics
from core.evidence.calibration import point_for_specificity
from core.evidence.intervals import interval
from core.evidence.metrics import Floats
from core.inference.ensemble import softmax
from core.inference.novelty import Features, unknown_scores

Logits = NDArray[np.floating[Any]]
_FEWEST = 5  # films of a class
LEFT_OUT = "loso/"  # leave one source out: how such logits are named in a run's file


@dataclass(frozen=True, slots=True)
class Films:
    """The films that are judged, one entry each. truth: class numbers, -1 for none."""

    truth: NDArray[np.intp]
    sources: NDArray[np.str_]
    groups: NDArray[np.str_]
    classes: tuple[str, ...]

    def of(self, name: str) -> NDArray[np.bool_]:
        return np.asarray(self.truth == self.classes.index(name))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Logits (films, classes) of networks that saw no film of these sources; NaN where a film was not asked."""

    sources: tuple[str, ...]
    logits: Logits

    @property
    def name(self) -> str:
        return "+".join(self.sources)


def read_apart(path: Path, sha256s: Sequence[str]) -> tuple[Logits | None, tuple[LeftOut, ...]]:
    """Out-of-fold logits and those of every set of sources left out, for the films of these hashes, in their order.

    The file: `sha` (films,), `oof` (films, classes), and `loso/cohen`, `loso/bimcv+rsna` … A film that the file
    does not name gets NaN. `oof` may be missing (None).
    """
    with np.load(path, allow_pickle=False) as stored:
        place = {str(name): number for number, name in enumerate(stored["sha"])}
        where = np.array([place.get(name, -1) for name in sha256s], np.intp)

        def ordered(values: Logits) -> Logits:
            return np.where(where[:, None] >= 0, values[where], np.nan).astype(np.float64)

        folds = ordered(stored["oof"]) if "oof" in stored.files else None
        sets = [name for name in stored.files if name.startswith(LEFT_OUT)]
        left = tuple(
            LeftOut(tuple(name.removeprefix(LEFT_OUT).split("+")), ordered(stored[name])) for name in sorted(sets)
        )
    return folds, left


def within(films: Films, logits: Logits, source: str, one: str, other: str) -> dict[str, Any] | None:
    """AUROC of class `one` against `other` on films of one source, by the difference of their logits.

    Gives name, source, films, auroc with its interval over groups; None with fewer than five films of a class.
    """
    here = (films.sources == source) & (films.of(one) | films.of(other)) & np.isfinite(logits).all(axis=1)
    first, second = films.classes.index(one), films.classes.index(other)
    found = _against(films.of(one)[here], logits[here, first] - logits[here, second], films.groups[here])
    return found and {"name": f"{one} against {other} within {source}", "source": source, **found}


def unseen_pairs(films: Films, left_out: Sequence[LeftOut], one: str, other: str) -> list[dict[str, Any]]:
    """AUROC of `one` against `other` wherever a set of sources that was left out together has both.

    Both classes come from hospitals that these networks never saw, so the source says nothing about the class.
    Rows as from `within`, with left_out.
    """
    rows = []
    first, second = films.classes.index(one), films.classes.index(other)
    for each in left_out:
        here = _of(films, each) & (films.of(one) | films.of(other))
        margin = each.logits[here, first] - each.logits[here, second]
        if found := _against(films.of(one)[here], margin, films.groups[here]):
            rows.append({"name": f"{one} against {other}, {each.name} unseen", "left_out": each.name, **found})
    return rows


def unseen_together(
    films: Films,
    left_out: Sequence[LeftOut],
    ill: Sequence[str],
    normal: str = "normal",
    *,
    by: Literal["pair", "rest"],
    name: str,
) -> dict[str, Any] | None:
    """AUROC of the classes `ill` against normal over all films of sources that were left out one at a time.

    Every film is judged by the networks that did not see its source. by: "pair" is the difference of two logits, for
    one ill class; "rest" is 1 − p(normal), whichever ill class it was taken for. Different networks' answers are
    ranked together, as out of fold: where their scales differ this is too low rather than too high. None when normals
    or ill films are missing.
    """
    logits = own_logits(films, left_out)
    number = films.classes.index(normal)
    places = [films.classes.index(one) for one in ill]
    if by == "pair" and len(places) != 1:
        raise ValueError(f"a pair has one ill class, got {list(ill)}")
    sick = np.isin(films.truth, places)
    here = np.isfinite(logits).all(axis=1) & (sick | films.of(normal))
    own = logits[here]
    scores = own[:, places[0]] - own[:, number] if by == "pair" else _log_odds_not(own, number)
    found = _against(sick[here], scores, films.groups[here])
    return found and {"name": name, **found}


def own_logits(films: Films, left_out: Sequence[LeftOut]) -> Logits:
    """(films, classes): of every film the logits of the networks that left its source out; NaN where there are none.

    The smallest set counts where a source was left out in several.
    """
    logits = np.full((len(films.truth), len(films.classes)), np.nan)
    for each in sorted(left_out, key=lambda one: -len(one.sources)):
        here = _of(films, each)
        logits[here] = each.logits[here]
    return logits


def carried_point(
    films: Films,
    left_out: Sequence[LeftOut],
    picking: NDArray[np.bool_],
    *,
    suspicious: Sequence[str],
    normal: str = "normal",
    wanted: float = 0.90,
    temperatures: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """An operating point picked by specificity on sources that were seen, tried on those that were not.

    picking: the films that may pick, as for the shipped bundle (validation, whole-hospital normals and the ill); those
    of a source left out never do. For each set its own point. Gives rows, one a set {left_out, threshold, films and
    share below of unseen normals, films and share above of each unseen suspicious class}, and together: the same over
    all sources left out one at a time, every film at the point of the networks that had not seen its source.
    """
    places = [films.classes.index(name) for name in suspicious]
    rows = []
    above = np.zeros(len(films.truth), bool)
    judged = np.zeros(len(films.truth), bool)
    for each in sorted(left_out, key=lambda one: -len(one.sources)):
        shares = softmax(each.logits / (temperatures or {}).get(each.name, 1.0))
        suspicion = shares[:, places].sum(axis=1)
        usable = np.isfinite(suspicion)
        seen = picking & usable & ~np.isin(films.sources, each.sources)
        if not films.of(normal)[seen].any():
            continue
        point = point_for_specificity(~films.of(normal)[seen], suspicion[seen], wanted)
        here = _of(films, each)
        above[here], judged[here] = suspicion[here] >= point.threshold, True
        row: dict[str, Any] = {"left_out": each.name, "threshold": point.threshold}
        rows.append(row | _sides(films, suspicion >= point.threshold, here, suspicious, normal))
    return {"specificity": wanted, "rows": rows, "together": _sides(films, above, judged, suspicious, normal)}


def flagged_when_left_out(
    features: Features, others: Features, sources: Sequence[str], groups: Sequence[str], limit: float = 1.0
) -> dict[str, dict[str, Any]]:
    """Of each source the share of films that novelty would have flagged, with statistics learnt without that source.

    features: member → (films, numbers) of known frontal films; others: the same of pictures that are none; limit: the
    score above which a film is flagged. The members themselves may have seen the source: a new hospital can still do
    worse. Gives source → {films, flagged}.
    """
    marks, place, owner = unknown_scores(features, others, sources), np.asarray(sources), np.asarray(groups)
    found = {}
    for source in sorted(set(sources)):
        own = place == source
        figure = interval(metrics.share(marks[own] > limit), owner[own])
        found[source] = {"films": int(own.sum()), "flagged": figure.as_json()}
    return found


def _of(films: Films, left_out: LeftOut) -> NDArray[np.bool_]:
    """The films of the sources left out that have a class and were asked."""
    asked = np.isfinite(left_out.logits).all(axis=1)
    return np.asarray(np.isin(films.sources, left_out.sources) & (films.truth >= 0) & asked)


def _against(positive: NDArray[np.bool_], scores: Floats, groups: NDArray[np.str_]) -> dict[str, Any] | None:
    if min(int(positive.sum()), int((~positive).sum())) < _FEWEST:
        return None
    return {"films": len(positive), "auroc": interval(metrics.auroc(positive, scores), groups).as_json()}


def _log_odds_not(logits: Logits, number: int) -> Floats:
    """log((1 − p) / p) of one class: ranks as 1 − p does, without rounding to 1."""
    rest = np.delete(logits, number, axis=1)
    top = rest.max(axis=1)
    summed: Floats = top + np.log(np.exp(rest - top[:, None]).sum(axis=1)) - logits[:, number]
    return summed


def _sides(
    films: Films, above: NDArray[np.bool_], here: NDArray[np.bool_], suspicious: Sequence[str], normal: str
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, is_below in ((normal, True), *((name, False) for name in suspicious)):
        own = here & films.of(name)
        if not own.any():
            continue
        hits = ~above[own] if is_below else above[own]
        figure = interval(metrics.share(hits), films.groups[own]).as_json()
        told[name] = {
            "films": int(own.sum()),
            "below" if is_below else "above": figure,
            "sources": dict(_counts(films.sources[own])),
        }
    return told


def _counts(names: NDArray[np.str_]) -> Iterator[tuple[str, int]]:
    for name, count in zip(*np.unique(names, return_counts=True), strict=True):
        yield str(name), int(count)
