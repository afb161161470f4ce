"""What one bundle, or two, say of labelled films that none of them has seen: every member's answer is kept.

core.evidence.judging judges one ensemble as it is. Here its members are kept apart, because weights and temperature
are what is asked about, and two bundles see the same film of the same decoding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.cohort.groups import group_names
from core.cohort.hashes import near_pairs
from core.cohort.labels import LabelledFilm, Labels
from core.cohort.lineage import Lineage, lineage_of, read_lineage
from core.errors import RunRefused
from core.evidence import evaluate
from core.evidence.evaluate import Table
from core.evidence.judging import LINEAGE, readable_and_unseen
from core.evidence.openings import set_digest
from core.evidence.witness import Witness
from core.inference.assessing import Assessor
from core.inference.bundles import Bundle
from core.inference.ensemble import softmax
from core.models.state import Films, Span
from core.progress import Progress, Stop

Floats = NDArray[np.float64]
# A test split is for judging only; what chooses weights or a temperature takes the other films.
Use = Literal["judge", "choose"]
_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Answers:
    """One entry a film in every field. logits: one array a bundle, (films, members, classes), up to a constant a row.

    classes: the first bundle's, in its order; another bundle's columns are put into it. seen: the films' own hashes,
    for the lineage of what is chosen by them. set_digest: of all films that could have been judged.
    """

    bundles: tuple[Bundle, ...]
    classes: tuple[str, ...]
    truth: NDArray[np.intp]
    logits: tuple[Floats, ...]
    groups: tuple[str, ...]
    names: tuple[str, ...]
    sources: tuple[str, ...]
    seen: Lineage
    left_out: Mapping[str, int]
    set_digest: str
    locked: bool
    names_patients: bool

    def __len__(self) -> int:
        return len(self.truth)

    def joined(self, weights: Sequence[float] | None = None, which: int = 0) -> Floats:
        """(films, classes) Σ wₘ·zₘ of a bundle, with its own weights or others."""
        own = [member.weight for member in self.bundles[which].members]
        # In the members' order, as core.inference.ensemble adds them.
        total = np.zeros((len(self), len(self.classes)))
        for place, weight in enumerate(weights if weights is not None else own):
            total += weight * self.logits[which][:, place]
        return total

    def table(self, logits: Floats, temperature: float, which: int = 0) -> Table:
        """The films as core.evidence judges them."""
        bundle = self.bundles[which]
        return Table(
            self.classes, self.truth, softmax(logits / temperature), self.groups, self.sources, self.names,
            suspicious=tuple(bundle.description.suspicion),
            threshold=bundle.description.operating_points[0].threshold,
        )  # fmt: skip

    def films(self) -> Films:
        """What is told of them."""
        own = self.table(self.joined(), self.bundles[0].description.temperature)
        counts = np.bincount(self.truth, minlength=len(self.classes))
        return Films(
            len(self),
            len(set(self.groups)),
            {name: int(count) for name, count in zip(self.classes, counts, strict=True)},
            {why: count for why, count in self.left_out.items() if count},
            evaluate.small(own),
            " ".join(self._warnings()),
        )

    def _warnings(self) -> Iterator[str]:
        for bundle in self.bundles:
            if not knows_films(bundle):
                yield (
                    f"{bundle.name} {bundle.version} does not say which films it was trained on: if some of these were "
                    "among them, it looks better than it is."
                )
        if not self.names_patients:
            yield (
                "The labels name no patients: each film counts as one, and intervals are too narrow where a patient "
                "has several."
            )


@dataclass(slots=True)
class _Heard:
    film: LabelledFilm
    witness: Witness
    logits: list[Floats]


def asked(
    bundles: Sequence[Bundle],
    labels: Labels,
    use: Use,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Stop | None = None,
) -> Answers:
    """Ask one or two bundles of equal classes about every film; what one of them saw or refuses is left out of both.

    use: "judge" takes the films of a test split where the labels name one, "choose" all but those. Decoding runs in
    other processes. When stopped, the answers are those there were. Refuses "classes-differ", "nothing-to-judge", and
    what Assessor refuses.
    """
    classes = bundles[0].classes
    for other in bundles[1:]:
        if set(other.classes) != set(classes):
            what = " and ".join(f"{one.name}: {', '.join(one.classes)}" for one in bundles)
            raise RunRefused("classes-differ", what=what)
    films, left_out = _wanted(labels, use)
    assessors: list[Assessor] = []
    try:
        # On the CPU, in the same form for both: a difference shall be one of the networks.
        assessors += [Assessor(bundle, "openvino", "cpu", use="folder") for bundle in bundles]
        heard, known = _heard(assessors, films, left_out, report, stop)
    finally:
        for assessor in assessors:
            assessor.close()
    if not heard:
        why = ", ".join(f"{count} {name}" for name, count in left_out.items() if count) or "there are none"
        raise RunRefused("nothing-to-judge", what="chosen", why=why)
    numbers = sorted(heard)
    kept = [heard[number] for number in numbers]
    perceptual, mirrored = (
        np.stack(one) for one in zip(*((one.witness.perceptual, one.witness.mirrored) for one in kept), strict=True)
    )
    chosen = [one.film for one in kept]
    return Answers(
        bundles=tuple(bundles),
        classes=classes,
        truth=np.array([classes.index(film.label) for film in chosen], np.intp),
        logits=tuple(np.stack([one.logits[which] for one in kept]) for which in range(len(bundles))),
        groups=tuple(group_names(chosen, near_pairs(perceptual, mirrored))),
        # Whole paths: two folders may hold films of one name.
        names=tuple(film.path.as_posix() for film in chosen),
        sources=tuple(film.source for film in chosen),
        seen=lineage_of([one.witness.film.sha256 for one in kept], perceptual),
        left_out=dict(left_out),
        set_digest=set_digest(known),
        names_patients=any(film.patient for film in chosen),
        locked=use == "judge" and any(film.split == "test" for film in films),
    )


def knows_films(bundle: Bundle) -> bool:
    """Whether a bundle says which films it has seen; one that was taken from a Keras file cannot."""
    return bundle.path(LINEAGE).is_file() and not bundle.raw.get("films_unknown")


def span(figure: Any) -> Span:
    """A core.evidence.intervals.Figure, or one as plain data, for the page."""
    if isinstance(figure, Mapping):
        return Span(figure["value"], figure["low"], figure["high"])
    return Span(figure.value, figure.low, figure.high)


def _heard(
    assessors: Sequence[Assessor],
    films: Sequence[LabelledFilm],
    left_out: Counter[str],
    report: Callable[[Progress], None],
    stop: Stop | None,
) -> tuple[dict[int, _Heard], list[tuple[str, str]]]:
    seen = [
        read_lineage(one.bundle.path(LINEAGE)) for one in assessors if one.bundle.path(LINEAGE).is_file()
    ]  # fmt: skip
    heard: dict[int, _Heard] = {}
    known: list[tuple[str, str]] = []
    for index, witness in readable_and_unseen(films, seen, left_out, known, report=report, stop=stop):
        rows = [assessor.assess(witness.film, maps=False)[0] for assessor in assessors]
        wrong = next((row.status for row in rows if row.probabilities is None), None)
        if wrong is not None:
            left_out["gate" if wrong == "refused" else "failed"] += 1
            continue
        logits = []
        for assessor, row in zip(assessors, rows, strict=True):
            p = np.array(
                [[one.probabilities[name] for name in assessors[0].bundle.classes] for one in row.members or ()]
            )
            # A softmax forgets a constant of each row only, and the next one forgets it again.
            logits.append(assessor.bundle.description.temperature * np.log(np.maximum(p, _LEAST)))
        heard[index] = _Heard(films[index], witness, logits)
    return heard, known


def _wanted(labels: Labels, use: Use) -> tuple[list[LabelledFilm], Counter[str]]:
    left_out = Counter[str]()
    left_out["other-label"] = sum(labels.left_out.values())
    films = list(labels.films)
    locked = [film for film in films if film.split == "test"]
    if use == "judge" and locked:
        left_out["not-in-test-split"] = len(films) - len(locked)
        return locked, left_out
    if use == "choose":
        left_out["test-split"] = len(locked)
        films = [film for film in films if film.split != "test"]
    return films, left_out
