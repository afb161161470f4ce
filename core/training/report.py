"""The model card: generated from what the bundle states, never typed twice (Mitchell et al. 2019, in short)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.inference.description import Figure, IntendedUse


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its Markdown lines."""

    title: str
    lines: Sequence[str]


def card(
    name: str,
    use: IntendedUse,
    licence: str,
    *,
    mixes: Mapping[str, Mapping[str, int]],
    figures: Sequence[Figure],
    sections: Sequence[Section],
) -> str:
    """card.md, as text: intended use, terms, figures with their intervals, class mix, and what else is to be told."""
    parts = [
        Section("Intended use", [use.population, f"Views: {', '.join(use.views)}."]),
        Section("Terms", [licence]),
        Section("Figures", _figure_lines(figures)),
        *([Section("Class mix", _mix_lines(mixes))] if mixes else []),
        *sections,
    ]
    text = [f"# {name}"]
    for part in parts:
        text += ["", f"## {part.title}", "", *part.lines]
    return "\n".join(text) + "\n"


def figures_of(found: Mapping[str, Any], source: str) -> list[Figure]:
    """The headline figures of a report, what the operating point gives, and every within-source comparison.

    found: from core.evidence.evaluate.report. source: what the films were, for the card.
    """
    films = found["films"]
    rows = [
        (name, figure, films)
        for name, figure in found["figures"].items()
        if name in ("accuracy", "balanced_accuracy") or name.startswith("auroc/")
    ]
    referral = found.get("referral") or {}
    rows += [(f"referral {name}", referral[name], films) for name in ("sensitivity", "specificity") if name in referral]
    for row in found["within_source"]:
        one, other = row["classes"]
        rows.append((f"auroc {other} against {one} within {row['source']}", row["auroc"], row["films"]))
    return [
        Figure(name, figure["value"], figure["low"], figure["high"], source, count)
        for name, figure, count in rows
        if figure["value"] is not None and figure["low"] is not None
    ]


def _figure_lines(figures: Sequence[Figure]) -> list[str]:
    lines = ["| figure | value | 95 % interval | films | from |", "|---|---|---|---|---|"]
    for one in figures:
        films = "" if one.films is None else str(one.films)
        lines.append(f"| {one.name} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} | {films} | {one.source} |")
    return lines


def _mix_lines(mixes: Mapping[str, Mapping[str, int]]) -> list[str]:
    names = sorted({name for mix in mixes.values() for name in mix})
    lines = [f"| films | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    lines += [f"| {part} | {' | '.join(str(mix.get(name, 0)) for name in names)} |" for part, mix in mixes.items()]
    return [*lines, "", "Probabilities hold for the mix of the validation films. Where classes are rarer, so are they."]
