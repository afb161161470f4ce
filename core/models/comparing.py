"""Two bundles on one labelled folder: film by film, on films that neither has seen."""

from __future__ import annotations

from core.evidence.comparison import compared
from core.evidence.evaluate import small
from core.evidence.openings import opened
from core.evidence.sentence import sentence
from core.models.asking import Answers, span
from core.models.state import Compared

_ROWS = ("auroc/macro", "accuracy", "balanced_accuracy", "f1/macro", "pr_area/macro", "brier")


def comparison(answers: Answers) -> Compared:
    """The second bundle of the answers against the first. A locked test set notes that it was opened."""
    first, second = answers.bundles
    mine, theirs = (
        answers.table(answers.joined(which=which), bundle.description.temperature, which)
        for which, bundle in enumerate(answers.bundles)
    )
    found = compared(mine, theirs)
    names = [f"{one.name} {one.version}" for one in answers.bundles]
    wanted = [*_ROWS, *(f"auroc/{name}" for name in answers.classes)]
    rows = tuple(
        (name, span(found["first"][name]), span(found["second"][name]), span(found["difference"][name]))
        for name in wanted
    )
    openings = None
    if answers.locked:
        opened(answers.set_digest, first.digest)
        openings = opened(answers.set_digest, second.digest).count
    told = sentence(found, small(mine), names[0], names[1])
    return Compared(names[0], names[1], answers.films(), rows, told, openings)
