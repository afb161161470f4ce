"""Where the lungs are: a network's mask, cleaned, and the box of both lungs (docs/lungs.md).

A bundle of kind "lungs" has one member whose maps are the logits of "this is lung"; engines, conversion and self-proof
are those of every other bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import Affine, inverse, moved
from core.imaging.prepare import Box, Settled, fit
from core.inference.bundles import Bundle, of_kind, stated
from core.inference.bundles import shipped_lungs as shipped
from core.inference.engines.choose import opened
from core.inference.engines.openvino import Use

Floats = NDArray[np.float32]
__all__ = [
    "LungFinder",
    "Lungs",
    "attention",
    "box_on_stored",
    "cleaned",
    "finder_for",
    "on_film",
    "on_stored",
    "shipped",
]
_AT_ONCE = 16
# docs/lungs.md has what these were set on.
LEAST_PART = 0.15  # of the larger lung: a smaller part beside it is a bowel, a shoulder or the space behind a sternum
LEAST_SHARE = 0.05  # of the film: less is no lungs
LEAST_SURE = 0.83  # mean probability of "lung" in both parts; other pictures have less
LEAST_SURE_PART = 0.7
_ONE_LUNG = 0.75  # width through height of a box that can hold one lung only


@dataclass(frozen=True, slots=True)
class Lungs:
    """mask: bool, the settled film's (rows, columns); both lungs together, with the part behind the heart.

    box: top, left, bottom, right of the mask, continuous in the settled film; None when no lungs were found.
    share: the mask's share of the film. parts: 2, or 1 where the lungs touch or one of them cannot be seen. sure: mean
    probability of "lung" within the mask, 0…1.
    """

    mask: NDArray[np.bool_]
    box: Box | None
    share: float
    parts: int
    sure: float

    @property
    def found(self) -> bool:
        return self.box is not None

    @property
    def cut(self) -> float:
        """How much of a side of the box is lung that ends at the film's edge; the worst of the four sides, 0…1."""
        if self.box is None:
            return 0.0
        top, left, bottom, right = self.box
        edges = (self.mask[0], right - left), (self.mask[-1], right - left)
        sides = (self.mask[:, 0], bottom - top), (self.mask[:, -1], bottom - top)
        return max(float(line.sum()) / length for line, length in (*edges, *sides))

    @property
    def one_sided(self) -> bool:
        """Whether only one lung was found; two that touch are wider than high."""
        if self.box is None or self.parts != 1:
            return False
        top, left, bottom, right = self.box
        return right - left < _ONE_LUNG * (bottom - top)

    @property
    def frame(self) -> Box | None:
        """The box for a lung frame: of both lungs. None when only one was found, lest a white lung be cut off."""
        return None if self.one_sided else self.box

    @property
    def wide(self) -> float:
        """The box's share of the film's width."""
        return 0.0 if self.box is None else (self.box[3] - self.box[1]) / self.mask.shape[1]


class LungFinder:
    """Keeps a lungs bundle ready on an engine; the same film gives the same mask, alone or among others.

    engine, device: as in core.inference.engines.choose. Refuses (BundleRefused) "bundle-kind" for a bundle of another
    kind, and what `opened` refuses.
    """

    def __init__(self, bundle: Bundle, engine: str = "auto", device: str = "auto", *, use: Use = "single") -> None:
        self.bundle = of_kind(bundle, "lungs")
        self.engine = opened(bundle, engine, device, use=use)

    @property
    def digest(self) -> str:
        return self.bundle.digest

    def find(self, settled: Settled) -> Lungs:
        """The lungs of a settled film. Fails as engines do (ImageFailed)."""
        return self.find_many([settled])[0]

    def find_many(self, films: Sequence[Settled]) -> list[Lungs]:
        """The same for several films; no answer depends on the films beside it."""
        [member] = self.bundle.members
        taken = self.bundle.input(member)
        to_square = np.array(member.cell_to_square, np.float64)
        found = []
        for start in range(0, len(films), _AT_ONCE):
            part = films[start : start + _AT_ONCE]
            fitted = [fit(film, taken.steps) for film in part]
            maps = both_ways(
                np.stack([one.pixels for one in fitted]), lambda pixels: self.engine.run(member.name, pixels).maps
            )
            for film, one, logits in zip(part, fitted, maps, strict=True):
                found.append(on_film(np.ascontiguousarray(logits[0]), one.fitted_to_settled @ to_square, film))
        return found

    def close(self) -> None:
        self.engine.close()


def finder_for(bundle: Bundle, use: Use = "single") -> LungFinder | None:
    """The finder of the lungs bundle that a bundle states, else of the one that comes with the program, if it does.

    On the CPU: it takes milliseconds, and a GPU would be proven first. Refuses (BundleRefused) "bundle-lungs-missing".
    """
    own = stated(bundle) or shipped()
    return None if own is None else LungFinder(own, device="cpu", use=use)


