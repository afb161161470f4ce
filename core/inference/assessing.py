"""From a radiograph to one row: gate, members, ensemble, maps. One Assessor holds one bundle on one engine."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal

import numpy as np

from core.errors import HilumError, ImageFailed, ImageRefused, Reason, reason
from core.imaging.film import Film, film_of
from core.imaging.prepare import Corrections, Fitted, fit, needs_lungs
from core.imaging.radiograph import Radiograph
from core.inference import ensemble, gate, heatmap
from core.inference.assessment import Assessment, BundleMark, Maps, MemberOpinion, Seconds, Status
from core.inference.bundles import Bundle, of_kind
from core.inference.engines.base import Engine, Output
from core.inference.engines.choose import opened
from core.inference.engines.openvino import Use
from core.inference.lungs import LungFinder, Lungs, attention, finder_for
from core.inference.novelty import Novelty, score
from core.inference.selfproof import proven


def unread(
    path: str, error: HilumError, *, frame: int = 1, sha256: str | None = None, corrections: Corrections | None = None
) -> Assessment:
    """The row of an image that could not be opened: refused when it is the image's fault, else failed."""
    status: Status = "refused" if isinstance(error, ImageRefused) else "failed"
    return Assessment(path, frame, None, sha256, status, (error.reason,), corrections=corrections or Corrections())


__all__ = ["Assessor", "Film", "film_of", "unread"]


@dataclass(frozen=True, slots=True)
class _Run:
    """What the members gave for one film: its place in the batch, and seconds for its part of it.

    lungs: None when there is no lungs bundle.
    """

    lungs: Lungs | None
    fitted: Mapping[str, Fitted]
    outputs: Mapping[str, Output]
    index: int
    prepare: float
    infer: float


