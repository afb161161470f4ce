"""What happens to a settled film each time a network sees it in training.

Strong enough that a thumbnail loses, mild enough that pneumonia within one hospital is still seen. Every change is
drawn from (seed, pass, film) alone, so that a resumed run equals an undisturbed one and the order of work does not
matter. No mirroring: the heart lies on the left, and a bundle must notice a film that was turned over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Film = NDArray[np.uint16]
_Floats = NDArray[np.float32]
_LETTERS = "LRAPSUPINE0123456789/:-"


@dataclass(frozen=True, slots=True)
class Strength:
    """How far each change goes. Ranges are drawn uniformly; chances are shares of films.

    least_crop: the smallest share of the height, and independently of the width, that is kept. gamma: ± natural
    logarithm. brightness, noise: in grey levels of 255. softest: the side in pixels down to which a film is brought
    and up again. jpeg: the worst quality.
    """

    least_crop: float = 0.82
    degrees: float = 8.0
    gamma: float = 0.35
    contrast: tuple[float, float] = (0.7, 1.3)
    brightness: float = 25.0
    softest: int = 96
    softening_chance: float = 0.6
    noise: float = 6.0
    marks_chance: float = 0.5
    jpeg: int = 40
    jpeg_chance: float = 0.5


def augmented(film: Film, seed: int, number: int, index: int, strength: Strength | None = None) -> Film:
    """The film (rows, columns) as it looks in pass `number`; index: the film's own number. uint16, another size."""
    strength = strength or Strength()
    # The film's number, not its place in the batch: shuffling must not change what a film looks like.
    draw = np.random.default_rng([seed, number, index])
    picture = film.astype(np.float32) / np.float32(65535)
    for change in _CHANGES:
        picture = change(picture, draw, strength)
    return np.asarray(np.round(np.clip(picture, 0, 1) * 65535), np.uint16)


def _crop_and_turn(picture: _Floats, draw: np.random.Generator, strength: Strength) -> _Floats:
    """Crop with height and width of their own, and turn about the middle, in one interpolation."""
    rows, columns = picture.shape
    height, width = draw.uniform(strength.least_crop, 1.0, 2)
    top, left = draw.uniform(0, 1, 2) * (1 - height, 1 - width) * (rows, columns)
    size = max(32, round(columns * width)), max(32, round(rows * height))
    angle = np.deg2rad(draw.uniform(-strength.degrees, strength.degrees))
    cosine, sine = np.cos(angle), np.sin(angle)
    middle = np.array([left + size[0] / 2, top + size[1] / 2])
    turn = np.array([[cosine, -sine], [sine, cosine]])
    # cropped (x, y) → film (x, y), as cv2 wants it with WARP_INVERSE_MAP
    affine = np.column_stack([turn, middle - turn @ (size[0] / 2, size[1] / 2)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REPLICATE if draw.random() < 0.5 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(picture, affine, size, flags=flags, borderMode=border), np.float32)


def _grey(picture: _Floats, draw: np.random.Generator, strength: Strength) -> _Floats:
    gamma = np.exp(draw.uniform(-strength.gamma, strength.gamma))
    contrast = draw.uniform(*strength.contrast)
    brightness = draw.uniform(-strength.brightness, strength.brightness) / 255
    middle = float(picture.mean())
    picture = np.power(np.clip(picture, 0, 1), np.float32(gamma))
    return np.asarray((picture - middle) * contrast + middle + brightness, np.float32)


def _soften(picture: _Floats, draw: np.random.Generator, strength: Strength) -> _Floats:
    """Down and up again: two sources exist at 224 pixels only, and fine texture would tell them apart."""
    chance, share = draw.random(2)
    rows, columns = picture.shape
    side = min(rows, columns)
    if chance >= strength.softening_chance or side <= strength.softest:
        return picture
    factor = (strength.softest + share * (side - strength.softest)) / side
    small = cv2.resize(picture, (round(columns * factor), round(rows * factor)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _mark(picture: _Floats, draw: np.random.Generator, strength: Strength) -> _Floats:
    """Boxes and letters over the border, on films of every class: collimators, markers, labels."""
    chance, letters = draw.random(2)
    if chance >= strength.marks_chance:
        return picture
    picture = picture.copy()
    rows, columns = picture.shape
    for _mark in range(int(draw.integers(1, 4))):
        side, place, length = int(draw.integers(4)), draw.random(), draw.uniform(0.1, 0.6)
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


def _noise(picture: _Floats, draw: np.random.Generator, strength: Strength) -> _Floats:
    level = draw.uniform(0, strength.noise) / 255
    return np.asarray(picture + draw.standard_normal(picture.shape, np.float32) * np.float32(level), np.float32)


def _compress(picture: _Floats, draw: np.random.Generator, strength: Strength) -> _Floats:
    chance, quality = draw.random(), int(draw.integers(strength.jpeg, 96))
    if chance >= strength.jpeg_chance:
        return picture
    grey = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    _done, stream = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stream, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)


_CHANGES: tuple[Callable[[_Floats, np.random.Generator, Strength], _Floats], ...] = (
    _crop_and_turn,
    _soften,
    _grey,
    _mark,
    _noise,
    _compress,
)