def both_ways(pixels: Floats, ask: Callable[[Floats], Floats]) -> Floats:
    """Logits (n, 1, h, w) of pictures (n, rows, columns, 1), the mean with those of the mirrored pictures.

    Lungs mirrored are lungs; the mean of both is a little better than either (docs/lungs.md).
    """
    mirrored = ask(np.ascontiguousarray(pixels[:, :, ::-1]))[..., ::-1]
    return (ask(pixels) + mirrored) / np.float32(2)


def on_film(logits: NDArray[np.float32], cell_to_settled: Affine, settled: Settled) -> Lungs:
    """The lungs of a settled film from a network's logits (h, w), and where their cells lie."""
    return cleaned(_carried(logits, cell_to_settled, *settled.pixels.shape))


def cleaned(logits: NDArray[np.float32]) -> Lungs:
    """A mask from logits (rows, columns) on the settled film: the two largest sensible parts, without holes."""
    rows, columns = logits.shape
    count, labels, figures, _middles = cv2.connectedComponentsWithStats((logits > 0).astype(np.uint8), connectivity=4)
    areas = figures[1:count, cv2.CC_STAT_AREA]
    # The sort is stable: of two equal parts the upper one stays first.
    order = [int(number) + 1 for number in np.argsort(-areas, kind="stable")[:2]]
    mask = np.zeros((rows, columns), np.uint8)
    parts, weight, sure = 0, 0, 0.0
    for number in order:
        area = int(areas[number - 1])
        own = labels == number
        certainty = float(np.mean(1 / (1 + np.exp(-logits[own].astype(np.float64)))))
        if area < LEAST_PART * int(areas.max()) or certainty < LEAST_SURE_PART:
            continue
        outlines, _tree = cv2.findContours(own.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(mask, outlines, -1, 1, cv2.FILLED)
        parts, weight, sure = parts + 1, weight + area, sure + area * certainty
    share = float(mask.mean())
    sure = sure / weight if weight else 0.0
    if share < LEAST_SHARE or sure < LEAST_SURE:
        return Lungs(np.zeros((rows, columns), np.bool_), None, 0.0, 0, 0.0)
    left, top, width, height = cv2.boundingRect(mask)
    box = float(top), float(left), float(top + height), float(left + width)
    return Lungs(mask.astype(np.bool_), box, share, parts, sure)


def on_stored(lungs: Lungs, settled: Settled, rows: int, columns: int) -> NDArray[np.uint8]:
    """The mask at a film's stored size and orientation, 0 or 255."""
    soft = _carried(lungs.mask.astype(np.float32), settled.settled_to_stored, rows, columns)
    return np.where(soft >= 0.5, 255, 0).astype(np.uint8)


def box_on_stored(lungs: Lungs, settled: Settled) -> Box | None:
    """The box in continuous stored pixels: top, left, bottom, right. A film that is put upright by whole turns and
    flips carries a box to a box."""
    if lungs.box is None:
        return None
    corners = moved(settled.settled_to_stored, np.array(lungs.box, np.float64).reshape(2, 2))
    (top, left), (bottom, right) = corners.min(0), corners.max(0)
    return float(top), float(left), float(bottom), float(right)


def area_in(lungs: Lungs, rows: int, columns: int) -> NDArray[np.float64]:
    """How much of each cell of a regular grid over the settled film is lung, 0…1: (rows, columns)."""
    cells = cv2.resize(lungs.mask.astype(np.float64), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cells, np.float64)


def attention(maps: NDArray[np.float32], lungs: Lungs) -> list[float]:
    """For each class the share of the positive part of its map, (classes, rows, columns) on a regular grid over the
    settled film, that lies inside the lungs; 0 where nothing speaks for the class."""
    inside = area_in(lungs, *maps.shape[1:])
    positive = np.maximum(maps, 0).astype(np.float64)
    whole = positive.sum((1, 2))
    within = (positive * inside).sum((1, 2))
    return [float(part / total) if total > 0 else 0.0 for part, total in zip(within, whole, strict=True)]


def _carried(values: NDArray[np.float32], to_target: Affine, rows: int, columns: int) -> NDArray[np.float32]:
    """A picture carried by the affine (continuous row, column) onto (rows, columns), linear between its pixels."""
    back = inverse(to_target)
    # The centre of pixel i is at i + ½, and OpenCV counts from centres and in (column, row).
    back[:2, 2] += 0.5 * back[:2, :2].sum(1) - 0.5
    matrix = back[[1, 0]][:, [1, 0, 2]]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(values, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
