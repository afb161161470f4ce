"""The evidence of an ensemble as sections of its card: first what counts in one table, then where it comes from.

Written for a reader of films, who has two minutes. Everything here is made from plain data of core.evidence; a part
that was not measured is not spoken of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.training import evidence_words as words
from core.training.evidence_words import number, percent
from core.training.report import Section


@dataclass(frozen=True, slots=True)
class Aims:
    """What was wanted, by the name of the figure. below, above: shares of unseen films beside the operating point;
    slope: of the calibration on the locked test, least and most; moved: at most; attention: in the lungs, at least."""

    within: Mapping[str, float] = field(default_factory=dict)
    unseen: Mapping[str, float] = field(default_factory=dict)
    below: Mapping[str, float] = field(default_factory=dict)
    above: Mapping[str, float] = field(default_factory=dict)
    slope: tuple[float, float] = (0.9, 1.1)
    moved: float = 0.03
    attention: float = 0.8


def sections(found: Mapping[str, Any], aims: Aims) -> list[Section]:
    """The card's sections. found: the parts "apart", "validation", "test", "nuisance", "occlusion", "maps",
    "novelty" and "source_probe", as their functions give them; those that are missing are left out."""
    hospitals = "New hospitals" if (found.get("apart") or {}).get("together") else "Within the hospital"
    parts = [
        Section("In short", summary(found, aims)),
        *_section(hospitals, found, "apart", words.apart_lines),
        *_section("Locked test", found, "test", words.test_lines),
        *_section("Shortcuts", found, "test", lambda one: words.shortcut_lines(one["report"]), "validation"),
        *_section(
            "When it abstains", found, "test", lambda one: words.abstention_lines(one["abstention"]), "validation"
        ),
        *_section("Ensemble and members", found, "test", lambda one: words.member_lines(one["members"]), "validation"),
        *_section("By view, sex, age and size", found, "validation", lambda one: words.strata_lines(one["report"])),
        *_section("What must not matter", found, "nuisance", words.nuisance_lines),
        *_section("Without lungs, without surroundings", found, "occlusion", words.occlusion_lines),
        *_section("Can the hospital be read from the features?", found, "source_probe", words.source_lines),
        *_section("Maps", found, "maps", words.map_lines),
        *_section("Novelty", found, "novelty", words.novelty_lines),
    ]
    return [part for part in parts if part.lines]


def summary(found: Mapping[str, Any], aims: Aims) -> list[str]:
    """The table of the figures that count, each with its aim; an aim is met by the figure, not by its interval."""
    judged = "test" if found.get("test") else "validation"
    rows = [*_of_apart(found.get("apart") or {}, aims), *_of_judged(found.get(judged), judged, aims)]
    rows += _of_parts(found, aims)
    if not rows:
        return []
    return [
        "| question | figure (95 % interval) | aim | met |",
        "|---|---|---|---|",
        *(f"| {name} | {figure} | {aim} | {met} |" for name, figure, aim, met in rows),
        "",
        "AUROC: how often the ill one of two films, one of each kind, gets the higher score; 0.5 is guessing."
        + (_FLATTERED if _several_sources(found) else ""),
    ]


_Row = tuple[str, str, str, str]
_FLATTERED = (
    " Pooled figures are flattered here, because most sources bring films of one class; the first rows are not."
)


def _several_sources(found: Mapping[str, Any]) -> bool:
    return any(words.several_sources(found[part]["report"]) for part in ("test", "validation") if found.get(part))


def _of_apart(apart: Mapping[str, Any], aims: Aims) -> Iterator[_Row]:
    for row in apart.get("within", []):
        yield _least(f"AUROC, {row['name']}", number(row["auroc"]), row["auroc"], aims.within.get(row["name"]))
    for row in apart.get("together", []):
        yield _least(f"AUROC, {row['name']}", number(row["auroc"]), row["auroc"], aims.unseen.get(row["name"]))
    together = (apart.get("point") or {}).get("together", {})
    for name, told in together.items():
        side = "below" if "below" in told else "above"
        aim = (aims.below if side == "below" else aims.above).get(name)
        yield _least(f"unseen {name} films {side} the operating point", percent(told[side]), told[side], aim, "%")


def _of_judged(judged: Mapping[str, Any] | None, part: str, aims: Aims) -> Iterator[_Row]:
    if not judged:
        return
    report = judged["report"]
    on = "locked test" if part == "test" else "validation, which chose the constants"
    yield f"mean AUROC, {on}", number(report["figures"]["auroc/macro"]), "–", "–"
    no_aim = "no aim: it pays for knowing sources" if words.several_sources(report) else "–"
    yield f"accuracy, {on}", percent(report["figures"]["accuracy"]), no_aim, "–"
    if referral := report.get("referral"):
        for name in ("sensitivity", "specificity"):
            yield f"{name} at the operating point, {on}", percent(referral[name]), "–", "–"
    # On the films that chose temperature and offsets a slope of 1 would say nothing.
    for name, figure in report["calibration"].items() if part == "test" else ():
        if name.startswith("slope/") and figure["value"] is not None:
            low, high = aims.slope
            met = "yes" if low <= figure["value"] <= high else "no"
            yield f"calibration slope, {name.removeprefix('slope/')}, {on}", number(figure), f"{low:g} to {high:g}", met


def _of_parts(found: Mapping[str, Any], aims: Aims) -> Iterator[_Row]:
    kinds = {name: one for name, one in (found.get("nuisance") or {}).get("kinds", {}).items() if one["moved"]}
    if kinds:
        worst = max(kinds, key=lambda name: float(kinds[name]["moved"]["value"]))
        figure = kinds[worst]["moved"]
        name = f"change of p by what must not matter; the worst, {words.KINDS[worst]}"
        yield name, number(figure, 3), f"at most {aims.moved:g}", "yes" if figure["value"] <= aims.moved else "no"
    rows = (found.get("maps") or {}).get("attention", {})
    if told := rows.get("abnormal") or rows.get("all"):
        share = f"{percent(told['attention'])}; lungs are {100 * told['lungs']['value']:.0f} % of the picture"
        yield _least(
            "the map of an abnormal finding that lies in the lungs", share, told["attention"], aims.attention, "%"
        )
    judged = found.get("test") or found.get("validation")
    if judged and (rule := judged["abstention"]["rule"]):
        figures = f"{percent(rule['coverage'])}; wrong in {percent(rule['risk'])} of them"
        yield "films it answers, the others are left to the reader", figures, "–", "–"


def _least(name: str, words_: str, figure: Mapping[str, Any], aim: float | None, unit: str = "") -> _Row:
    if aim is None:
        return name, words_, "–", "–"
    wanted = f"at least {100 * aim:.0f} %" if unit else f"at least {aim:.2f}"
    return name, words_, wanted, "yes" if figure["value"] is not None and figure["value"] >= aim else "no"


def _section(title: str, found: Mapping[str, Any], part: str, told: Any, otherwise: str = "") -> Iterator[Section]:
    """A section of a part, or of the one that stands in for it (validation for a test that was not opened)."""
    for name in (part, otherwise):
        if found.get(name):
            lines = told(found[name])
            on = " (validation films)" if name == "validation" else ""
            yield Section(f"{title}{on}", lines)
            return
