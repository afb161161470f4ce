"""Whose film it is, for the corners of the film: what the file says and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.reading import words

if TYPE_CHECKING:
    from core.imaging.facts import Facts

Lines = tuple[str, ...]
_SEXES = {"M": "man", "F": "woman", "O": "other sex"}
_DAYS = 365.25


def corners(facts: Facts) -> tuple[Lines, Lines]:
    """Lines for the upper left (name, number, age and sex) and the upper right (date, view, maker); empty ones for a
    file that states nothing."""
    person = ", ".join(part for part in (age(facts.age_years), _SEXES.get(facts.sex or "", facts.sex or "")) if part)
    left = (words.person(facts) if facts.patient_name else None, facts.patient_id, person)
    made = " ".join(part for part in (facts.maker, facts.model) if part)
    right = (facts.study_date, facts.view, made)
    return tuple(line for line in left if line), tuple(line for line in right if line)


def age(years: float | None) -> str:
    """In years; of infants in months, of the new-born in days."""
    if years is None:
        return ""
    if years >= 2:
        return f"{int(years)} y"
    return f"{int(years * 12)} months" if years * 12 >= 2 else f"{round(years * _DAYS)} days"
