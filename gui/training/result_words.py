"""A result as rows, charts and sentences. Figures are plain data as core.evidence.evaluate gives them:
{value, low, high, method}. Nothing here draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from core.training.state import Bin, Group, PickedPoint, Threshold
from core.training.state import Line as Curve
from gui.widgets.plots import Axis, Chart, Line

Figure = Mapping[str, Any]
Figures = Mapping[str, Figure]

NOTHING: Final = "–"
_TOO_FEW: Final = "Too few films, or only one class, for this curve."
_BANDS: Final = " Bands: 95 % intervals, as if every film were another patient's."
_SHARE: Final = {"low": 0.0, "high": 1.0}
# In the order of the table; by class come those that a reader asks for first.
_HEADLINES: Final = (
    ("AUROC, mean of the classes", "auroc/macro"),
    ("Right of all films", "accuracy"),
    ("Right, mean of the classes", "balanced_accuracy"),
    ("F1, mean of the classes", "f1/macro"),
    ("Area under precision and recall", "pr_area/macro"),
    ("Brier score (lower is better)", "brier"),
)
_BY_CLASS: Final = (("AUROC", "auroc"), ("Sensitivity", "sensitivity"), ("Specificity", "specificity"))
_BASELINES: Final = {
    "majority": "Always the commonest class",
    "thumbnail": "A thumbnail of 16 × 16 pixels",
    "hog": "Edges of the whole film",
    "file-facts": "The file's facts (size, greys, border)",
    "source": "The name of the source",
}
_STROKES: Final = (("accent", False), ("refer", False), ("text", True), ("quiet", False), ("error", True),
                   ("accent", True))  # fmt: skip


def figure(one: Figure | None) -> str:
    """A value with its interval: "0.87 (0.81 to 0.92)"."""
    if one is None or one.get("value") is None:
        return NOTHING
    if one.get("low") is None:
        return f"{one['value']:.2f}"
    return f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f})"


def difference(one: Figure | None) -> str:
    """The same with signs."""
    if one is None or one.get("value") is None:
        return NOTHING
    if one.get("low") is None:
        return f"{one['value']:+.2f}"
    return f"{one['value']:+.2f} ({one['low']:+.2f} to {one['high']:+.2f})"


def figure_rows(
    new: Figures, used: Figures | None, between: Figures | None, titles: Mapping[str, str]
) -> list[list[str]]:
    """Metric, new bundle, bundle in use, difference; columns of what is not known are dashes."""
    wanted = [*_HEADLINES, *((f"{title}, {said}", f"{metric}/{name}") for name, said in titles.items()
                             for title, metric in _BY_CLASS)]  # fmt: skip
    return [
        [title, figure(new.get(key)), figure((used or {}).get(key)), difference((between or {}).get(key))]
        for title, key in wanted
        if key in new
    ]


def baseline_rows(own: Figures, baselines: Mapping[str, Any]) -> list[list[str]]:
    """What never saw a lung, the network above it."""
    rows = [["The new bundle", figure(own.get("accuracy")), figure(own.get("auroc/macro")), ""]]
    for name, title in _BASELINES.items():
        if name in baselines:
            one = baselines[name]
            rows.append(
                [title, figure(one.get("accuracy")), figure(one.get("auroc/macro")), difference(one.get("better_by"))]
            )
    return rows


def group_rows(groups: Sequence[Group], kinds: Callable[[str], bool]) -> list[list[str]]:
    """Group, films, figures, in the order given: the worst first."""
    return [
        [one.name if one.kind == "source" else f"{one.kind}: {one.name}", str(one.films), figure(one.accuracy),
         figure(one.auroc)]
        for one in groups
        if kinds(one.kind)
    ]  # fmt: skip


def worst(groups: Sequence[Group]) -> str:
    """The sentence above them."""
    if not groups:
        return "There is one source and nothing else to tell the films apart by, or too few of each."
    last = groups[0]
    which = f"the source {last.name}" if last.kind == "source" else f"{last.kind} {last.name}"
    return f"It does worst for {which}: {figure(last.accuracy)} of {last.films} films are right."


def roc(curves: Sequence[Curve], titles: Mapping[str, str]) -> Chart:
    """A class against the rest, and the suspicion."""
    said = [f"{titles.get(one.name, one.name)} {figure(one.area)}" for one in curves]
    return Chart("ROC", Axis("false alarms", "share of films without it", **_SHARE), Axis("found", "sensitivity",
                 **_SHARE), _lines(curves, titles), diagonal=True,
                 sentence=f"The nearer to the upper left corner, the better. Area: {'; '.join(said)}." if said else "",
                 empty=_TOO_FEW)  # fmt: skip


def precision_recall(curves: Sequence[Curve], titles: Mapping[str, str]) -> Chart:
    return Chart("Precision and recall", Axis("found", "recall", **_SHARE), Axis("right when called", "precision",
                 **_SHARE), _lines(curves, titles), empty=_TOO_FEW,
                 sentence="How many of the films called a class have it, the more of them are found. It depends on how "
                          "common the class is among these films.")  # fmt: skip


def reliability(bins: Sequence[Bin], title: str) -> Chart:
    """What the networks said of a class, and how often it was so."""
    line = Line(
        "", [one.said for one in bins], [one.had for one in bins], dots=True,
        lows=[one.low for one in bins], highs=[one.high for one in bins],
    )  # fmt: skip
    return Chart(f"Reliability, {title}", Axis("said", "probability", **_SHARE),
                 Axis("had it", "share of films", **_SHARE), (line,), diagonal=True, empty=_TOO_FEW,
                 sentence="On the dotted line a probability means what it says; under it the networks are too sure."
                 )  # fmt: skip


def thresholds(points: Sequence[Threshold], chosen: PickedPoint | None) -> Chart:
    """points: ascending. Their intervals are bands; those of the chosen one stand in the sentence, over patients."""
    at = [one.threshold for one in points]
    found, passed = [one.sensitivity_between for one in points], [one.specificity_between for one in points]
    lines = (
        _banded(Line("sensitivity", at, [one.sensitivity for one in points]), found),
        _banded(Line("specificity", at, [one.specificity for one in points], "quiet", dashed=True), passed),
    )
    rules = ((chosen.threshold, f"{chosen.threshold:.2f}"),) if chosen is not None else ()
    return Chart("Sensitivity and specificity", Axis("threshold", "suspicion", **_SHARE),
                 Axis("share", "of films with a finding, without", **_SHARE), lines, rules=rules, rule_token="refer",
                 sentence=f"{of_point(chosen)}{_BANDS if lines[0].lows else ''}".strip(), empty=_TOO_FEW)  # fmt: skip


def _banded(line: Line, between: Sequence[tuple[float, float] | None]) -> Line:
    known = [one for one in between if one is not None]
    if len(known) < len(between):
        return line
    return replace(line, lows=[low for low, _high in known], highs=[high for _low, high in known])


def of_point(chosen: PickedPoint | None) -> str:
    """What a threshold gives, where it was picked and where it is judged."""
    if chosen is None:
        return ""
    told = [f"From a suspicion of {chosen.threshold:.2f} on. {chosen.words}"]
    for where, given in (("On the films that it is picked on", chosen.picked), ("On the others", chosen.test)):
        if given and given.get("sensitivity"):
            told.append(
                f"{where}: sensitivity {figure(given['sensitivity'])}, specificity {figure(given['specificity'])} "
                f"({given['films']} films)."
            )
    return " ".join(told)


def _lines(curves: Sequence[Curve], titles: Mapping[str, str]) -> tuple[Line, ...]:
    return tuple(
        Line(titles.get(one.name, one.name), one.x, one.y, token, dashed=dashed)
        for one, (token, dashed) in zip(curves, _STROKES * (1 + len(curves)), strict=False)
    )
