"""What is wrong with, or peculiar to, a site's films, before anything is trained on them.

One door: `findings(site)`. Each check below looks at the same `Site` and yields what it found, with the films it is
about, what that means, and what to do. A check never changes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cohort.hashes import NEAR_BITS, distances, near_pairs
from core.cohort.lineage import Lineage
from core.errors import Reason
from core.imaging.prepare import Settled
from core.inference import gate
from core.inference.description import IntendedUse
from core.inference.lungs import LungFinder
from core.progress import Meter, Progress, Stop
from core.site.associations import by_amount, by_kind
from core.site.classes import class_of
from core.site.known import Known, stacked
from core.site.plan import Allowed, ClassChoice, SiteFilm
from core.site.state import ClassCount, Finding, Table

_AT_ONCE = 16
_MOST_ROWS = 12
_AGE = "gate-age"


@dataclass(frozen=True)
class Site:
    """What the checks look at. films: all of the list. known: number → what reading told, of those that were read.
    groups: number → whoever and whatever must stay together. settled: number → the film as cached, (rows, columns)
    uint16. use, seen: of the bundle that is in use, as far as there is one. lungs: None where there is no bundle."""

    films: Sequence[SiteFilm]
    known: Mapping[int, Known]
    groups: Mapping[int, str]
    choices: Sequence[ClassChoice]
    classes: Sequence[ClassCount]
    together: Allowed
    settled: Callable[[int], NDArray[np.uint16]]
    use: IntendedUse | None = None
    seen: Lineage | None = None
    lungs: LungFinder | None = None

    @property
    def used(self) -> list[SiteFilm]:
        """The films that a training would get."""
        to = class_of(self.choices)
        return [film for film in self.films if film.usable and film.label in to]

    def classes_of(self, films: Sequence[SiteFilm]) -> list[str]:
        """The title of every film's class."""
        to, titles = class_of(self.choices), {one.name: one.title for one in self.classes}
        return [titles[to[film.label]] for film in films]


def findings(
    site: Site, report: Callable[[Progress], None] = lambda progress: None, stop: Stop | None = None
) -> tuple[Finding, ...] | None:
    """All findings, blockers first; None when it was stopped. The only slow part is looking for lungs."""
    stop = stop or Stop()
    judged = _judged(site, report, stop)
    if judged is None:
        return None
    found = [
        *_counts(site), *_unreadable(site), *_gate(site, judged), *_copies(site), *_near(site), *_patients(site),
        *_sources(site), *_facts(site), *_seen(site),
    ]  # fmt: skip
    order = ("blocker", "warning", "note")
    return tuple(sorted(found, key=lambda one: order.index(one.severity)))


def _counts(site: Site) -> Iterator[Finding]:
    table: Table = (
        ("Class", "Films", "Patients", "What that allows"),
        *((one.title, str(one.films), str(one.patients), one.allowed.words) for one in site.classes),
    )
    if not site.together.trains:
        yield Finding(
            "too-few-films", "blocker", "Too few films to train", site.together.words,
            "Go back to the classes: merge a label into another class, leave it out, or add films.",
            table=table, may_acknowledge=False,
        )  # fmt: skip
    elif not site.together.locked_test:
        yield Finding(
            "small-set", "note", "A small set", site.together.words,
            "Nothing has to be done. With more films the result says more.", table=table,
        )  # fmt: skip


def _unreadable(site: Site) -> Iterator[Finding]:
    to = class_of(site.choices)
    films = [film for film in site.films if film.problem and not film.excluded and film.label in to]
    if films:
        yield Finding(
            "unreadable", "warning", f"{_films(len(films))} cannot be read",
            "They are left out of the training by themselves. If they are many, or all of one class, the training "
            "learns from another choice of films than you meant.",
            "Mend the files and open the folder again, or go on without them.",
            _numbers(films), (("File", "Why"), *((film.name, film.problem) for film in films[:_MOST_ROWS])),
        )  # fmt: skip


def _judged(
    site: Site, report: Callable[[Progress], None], stop: Stop
) -> list[tuple[SiteFilm, tuple[Reason, ...]]] | None:
    """The gate's refusals of every used film, by its file's facts, its looks and its lungs."""
    made: list[tuple[SiteFilm, tuple[Reason, ...]]] = []
    used = site.used
    meter = Meter(len(used))
    for start in range(0, len(used), _AT_ONCE):
        if stop.asked:
            return None
        part = used[start : start + _AT_ONCE]
        lungs = [None] * len(part) if site.lungs is None else site.lungs.find_many(
            [Settled(np.asarray(site.settled(film.number)), np.eye(3)) for film in part]
        )  # fmt: skip
        for film, found in zip(part, lungs, strict=True):
            known = site.known[film.number]
            reasons = gate.from_looks(known.looks)
            if site.use is not None:
                reasons += gate.from_facts(known.facts, site.use)
            if found is not None and not gate.refuses(reasons):
                reasons += gate.from_lungs(found)
            made.append((film, tuple(one for one in reasons if one.severity == "refusal")))
        report(meter.add(len(part), note="looking at the films"))
    return made


