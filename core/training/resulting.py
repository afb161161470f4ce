"""What a training came to for its site: the new bundle beside the one in use, on films that neither has seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.cohort.cohort import Cohort
from core.errors import BundleRefused, RunRefused
from core.evidence.asking import Asker
from core.evidence.comparison import compared
from core.evidence.evaluate import Table, part_of, report, small
from core.evidence.openings import Openings, opened, set_digest
from core.evidence.sentence import sentence
from core.files import write_whole
from core.imaging.prepare import needs_lungs
from core.inference import shelf
from core.inference.bundles import Bundle
from core.inference.engines import choose
from core.inference.lungs import finder_for
from core.training import points
from core.training.answers import ANSWERS, Answers, read_answers
from core.training.finishing import judged_by
from core.training.material import Material
from core.training.outcome import Outcome
from core.training.run import Task
from core.training.splitting import Numbers, small_classes
from core.training.starting import known_to, lineage_in
from core.training.state import BundleName, FilmRow, Kind, PickedPoint, SiteResult, Split
from core.training.telling import warnings

RESULT = "result.json"
_NEW = "The new bundle"
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


def result_of(
    folder: Path,
    bundle: Bundle,
    tasks: Sequence[Task],
    found: Outcome,
    *,
    acknowledged: Mapping[str, str] | None = None,
    name: str = "",
    use: str = "",
    replicates: int = 2000,
) -> SiteResult:
    """Judge the bundle of a run beside the one in use; counts an opening of the films that judge for each of them.

    folder: of the run, with answers.npz beside its bundle. name, use: what somebody wants to register it as. Gives what
    is kept in RUN/result.json.
    """
    material, answers = tasks[0].material, read_answers(folder / ANSWERS)
    table = _table(bundle, found, answers)
    used = _in_use()
    seen = _seen(material.cohort, answers.numbers, {"start": tasks[0].start.bundle, "used": used})
    either = np.any(list(seen.values()), axis=0)
    # A report without a class would say nothing of it; then films that the start saw stay, and the warnings say so.
    clean = len(set(table.truth[~either].tolist())) == len(table.classes)
    whole = part_of(table, ~either) if clean else table
    beside = (
        _beside(material, whole, answers.numbers[~either], used, replicates) if clean and used is not None else None
    )
    counted = _counted(material, found, [bundle, *([used] if beside is not None and used is not None else [])],
                       acknowledged)  # fmt: skip
    told = report(whole, replicates)
    close, they_do = points.shortcuts(told)
    result = SiteResult(
        folder=str(folder),
        recipe=found.recipe.name,
        bundle=_name(bundle),
        used=None if used is None else _name(used),
        name=name or bundle.name,
        title=bundle.description.title,
        use=use or bundle.description.intended_use.population,
        card=bundle.card,
        classes=table.classes,
        titles=tuple(one.title for one in bundle.description.classes),
        suspicious=table.suspicious,
        films=len(whole),
        patients=len(set(whole.groups)),
        protocol=judged_by(found),
        locked=len(found.folds) == 1,
        small=small(whole),
        may_pick=_why_no_pick(material, answers, table),
        report=told,
        used_report=None if beside is None else report(beside.used, replicates),
        compared=None if beside is None else beside.difference,
        sentence=_sentence(whole, beside, used),
        openings=counted.count,
        openings_bundles=counted.bundles,
        left_out=dict(_left_out(material, seen, beside, clean=clean)),
        warnings=tuple(dict.fromkeys(warnings(found, material))),
        point=_present_point(bundle, material, answers, table),
        operating=points.operating(*_picking(material, answers, table)[:2]),
        roc=points.roc(whole, told),
        pr=points.precision_recall(whole, told),
        reliability=points.reliability(whole),
        confusion=points.matrix(told["confusion"]),
        confusion_by_source=points.confusion_by_source(whole),
        groups=points.groups(told),
        shortcuts=close,
        they_come_close=they_do,
        rows=tuple(_rows(material, answers, table, single=len(found.folds) == 1)),
    )
    write_whole(folder / RESULT, msgspec.json.encode(result))
    return read_result(folder)


def read_result(folder: Path) -> SiteResult:
    """RUN/result.json. Refuses "run-unreadable" (RunRefused)."""
    try:
        return msgspec.json.decode((folder / RESULT).read_bytes(), type=SiteResult)
    except (OSError, msgspec.DecodeError) as error:
        raise RunRefused("run-unreadable", what=folder / RESULT, why="its result is damaged or missing") from error


def picked(result: SiteResult, kind: Kind, wanted: float) -> PickedPoint:
    """The operating point that gives this sensitivity or specificity on the films that may pick it, and what it gives
    on those that judge. Refuses "point-unusable" (RunRefused) where there are too few."""
    if result.may_pick is not None:
        raise RunRefused("point-unusable", what=result.may_pick)
    if not 0 < wanted <= 1:
        raise RunRefused("point-unusable", what=f"{wanted:g} is no share above 0.")
    own = [row for row in result.rows if row.split == "validation"] or list(result.rows)
    name, threshold = points.picked_point(*_sides(own, result.suspicious), kind, wanted)
    words = f"{kind} {wanted:.2f} on {_where(own)}, as its reader asked for"
    return _given(result, PickedPoint(name, kind, wanted, threshold, words, {}, None))


@dataclass(frozen=True, slots=True)
class _Beside:
    """Both bundles on the films that neither saw and whose class both know."""

    used: Table
    new: Table
    difference: Mapping[str, Any]


def _table(bundle: Bundle, found: Outcome, answers: Answers) -> Table:
    threshold = bundle.description.operating_points[0].threshold
    return replace(found.table, probabilities=answers.probabilities, threshold=threshold)


def _in_use() -> Bundle | None:
    try:
        return shelf.in_use()
    except BundleRefused:
        return None


def _seen(cohort: Cohort, numbers: Numbers, bundles: Mapping[str, Bundle | None]) -> dict[str, Mask]:
    """Which of the films each bundle or its ancestors saw."""
    mask = np.zeros(len(cohort), bool)
    mask[numbers] = True
    judging = cohort.chosen(mask)
    known: dict[str, Mask] = {}
    found = {}
    for name, bundle in bundles.items():
        digest = "" if bundle is None else bundle.digest
        if digest not in known:
            known[digest] = known_to(None if bundle is None else lineage_in(bundle), judging)
        found[name] = known[digest]
    return found


def _beside(material: Material, whole: Table, numbers: Numbers, used: Bundle, replicates: int) -> _Beside | None:
    shared = tuple(name for name in whole.classes if name in used.classes)
    mine = [whole.classes.index(name) for name in shared]
    known = np.isin(whole.truth, mine)
    if len(shared) < 2 or not known.any():
        return None
    part = part_of(whole, known)
    suspicious = tuple(name for name in whole.suspicious if name in shared)
    new = replace(
        part,
        classes=shared,
        truth=np.searchsorted(mine, part.truth).astype(np.intp),
        probabilities=_among(part.probabilities, mine),
        suspicious=suspicious if len(suspicious) < len(shared) else (),
        others={name: _among(values, mine) for name, values in (part.others or {}).items()},
    )
    said = _asked(used, material, numbers[known])
    theirs = replace(
        new,
        probabilities=_among(said, [used.classes.index(name) for name in shared]),
        threshold=used.description.operating_points[0].threshold,
    )
    return _Beside(theirs, new, compared(theirs, new, replicates))


def _among(probabilities: Floats, classes: Sequence[int]) -> Floats:
    """Probabilities of these classes alone, as if there were no others."""
    own = probabilities[:, list(classes)] + 1e-12
    shares: Floats = own / own.sum(axis=1, keepdims=True)
    return shares


def _asked(bundle: Bundle, material: Material, numbers: Numbers) -> Floats:
    """What a bundle says of films, without its gate: both see the same films."""
    framed = any(needs_lungs(bundle.input(member).steps) for member in bundle.members)
    finder = finder_for(bundle, "folder") if framed else None
    engine = choose.opened(bundle, device="cpu", use="folder", maps=False)
    try:
        return Asker(bundle, engine, finder).assess(material.cohort.films.chosen(numbers))
    finally:
        engine.close()
        if finder is not None:
            finder.close()


def _counted(
    material: Material, found: Outcome, bundles: Sequence[Bundle], acknowledged: Mapping[str, str] | None
) -> Openings:
    numbers = np.concatenate([fold.part.test for fold in found.folds])
    names, labels = material.cohort.sha256s[numbers].tolist(), material.cohort.labels[numbers].tolist()
    digest = set_digest(zip(names, labels, strict=True))
    return [opened(digest, one.digest, acknowledged) for one in bundles][-1]


def _sentence(whole: Table, beside: _Beside | None, used: Bundle | None) -> str:
    if used is None:
        return "No comparison: no bundle is in use."
    name = f"{used.name} {used.version}"
    if beside is not None:
        return sentence(beside.difference, small(beside.new), name, _NEW)
    if len(set(whole.classes) & set(used.classes)) < 2:
        return f"No comparison: {name} tells other classes apart ({', '.join(used.classes)})."
    return sentence({"films": 0}, None, name, _NEW)


def _left_out(
    material: Material, seen: Mapping[str, Mask], beside: _Beside | None, *, clean: bool
) -> Iterator[tuple[str, int]]:
    """Films that judge nothing here, by why."""
    rows = {
        "cannot be read": len(material.unread),
        **material.left_out,
        "seen by the start bundle": int(seen["start"].sum()) if clean else 0,
        "seen by the bundle in use": int((seen["used"] & ~seen["start"]).sum()) if clean else 0,
    }
    if beside is not None:
        films = int((~np.any(list(seen.values()), axis=0)).sum())
        rows["of a class that the bundle in use does not know"] = films - len(beside.new)
    yield from ((why, count) for why, count in rows.items() if count)


def _why_no_pick(material: Material, answers: Answers, table: Table) -> str | None:
    few = small_classes(material.labels, material.groups)
    if few:
        counted = ", ".join(f"{name}: {films} films of {patients} patients" for name, (films, patients) in few.items())
        return f"Under 100 films or 30 patients in a class ({counted}): no operating point is picked from this set."
    abnormal = _picking(material, answers, table)[0]
    if not abnormal.any() or abnormal.all():
        return "The films that may pick an operating point are all suspicious, or none is."
    return None


def _picking(material: Material, answers: Answers, table: Table) -> tuple[Mask, Floats, list[str]]:
    """Of the films that may pick a threshold: whether they are suspicious, their suspicion, their groups."""
    suspicious = [table.classes.index(name) for name in table.suspicious]
    abnormal = np.isin(material.truth[answers.picking], suspicious)
    groups = material.cohort.groups[answers.picking].tolist()
    return abnormal, answers.picking_probabilities[:, suspicious].sum(axis=1), groups


def _present_point(bundle: Bundle, material: Material, answers: Answers, table: Table) -> PickedPoint:
    point = bundle.description.operating_points[0]
    given = points.given_by(*_picking(material, answers, table), point.threshold)
    same = np.array_equal(answers.picking, answers.numbers)
    test = None if same else points.given_by(table.abnormal, table.suspicion, table.groups, point.threshold)
    return PickedPoint(point.name, None, None, point.threshold, point.picked_for, given, test)


def _rows(material: Material, answers: Answers, table: Table, *, single: bool) -> Iterator[FilmRow]:
    judged: Split = "test" if single else "out-of-fold"
    sides: list[tuple[Split, Numbers, Floats]] = [(judged, answers.numbers, answers.probabilities)]
    if single:
        sides.append(("validation", answers.picking, answers.picking_probabilities))
    suspicious = [table.classes.index(name) for name in table.suspicious]
    for split, numbers, probabilities in sides:
        for number, shares in zip(numbers.tolist(), probabilities, strict=True):
            film = material.films[number]
            yield FilmRow(
                number, str(film.path), str(material.cohort.sha256s[number]), film.source, film.label,
                table.classes[int(shares.argmax())], tuple(float(one) for one in shares),
                float(shares[suspicious].sum()), split, str(material.cohort.groups[number]),
            )  # fmt: skip


def _given(result: SiteResult, point: PickedPoint) -> PickedPoint:
    """The point with what it gives on either side."""
    sides = {}
    for name, rows in (
        ("picked", [row for row in result.rows if row.split == "validation"]),
        ("test", [row for row in result.rows if row.split != "validation"]),
    ):
        groups = [row.group for row in rows]
        sides[name] = points.given_by(*_sides(rows, result.suspicious), groups, point.threshold) if rows else None
    own = sides["picked"] or sides["test"]
    assert own is not None
    return msgspec.structs.replace(point, picked=own, test=sides["test"] if sides["picked"] else None)


def _sides(rows: Sequence[FilmRow], suspicious: Sequence[str]) -> tuple[Mask, Floats]:
    return np.array([row.truth in suspicious for row in rows]), np.array([row.suspicion for row in rows])


def _where(rows: Sequence[FilmRow]) -> str:
    words = "the validation part" if rows[0].split == "validation" else "all films, out of fold"
    return f"{len(rows)} films ({words})"


def _name(bundle: Bundle) -> BundleName:
    return BundleName(bundle.name, bundle.version, bundle.digest)
