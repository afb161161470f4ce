"""What happens to a settled film each time a network sees it in training.

Every change is drawn from (seed, epoch, film) alone, so that a resumed run equals an undisturbed one and the order of
work does not matter. How far each goes says the recipe; where the film has a lung box, the box follows the turn, and
what moves, crops or enlarges acts on the box, because the box is what the network is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.geometry import Affine, inverse, moved, scaling, shift
from core.training.recipe import Augmentation

Film = NDArray[np.uint16]
Box = NDArray[np.float64]
_Floats = NDArray[np.float32]
_LETTERS = "LRAPSUPINE0123456789/:-"
_SMALLEST = 32
_WHOLE_SIDE = 1 / 3  # of the boxes at the border: a collimator's edge or a bar


@dataclass(frozen=True, slots=True)
class Changed:
    """A film (rows, columns) uint16 as it looks this time, where it lies in the film, and the lung box in it.

    box: top, left, bottom, right, continuous. seen_to_film: for what must follow, such as a mask (`warped`).
    """

    film: Film
    seen_to_film: Affine
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the network is shown: rows × columns pixels; whole: proportions are kept between bars."""

    rows: int
    columns: int
    whole: bool = False

    def film_pixels(self, rows: float, columns: float) -> tuple[float, float]:
        """How many film pixels one input pixel is, down and across, when rows × columns of the film are shown."""
        down, across = rows / self.rows, columns / self.columns
        return (max(down, across),) * 2 if self.whole else (down, across)


def changes(augmentation: Augmentation) -> bool:
    """Whether a film looks different each time."""
    return _moves(augmentation) or any(is_on(augmentation) for is_on, _change in _CHANGES)