class Assessor:
    """Keeps a bundle ready on an engine and gives the same answer for the same film every time.

    engine, device: names as in core.inference.engines.choose, or an engine that is open already. operating_point:
    the name of one of the bundle's; the first when None. key: secret of the run, under which studies are hashed.
    use: "single" or "folder" (many films at a time). lungs: what finds the lungs; "auto" takes the lungs bundle that
    the bundle states, else the one that comes with the program, else none; it runs on the CPU, in milliseconds.
    Refuses what `opened` refuses, "bundle-selfproof", "bundle-kind" and "bundle-lungs-missing".
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: str | Engine = "auto",
        device: str = "auto",
        *,
        operating_point: str | None = None,
        key: bytes | None = None,
        use: Use = "single",
        lungs: LungFinder | Literal["auto"] | None = "auto",
    ) -> None:
        self.bundle = of_kind(bundle, "ensemble")
        self.lungs = finder_for(bundle, use) if lungs == "auto" else lungs
        self.engine = opened(bundle, engine, device, use=use) if isinstance(engine, str) else engine
        if self.engine.device == "CPU":  # any other device was proven before it was chosen
            proven(bundle, self.engine)
        points = {point.name: point for point in bundle.description.operating_points}
        self.operating_point = points[operating_point or bundle.description.operating_points[0].name]
        self._frames = any(needs_lungs(bundle.input(member).steps) for member in bundle.members)
        self._key = key or secrets.token_bytes(32)
        self._novelty = Novelty.of(bundle)
        self._weights = [member.weight for member in bundle.members]
        self._suspicious = [bundle.classes.index(name) for name in bundle.description.suspicion]
        self._mark = BundleMark(bundle.name, bundle.version, bundle.digest)

    def assess(
        self, film: Film | Radiograph, override: str | None = None, maps: bool = True
    ) -> tuple[Assessment, Maps | None]:
        """One row, and the maps when the film was assessed (None when it was not, or without `maps`).

        override: the reader's reason to assess what the gate refuses; kept in the row when it was needed.
        Whatever the world does wrong becomes a row; only our own mistakes are raised.
        """
        return self.assess_many([film if isinstance(film, Film) else film_of(film)], override, maps)[0]

    def assess_many(
        self, films: Sequence[Film], override: str | None = None, maps: bool = False
    ) -> list[tuple[Assessment, Maps | None]]:
        """The same for several films at once; no film's row depends on the others but for its seconds."""
        judged = [self._judged(film) for film in films]
        rows: list[tuple[Assessment, Maps | None] | None] = [
            (self._row(film, "refused", reasons), None) if gate.refuses(reasons) and override is None else None
            for film, reasons in zip(films, judged, strict=True)
        ]
        to_run = [index for index, row in enumerate(rows) if row is None]
        for index, found in zip(to_run, self._run([films[index] for index in to_run]), strict=True):
            try:
                if isinstance(found, ImageFailed):
                    raise found
                rows[index] = self._concluded(films[index], judged[index], found, override, maps)
            except ImageFailed as error:
                rows[index] = self._row(films[index], "failed", (*films[index].reasons, error.reason)), None
        return [row for row in rows if row is not None]

    def close(self) -> None:
        self.engine.close()
        if self.lungs is not None:
            self.lungs.close()

    def _judged(self, film: Film) -> tuple[Reason, ...]:
        """All that can be said before a network has seen the film."""
        of_facts = gate.from_facts(film.facts, self.bundle.description.intended_use)
        of_picture = (*gate.from_masking(film.settled.masked_share), *gate.from_looks(film.looks))
        return (*film.reasons, *gate.declared(film.corrections), *of_facts, *of_picture)

    def _run(self, films: Sequence[Film]) -> list[_Run | ImageFailed]:
        if not films:
            return []
        start = perf_counter()
        try:
            found = self.lungs.find_many([film.settled for film in films]) if self.lungs else [None] * len(films)
            fitted = [self._fitted(film, own) for film, own in zip(films, found, strict=True)]
            between = perf_counter()
            outputs = {
                member.name: self.engine.run(member.name, np.stack([one[member.name].pixels for one in fitted]))
                for member in self.bundle.members
            }
        except ImageFailed as error:
            # One film spoils a batch: alone, each gets its own answer.
            return [error] if len(films) == 1 else [self._run([film])[0] for film in films]
        prepare, infer = (between - start) / len(films), (perf_counter() - between) / len(films)
        return [_Run(found[index], one, outputs, index, prepare, infer) for index, one in enumerate(fitted)]

    def _fitted(self, film: Film, lungs: Lungs | None) -> dict[str, Fitted]:
        """What each member sees of the film."""
        box = None if lungs is None else lungs.frame
        return {member.name: fit(film.settled, self.bundle.input(member).steps, box) for member in self.bundle.members}

    def _concluded(
        self, film: Film, judged: tuple[Reason, ...], run: _Run, override: str | None, maps: bool
    ) -> tuple[Assessment, Maps | None]:
        """The row of a film that the members have seen."""
        start = perf_counter()
        judged += (*self._of_lungs(run), *self._of_novelty(run))
        row = self._row(film, "refused", judged)
        row = replace(row, seconds=Seconds(row.seconds.read, row.seconds.prepare + run.prepare, run.infer))
        if gate.refuses(judged):
            if override is None:
                return row, None
            judged += (reason("overridden", what=override),)
        else:
            override = None
        opinion = ensemble.joined(
            [run.outputs[member.name].logits[run.index] for member in self.bundle.members],
            self._weights,
            self.bundle.description.temperature,
            self._suspicious,
        )
        # Where the networks looked belongs to every row, so the maps are made even when nobody wants to see them.
        drawn = self._drawn(film, run, opinion) if maps or run.lungs is not None else None
        doubts = ensemble.abstention(self.bundle.description.abstention, opinion, self.operating_point.threshold)
        row = replace(row, status="abstained" if doubts else "assessed", reasons=judged + doubts, override=override)
        if drawn is not None and run.lungs is not None and run.lungs.found:
            row = replace(
                row,
                attention_in_lungs=dict(zip(drawn.classes, attention(drawn.values, run.lungs), strict=True)),
                area_in_lungs=run.lungs.share,
            )
        seconds = replace(row.seconds, infer=row.seconds.infer + perf_counter() - start)
        return replace(self._with_opinion(row, opinion), seconds=seconds), drawn if maps else None

    def _drawn(self, film: Film, run: _Run, opinion: ensemble.Opinion) -> Maps:
        return heatmap.combined(
            heatmap.of_members(self.bundle, run.fitted, run.outputs, run.index),
            opinion,
            film.settled,
            weights=self._weights,
            classes=self.bundle.classes,
            map_scale=self.bundle.map_scale,
        )

    def _of_lungs(self, run: _Run) -> tuple[Reason, ...]:
        """What the lungs say against the film; without a lungs bundle nothing."""
        if run.lungs is None:
            return ()
        whole = () if run.lungs.frame or not self._frames else (reason("no-lungs-found"),)
        return (*gate.from_lungs(run.lungs), *whole)

    def _of_novelty(self, run: _Run) -> tuple[Reason, ...]:
        if self._novelty is None:
            return ()
        features = {name: output.features[run.index][None] for name, output in run.outputs.items()}
        return (reason("gate-novel"),) if score(self._novelty, features)[0] > self._novelty.threshold else ()

    def _with_opinion(self, row: Assessment, opinion: ensemble.Opinion) -> Assessment:
        classes = self.bundle.classes
        return replace(
            row,
            probabilities=_named(classes, opinion.probabilities),
            finding=classes[opinion.finding],
            refer=opinion.suspicion >= self.operating_point.threshold,
            suspicion=opinion.suspicion,
            spread=opinion.spread,
            members=tuple(
                MemberOpinion(member.name, _named(classes, own))
                for member, own in zip(self.bundle.members, opinion.members, strict=True)
            ),
        )

    def _row(self, film: Film, status: Status, reasons: tuple[Reason, ...]) -> Assessment:
        return Assessment(
            film.path,
            film.frame,
            self._study(film.facts.study_uid),
            film.sha256,
            status,
            reasons,
            view=film.facts.view,
            corrections=film.corrections,
            bundle=self._mark,
            engine=self.engine.name,
            device=self.engine.device,
            precision=self.engine.precision,
            seconds=Seconds(film.read_seconds, film.prepare_seconds),
        )

    def _study(self, uid: str | None) -> str | None:
        """A study's hash under the run's key: rows of one study can be joined, the study cannot be looked up."""
        if not uid:
            return None
        return hmac.new(self._key, uid.encode(), hashlib.sha256).hexdigest()[:24]


def _named(classes: tuple[str, ...], values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(classes, values, strict=True)}
