"""From what a site calls its films to classes of a bundle: first guesses, counts, and what the counts allow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.site.plan import ClassChoice, SiteFilm, allowed
from core.site.state import ClassCount, LabelCount

NO_LABEL = "(none)"
# What sites write for the classes that most bundles have; only where the bundle has that class.
_SAID = {
    "nofinding": "normal", "nofindings": "normal", "healthy": "normal", "negative": "normal", "clear": "normal",
    "sarscov2": "covid", "covid19": "covid", "coronavirus": "covid", "cap": "pneumonia",
}  # fmt: skip


# Words with single spaces, hyphens or underscores between them. A sign at an end ("COVID-") may change the meaning.
_ORDINARY = re.compile(r"[^\W_]+([ _-][^\W_]+)*")


def class_name(label: str, taken: Iterable[str] = ()) -> str:
    """A label as the name of a class: small letters, digits and hyphens, a letter first; none of those taken."""
    name = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    name = name if re.match("[a-z]", name) else f"class-{name}".strip("-")
    others, first, number = set(taken), name, 1
    while name in others:
        number += 1
        name = f"{first}-{number}"
    return name


def first_choices(labels: Iterable[str], bundle: Sequence[tuple[str, str]]) -> tuple[ClassChoice, ...]:
    """A choice for every label: a class of the bundle ((name, title)) of the same name or title, else a new class;
    labels of no class (`other:…`, none) are left out."""
    titles = dict(bundle)
    known = {_plain(word): name for name, title in bundle for word in (name, title)}
    known |= {word: name for word, name in _SAID.items() if name in titles and word not in known}
    made: list[ClassChoice] = []
    for label in labels:
        name = known.get(_plain(label)) if _ORDINARY.fullmatch(label) else None
        if name is not None:
            made.append(ClassChoice(label, name, titles[name]))
        elif not label or label == NO_LABEL or label.lower().startswith("other"):
            made.append(ClassChoice(label, None))
        else:
            taken = [*titles, *(one.to for one in made if one.to is not None)]
            made.append(ClassChoice(label, class_name(label, taken), label))
    return tuple(made)


def class_of(choices: Sequence[ClassChoice]) -> dict[str, str]:
    """Label → class, of the labels that have one."""
    return {choice.label: choice.to for choice in choices if choice.to is not None}


def label_counts(
    films: Sequence[SiteFilm], groups: Mapping[int, str], choices: Sequence[ClassChoice]
) -> tuple[LabelCount, ...]:
    """One row a label, in the order of the choices. groups: of every film that was read."""
    usable: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    for film in films:
        if film.excluded:
            excluded[film.label] += 1
        elif film.problem:
            problems[film.label] += 1
        elif film.usable:
            usable[film.label] += 1
            people.setdefault(film.label, set()).add(groups.get(film.number, str(film.number)))
    return tuple(
        LabelCount(
            choice.label,
            usable[choice.label],
            len(people.get(choice.label, ())),
            excluded[choice.label],
            problems[choice.label],
        )
        for choice in choices
    )


def class_counts(
    films: Sequence[SiteFilm],
    groups: Mapping[int, str],
    choices: Sequence[ClassChoice],
    bundle: Sequence[tuple[str, str]],
) -> tuple[ClassCount, ...]:
    """What the choices make of the films: one row a class, those of the bundle first and in its order."""
    to = class_of(choices)
    titles = {choice.to: choice.title for choice in reversed(choices) if choice.to is not None} | dict(bundle)
    known = [name for name, _title in bundle]
    names = sorted(set(to.values()), key=lambda name: (known.index(name) if name in known else len(known), name))
    count: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    for film in films:
        if film.usable and film.label in to:
            count[to[film.label]] += 1
            people.setdefault(to[film.label], set()).add(groups.get(film.number, str(film.number)))
    made = []
    for name in names:
        patients = len(people.get(name, ()))
        made.append(
            ClassCount(name, titles[name] or name, count[name], patients, name in known, allowed(count[name], patients))
        )
    return tuple(made)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