def _gate(site: Site, judged: Sequence[tuple[SiteFilm, tuple[Reason, ...]]]) -> Iterator[Finding]:
    not_films = [(film, why) for film, why in judged if any(one.code != _AGE for one in why)]
    if not_films:
        rows = ((film.name, why[0].text) for film, why in not_films[:_MOST_ROWS])
        yield Finding(
            "not-radiographs", "blocker", f"{_films(len(not_films))} would be refused in use",
            "The gate does not take them for whole frontal chest radiographs. A network that is trained on pictures "
            "that it will never be shown learns their peculiarities; if they are mostly of one class, it learns these "
            "instead of the finding.",
            "Look at them and leave out what is no frontal film. If they are right as they are, say why.",
            _numbers([film for film, _why in not_films]), (("File", "Why"), *rows),
        )  # fmt: skip
    outside = [film for film, why in judged if any(one.code == _AGE for one in why)]
    if outside and site.use is not None:
        youngest, oldest = site.use.ages
        yield Finding(
            "outside-ages", "warning", f"{_films(len(outside))} outside the ages of the bundle in use",
            f"It is meant for ages {youngest:g} to {oldest:g} and refuses others; a bundle trained from it states the "
            "same ages.",
            "Leave them out, unless the new bundle is meant for them.", _numbers(outside),
        )  # fmt: skip


def _copies(site: Site) -> Iterator[Finding]:
    used = site.used
    same: dict[str, list[SiteFilm]] = {}
    for film in used:
        same.setdefault(film.sha256, []).append(film)
    copies = [films for films in same.values() if len(films) > 1]
    yield from _of_sets(
        site, copies, code="copies", title="The same file",
        meaning="Copies add nothing: the training takes the first of each set.",
    )  # fmt: skip


def _near(site: Site) -> Iterator[Finding]:
    """Nearly the same picture in files of different bytes: saved again, cropped a little, mirrored."""
    used = site.used
    if len(used) < 2:
        return
    hashes, mirrored = _hashes(site, used)
    sets = _joined([pair for pair in near_pairs(hashes, mirrored) if used[pair[0]].sha256 != used[pair[1]].sha256])
    yield from _of_sets(
        site, [[used[place] for place in places] for places in sets],
        code="near-copies", title="Nearly the same picture",
        meaning="They are kept on one side of every split, so that nothing is judged on what it learnt.",
    )  # fmt: skip


def _of_sets(
    site: Site, sets: Sequence[Sequence[SiteFilm]], *, code: str, title: str, meaning: str
) -> Iterator[Finding]:
    """Sets of films that are the same: harmless within a class, a contradiction between two (code-in-two-classes)."""
    torn = [films for films in sets if len(set(site.classes_of(films))) > 1]
    whole = [films for films in sets if len(set(site.classes_of(films))) == 1]
    if torn:
        rows = tuple(
            (film.name, name) for films in torn for film, name in zip(films, site.classes_of(films), strict=True)
        )
        yield Finding(
            f"{code}-in-two-classes", "blocker", f"{title} in two classes: {_films(sum(map(len, torn)))}",
            "One picture cannot show both: at least one label of each set is wrong, and the figures count it as a "
            "mistake of the network.",
            "Look at each set, and relabel or leave out what is wrong.",
            tuple(film.number for films in torn for film in films),
            (("File", "Class"), *rows[:_MOST_ROWS]),
        )  # fmt: skip
    if whole:
        yield Finding(
            code, "note", f"{title} several times: {_films(sum(map(len, whole)))}", meaning, "Nothing has to be done.",
            tuple(film.number for films in whole for film in films),
        )  # fmt: skip


def _patients(site: Site) -> Iterator[Finding]:
    used = site.used
    classes = site.classes_of(used)
    of_patient: dict[str, set[str]] = {}
    for film, name in zip(used, classes, strict=True):
        if film.patient:
            of_patient.setdefault(film.patient, set()).add(name)
    several = {patient for patient, names in of_patient.items() if len(names) > 1}
    if several:
        pairs = Counter(" and ".join(sorted(of_patient[patient])) for patient in several)
        yield Finding(
            "patients-in-several-classes", "warning", f"{_patients_said(len(several))} with films of several classes",
            "That is right where a disease came or went. Where it did not, a label is wrong. All films of a patient "
            "stay on one side of every split.",
            "Look whether the labels are right.",
            _numbers([film for film in used if film.patient in several]),
            (("Classes", "Patients"), *((names, str(count)) for names, count in pairs.most_common(_MOST_ROWS))),
        )  # fmt: skip
    unknown = [film for film in used if not film.patient]
    if unknown:
        yield Finding(
            "patients-unknown", "warning", f"{_films(len(unknown))} of unknown patients",
            "Several films may be of one patient. If they come to stand on both sides of a split, the figures are too "
            "good: the network knows the patient, not the disease.",
            "Give a column “patient” in the table of labels, or use the DICOM files.", _numbers(unknown),
        )  # fmt: skip


