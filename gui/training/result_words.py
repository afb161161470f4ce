"""A result as rows, charts and sentences. Figures are plain data as core.evidence.evaluate gives them:
{value, low, high, method}. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gui.widgets.plots import Axis, Chart, Line, Point

Figure = Mapping[str, Any]
Figures = Mapping[str, Figure]

NOTHING: Final = "–"
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


def source_rows(by_source: Mapping[str, Any]) -> list[list[str]]:
    """Source, films, figures; the worst first."""

    def worth(item: tuple[str, Any]) -> float:
        figures = item[1]["figures"]
        known = figures.get("auroc/macro") or figures.get("accuracy") or {}
        return known["value"] if known.get("value") is not None else 2.0

    return [
        [name, str(one["films"]), figure(one["figures"].get("accuracy")), figure(one["figures"].get("auroc/macro"))]
        for name, one in sorted(by_source.items(), key=worth)
    ]


def roc(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], areas: Figures, titles: Mapping[str, str]
        ) -> Chart:  # fmt: skip
    """curves: class → (false alarms, sensitivity). A class against the rest."""
    lines = _lines(curves, titles)
    said = [f"{titles[name]} {figure(areas.get(f'auroc/{name}'))}" for name in curves]
    return Chart("ROC", Axis("false alarms", "share of films without it", **_SHARE), Axis("found", "sensitivity",
                 **_SHARE), lines, diagonal=True,
                 sentence=f"The nearer to the upper left corner, the better. Area: {'; '.join(said)}.")  # fmt: skip


def precision_recall(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], titles: Mapping[str, str]) -> Chart:
    return Chart("Precision and recall", Axis("found", "recall", **_SHARE), Axis("right when called", "precision",
                 **_SHARE), _lines(curves, titles),
                 sentence="How many of the films called a class have it, the more of them are found. It depends on how "
                          "common the class is among these films.")  # fmt: skip


def reliability(bins: Sequence[Mapping[str, Any]]) -> Chart:
    """bins: {said, had, low, high, films} each: what the networks said and how often it was so."""
    line = Line(
        "", [one["said"] for one in bins], [one["had"] for one in bins], dots=True,
        lows=[one["low"] for one in bins], highs=[one["high"] for one in bins],
    )  # fmt: skip
    return Chart("Reliability", Axis("said", "probability", **_SHARE), Axis("had it", "share of films", **_SHARE),
                 (line,), diagonal=True,
                 sentence="On the dotted line a probability means what it says; under it the networks are too sure.",
                 empty="Too few films to tell how reliable the probabilities are.")  # fmt: skip


def thresholds(points: Sequence[Mapping[str, float]], chosen: Mapping[str, Any] | None) -> Chart:
    """points: {threshold, sensitivity, specificity, …_low, …_high}, ascending. chosen: the same of one."""
    at = [one["threshold"] for one in points]
    lines = tuple(
        Line(name, at, [one[name] for one in points], token, _ends(points, name, "low"), _ends(points, name, "high"),
             dashed=dashed)
        for name, token, dashed in (("sensitivity", "accent", False), ("specificity", "quiet", True))
    )  # fmt: skip
    marks: tuple[Point, ...] = ()
    rules: tuple[tuple[float, str], ...] = ()
    if chosen is not None:
        rules = ((chosen["threshold"], f"{chosen['threshold']:.2f}"),)
        marks = tuple(
            Point(chosen["threshold"], chosen[name], f"{chosen[name]:.2f}") for name in ("sensitivity", "specificity")
        )
    return Chart("Sensitivity and specificity", Axis("threshold", "suspicion", **_SHARE),
                 Axis("share", "of films with it, without it", **_SHARE), lines, marks, rules=rules,
                 sentence=_of_point(chosen),
                 empty="No threshold was tried out: the one of the start is kept.")  # fmt: skip


def _of_point(chosen: Mapping[str, Any] | None) -> str:
    if chosen is None:
        return ""
    missed = 100 - round(100 * chosen["sensitivity"])
    alarms = 100 - round(100 * chosen["specificity"])
    return (
        f"Of 100 films with a finding {missed} would be missed; of 100 without, {alarms} would be referred. "
        "Picked on validation films, which the networks were steered by."
    )


def _ends(points: Sequence[Mapping[str, float]], name: str, end: str) -> list[float]:
    key = f"{name}_{end}"
    return [one[key] for one in points] if points and all(one.get(key) is not None for one in points) else []


def _lines(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], titles: Mapping[str, str]
           ) -> tuple[Line, ...]:  # fmt: skip
    return tuple(
        Line(titles.get(name, name), xs, ys, token, dashed=dashed)
        for (name, (xs, ys)), (token, dashed) in zip(curves.items(), _STROKES * len(curves), strict=False)
    )
