"""Whether probabilities mean what they say: temperature, calibration line, expected error, operating points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.evidence.metrics import Floats, Ratio, Statistic, divided, share

_COLDEST, _WARMEST = 0.05, 20.0
_NEWTON_STEPS = 30


def log_loss(logits: ArrayLike, truth: ArrayLike, temperature: float = 1.0) -> float:
    """Mean negative log likelihood of the true class, in nats."""
    scaled = np.asarray(logits, np.float64) / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    true = np.asarray(truth, np.intp)
    return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(true)), true]).mean())


def temperature(logits: ArrayLike, truth: ArrayLike) -> float:
    """The T for which softmax(logits / T) has the least log loss, between 0.05 and 20.

    logits: (films, classes), the ensemble's; truth: (films,) class numbers. Guo et al., ICML 2017.
    """
    from scipy.optimize import minimize_scalar

    # In log T the loss of a usual network is nearly a parabola, and halving costs as much as doubling.
    found = minimize_scalar(
        lambda log_t: log_loss(logits, truth, float(np.exp(log_t))),
        bounds=(float(np.log(_COLDEST)), float(np.log(_WARMEST))),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def calibration_slope(positive: ArrayLike, probability: ArrayLike) -> Statistic:
    """Slope b of logit P(positive) = a + b·logit(p): 1 is right, below 1 means too sure of itself (D. R. Cox, 1958)."""
    line = _line(positive, probability)
    return lambda weights: line(weights)[1]


def calibration_intercept(positive: ArrayLike, probability: ArrayLike) -> Statistic:
    """Intercept a with the slope held at 1: 0 is right, above 0 means that probabilities are too low on the whole."""
    line = _line(positive, probability, slope=1.0)
    return lambda weights: line(weights)[0]


def expected_error(truth: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> Statistic:
    """Expected calibration error of the called class: |confidence - accuracy| over bins of equally many films.

    Chance adds to it: a perfect model has more than 0 too, the more so the fewer films there are.
    """
    shares = np.asarray(probabilities, np.float64)
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == np.asarray(truth)
    edges = np.unique(np.quantile(confidence, np.linspace(0, 1, bins + 1))) if len(confidence) else np.zeros(1)
    place = np.clip(np.searchsorted(edges, confidence, "right") - 1, 0, max(len(edges) - 2, 0))
    gap = np.where(place[:, None] == np.arange(bins), (confidence - right)[:, None], 0.0)

    def statistic(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        gaps = np.abs(weights @ gap).sum(axis=1)
        return divided(gaps, total)

    return statistic


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Refer a film when its suspicion is at least `threshold`; what that gave on the films it was picked on."""

    threshold: float
    sensitivity: Ratio
    specificity: Ratio


def point_for_specificity(abnormal: ArrayLike, suspicion: ArrayLike, wanted: float) -> OperatingPoint:
    """The lowest threshold that leaves at least `wanted` of the normal films unreferred.

    abnormal: (films,) boolean; suspicion: (films,). Picked by specificity because that is what carries over to other
    hospitals (docs/decisions.md). Raises ValueError when there is no normal film.
    """
    is_abnormal, scores = np.asarray(abnormal, bool), np.asarray(suspicion, np.float64)
    normals = np.sort(scores[~is_abnormal])
    if not len(normals):
        raise ValueError("an operating point by specificity needs normal films")
    # At least k normals must lie below the threshold; the least number above the k-th one does it.
    needed = int(np.ceil(wanted * len(normals) - 1e-9))
    threshold = float(np.nextafter(normals[needed - 1], np.inf)) if needed else float(normals[0])
    return _point(is_abnormal, scores, threshold)


def point_for_sensitivity(abnormal: ArrayLike, suspicion: ArrayLike, wanted: float) -> OperatingPoint:
    """The highest threshold that refers at least `wanted` of the abnormal films. ValueError when there is none."""
    is_abnormal, scores = np.asarray(abnormal, bool), np.asarray(suspicion, np.float64)
    abnormals = np.sort(scores[is_abnormal])[::-1]
    if not len(abnormals):
        raise ValueError("an operating point by sensitivity needs abnormal films")
    needed = max(1, int(np.ceil(wanted * len(abnormals) - 1e-9)))
    return _point(is_abnormal, scores, float(abnormals[needed - 1]))


def _point(abnormal: NDArray[np.bool_], scores: Floats, threshold: float) -> OperatingPoint:
    referred = scores >= threshold
    return OperatingPoint(threshold, share(referred, abnormal), share(~referred, ~abnormal))


def _line(positive: ArrayLike, probability: ArrayLike, slope: float | None = None) -> Statistic:
    """Weighted logistic regression of the outcome on logit(p) by Newton's method; gives (2, replicates)."""
    outcome = np.asarray(positive, np.float64)
    p = np.clip(np.asarray(probability, np.float64), 1e-7, 1 - 1e-7)
    x = np.log(p / (1 - p))
    start = _solved(np.ones((1, len(x))), x, outcome, np.array([[0.0], [1.0 if slope is None else slope]]), slope)
    # Replicates lie near the whole set's line: starting there saves most of the steps.
    return lambda weights: _solved(weights, x, outcome, np.where(np.isfinite(start), start, [[0.0], [1.0]]), slope)


def _solved(weights: Floats, x: Floats, outcome: Floats, start: Floats, slope: float | None) -> Floats:
    line: Floats = np.repeat(start, len(weights), axis=1)
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(line[0][:, None] + line[1][:, None] * x, -500, 500)))
        residual, curve = weights * (outcome - p), weights * p * (1 - p)
        g0, h00 = residual.sum(axis=1), curve.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            if slope is not None:
                step = np.stack([g0 / h00, np.zeros_like(g0)])
            else:
                g1, h01, h11 = residual @ x, curve @ x, curve @ (x * x)
                step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0]) / (h00 * h11 - h01**2)
        line = line + np.clip(step, -5, 5)
        if np.nanmax(np.abs(step), initial=0.0) < 1e-9:
            return line
    # One class only, or classes that p separates perfectly: there is no line.
    line[:, ~(np.abs(step) < 1e-6).all(axis=0)] = np.nan
    return line
