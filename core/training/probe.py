"""A linear probe: logistic regression on a frozen network's pooled features, put into its head."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def linear_probe(
    features: Floats, targets: Floats, weights: Floats, prior: Floats | None = None, penalty: float = 0.1
) -> tuple[Floats, Floats]:
    """Kernel (features, classes) and bias (classes,) whose softmax fits the targets.

    features: (films, features). targets: (films,) class numbers, every class at least once. weights: how much each
    film counts. prior: (films, classes), added to the logits while it is fitted (core.training.balance.source_prior).
    penalty: on the squared weights of features of unit variance, beside the mean loss: large, because what helps a
    single source is what it forbids.
    """
    from scipy.optimize import minimize

    known = np.unique(targets)
    if not np.array_equal(known, np.arange(len(known))):
        raise ValueError(f"every class needs films, got the classes {known.tolist()}")
    middle, spread = features.mean(0), features.std(0) + 1e-6
    # The normalisation goes into the weights in the end: the member needs no layer for it.
    seen = ((features - middle) / spread).astype(np.float64)
    count, classes = seen.shape[1], len(known)
    added = np.zeros(classes) if prior is None else prior
    share = np.asarray(weights, np.float64) / np.sum(weights)
    truth = np.eye(classes)[targets.astype(np.intp)]

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel = values[:-classes].reshape(count, classes)
        logits = seen @ kernel + values[-classes:] + added
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
