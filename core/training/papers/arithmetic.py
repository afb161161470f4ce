"""What the rules on printed figures share: an answer in words, cells of tables, cutting off and rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.training.papers.published import Cell, Paper, PublishedTable

Ask = Mapping[str, Any]
Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the rule holds, one sentence, what is printed and what comes out."""

    holds: bool
    text: str
    printed: str = ""
    recomputed: str = ""
    cells: tuple[Place, ...] = ()


Rule = Callable[[Paper, Ask], Answer]


def by_name(*rules: Rule) -> dict[str, Rule]:
    """Rules under the names that resources/papers gives them."""
    return {str(getattr(rule, "__name__")).replace("_", "-"): rule for rule in rules}  # noqa: B009


def matches(printed: float, value: float, decimals: int, rounding: str) -> bool:
    """Whether a value, cut off or rounded to so many decimals, is what is printed."""
    unit, small = 10.0**-decimals, 1e-9
    off = value - printed
    cut = -small <= off < unit - small
    rounded = abs(off) <= unit / 2 + small
    return cut if rounding == "cut" else rounded if rounding == "round" else cut or rounded


def listed(said: Iterable[str], good: str = "", start: str = "") -> str:
    text = "; ".join(said)
    return f"{start}{text}." if text else good


def comma(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def printed_in(paper: Paper, place: Place) -> Cell:
    return paper.table(place[0]).value(place[1], place[2])


def place_of(cell: Sequence[str]) -> Place:
    return cell[0], cell[1], cell[2]


def decimals_of(paper: Paper, table: PublishedTable, column: str) -> int:
    return paper.decimals if table.decimals is None else table.decimals


def films_of(paper: Paper, of: str) -> int:
    sizes = {"positive": paper.positives, "rest": paper.films - paper.positives, "all": paper.films}
    return paper.test_films or 0 if of == "test" else sizes[of]
