"""How much probabilities move when only what is no patient changes: bars, edge, letters, resolution, encoding.

Bars, letters and pixel sizes differ from hospital to hospital. A network that moves with them has something to tell
hospitals by. Each change keeps the lungs as they are; the caller's `assess` looks for them anew on the changed film,
as the program does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.evidence import metrics
from core.evidence.intervals import interval
from core.evidence.metrics import Floats
from core.imaging.prepare import SETTLED_SIDE, resized

Film = NDArray[np.uint16]
Assess = Callable[[Sequence[Film]], Floats]
"""Settled films → probabilities (films, classes)."""
Kind = Literal["padding", "edge", "text", "resolution", "encoding"]

LIMIT = 0.03
_WHITE = 65535
_BAR = 0.10  # of the side, on each end
_EDGE = 0.05
_LETTER = 0.03  # of the film's height
_DARK = 0.02  # of the grey scale: a bar is darker than this, all along
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a film may look different. apply: None where it has nothing to change (no bars to remove)."""

    kind: Kind
    name: str
    apply: Callable[[Film], Film | None]


def nuisances(
    films: Sequence[Film],
    assess: Assess,
    groups: Sequence[str],
    *,
    changes: Sequence[Change] | None = None,
    limit: float = LIMIT,
) -> dict[str, Any]:
    """Mean |Δp| over films and classes for each kind of change, and for each change by itself; plain data.

    Gives limit, films, kinds {kind: {moved, worst_film, finding_changed, films, holds, worst_change}} and changes (rows
    with the same and their name). moved is a figure with its interval over groups; finding_changed the share of films
    whose likeliest class is another one; holds whether the mean keeps to the limit; worst_change names the change of
    this kind that moves most. Films that a change leaves as they are do not count for it: they would make it look
    harmless.
    """
    before = np.concatenate([assess(part) for part in _parts(films)]) if len(films) else np.zeros((0, 1))
    found: dict[str, list[_Moved]] = {}
    rows = []
    for change in CHANGES if changes is None else changes:
        moved = _moved(films, assess, before, change)
        found.setdefault(change.kind, []).append(moved)
        rows.append({"kind": change.kind, "name": change.name, **_figures([moved], groups, limit)})
    kinds = {kind: _figures(parts, groups, limit) | _worst(kind, rows) for kind, parts in found.items()}
    return {"limit": limit, "films": len(films), "kinds": kinds, "changes": rows}


@dataclass(frozen=True, slots=True)
class _Moved:
    """numbers: of the films that changed; moved: their mean |Δp| over classes; other: whether the finding changed."""

    numbers: NDArray[np.intp]
    moved: Floats
    other: NDArray[np.bool_]


def _moved(films: Sequence[Film], assess: Assess, before: Floats, change: Change) -> _Moved:
    numbers: list[int] = []
    after = [np.zeros((0, before.shape[1]))]
    for start in range(0, len(films), _AT_ONCE):
        changed: list[Film] = []
        for number in range(start, min(start + _AT_ONCE, len(films))):
            if (film := change.apply(np.asarray(films[number]))) is not None:
                numbers.append(number)
                changed.append(film)
        if changed:
            after.append(np.asarray(assess(changed), np.float64))
    who, now = np.array(numbers, np.intp), np.concatenate(after)
    return _Moved(who, np.abs(now - before[who]).mean(axis=1), now.argmax(axis=1) != before[who].argmax(axis=1))


def _figures(parts: Sequence[_Moved], groups: Sequence[str], limit: float) -> dict[str, Any]:
    who = np.concatenate([part.numbers for part in parts])
    if not len(who):
        return {"films": 0, "moved": None, "worst_film": None, "finding_changed": None, "holds": None}
    moved = np.concatenate([part.moved for part in parts])
    other = np.concatenate([part.other for part in parts])
    own = np.asarray(groups)[who]
    # A mean of one, so that it is not taken for a share of films where nothing moved at all.
    figure = interval(metrics.macro([metrics.mean(moved)]), own)
    assert figure.value is not None
    return {
        "films": len(np.unique(who)),
        "moved": figure.as_json(),
        "worst_film": float(moved.max()),
        "finding_changed": interval(metrics.share(other), own).as_json(),
        "holds": figure.value <= limit,
    }


