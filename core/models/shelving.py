"""The shelf in the words of the models page, and what may be done to it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.errors import BundleRefused
from core.inference import selfproof, shelf
from core.inference.bundles import Bundle
from core.models.asking import knows_films
from core.models.state import BundleRow, LogLine, MemberRow, Proven, Shelf, Verified


def told() -> Shelf:
    """Everything on the shelf, each bundle checked; a log that is damaged is refused ("bundle-unreadable")."""
    log = tuple(
        LogLine(line.when, line.who, line.action, line.name, line.version, line.digest)
        for line in reversed(shelf.log())
    )
    return Shelf(tuple(_row(one) for one in shelf.listed()), log, shelf.earlier() is not None)


def verified(key: str) -> Verified:
    """Prove a bundle on every engine of this PC. Refuses what selfproof.verify refuses."""
    report = selfproof.verify(shelf.chosen(key))
    proofs = tuple(
        Proven(one.engine, one.device, one.precision, one.films, one.probability, one.map) for one in report.proofs
    )
    return Verified(proofs, dict(report.missing))


def ensemble(key: str) -> Bundle:
    """A bundle of the shelf that gives answers about films."""
    bundle = shelf.chosen(key)
    if bundle.description.kind != "ensemble":
        raise BundleRefused("bundle-kind", what=bundle.name, present=bundle.description.kind, asked="ensemble")
    return bundle


def imported(path: str) -> str:
    """Copy a bundle, a folder or a `.hilum` file, onto the shelf; gives its digest."""
    return shelf.imported(Path(path)).digest


def exported(key: str, path: str) -> str:
    """Write a bundle as one file; gives the path."""
    shelf.exported(key, Path(path))
    return path


def _row(one: shelf.Shelved) -> BundleRow:
    bundle = one.bundle
    if bundle is None:
        return BundleRow(one.folder.name, str(one.folder), one.shipped, False, one.problem, one.folder.name)
    said = bundle.description
    return BundleRow(
        bundle.digest,
        str(one.folder),
        one.shipped,
        one.in_use,
        None,
        bundle.name,
        said.kind,
        bundle.version,
        said.title,
        bundle.digest,
        {entry.name: entry.title for entry in said.classes},
        tuple(said.suspicion),
        tuple(
            MemberRow(member.name, str(member.architecture["backbone"]), member.parameters, member.weight)
            for member in said.members
        ),
        said.temperature,
        tuple(msgspec.to_builtins(point) for point in said.operating_points),
        bundle.card,
        knows_films(bundle),
    )
