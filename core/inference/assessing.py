"""From a radiograph to one row: gate, members, ensemble, maps. One Assessor holds one bundle on one engine."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from core.errors import HilumError, ImageFailed, ImageRefused, Reason, reason
from core.imaging.looks import Looks, look
from core.imaging.prepare import Corrections, Settled, fit, settle
from core.imaging.radiograph import Facts, Radiograph
from core.inference import ensemble, gate, heatmap
from core.inference.assessment import Assessment, BundleMark, Maps, MemberOpinion, Seconds, Status
from core.inference.bundles import Bundle
from core.inference.engines.base import Engine, Output
from core.inference.novelty import Novelty, score


@dataclass(frozen=True, slots=True)
class Film:
    """What the networks and the gate need of a radiograph; small enough to travel between processes.

    path: what the row shows. seconds: read and prepare so far.
    """

    path: str
    frame: int
    sha256: str
    settled: Settled
    facts: Facts
    looks: Looks
    reasons: tuple[Reason, ...]
    corrections: Corrections = field(default_factory=Corrections)
    seconds: Seconds = field(default_factory=Seconds)


def film_of(radiograph: Radiograph, corrections: Corrections | None = None, read_seconds: float = 0.0) -> Film:
    """Settle a radiograph with what its reader declared about it, and measure its looks."""
    corrections = corrections or Corrections()
    start = perf_counter()
    settled = settle(radiograph, corrections)
    looks = look(radiograph, settled)
    return Film(
        radiograph.ref.name,
        radiograph.frame,
        radiograph.sha256,
        settled,
        radiograph.facts,
        looks,
        radiograph.reasons,
        corrections,
        Seconds(read=read_seconds, prepare=perf_counter() - start),
    )


def unread(
    path: str, error: HilumError, *, frame: int = 1, sha256: str | None = None, corrections: Corrections | None = None
) -> Assessment:
    """The row of an image that could not be opened: refused when it is the image's fault, else failed."""
    status: Status = "refused" if isinstance(error, ImageRefused) else "failed"
    return Assessment(path, frame, None, sha256, status, (error.reason,), corrections=corrections or Corrections())


class Assessor:
    """Keeps a bundle ready on an engine and gives the same answer for the same film every time.

    engine: opened for this bundle (core.inference.engines.choose). operating_point: the name of one of the bundle's;
    the first when None. key: secret of the run, under which studies are hashed.
    """

    def __init__(
        self, bundle: Bundle, engine: Engine, *, operating_point: str | None = None, key: bytes | None = None
    ) -> None:
        self.bundle = bundle
        self.engine = engine
        points = {point.name: point for point in bundle.description.operating_points}
        self.threshold = points[operating_point or bundle.description.operating_points[0].name].threshold
        self._key = key or secrets.token_bytes(32)
        self._novelty = Novelty.of(bundle)
        self._weights = [member.weight for member in bundle.members]
        self._suspicious = [bundle.classes.index(name) for name in bundle.description.suspicion]
        self._mark = BundleMark(bundle.name, bundle.version, bundle.digest)

    def assess(self, film: Film, override: str | None = None, maps: bool = True) -> tuple[Assessment, Maps | None]:
        """One row, and the maps when the film was assessed (None when it was not, or without `maps`).

        override: the reader's reason to assess what the gate refuses; kept in the row when it was needed.
        Whatever the world does wrong becomes a row; only our own mistakes are raised.
        """
        try:
            return self._assess(film, override, maps)
        except ImageFailed as error:
            return self._row(film, "failed", (*film.reasons, error.reason)), None

    def _assess(self, film: Film, override: str | None, maps: bool) -> tuple[Assessment, Maps | None]:
        seen = (*film.reasons, *gate.declared(film.corrections))
        judged = gate.from_facts(film.facts, self.bundle.description.intended_use) + gate.from_looks(film.looks)
        if gate.refuses(judged) and override is None:
            return self._row(film, "refused", seen + judged), None

        start = perf_counter()
        fitted = {member.name: fit(film.settled, self.bundle.input(member).steps) for member in self.bundle.members}
        between = perf_counter()
        outputs = {name: self.engine.run(name, one.pixels[None]) for name, one in fitted.items()}
        opinion = ensemble.joined(
            np.stack([output.logits[0] for output in outputs.values()]),
            self._weights,
            self.bundle.description.temperature,
            self._suspicious,
        )
        judged += self._of_novelty(outputs)
        drawn = None
        if maps:
            drawn = heatmap.combined(
                heatmap.of_members(self.bundle, fitted, outputs),
                opinion,
                film.settled,
                weights=self._weights,
                classes=self.bundle.classes,
                map_scale=self.bundle.map_scale,
            )
            if not np.isfinite(drawn.values).all():
                raise ImageFailed("not-finite")
        end = perf_counter()
        seconds = replace(film.seconds, prepare=film.seconds.prepare + between - start, infer=end - between)

        if gate.refuses(judged):
            if override is None:
                return replace(self._row(film, "refused", seen + judged), seconds=seconds), None
            judged += (reason("overridden", what=override),)
        else:
            override = None
        doubts = ensemble.abstention(self.bundle.description.abstention, opinion, self.threshold)
        row = self._row(film, "abstained" if doubts else "assessed", seen + judged + doubts)
        return self._with_opinion(row, opinion, override, seconds), drawn

    def _of_novelty(self, outputs: Mapping[str, Output]) -> tuple[Reason, ...]:
        if self._novelty is None:
            return ()
        features = {name: output.features for name, output in outputs.items()}
        return (reason("gate-novel"),) if score(self._novelty, features)[0] > self._novelty.threshold else ()

    def _with_opinion(
        self, row: Assessment, opinion: ensemble.Opinion, override: str | None, seconds: Seconds
    ) -> Assessment:
        classes = self.bundle.classes
        return replace(
            row,
            probabilities=_named(classes, opinion.probabilities),
            finding=classes[opinion.finding],
            refer=opinion.suspicion >= self.threshold,
            override=override,
            suspicion=opinion.suspicion,
            spread=opinion.spread,
            members=tuple(
                MemberOpinion(member.name, _named(classes, own))
                for member, own in zip(self.bundle.members, opinion.members, strict=True)
            ),
            seconds=seconds,
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
            seconds=film.seconds,
        )

    def _study(self, uid: str | None) -> str | None:
        """A study's hash under the run's key: rows of one study can be joined, the study cannot be looked up."""
        if not uid:
            return None
        return hmac.new(self._key, uid.encode(), hashlib.sha256).hexdigest()[:24]


def _named(classes: tuple[str, ...], values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(classes, values, strict=True)}
