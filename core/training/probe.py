"""A linear probe: logistic regression on a frozen network's pooled features, put into its head."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def linear_probe(features: Floats, targets: Floats, weights: Floats, strength: float = 0.05) -> tuple[Floats, Floats]:
    """Kernel (features, classes) and bias (classes,) whose softmax fits the targets.

    features: (films, features). targets: (films,) class numbers, every class at least once. strength: the inverse of
    the penalty, on features of unit variance; small, because what helps a single source is what it forbids.
    """
    from sklearn.linear_model import LogisticRegression

    classes = np.unique(targets)
    if not np.array_equal(classes, np.arange(len(classes))):
        raise ValueError(f"every class needs films, got the classes {classes.tolist()}")
    middle, spread = features.mean(0), features.std(0) + 1e-6
    model = LogisticRegression(C=strength, max_iter=500)
    model.fit((features - middle) / spread, targets, sample_weight=weights)
    kernel, bias = model.coef_.T, model.intercept_
    if kernel.shape[1] == 1:  # two classes come as one logit
        kernel, bias = np.hstack([-kernel, kernel]) / 2, np.array([-bias[0], bias[0]]) / 2
    # The normalisation goes into the weights: the member needs no layer for it.
    kernel = kernel / spread[:, None]
    return kernel.astype(np.float32), (bias - middle @ kernel).astype(np.float32)


def prior_probe(
    features: Floats, targets: Floats, weights: Floats, prior: Floats, penalty: float = 0.1
) -> tuple[Floats, Floats]:
    """The same, where a prior is added to the logits while it is fitted (core.training.balance.source_prior).

    features: (films, features). targets: (films,) class numbers. prior: (films, classes). penalty: on the squared
    weights of features of unit variance, beside the mean loss.
    """
    from scipy.optimize import minimize

    middle, spread = features.mean(0), features.std(0) + 1e-6
    seen = ((features - middle) / spread).astype(np.float64)
    count, classes = seen.shape[1], prior.shape[1]
    share = np.asarray(weights, np.float64) / np.sum(weights)
    truth = np.eye(classes)[targets.astype(np.intp)]

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel = values[:-classes].reshape(count, classes)
        logits = seen @ kernel + values[-classes:] + prior
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        off = (shares - truth) * share[:, None]
        surprise = -float((share * np.log((shares * truth).sum(axis=1) + 1e-12)).sum())
        slope = np.concatenate([(seen.T @ off + penalty * kernel).ravel(), off.sum(axis=0)])
        return surprise + penalty / 2 * float((kernel**2).sum()), slope

    begin = np.zeros(count * classes + classes)
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    kernel = found[:-classes].reshape(count, classes) / spread[:, None]
    return kernel.astype(np.float32), (found[-classes:] - middle @ kernel).astype(np.float32)


def put_probe(head: tuple[Any, ...], kernel: Floats, bias: Floats) -> None:
    """Set the last layer of a member's head, which stands right behind its pooling."""
    last = head[-1]
    if tuple(last.kernel.shape) != kernel.shape:
        raise ValueError(f"the head takes {tuple(last.kernel.shape)}, the probe has {kernel.shape}")
    last.set_weights([kernel, bias])
