"""The model shelf: bundles that came with the program, the site's own, and which of them is in use since when.

A site's own bundles live in the user's data, never in the program's folder. What was promoted, by whom and when is
a log that only grows; the bundle in use is the last promoted one that is still whole, at the end the shipped one.
"""

from __future__ import annotations

import getpass
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from filelock import FileLock
from msgspec import Struct

from core import places
from core.errors import BundleRefused, Reason, RunRefused
from core.files import write_whole
from core.inference.archive import packed
from core.inference.bundles import LUNGS, Bundle, load, names_in, of_kind, stated

DEFAULT = "adult-covid"
_LOG = "promotions.json"
_TRASH = "trash"


class Promotion(Struct, frozen=True):
    """One line of the log. sequence orders it: clocks are set back. when: UTC, ISO 8601."""

    sequence: int
    when: str
    who: str
    action: Literal["promote", "rollback"]
    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """A bundle on the shelf; bundle is None and problem says why when it cannot be used."""

    folder: Path
    shipped: bool
    bundle: Bundle | None
    problem: Reason | None
    in_use: bool = False


def listed() -> tuple[Shelved, ...]:
    """Every bundle, the shipped ones first, each checked; exactly one good one is in use."""
    used = in_use().digest if _any_good() else None
    return tuple(
        Shelved(one.folder, one.shipped, one.bundle, one.problem, one.bundle is not None and one.bundle.digest == used)
        for one in _all()
    )


def in_use() -> Bundle:
    """The last promoted bundle that is still whole, else the shipped default.

    Refuses "bundle-missing" when there is none at all, or what is wrong with the only one.
    """
    shelf = list(_all())
    good = {one.bundle.digest: one.bundle for one in shelf if one.bundle is not None}
    for digest in reversed(_standing(log())):
        if digest in good:
            return good[digest]
    for one in shelf:
        if one.shipped and one.folder.name == DEFAULT:
            if one.bundle is None:
                return load(one.folder)  # refuses, and says why
            return one.bundle
    raise BundleRefused("bundle-missing", what=places.SHIPPED_BUNDLES / DEFAULT)


def chosen(what: str | Path | None) -> Bundle:
    """The bundle that a user means: a folder, a `.hilum` file, a name, "name version", a digest's beginning, or
    None for the one in use. Refuses "bundle-missing", and what load refuses."""
    if what is None:
        return in_use()
    if Path(what).exists():
        return load(what)
    return _named(str(what))


def imported(path: str | Path) -> Bundle:
    """Check a bundle and copy it onto the shelf; it is not in use yet.

    Refuses "bundle-exists" when another bundle of this name and version is there; the same one again is no error.
    """
    bundle = load(path)
    for one in _all():
        if one.bundle is None or (one.bundle.name, one.bundle.version) != (bundle.name, bundle.version):
            continue
        if one.bundle.digest == bundle.digest:
            return one.bundle
        raise BundleRefused("bundle-exists", what=f"{bundle.name} {bundle.version}")
    shelf = places.made(places.own_bundles())
    target = shelf / f"{bundle.name}-{bundle.digest[:12]}"
    draft = Path(tempfile.mkdtemp(prefix=".hilum-", dir=shelf))
    try:
        for inside in _to_copy(bundle):
            (draft / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle.path(inside), draft / inside)
        if target.exists():  # a copy that somebody spoiled: _all() did not count it as this bundle
            shutil.rmtree(target)
        draft.replace(target)
    except OSError as error:
        raise RunRefused("place-unwritable", what=shelf, why=error.strerror or type(error).__name__) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load(target)


def exported(what: str | Path | None, target: Path) -> Bundle:
    """Write a bundle as one `.hilum` file."""
    bundle = chosen(what)
    packed(bundle, target)
    return bundle


def promote(what: str | Path, who: str | None = None) -> Bundle:
    """Put a bundle into use: onto the shelf if need be, proven on this PC, then logged with who and when.

    Refuses what imported and selfproof.verify refuse; the bundle in use stays in use then.
    """
    from core.inference.selfproof import verify

    bundle = of_kind(chosen(what), "ensemble")
    if not any(one.bundle is not None and one.bundle.digest == bundle.digest for one in _all()):
        bundle = imported(bundle.folder)
    # On the engine that every PC has: Keras would take seconds to start, and proves itself before it is used.
    verify(bundle, ("openvino",))
    _write("promote", bundle, who)
    return bundle


def earlier() -> Bundle | None:
    """The bundle that a rollback would put into use; None when there is none."""
    standing = _standing(log())
    if not standing:
        return None
    good = {one.bundle.digest: one.bundle for one in _all() if one.bundle is not None}
    for digest in reversed(standing[:-1]):
        if digest in good:
            return good[digest]
    default = [one.bundle for one in _all() if one.shipped and one.folder.name == DEFAULT]
    if not default or default[0] is None or default[0].digest == standing[-1]:
        return None
    return default[0]


def rollback(who: str | None = None) -> Bundle:
    """Put the bundle into use that was in use before. Refuses "no-earlier-bundle"."""
    bundle = earlier()
    if bundle is None:
        raise BundleRefused("no-earlier-bundle")
    _write("rollback", bundle, who)
    return bundle


