"""An assessment in a reader's words: marks, titles, facts, times. Nothing here draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Reason

if TYPE_CHECKING:
    from core.imaging.radiograph import Facts
    from core.inference.assessment import Assessment


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign and a word for a state, so that nothing is told by colour alone."""

    icon: str
    word: str
    token: str


REFER = Mark("refer", "Refer", "refer")
# No tick: below the operating point is not the same as healthy.
NOT_REFERRED = Mark("below", "Below the operating point", "text")
ABSTAINED = Mark("abstained", "Abstains", "refer")
REFUSED = Mark("refused", "Refused", "error")
FAILED = Mark("failed", "Failed", "error")

DOUBTS = ("members-disagree", "near-the-threshold")
_SEXES = {"M": "man", "F": "woman"}


def mark_of(assessment: Assessment) -> Mark:
    """The mark of a row: refused and failed first, then abstained, then above or below the operating point."""
    if assessment.status == "refused":
        return REFUSED
    if assessment.status == "failed":
        return FAILED
    if assessment.status == "abstained":
        return ABSTAINED
    return REFER if assessment.refer else NOT_REFERRED


def probability(value: float) -> str:
    """Two digits, and never a certainty that was not there."""
    if 0 < value < 0.005:
        return "<0.01"
    if 0.995 <= value < 1:
        return ">0.99"
    return f"{value:.2f}"


def of_verdict(agrees: bool | None, finding: str) -> str:
    """The reader's word on a film. finding: the title of the one that was named, "" for none."""
    if finding:
        return f"Verdict: {finding}"
    return "Verdict: not that" if agrees is False else "Verdict: agreed" if agrees else "Verdict: a note"


def title(name: str, titles: Mapping[str, str]) -> str:
    """A class's title as the bundle gives it, else its name."""
    return titles.get(name) or name.replace("-", " ").replace("_", " ").capitalize()


def in_sentence(title: str) -> str:
    """A title in the middle of a sentence: "pneumonia", but "COVID-19"."""
    return title[:1].lower() + title[1:] if title[1:].islower() else title


def facts_line(facts: Facts | None, *, short: bool = False) -> str:
    """View, age and sex, date, as far as the file says; patient names are not part of it."""
    if facts is None:
        return ""
    age = f"{facts.age_years:.0f} y" if facts.age_years is not None else ""
    sex = _SEXES.get(facts.sex or "", facts.sex or "")
    # The list is narrow and cuts the end off: what tells one film of a patient from the other comes first there.
    end = (dated(facts.study_date), age, sex) if short else (age, sex, dated(facts.study_date))
    said = [part for part in (facts.view or "", *end) if part]
    if not said:
        return f"{facts.format}, nothing stated" if not short else facts.format
    return " · ".join(said)


def person(facts: Facts | None) -> str:
    """The patient's name as one reads it ("Doe, Jane"), else the id; "" where the file has neither."""
    if facts is None:
        return ""
    # PS3.5 6.2.1: family^given^middle^prefix^suffix, and up to three ways to write it, with = between them.
    parts = [part.strip() for part in (facts.patient_name or "").partition("=")[0].split("^")]
    given = " ".join(part for part in parts[1:3] if part)
    return ", ".join(part for part in (parts[0], given) if part) or (facts.patient_id or "").strip()


def dated(date: str | None) -> str:
    """A DICOM date (YYYYMMDD) with hyphens; anything else as it stands."""
    if date and len(date) == 8 and date.isdigit():
        return f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return date or ""


def seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def of_gate(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """What the gate refused for."""
    return tuple(reason for reason in reasons if reason.code.startswith("gate-"))


def doubts(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Why the ensemble abstained."""
    return tuple(reason for reason in reasons if reason.code in DOUBTS)


def cautions(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """What to bear in mind: cautions and notes, and not what already stands under the gate or the headline."""
    return tuple(
        reason
        for reason in reasons
        if reason.severity in ("caution", "note") and reason.code not in DOUBTS and not reason.code.startswith("gate-")
    )
