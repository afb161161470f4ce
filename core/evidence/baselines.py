"""How far one gets without looking at a lung: the majority, a 16×16 thumbnail, the facts of the file; and with HOG.

A network that is no better than these has learnt where films come from, not what they show. HOG (histograms of
oriented gradients, Dalal & Triggs 2005) sees edges and ribs, and is what came before networks. All are judged out of
fold over the groups of the same films, so they know nothing of the film that they judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cohort.splits import fold_of
from core.evidence.metrics import Floats
from core.imaging.prepare import resized
from core.inference.ensemble import softmax

THUMBNAIL_SIDE = 16
HOG_SIDE, _HOG_CELL = 96, 16
FACT_NAMES = ("aspect", "size", "mean", "spread", "border_mean", "dark_border_share", "bytes_per_pixel")
Model = Literal["svm", "logistic"]
_BORDER = 0.04
_DARK = 0.04


def thumbnail(display: NDArray[Any]) -> NDArray[np.float32]:
    """The whole film as 256 grey values 0…1, proportions not kept. display: (rows, columns) uint8."""
    small = resized(display.astype(np.float32) / np.float32(255), THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    flat: NDArray[np.float32] = small.ravel()
    return flat


def hog(display: NDArray[Any]) -> NDArray[np.float32]:
    """Histograms of oriented gradients of the whole film at 96 × 96: cells of 16 pixels, 9 directions, 900 numbers.

    display: (rows, columns) uint8.
    """
    from skimage.feature import hog as histograms

    small = resized(display.astype(np.float32) / np.float32(255), HOG_SIDE, HOG_SIDE)
    found = histograms(small, pixels_per_cell=(_HOG_CELL, _HOG_CELL), cells_per_block=(2, 2), transform_sqrt=True)
    return np.asarray(found, np.float32)


def file_facts(display: NDArray[Any], file_bytes: int) -> NDArray[np.float32]:
    """What can be known without seeing a chest, in the order of FACT_NAMES.

    display: (rows, columns) uint8 as stored. aspect is width by height, size the root of the number of pixels,
    greys are 0…1, the border is the outer 4 % on each side, and dark is below 0.04.
    """
    rows, columns = display.shape
    film = display.astype(np.float32) / np.float32(255)
    inner = np.zeros(film.shape, bool)
    top, left = max(1, round(rows * _BORDER)), max(1, round(columns * _BORDER))
    inner[top : rows - top, left : columns - left] = True
    border = film[~inner]
    return np.array(
        [
            columns / rows, np.sqrt(film.size), film.mean(), film.std(),
            border.mean(), (border < _DARK).mean(), file_bytes / film.size,
        ],
        np.float32,
    )  # fmt: skip


def majority(truth: ArrayLike, classes: int) -> Floats:
    """The class mix as everybody's probabilities: (films, classes)."""
    true = np.asarray(truth, np.intp)
    mix = np.bincount(true, minlength=classes) / max(len(true), 1)
    return np.repeat(mix[None], len(true), axis=0)


def out_of_fold(
    features: ArrayLike,
    truth: ArrayLike,
    groups: Sequence[str],
    classes: int,
    *,
    model: Model = "svm",
    key: str = "baseline",
    folds: int = 5,
    c: float = 10.0,
) -> Floats:
    """Probabilities (films, classes) for every film from a model that saw no film of its group.

    features: (films, numbers); they are standardised on the training folds. Groups go to folds by a keyed hash.
    A class that a training fold lacks gets 0 there; a fold that leaves one class to learn gets that class.
    """
    table, true = np.asarray(features, np.float64), np.asarray(truth, np.intp)
    fold = np.array([fold_of(group, key, folds) for group in groups], np.intp)
    answers = np.zeros((len(true), classes))
    for held_out in range(folds):
        judged = fold == held_out
        if judged.any():
            answers[judged] = trained(table[~judged], true[~judged], table[judged], classes=classes, model=model, c=c)
    return answers


def trained(
    table: Floats, truth: NDArray[np.intp], judged: Floats, *, classes: int, model: Model = "svm", c: float = 10.0
) -> Floats:
    """Probabilities (films, classes) for `judged` from a model that learnt from `table`; both are (films, numbers)."""
    answers = np.zeros((len(judged), classes))
    known = np.unique(truth)
    if len(known) == 0:
        return np.full_like(answers, 1 / classes)
    if len(known) == 1:
        answers[:, known[0]] = 1
        return answers
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    scaler = StandardScaler().fit(table)
    if model == "logistic":
        fitted = LogisticRegression(C=c, max_iter=2000).fit(scaler.transform(table), truth)
        answers[:, known] = fitted.predict_proba(scaler.transform(judged))
        return answers
    # One machine a class, so that its margin ranks films; Platt's inner cross-validation would cut through groups.
    margins = np.stack(
        [
            SVC(C=c).fit(scaler.transform(table), truth == each).decision_function(scaler.transform(judged))
            for each in known
        ],
        axis=1,
    )
    answers[:, known] = softmax(margins)
    return answers
