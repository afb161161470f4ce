"""The five papers' tables, matrices and claims as data (resources/papers), and what arithmetic says of them.

Every verdict is computed from the printed figures when it is asked for; resources/papers names the rule, the cells and
what the finding is called when the rule does not hold. The few remarks on wording are marked as not computed.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from core.errors import RunRefused
from core.places import RESOURCES

FOLDER = RESOURCES / "papers"
PAPERS = ("a", "b", "c", "d", "e")
Cell = float | int | str


class PaperClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class with the number of films that the paper had, and where they came from."""

    name: str
    count: int
    source: str = ""


class PublishedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table as printed. figures: what each column is (see `figures_of`), "" for what is no result."""

    id: str
    title: str
    unit: str
    columns: tuple[str, ...]
    figures: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    decimals: int | None = None

    def key(self, row: Sequence[Cell]) -> str:
        """A row's name: the network, and the class where a row is one of a class."""
        both = len(self.figures) > 1 and self.figures[1] == "class"
        return f"{row[0]}/{row[1]}" if both else str(row[0])

    def row(self, key: str) -> tuple[Cell, ...]:
        return next(row for row in self.rows if self.key(row) == key)

    def value(self, key: str, column: str) -> Cell:
        return self.row(key)[self.columns.index(column)]


class PublishedMatrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts (actual class, predicted class). labels may be the positive class and "rest"."""

    id: str
    called: str
    labels: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    leakage: tuple[str, ...] = ()
    needs: str = ""


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One paper: what it had, what it printed, and which arithmetic is asked of it."""

    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    convention: str
    judged: str
    rounding: Literal["cut", "round", "either"]
    decimals: int
    positive: tuple[str, ...]
    classes: tuple[PaperClass, ...]
    source_classes: tuple[PaperClass, ...] = ()
    stated_total: int | None = None
    test_films: int | None = None
    fold_sizes: tuple[int, ...] = ()
    doi: str = ""
    arxiv: str = ""
    tables: tuple[PublishedTable, ...] = ()
    matrices: tuple[PublishedMatrix, ...] = ()
    checks: tuple[dict[str, Any], ...] = ()
    comparisons: tuple[tuple[str, str], ...] = ()
    notes: Notes = Notes()

    def table(self, name: str) -> PublishedTable:
        return next(table for table in self.tables if table.id == name)

    def matrix(self, name: str) -> PublishedMatrix:
        return next(matrix for matrix in self.matrices if matrix.id == name)

    @property
    def films(self) -> int:
        return sum(each.count for each in self.classes)

    @property
    def positives(self) -> int:
        return sum(each.count for each in self.classes if each.name in self.positive)


@dataclass(frozen=True, slots=True)
class Check:
    """What arithmetic says. cells: (table, row, column) of the figures that it speaks of, when it does not hold."""

    id: str
    verdict: str
    text: str
    printed: str
    recomputed: str
    computed: bool = True
    cells: tuple[tuple[str, str, str], ...] = ()


@lru_cache
def paper(key: str) -> Paper:
    """One of the five, by its letter. Refuses "paper-missing" (RunRefused)."""
    file = FOLDER / f"{key}.toml"
    if key not in PAPERS or not file.is_file():
        raise RunRefused("paper-missing", what=key)
    return from_file(file)


def from_file(file: Path) -> Paper:
    return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Paper)


def arithmetic(of: Paper) -> list[Check]:
    """Every check of a paper, in its order."""
    from core.training.papers import count_rules, figure_rules

    rules = count_rules.RULES | figure_rules.RULES
    found = []
    for ask in of.checks:
        answer = rules[ask["rule"]](of, ask)
        verdict = str(ask.get("holds", "consistent") if answer.holds else ask["broken"])
        meaning = str(ask.get("meaning", ""))
        says_more = meaning and (not answer.holds or "holds" in ask or ask["rule"] in ("noted", "from-matrix"))
        text = f"{answer.text} {meaning}".strip() if says_more else answer.text
        cells = () if answer.holds else answer.cells
        computed = ask["rule"] != "noted"
        found.append(Check(ask["id"], verdict, text, answer.printed, answer.recomputed, computed, cells))
    return found


def flagged(checks: Sequence[Check]) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """Which checks speak against which cell of a table."""
    marks: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for check in checks:
        for cell in check.cells:
            marks[cell] = (*marks.get(cell, ()), check.id)
    return marks


def figures_of(matrix: Any, labels: Sequence[str], positive: Sequence[str]) -> dict[str, float]:
    """All figures that one matrix of counts gives, as shares; counts as counts.

    matrix: (actual, predicted). Keys: "accuracy"; "macro/…" and "NAME/…" with precision, sensitivity, specificity and
    f1; "positive/…" for the positive classes against the rest, with accuracy, tp, fp, fn and tn too. Both accuracies
    come from the same counts, so the n-class one never exceeds the other. NaN where there is nothing to divide by.
    """
    counts = np.asarray(matrix, np.float64)
    total = counts.sum()
    found = {"accuracy": _divided(np.trace(counts), total)}
    for number, name in enumerate(labels):
        found |= {f"{name}/{key}": value for key, value in _against_rest(counts, [number]).items()}
    for key in ("precision", "sensitivity", "specificity", "f1"):
        values = [found[f"{name}/{key}"] for number, name in enumerate(labels) if counts[number].sum()]
        # A class that is never called has no precision; scikit-learn and the papers' software count it as 0.
        found[f"macro/{key}"] = float(np.mean([0.0 if math.isnan(value) else value for value in values]))
    found["balanced_accuracy"] = found["macro/sensitivity"]
    chosen = [number for number, name in enumerate(labels) if name in positive]
    if chosen and len(chosen) < len(labels):
        found |= {f"positive/{key}": value for key, value in _against_rest(counts, chosen).items()}
    return found


def _against_rest(counts: Any, chosen: Sequence[int]) -> Mapping[str, float]:
    is_one = np.isin(np.arange(len(counts)), chosen)
    tp, fn = counts[is_one][:, is_one].sum(), counts[is_one][:, ~is_one].sum()
    fp, tn = counts[~is_one][:, is_one].sum(), counts[~is_one][:, ~is_one].sum()
    return {
        "accuracy": _divided(tp + tn, counts.sum()),
        "sensitivity": _divided(tp, tp + fn),
        "specificity": _divided(tn, tn + fp),
        "precision": _divided(tp, tp + fp),
        "f1": _divided(2 * tp, 2 * tp + fp + fn),
        "tp": float(tp),
        "fp": float(fp),
        "fn": float(fn),
        "tn": float(tn),
    }


def _divided(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom else math.nan