def _sources(site: Site) -> Iterator[Finding]:
    used = [film for film in site.used if film.source]
    count = Counter(zip((film.source for film in used), site.classes_of(used), strict=True))
    sources = sorted({source for source, _name in count})
    titles = [one.title for one in site.classes]
    if len(sources) < 2:
        return
    rows = ((source, *(str(count[source, title]) for title in titles)) for source in sources)
    table: Table = (("Source", *titles), *rows)
    lonely = [title for title in titles if sum(count[source, title] > 0 for source in sources) == 1]
    if lonely:
        named = ", ".join(lonely)
        yield Finding(
            "class-of-one-source", "blocker", f"Only one source supplies: {named}",
            "Where a film comes from then tells its class. A network finds that out first: letters, borders, sharpness "
            "and exposure of a hospital are easier to see than a disease.",
            "Add films of these classes from another source, or films of the other classes from this one. If that is "
            "impossible, say what else speaks for the result.",
            _numbers([film for film, name in zip(used, site.classes_of(used), strict=True) if name in lonely]), table,
        )  # fmt: skip
    else:
        yield Finding(
            "sources", "note", f"Films of {len(sources)} sources",
            "Every class comes from several of them. Where the shares differ much, the source still tells something of "
            "the class; the result is therefore also given within each source.",
            "Look at the table.", table=table,
        )  # fmt: skip


def _facts(site: Site) -> Iterator[Finding]:
    """What the files say, or show, besides the chest: it must not tell the classes apart."""
    used = site.used
    classes = site.classes_of(used)
    known = [site.known[film.number] for film in used]
    kinds: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("sex", "The sex", [film.sex for film in used]),
        ("view", "The view", [film.view for film in used]),
        ("format", "The kind of file", [one.facts.format for one in known]),
        ("maker", "The maker of the device", [one.facts.maker or "" for one in known]),
    )
    amounts: tuple[tuple[str, str, Sequence[float | None]], ...] = (
        ("age", "The age", [film.age_years for film in used]),
        ("aspect", "The shape of the picture", [one.looks.aspect for one in known]),
        ("size", "The size of the picture", [float(one.looks.rows * one.looks.columns) ** 0.5 for one in known]),
        ("bytes", "The size of the file", [float(one.file_bytes) for one in known]),
    )
    told = [
        *((code, words, by_kind(values, classes)) for code, words, values in kinds),
        *((code, words, by_amount(values, classes)) for code, words, values in amounts),
    ]
    for code, words, found in told:
        if found is None or not found.strong:
            continue
        yield Finding(
            f"class-by-{code}", "warning", f"{words} tells the classes apart",
            f"{found.words} A network can use that instead of the finding, and fails where it is otherwise.",
            "Choose films of all classes alike in this, or go on and say why it does no harm.",
            tuple(used[place].number for place in found.places), found.table,
        )  # fmt: skip


def _seen(site: Site) -> Iterator[Finding]:
    used = site.used
    if site.seen is None or not len(site.seen.exact) or not used:
        return
    exact = {row.tobytes() for row in site.seen.exact}
    hashes, mirrored = _hashes(site, used)
    nearest = np.minimum(_nearest(hashes, site.seen), _nearest(mirrored, site.seen))
    seen = [
        film
        for film, bits in zip(used, nearest.tolist(), strict=True)
        if bytes.fromhex(film.sha256) in exact or bits <= NEAR_BITS
    ]
    if seen:
        yield Finding(
            "seen-before", "note", f"{_films(len(seen))} that the bundle in use learnt from",
            "It knows these films, so they are left out wherever it is judged or compared.",
            "Nothing has to be done.", _numbers(seen),
        )  # fmt: skip


def _nearest(hashes: NDArray[np.uint8], lineage: Lineage) -> NDArray[np.int64]:
    return np.array([distances(one[None], lineage.perceptual).min() for one in hashes], np.int64)


def _hashes(site: Site, films: Sequence[SiteFilm]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    known = [site.known[film.number] for film in films]
    return stacked([one.perceptual for one in known]), stacked([one.mirrored for one in known])


def _joined(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Sets of places that the pairs join, each ascending."""
    own: dict[int, set[int]] = {}
    for one, other in pairs:
        both = own.get(one, {one}) | own.get(other, {other})
        own |= dict.fromkeys(both, both)
    return sorted(sorted(places) for places in {id(places): places for places in own.values()}.values())


def _numbers(films: Sequence[SiteFilm]) -> tuple[int, ...]:
    return tuple(film.number for film in films)


def _films(count: int) -> str:
    return "1 film" if count == 1 else f"{count} films"


def _patients_said(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"
