"""Probabilities for a site where the classes are more or less frequent than in the films that calibrated them.

Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities (Neural
Computation 14, 2002), equation 2.4: each probability times the ratio of the priors, and the sum made 1 again. It
holds where only the frequencies differ, and the films of a class look as they did.
"""

from __future__ import annotations

import math
from collections.abc import Mapping


def reweighted(
    probabilities: Mapping[str, float], mix: Mapping[str, float], site: Mapping[str, float]
) -> dict[str, float]:
    """The probabilities at a site's prevalence; their order in the result is that of `probabilities`.

    mix: how frequent each class was in the films that the probabilities hold for; counts or shares (stated_mix).
    site: how frequent it is here; counts or shares. A class that does not occur here gets 0. When nothing is left
    then (all probability lay on such classes), the film tells nothing, and the site's shares are the answer.
    Raises ValueError when the classes differ, a number is negative or no number, or a class that occurs here had no
    films.
    """
    if not set(probabilities) == set(mix) == set(site):
        raise ValueError(f"the classes differ: {sorted(probabilities)}, {sorted(mix)}, {sorted(site)}")
    before, here = _shares(mix), _shares(site)
    for name, share in here.items():
        if share > 0 and before[name] == 0:
            raise ValueError(f"the class {name} had no films, so that nothing is known of it")
    weighed = {name: p * here[name] / before[name] if here[name] else 0.0 for name, p in probabilities.items()}
    total = math.fsum(weighed.values())
    if not total > 0:
        return {name: here[name] for name in probabilities}
    return {name: value / total for name, value in weighed.items()}


def stated_mix(class_mix: Mapping[str, Mapping[str, float]]) -> Mapping[str, float] | None:
    """The mix that a bundle's probabilities hold for: that of the films its temperature was fitted on (validation)."""
    return class_mix.get("validation") or class_mix.get("test") or class_mix.get("training")


def _shares(numbers: Mapping[str, float]) -> dict[str, float]:
    """Counts or shares as shares that add up to 1."""
    if not all(math.isfinite(number) and number >= 0 for number in numbers.values()):
        raise ValueError(f"a prevalence is a number of at least 0, got {dict(numbers)}")
    largest = max(numbers.values(), default=0.0)
    if not largest > 0:
        raise ValueError("every class has the prevalence 0")
    # Two steps, so that neither tiny nor huge numbers lose themselves in the sum.
    scaled = {name: number / largest for name, number in numbers.items()}
    total = math.fsum(scaled.values())
    return {name: number / total for name, number in scaled.items()}