def _worst(kind: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    own = [row for row in rows if row["kind"] == kind and row["moved"]]
    worst = max(own, key=lambda row: float(row["moved"]["value"]), default=None)
    return {"worst_change": worst and {"name": worst["name"], "moved": worst["moved"]}}


def _parts(films: Sequence[Film]) -> Iterator[list[Film]]:
    for start in range(0, len(films), _AT_ONCE):
        yield [np.asarray(films[number]) for number in range(start, min(start + _AT_ONCE, len(films)))]


def with_bars(film: Film, rows: float = 0.0, columns: float = 0.0) -> Film:
    """Black bars of these shares of the height and width on both ends, brought back to the settled size."""
    top, left = round(rows * film.shape[0]), round(columns * film.shape[1])
    padded = np.pad(film, ((top, top), (left, left)))
    # A file with bars is settled with them: the lungs become a little smaller.
    shrink = min(1.0, SETTLED_SIDE / max(padded.shape))
    return _sized(padded, round(padded.shape[0] * shrink), round(padded.shape[1] * shrink))


def without_bars(film: Film) -> Film | None:
    """The film without rows and columns at its edge that are black all along; None when it has none."""
    lit = film > _DARK * _WHITE
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if not len(rows) or (len(rows) == film.shape[0] and len(columns) == film.shape[1]):
        return None
    kept = np.ascontiguousarray(film[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return kept if kept.size >= film.size / 2 else None  # less than half is no bar


def edge_cut(film: Film, share: float = _EDGE, sides: Sequence[bool] = (True, True, True, True)) -> Film:
    """The film without `share` of its height or width at top, bottom, left, right."""
    rows, columns = film.shape
    deep, wide = int(share * rows), int(share * columns)
    top, bottom, left, right = sides
    return np.ascontiguousarray(film[deep * top : rows - deep * bottom, wide * left : columns - wide * right])


def edge_painted(film: Film, grey: float, share: float = _EDGE) -> Film:
    """The outer `share` of every side in one grey, 0…1."""
    rows, columns = film.shape
    deep, wide = int(share * rows), int(share * columns)
    painted = np.full_like(film, round(grey * _WHITE))
    painted[deep : rows - deep, wide : columns - wide] = film[deep : rows - deep, wide : columns - wide]
    return painted


def lettered(film: Film, words: Sequence[tuple[str, float, float]]) -> Film:
    """White letters, each (text, row, column) with the place of its upper left corner as shares of the film."""
    rows, columns = film.shape
    ink = np.zeros(film.shape, np.uint8)
    height = max(6.0, _LETTER * rows)
    size = height / 22  # a capital of this font is 22 pixels high at size 1
    for text, row, column in words:
        place = round(column * columns), round(row * rows + height)
        cv2.putText(ink, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, 255, max(1, round(height / 9)), cv2.LINE_AA)
    share = ink.astype(np.float64) / 255
    return np.asarray(np.round(film * (1 - share) + _WHITE * share), np.uint16)


def coarser(film: Film, side: int) -> Film | None:
    """Down to this longest side and up again; None for a film that is no larger."""
    rows, columns = film.shape
    shrink = side / max(rows, columns)
    if shrink >= 1:
        return None
    return _sized(_sized(film, round(rows * shrink), round(columns * shrink)), rows, columns)


def compressed(film: Film, quality: int) -> Film:
    """Through 8 bits and JPEG of this quality."""
    grey = np.round(film / 257).astype(np.uint8)
    _done, stream = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stream, cv2.IMREAD_GRAYSCALE), np.uint16) * np.uint16(257)


def _sized(film: Film, rows: int, columns: int) -> Film:
    picture = resized(film.astype(np.float32), max(1, rows), max(1, columns))
    return np.asarray(np.round(np.clip(picture, 0, _WHITE)), np.uint16)


# Where side markers and labels usually are: within a tenth of the film's edge, beyond most border crops.
_LEFT_MARK, _RIGHT_MARK = ("L", 0.06, 0.90), ("R", 0.06, 0.06)
_TOP_LINE, _BOTTOM_LINE = ("AP PORTABLE  SEMI ERECT", 0.055, 0.25), ("12:40  BED 7", 0.91, 0.60)

CHANGES: tuple[Change, ...] = (
    Change("padding", "black bars left and right, a tenth of the width each", partial(with_bars, columns=_BAR)),
    Change("padding", "black bars above and below, a tenth of the height each", partial(with_bars, rows=_BAR)),
    Change("padding", "black bars on all sides", partial(with_bars, rows=_BAR, columns=_BAR)),
    Change("padding", "the film's own black bars removed", without_bars),
    Change("edge", "5 % cut off every side", edge_cut),
    Change("edge", "5 % cut off above", partial(edge_cut, sides=(True, False, False, False))),
    Change("edge", "5 % cut off below", partial(edge_cut, sides=(False, True, False, False))),
    Change("edge", "5 % cut off the left", partial(edge_cut, sides=(False, False, True, False))),
    Change("edge", "5 % of every side painted black", partial(edge_painted, grey=0.0)),
    Change("edge", "5 % of every side painted white", partial(edge_painted, grey=1.0)),
    Change("text", "the letter L at the upper right", partial(lettered, words=(_LEFT_MARK,))),
    Change("text", "the letter R at the upper left", partial(lettered, words=(_RIGHT_MARK,))),
    Change("text", "a line of text above and one below", partial(lettered, words=(_TOP_LINE, _BOTTOM_LINE))),
    Change("resolution", "224 pixels and up again", partial(coarser, side=224)),
    Change("resolution", "160 pixels and up again", partial(coarser, side=160)),
    Change("encoding", "JPEG of quality 90", partial(compressed, quality=90)),
    Change("encoding", "JPEG of quality 65", partial(compressed, quality=65)),
    Change("encoding", "JPEG of quality 40", partial(compressed, quality=40)),
)
