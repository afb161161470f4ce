"""From the members' logits to one answer: probabilities, spread, suspicion, abstention (design.md section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import ImageFailed, Reason, reason
from core.inference.description import Abstention

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the ensemble says of one film.

    logits: (classes,) divided by the temperature. probabilities: (classes,). members: (members, classes)
    probabilities at the same temperature. finding: index of the most probable class. spread: standard deviation of
    the members' probabilities of the finding. suspicion: 0…1.
    """

    logits: Floats
    probabilities: Floats
    member_logits: Floats
    members: Floats
    finding: int
    spread: float
    suspicion: float


def joined(logits: ArrayLike, weights: Sequence[float], temperature: float, suspicious: Sequence[int]) -> Opinion:
    """Join the members' logits, (members, classes), by z = Σ wₘ·zₘ and p = softmax(z / T).

    suspicious: indices of the classes whose probabilities add up to the suspicion.
    Fails "not-finite" (ImageFailed) when a member gave NaN or infinity.
    """
    # Member order is part of the result: float addition is not associative, and a resumed run must equal an
    # undisturbed one. float64, because the sum of float32 products would depend on how it is vectorised.
    z = np.asarray(logits, np.float64)
    if not np.isfinite(z).all():
        raise ImageFailed("not-finite")
    z = z / temperature
    total = np.zeros(z.shape[1])
    for weight, own in zip(weights, z, strict=True):
        total += weight * own
    p, own_p = softmax(total), softmax(z)
    finding = int(p.argmax())
    suspicion = min(1.0, max(0.0, sum(float(p[index]) for index in suspicious)))
    return Opinion(total, p, z, own_p, finding, float(own_p[:, finding].std()), suspicion)


def softmax(logits: ArrayLike) -> Floats:
    """Probabilities along the last axis; no overflow for any finite logits."""
    z = np.asarray(logits, np.float64)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    p: Floats = e / e.sum(axis=-1, keepdims=True)
    return p


def abstention(rule: Abstention, opinion: Opinion, threshold: float) -> tuple[Reason, ...]:
    """Why the ensemble abstains by the bundle's rule, in words; empty when it does not."""
    reasons = []
    if rule.max_spread is not None and opinion.spread > rule.max_spread:
        reasons.append(reason("members-disagree"))
    if rule.margin is not None and abs(opinion.suspicion - threshold) < rule.margin:
        reasons.append(reason("near-the-threshold"))
    return tuple(reasons)


def reweighted(
    probabilities: Mapping[str, float], mix: Mapping[str, float], prevalence: Mapping[str, float]
) -> dict[str, float]:
    """Probabilities for a site where classes are as frequent as `prevalence` says, not as in `mix` (Bayes' rule).

    Holds when films of one class look alike in both places (Saerens 2002). Numbers may be counts or shares;
    a class without films in the mix raises ValueError, because nothing can be said of it.
    """
    if any(mix.get(name, 0) <= 0 for name in probabilities):
        raise ValueError(f"every class needs films in the mix, got {dict(mix)}")
    if any(prevalence.get(name, 0) < 0 for name in probabilities):
        raise ValueError(f"frequencies are not negative, got {dict(prevalence)}")
    seen, here = sum(mix[name] for name in probabilities), sum(prevalence.get(name, 0) for name in probabilities)
    if here <= 0:
        raise ValueError("the prevalences are all 0")
    raw = {name: p * (prevalence.get(name, 0) / here) / (mix[name] / seen) for name, p in probabilities.items()}
    total = sum(raw.values())
    if total <= 0:
        raise ValueError("the prevalences exclude every class that the film may show")
    return {name: value / total for name, value in raw.items()}
