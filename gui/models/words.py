"""What the models page says: figures with intervals, films, times, in a reader's words. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core.models.state import BundleRow, Films, LogLine, Span, Task
from gui.screening.words import films as count_films
from gui.screening.words import lasting

_LEFT_OUT: Final = {
    "other-label": "labels that are no class",
    "not-in-test-split": "not in the test split",
    "test-split": "kept for the test, which may choose nothing",
    "seen": "seen in training or validation",
    "refused": "cannot be read",
    "failed": "could not be reached or took too long",
    "gate": "refused by the gate",
}
FIGURES: Final = {
    "auroc/macro": "Mean AUROC",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1/macro": "Mean F1",
    "pr_area/macro": "Mean area under precision and recall",
    "brier": "Brier score (lower is better)",
}
_ACTIONS: Final = {"promote": "put into use", "rollback": "put back into use"}


def span(value: Span, *, signed: bool = False) -> str:
    """A figure with its interval: 0.874 (0.84 to 0.91)."""
    if value.value is None:
        return "–"
    said = f"{value.value:+.3f}" if signed else f"{value.value:.3f}"
    if value.low is None or value.high is None:
        return said
    low, high = (f"{end:+.3f}" if signed else f"{end:.2f}" for end in (value.low, value.high))
    return f"{said} ({low} to {high})"


def figure(name: str) -> str:
    """The title of a figure of a comparison."""
    kind, _, of = name.partition("/")
    return FIGURES.get(name) or f"{kind.upper() if kind == 'auroc' else kind}, {of}"


def films(of: Films, titles: Mapping[str, str]) -> str:
    """The films that were judged, and those that were left out with why."""
    classes = ", ".join(f"{count} {titles.get(name, name)}" for name, count in of.by_class.items())
    patients = "patient" if of.patients == 1 else "patients"
    said = f"{count_films(of.films)} of {of.patients} {patients}: {classes}."
    if of.left_out:
        left = ", ".join(f"{count} {_LEFT_OUT.get(why, why)}" for why, count in of.left_out.items())
        said += f" Left out: {left}."
    return " ".join(one for one in (said, of.warning) if one)


def progress(task: Task) -> str:
    """How far long work is."""
    if task.progress is None or task.progress.total is None:
        return "Getting ready."
    if task.progress.done >= task.progress.total:
        return "All films are judged; the figures are being worked out."
    said = f"{task.progress.done} of {count_films(task.progress.total)}"
    return f"{said} · {lasting(task.progress.remaining)} left" if task.progress.remaining else said


def standing(row: BundleRow) -> str:
    """Where a bundle stands, in a few words."""
    if row.problem is not None:
        return "cannot be used"
    of = "comes with the program" if row.shipped else "of this site"
    if row.kind != "ensemble":
        return f"finds the lungs, {of}"
    return f"in use, {of}" if row.in_use else of


def logged(line: LogLine) -> str:
    """One line of the log: when, who, what."""
    try:
        when = datetime.fromisoformat(line.when).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        when = line.when
    return f"{when}, {line.who}: {line.name} {line.version} {_ACTIONS.get(line.action, line.action)}"