def remove(what: str) -> Path:
    """Move a bundle of the site's own into the shelf's trash and give its place there.

    Refuses "bundle-shipped", "bundle-in-use" and "bundle-missing".
    """
    folder, name = _own_folder(what)
    trash = places.made(places.own_bundles() / _TRASH)
    number = 1
    while (target := trash / f"{folder.name}-{number}").exists():
        number += 1
    try:
        folder.replace(target)
    except OSError as error:
        raise RunRefused("place-unwritable", what=name, why=error.strerror or type(error).__name__) from error
    return target


def restored(place: Path) -> Path:
    """Take back what `remove` gave: out of the trash, to where it was. Refuses "bundle-missing" and "bundle-exists"."""
    trash = places.own_bundles() / _TRASH
    if place.parent != trash or not place.is_dir():
        raise BundleRefused("bundle-missing", what=place)
    target = places.own_bundles() / place.name.rpartition("-")[0]
    if target.exists():
        raise BundleRefused("bundle-exists", what=target.name)
    try:
        place.replace(target)
    except OSError as error:
        raise RunRefused("place-unwritable", what=target, why=error.strerror or type(error).__name__) from error
    return target


def log() -> tuple[Promotion, ...]:
    """Who promoted what and when, oldest first. Refuses "bundle-unreadable" when the log is damaged."""
    file = places.own_bundles() / _LOG
    if not file.is_file():
        return ()
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[Promotion, ...])
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise BundleRefused("bundle-unreadable", what=f"{file.name}: {error}") from error


def _to_copy(bundle: Bundle) -> list[str]:
    """The bundle's files, and those of the lungs bundle that came inside it."""
    own = stated(bundle)
    if own is None or own.folder != bundle.path(LUNGS):
        return names_in(bundle)
    return [*names_in(bundle), *(f"{LUNGS}/{name}" for name in names_in(own))]


def _standing(lines: tuple[Promotion, ...]) -> list[str]:
    """The digests whose promotion stands, in order: a rollback takes back the one before it."""
    standing: list[str] = []
    for line in lines:
        if line.action == "rollback":
            while standing and standing[-1] != line.digest:
                standing.pop()
        if not standing or standing[-1] != line.digest:
            standing.append(line.digest)
    return standing


def _write(action: Literal["promote", "rollback"], bundle: Bundle, who: str | None) -> None:
    shelf = places.made(places.own_bundles())
    with FileLock(shelf / f"{_LOG}.lock", timeout=30):
        lines = log()
        line = Promotion(
            len(lines) + 1,
            datetime.now(UTC).isoformat(timespec="seconds"),
            who or _account(),
            action,
            bundle.name,
            bundle.version,
            bundle.digest,
        )
        write_whole(shelf / _LOG, msgspec.json.format(msgspec.json.encode((*lines, line)), indent=2))


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"  # an account without a name, as in some containers


def _all() -> Iterator[Shelved]:
    for shelf, shipped in ((places.SHIPPED_BUNDLES, True), (places.own_bundles(), False)):
        folders = sorted(shelf.iterdir()) if shelf.is_dir() else []
        for folder in folders:
            if folder.name.startswith(".") or folder.name == _TRASH or not folder.is_dir():
                continue
            try:
                yield Shelved(folder, shipped, load(folder), None)
            except BundleRefused as error:
                yield Shelved(folder, shipped, None, error.reason)


def _any_good() -> bool:
    try:
        in_use()
    except BundleRefused:
        return False
    return True


def _matches(one: Shelved, what: str) -> bool:
    # A spoiled bundle cannot say its name; its folder was named after it.
    if what in (one.folder.name, one.folder.name.rpartition("-")[0]):
        return True
    bundle = one.bundle
    return bundle is not None and (
        what in (bundle.name, f"{bundle.name} {bundle.version}") or (len(what) >= 8 and bundle.digest.startswith(what))
    )


def _named(what: str) -> Bundle:
    # The newest of a name: own bundles come after shipped ones, and later versions after earlier ones.
    found = [one for one in _all() if _matches(one, what)]
    good = sorted((one for one in found if one.bundle), key=lambda one: (one.shipped is False, _version(one)))
    if good and good[-1].bundle is not None:
        return good[-1].bundle
    if found:
        return load(found[-1].folder)  # refuses, and says why
    raise BundleRefused("bundle-missing", what=what)


def _version(one: Shelved) -> tuple[tuple[int, str], ...]:
    version = one.bundle.version if one.bundle else ""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in version.split("."))


def _own_folder(what: str) -> tuple[Path, str]:
    found = [one for one in _all() if _matches(one, what)]
    own = [one for one in found if not one.shipped]
    if not found:
        raise BundleRefused("bundle-missing", what=what)
    if not own:
        raise BundleRefused("bundle-shipped", what=what)
    one = own[-1]
    if one.bundle is not None and _any_good() and in_use().digest == one.bundle.digest:
        raise BundleRefused("bundle-in-use", what=what)
    return one.folder, what
