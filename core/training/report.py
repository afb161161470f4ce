"""The model card: generated from what the bundle states, never typed twice (Mitchell et al. 2019, in short)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
        Section("Class mix", _mix_lines(mixes)),
        *sections,
    ]
    text = [f"# {name}"]
    for part in parts:
        text += ["", f"## {part.title}", "", *part.lines]
    return "\n".join(text) + "\n"


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
