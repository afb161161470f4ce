"""What a reproduction came to: plain data for programs, and the same in words for people.

Every measured figure is taken from the one matrix of its run, added up over the folds: n-class accuracy and that of one
class against the rest can then never contradict each other, which in a published table they do (paper A).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import RunRefused
from core.evidence.comparison import compared
from core.files import write_whole
from core.training.material import Material
from core.training.outcome import Outcome
from core.training.papers.count_rules import source_matrix
from core.training.papers.published import Cell, Check, Paper, PublishedTable, arithmetic, figures_of, flagged
from core.training.papers.reproducing import Ran, Reproduction
from core.training.papers.scaled import changes

_UNITS = ("group", "image")
_BASELINES = {
    "majority": "always the commonest class",
    "thumbnail": "16 × 16 thumbnail, SVM",
    "hog": "HOG, SVM",
    "file-facts": "facts of the file, SVM",
    "source": "name of the source",
}
_KEPT = ("films", "patients", "by_class", "figures", "confusion", "positive", "calibration", "called_by_source",
         "within_source", "baselines", "folds", "over_folds", "protocol", "milliseconds_a_film", "device",
         "start_saw")  # fmt: skip
_COUNTS = ("tp", "fp", "fn", "tn")


def told(found: Reproduction, replicates: int = 2000) -> dict[str, Any]:
    """Everything as plain data: tables, checks, data, changes, comparisons, runs."""
    checks = arithmetic(found.paper)
    return {
        "paper": _paper(found.paper),
        "scale": found.scale.words if found.scale else None,
        "scale_sentence": found.scale.sentence if found.scale else None,
        "finished": found.finished,
        "tables": [_table(table, checks, found) for table in found.paper.tables],
        "checks": [
            {"id": one.id, "verdict": one.verdict, "text": one.text, "printed": one.printed,
             "recomputed": one.recomputed, "computed": one.computed} for one in checks
        ],
        "needs": found.paper.notes.needs,
        "data": {
            name: _data(found.paper, material, name)
            for name, material in (("target", found.target), ("source", found.source))
            if material is not None
        },
        "changes": _changes(found),
        "comparisons": list(_comparisons(found, replicates)),
        "runs": [_run(ran) for ran in found.runs],
    }  # fmt: skip


def write(found: Reproduction, folder: Path, replicates: int = 2000) -> dict[str, Any]:
    """Write report.md, report.json and figures/ into the folder; gives what report.json holds."""
    from core.training.papers.figures import draw
    from core.training.papers.reproduction_page import page

    data = told(found, replicates)
    data["figures"] = draw(found, folder / "figures") if any(ran.outcome for ran in found.runs) else []
    write_whole(folder / "report.json", json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False))
    write_whole(folder / "report.md", page(data))
    return data


def measured(table: PublishedTable, row: Sequence[Cell], outcome: Outcome) -> list[dict[str, Any] | None]:
    """A row of a published table as this run has it: {value, low, high} in the table's unit, None where there is none.

    Raises ValueError when more classes are told apart better than two: then the figures are not of one matrix.
    """
    evidence = outcome.evidence
    positive = evidence.get("positive") or {}
    own = figures_of(evidence["confusion"], outcome.classes, positive.get("classes", ()))
    if own["accuracy"] > own.get("positive/accuracy", 1.0) + 1e-12:
        raise ValueError(f"accuracy {own['accuracy']} in all classes, {own['positive/accuracy']} in two")
    label = str(row[1]) if "class" in table.figures else ""
    found = []
    for figure in table.figures:
        name = f"{label}/{figure.removeprefix('class/')}" if figure.startswith("class/") else figure
        found.append(None if name in ("", "called", "class") else _cell(name, table.unit, evidence, own))
    return found


def _cell(name: str, unit: str, evidence: Mapping[str, Any], own: Mapping[str, float]) -> dict[str, Any] | None:
    scale = 100.0 if unit == "percent" else 1.0
    over, _, metric = name.partition("/")
    if over in ("fold-mean", "fold-deviation"):
        key = "mean" if over == "fold-mean" else "standard_deviation"
        value = evidence["over_folds"].get(metric, {}).get(key)
        return None if value is None else {"value": scale * value, "low": None, "high": None}
    value = own.get(name)
    if value is None or math.isnan(value):
        return None
    if metric in _COUNTS:
        return {"value": value, "low": None, "high": None}
    interval = _interval(name, evidence)
    low, high = interval.get("low"), interval.get("high")
    return {
        "value": scale * value,
        "low": None if low is None else scale * low,
        "high": None if high is None else scale * high,
    }


def _interval(name: str, evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    first, _, metric = name.partition("/")
    if first == "positive":
        return (evidence.get("positive") or {}).get(metric) or {}
    return evidence["figures"].get(f"{metric}/{first}" if metric else first) or {}


def _paper(paper: Paper) -> dict[str, Any]:
    return {
        "key": paper.key, "title": paper.title, "authors": list(paper.authors), "year": paper.year,
        "judged": paper.judged, "convention": paper.convention, "leakage": list(paper.notes.leakage),
    }  # fmt: skip


def _table(table: PublishedTable, checks: Sequence[Check], found: Reproduction) -> dict[str, Any]:
    marks = flagged(checks)
    rows = []
    for row in table.rows:
        key = table.key(row)
        own = [ran for ran in found.runs if ran.plan.published.called == row[0] and table.figures[0] == "called"]
        rows.append(
            {
                "key": key,
                "published": list(row),
                "flags": [list(marks.get((table.id, key, column), ())) for column in table.columns],
                "measured": [
                    {
                        "run": ran.plan.name,
                        "unit": ran.plan.unit,
                        "leaky": ran.plan.leaky,
                        "cells": measured(table, row, ran.outcome) if ran.outcome else None,
                        "why": ran.why,
                        "same_as": ran.same_as,
                    }
                    for ran in own
                ],
            }
        )
    return {
        "id": table.id,
        "title": table.title,
        "unit": table.unit,
        "decimals": found.paper.decimals if table.decimals is None else table.decimals,
        "columns": list(table.columns),
        "rows": rows,
        "baselines": _baselines(table, found),
    }


def _baselines(table: PublishedTable, found: Reproduction) -> list[dict[str, Any]]:
    """What needs no lungs, on the folds by patient, in the columns of the table."""
    first = next((ran.outcome for ran in found.runs if ran.outcome and _is_judged(ran)), None)
    if first is None or "class" in table.figures or table.figures[0] != "called":
        return []
    scale, lines = 100.0 if table.unit == "percent" else 1.0, []
    for name, words in _BASELINES.items():
        figures = first.evidence["baselines"].get(name)
        if figures is None:
            continue
        positive = figures.get("positive") or {}
        pooled = {"accuracy": figures.get("accuracy"), "macro/sensitivity": figures.get("balanced_accuracy"),
                  "macro/f1": figures.get("f1/macro"), "fold-mean/accuracy": figures.get("accuracy"),
                  **{f"positive/{key}": value for key, value in positive.items() if key != "classes"}}  # fmt: skip
        cells = []
        for figure in table.figures:
            one = pooled.get(figure)
            known = isinstance(one, Mapping) and one.get("value") is not None
            cells.append(
                {key: None if one[key] is None else scale * one[key] for key in ("value", "low", "high")}
                if known and one is not None
                else None
            )
        lines.append({"name": name, "words": words, "cells": cells})
    return lines


def _is_judged(ran: Ran) -> bool:
    return ran.plan.data == "target" and ran.plan.unit == "group" and not ran.plan.leaky


def _data(paper: Paper, material: Material, kind: str) -> dict[str, Any]:
    """The films at hand beside those of the paper."""
    theirs = {each.name: each for each in (paper.classes if kind == "target" else paper.source_classes)}
    counts = Counter(material.labels)
    classes = []
    for name in material.classes:
        places = [place for place, label in enumerate(material.labels) if label == name]
        sources = Counter(material.sources[place] or "(unknown)" for place in places)
        classes.append(
            {
                "name": name,
                "published": theirs[name].count if name in theirs else None,
                "published_source": theirs[name].source if name in theirs else "",
                "films": counts[name],
                "patients": len({material.groups[place] for place in places}),
                "sources": dict(sources.most_common()),
            }
        )
    films = len(material.films)
    return {
        "films": films,
        "digest": material.digest,
        "classes": classes,
        "without_patient": sum(not film.patient for film in material.films),
        "without_age": sum(film.age_years is None for film in material.films),
        "without_view": sum(not film.view for film in material.films),
        "left_out": dict(material.left_out),
        "unread": len(material.unread),
        "warnings": list(material.warnings),
    }


def _changes(found: Reproduction) -> dict[str, list[str]]:
    if found.scale is None:
        return {}
    made: dict[str, list[str]] = {}
    for ran in found.runs:
        try:
            made.setdefault(ran.plan.published.name, changes(ran.plan.published, found.scale))
        except RunRefused as refusal:
            made.setdefault(ran.plan.published.name, [str(refusal)])
    return made


def _comparisons(found: Reproduction, replicates: int) -> Iterator[dict[str, Any]]:
    """Second minus first, paired over patients: the networks that the paper compares, and what leaks are worth."""
    done = [ran for ran in found.runs if ran.outcome and not ran.same_as]
    for first, second in found.paper.comparisons:
        for unit in _UNITS:
            one, other = (_named(done, called, unit) for called in (first, second))
            if one is not None and other is not None:
                yield _compared(one, other, f"{second} instead of {first}", replicates)
    for ran in done:
        others = [r for r in done if r.plan.published == ran.plan.published and r.plan.data == ran.plan.data]
        for other in others:
            if ran.plan.unit == "group" and not ran.plan.leaky and other is not ran:
                called = ran.plan.published.called or ran.plan.published.name
                what = "source network that saw the test films, instead of one that did not"
                if not other.plan.leaky:
                    what = "split by image instead of by patient"
                yield {**_compared(ran, other, f"{called}: {what}", replicates), "unit": ""}


def _named(runs: Sequence[Ran], called: str, unit: str) -> Ran | None:
    fits = (ran for ran in runs if ran.plan.published.called == called and ran.plan.unit == unit)
    return next((ran for ran in fits if not ran.plan.leaky), None)


def _compared(first: Ran, second: Ran, words: str, replicates: int) -> dict[str, Any]:
    assert first.outcome is not None
    assert second.outcome is not None
    figures = compared(first.outcome.table, second.outcome.table, replicates)
    return {"first": first.plan.name, "second": second.plan.name, "words": words, "unit": first.plan.unit, **figures}


def _run(ran: Ran) -> dict[str, Any]:
    plan, outcome = ran.plan, ran.outcome
    row: dict[str, Any] = {
        "name": plan.name,
        "recipe": plan.published.name,
        "called": plan.published.called,
        "title": plan.published.title,
        "unit": plan.unit,
        "data": plan.data,
        "leaky": plan.leaky,
        "done": outcome is not None,
        "why": ran.why,
        "same_as": ran.same_as,
    }
    if outcome is None:
        return row
    return {
        **row,
        "classes": list(outcome.classes),
        "seed": plan.recipe.seed,
        "epochs": [len(fold.curves) for fold in outcome.folds],
        "source_matrix": _sources(outcome),
        **{key: outcome.evidence[key] for key in _KEPT if key in outcome.evidence},
    }


def _sources(outcome: Outcome) -> dict[str, Any] | None:
    """The matrix grouped by source, each class standing for the source most of its films are from."""
    table, of_class = outcome.table, {}
    for number, name in enumerate(outcome.classes):
        own = Counter(
            source for source, true in zip(table.sources, table.truth.tolist(), strict=True) if true == number
        )
        of_class[name] = own.most_common(1)[0][0] if own else ""
    if len(set(of_class.values())) < 2:
        return None
    names, counts = source_matrix(outcome.evidence["confusion"], outcome.classes, of_class)
    right = float(sum(counts[place, place] for place in range(len(names))) / max(counts.sum(), 1))
    return {"sources": names, "classes": of_class, "matrix": counts.tolist(), "right": right}