def augmented(
    film: Film,
    seed: int,
    epoch: int,
    index: int,
    augmentation: Augmentation,
    *,
    shown: Shown,
    box: Box | None = None,
) -> Changed:
    """The film (rows, columns) as it looks in an epoch; index: the film's own number. uint16, perhaps another size.

    Half of the chances are drawn from what `augmentation` allows; ranges are drawn uniformly.
    """
    # The film's number, not its place in the batch: shuffling must not change what a film looks like.
    draw = np.random.default_rng([seed, epoch, index])
    picture = film.astype(np.float32) * np.float32(1 / 65535)
    seen_to_film = np.eye(3)
    if _moves(augmentation):
        picture, seen_to_film, box = _moved(picture, draw, augmentation, shown, box)
    for is_on, change in _CHANGES:
        if is_on(augmentation):
            picture = change(picture, draw, augmentation)
    return Changed((np.clip(picture, 0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16), seen_to_film, box)


def _moves(a: Augmentation) -> bool:
    return bool(a.rotation or a.shift_pixels or a.shift or a.zoom or a.least_crop < 1 or a.mirror)


def _moved(
    picture: _Floats, draw: np.random.Generator, a: Augmentation, shown: Shown, box: Box | None
) -> tuple[_Floats, Affine, Box | None]:
    """Crop with height and width of their own, move, enlarge and turn, in one interpolation."""
    rows, columns = picture.shape
    shares = draw.uniform(a.least_crop, 1.0, 2)
    place = draw.uniform(0, 1, 2)
    angle = np.deg2rad(draw.uniform(-a.rotation, a.rotation))
    steps = draw.uniform(-1, 1, 2)
    zoom = 1 + draw.uniform(-a.zoom, a.zoom)
    flip = a.mirror and draw.random() < 0.5
    edge = a.fill == "edge" or (a.fill == "either" and draw.random() < 0.5)

    frame = np.array([0, 0, rows, columns], np.float64) if box is None else box
    size = frame[2:] - frame[:2]
    step = steps * (a.shift * size + a.shift_pixels * np.array(shown.film_pixels(*size)))
    # The part of the frame that is shown: its upper left corner and its size.
    corner = frame[:2] + place * (1 - shares) * size + step + shares * size * (1 - 1 / zoom) / 2
    part = shares * size / zoom
    turn = _about((corner + part / 2) if box is None else np.array([rows / 2, columns / 2]), angle, flip)
    if box is None:
        rows, columns = (max(_SMALLEST, round(side)) for side in shares * size)
        seen_to_film = turn @ shift(*corner) @ scaling(*(part / (rows, columns)))
    else:
        seen_to_film = turn
        box = _around(np.concatenate([corner, corner + part]), inverse(turn))
    return warped(picture, seen_to_film, (rows, columns), edge=edge), seen_to_film, box


def _about(middle: NDArray[np.float64], angle: float, flip: bool) -> Affine:
    """Turn, and exchange left and right, about a point (row, column)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    return np.asarray(shift(*middle) @ turn @ scaling(1, -1 if flip else 1) @ shift(*-middle))


def _around(box: Box, affine: Affine) -> Box:
    """The box around a box that the affine carries away."""
    top, left, bottom, right = box
    corners = moved(affine, np.array([[top, left], [top, right], [bottom, left], [bottom, right]]))
    return np.concatenate([corners.min(0), corners.max(0)])


def warped(picture: _Floats, seen_to_film: Affine, size: tuple[int, int], *, edge: bool = False) -> _Floats:
    """The picture (rows, columns) float32 seen through an affine, at this size; outside it black or like its edge."""
    # OpenCV wants (x, y) and counts from the middle of pixel 0; ours is (row, column) from its edge.
    affine = (shift(-0.5, -0.5) @ seen_to_film @ shift(0.5, 0.5))[[1, 0]][:, [1, 0, 2]]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REPLICATE if edge else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(picture, affine, size[::-1], flags=flags, borderMode=border), np.float32)


def _grey(picture: _Floats, draw: np.random.Generator, a: Augmentation) -> _Floats:
    gamma = np.exp(draw.uniform(-a.gamma, a.gamma))
    contrast = np.float32(draw.uniform(1 - a.contrast, 1 + a.contrast))
    brightness = draw.uniform(-a.brightness, a.brightness) / 255
    middle = float(picture.mean())
    if a.gamma:
        picture = cv2.pow(np.clip(picture, 0, 1), float(gamma))
    return np.asarray(picture * contrast + np.float32(middle * (1 - contrast) + brightness), np.float32)


def _soften(picture: _Floats, draw: np.random.Generator, a: Augmentation) -> _Floats:
    """Down and up again: two sources exist at 224 pixels only, and fine texture would tell them apart."""
    chance, share = draw.random(2)
    rows, columns = picture.shape
    side = min(rows, columns)
    assert a.softest is not None
    if chance >= a.softening_chance or side <= a.softest:
        return picture
    # The size of a pixel is drawn, not their number: else a film of 512 pixels would hardly ever come as one of 160.
    factor = 1 / (1 + share * (side / a.softest - 1))
    small = cv2.resize(picture, (round(columns * factor), round(rows * factor)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _mark(picture: _Floats, draw: np.random.Generator, a: Augmentation) -> _Floats:
    """Boxes and letters over the border, on films of every class: collimators, markers, labels."""
    chance, letters = draw.random(2)
    if chance >= a.marks_chance:
        return picture
    picture = picture.copy()
    rows, columns = picture.shape
    for _mark in range(int(draw.integers(1, 4))):
        side, place, length = int(draw.integers(4)), draw.random(), draw.uniform(0.1, 0.6)
        if draw.random() < _WHOLE_SIDE:
            length = 1.0
        depth = draw.uniform(0.02, 0.10)
        grey = float(draw.choice([0.0, 1.0, draw.random()]))
        start, end = place * (1 - length), place * (1 - length) + length
        top, bottom = (start, end) if side < 2 else ((0.0, depth) if side == 2 else (1 - depth, 1.0))
        left, right = (start, end) if side >= 2 else ((0.0, depth) if side == 0 else (1 - depth, 1.0))
        picture[int(top * rows) : int(np.ceil(bottom * rows)), int(left * columns) : int(np.ceil(right * columns))] = (
            grey
        )
    if letters < 0.5:
        text = "".join(draw.choice(list(_LETTERS), int(draw.integers(1, 6))))
        # In a corner, where markers are.
        row, column = draw.uniform(0.04, 0.16), draw.uniform(0.02, 0.12)
        row, column = (1 - row if draw.random() < 0.5 else row), (0.85 - column if draw.random() < 0.5 else column)
        size = draw.uniform(0.2, 0.9) * columns / 256
        place_xy = (int(column * columns), int(row * rows))
        ink = np.zeros(picture.shape, np.uint8)
        cv2.putText(ink, text, place_xy, cv2.FONT_HERSHEY_SIMPLEX, size, 255, 1, cv2.LINE_AA)
        share = ink.astype(np.float32) / np.float32(255)
        picture = picture * (1 - share) + share * np.float32(draw.choice([0.0, 1.0]))
    return picture


def _noise(picture: _Floats, draw: np.random.Generator, a: Augmentation) -> _Floats:
    level = draw.uniform(0, a.noise) / 255
    return np.asarray(picture + draw.standard_normal(picture.shape, np.float32) * np.float32(level), np.float32)


def _compress(picture: _Floats, draw: np.random.Generator, a: Augmentation) -> _Floats:
    assert a.jpeg is not None
    chance, quality = draw.random(), int(draw.integers(a.jpeg, 96))
    if chance >= a.jpeg_chance:
        return picture
    grey = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    _done, stream = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stream, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)


_Change = Callable[[_Floats, np.random.Generator, Augmentation], _Floats]
# In this order; each with whether a recipe asks for it.
_CHANGES: tuple[tuple[Callable[[Augmentation], bool], _Change], ...] = (
    (lambda a: a.softest is not None and a.softening_chance > 0, _soften),
    (lambda a: bool(a.gamma or a.contrast or a.brightness), _grey),
    (lambda a: a.marks_chance > 0, _mark),
    (lambda a: a.noise > 0, _noise),
    (lambda a: a.jpeg is not None and a.jpeg_chance > 0, _compress),
)
