"""Other weights of a bundle's members: what they would score on labelled films, and the bundle with them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from core.evidence import evaluate, metrics
from core.evidence.evaluate import Table
from core.evidence.intervals import intervals
from core.evidence.metrics import Statistic
from core.inference.bundles import Bundle
from core.models.adopting import chosen_by, plain_figures
from core.models.asking import Answers, span
from core.models.state import Score

# Every member keeps a share: the novelty statistics are about all of them, and a weight of 0 would be a lie.
LEAST = 0.01
# While a slider moves; the bundle's own figures take 2000.
_REPLICATES = 400


def usable(weights: Sequence[float]) -> tuple[float, ...]:
    """The weights as shares that add up to 1, none below LEAST. Raises ValueError for what is no weight."""
    given = np.asarray(weights, np.float64)
    if not len(given) or not np.isfinite(given).all() or (given < 0).any() or given.sum() <= 0:
        raise ValueError(f"weights are finite and not negative, got {list(weights)}")
    shares = given / given.sum()
    if shares.min() < LEAST:
        # The small ones are lifted, the others give in proportion.
        free = 1 - LEAST * len(shares)
        shares = LEAST + free * shares
    return tuple(float(share) for share in shares / shares.sum())


def scored(answers: Answers, weights: Sequence[float]) -> Score:
    """What these weights give, at the bundle's temperature, beside its own weights on the same films."""
    own = answers.bundles[0].description.temperature
    shares = usable(weights)
    mine = answers.table(answers.joined(shares), own)
    before = answers.table(answers.joined(), own)
    some, others = _statistics(mine), _statistics(before)
    asked = {**some, "better_by": metrics.minus(some["auroc/macro"], others["auroc/macro"])}
    found = intervals(asked, answers.groups, replicates=_REPLICATES)
    return Score(
        shares,
        span(found["auroc/macro"]),
        span(found["log_loss"]),
        span(found["accuracy"]),
        span(found["better_by"]),
    )


def _statistics(table: Table) -> dict[str, Statistic]:
    found = metrics.statistics(table.truth, table.probabilities, table.classes)
    return {"auroc/macro": found["auroc/macro"], "accuracy": found["accuracy"], "log_loss": log_loss(table)}


def log_loss(table: Table) -> Statistic:
    """Mean negative log likelihood of the true class, in nats."""
    p = table.probabilities[np.arange(len(table)), table.truth]
    return metrics.mean(-np.log(np.maximum(p, 1e-12)))


def reweighted(answers: Answers, weights: Sequence[float], name: str) -> Bundle:
    """The bundle with other weights, on the shelf.

    Temperature, operating points and map scales stay, and their figures, which were of other weights, go; the
    figures are those of the films that chose the weights, and say so.
    """
    parent = answers.bundles[0]
    shares = usable(weights)
    table = answers.table(answers.joined(shares), parent.description.temperature)
    statistics = metrics.statistics(table.truth, table.probabilities, table.classes)
    wanted = {
        name: statistic
        for name, statistic in statistics.items()
        if name in ("accuracy", "balanced_accuracy") or name.startswith("auroc/")
    }
    figures = {name: figure.as_json() for name, figure in intervals(wanted, answers.groups).items()}
    members = [
        {**raw, "weight": share} for raw, share in zip(parent.raw["members"], _summing(shares), strict=True)
    ]  # fmt: skip
    points = [
        {**msgspec.to_builtins(point), "figures": [], "picked_for": f"{point.picked_for} (with other weights)"}
        for point in parent.description.operating_points
    ]
    source = "films of this site on which the weights were chosen"
    before = ", ".join(f"{member.name} {member.weight:.2f}" for member in parent.members)
    now = ", ".join(f"{member.name} {share:.2f}" for member, share in zip(parent.members, shares, strict=True))
    lines = [
        f"Made from {parent.name} {parent.version} ({parent.digest[:12]}) by other weights of its members: {now}; "
        f"before: {before}.",
        "",
        f"Chosen on {len(answers)} labelled films of {len(set(answers.groups))} patients of this site. The figures of "
        "this bundle are of these same films and flatter it; compare it with another one on films that it has not "
        "seen. Temperature, operating point, map scale and the rule to abstain are those of the other weights. What "
        f"follows is the card of {parent.name} {parent.version}; its figures are of the other weights.",
    ]
    if small := evaluate.small(table):
        lines += ["", small]
    changes = {
        "members": members,
        "operating_points": points,
        "figures": plain_figures(figures, source, len(answers)),
    }
    return chosen_by(answers, name, "Reweighted", lines, changes)


def _summing(shares: Sequence[float]) -> list[float]:
    """Rounded to what a reader can compare, adding up to 1."""
    rounded = [round(share, 4) for share in shares]
    rounded[int(np.argmax(rounded))] += 1 - sum(rounded)
    return rounded
