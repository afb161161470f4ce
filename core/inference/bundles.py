"""A bundle: an ensemble with everything needed to use and judge it (design.md section 4).

bundle.json is strict in what it must say, keeps what it says beyond that, and names every other file of the
bundle with its SHA-256; its own SHA-256 is therefore the digest of the whole bundle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import places
from core.errors import BundleRefused
from core.files import sha256_of
from core.inference.description import Description, MemberEntry, NetworkInput, all_files, parsed

DESCRIPTION = "bundle.json"
DESCRIPTION_BYTES = 4 * 2**20
LUNGS = "lungs"  # the folder of the shipped lungs bundle, and of one that travels inside another bundle


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose description, paths and hashes were checked. raw: bundle.json with its unknown fields too."""

    folder: Path
    description: Description
    raw: Mapping[str, Any]
    digest: str

    @property
    def name(self) -> str:
        return self.description.name

    @property
    def version(self) -> str:
        return self.description.version

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.description.classes)

    @property
    def members(self) -> tuple[MemberEntry, ...]:
        return self.description.members

    @property
    def map_scale(self) -> NDArray[np.float32]:
        """(classes,) float32, in the order of the classes."""
        return np.array([self.description.map_scale[name] for name in self.classes], np.float32)

    def input(self, member: MemberEntry) -> NetworkInput:
        """What this member takes: its own input, or the bundle's."""
        return member.input or self.description.input

    def path(self, inside: str) -> Path:
        return self.folder / inside

    @property
    def card(self) -> str:
        """The model card in Markdown."""
        return self.path("card.md").read_text("utf-8")


def load(path: str | Path) -> Bundle:
    """Read a bundle from its folder or its `.hilum` file, and check all that can be checked without an engine.

    Refuses (BundleRefused): bundle-missing, bundle-unreadable, bundle-format, bundle-unsafe, bundle-step,
    bundle-file-missing, bundle-file-changed. A `.hilum` file is unpacked into a private folder of the user's data.
    """
    folder = Path(path)
    if folder.is_file():
        from core.inference.archive import unpacked

        folder = unpacked(folder)
    if not (folder / DESCRIPTION).is_file():
        raise BundleRefused("bundle-missing", what=folder)
    content = _bytes(folder / DESCRIPTION)
    raw, description = parsed(content)
    for inside, sha256 in all_files(description):
        file = folder / inside
        # A link may lead out of the folder even when its name does not.
        if not file.resolve().is_relative_to(folder.resolve()):
            raise BundleRefused("bundle-unsafe", what=inside)
        if not file.is_file():
            raise BundleRefused("bundle-file-missing", what=inside)
        if sha256_of(file) != sha256:
            raise BundleRefused("bundle-file-changed", what=inside)
    return Bundle(folder, description, raw, digest_of(content))


def of_kind(bundle: Bundle, kind: str) -> Bundle:
    """The bundle itself. Refuses "bundle-kind" when it is of another kind."""
    if bundle.description.kind != kind:
        raise BundleRefused("bundle-kind", what=bundle.name, present=bundle.description.kind, asked=kind)
    return bundle


def names_in(bundle: Bundle) -> list[str]:
    """Every file that belongs to a bundle, its description first; a lungs bundle that travels with it is another."""
    return [DESCRIPTION, *dict.fromkeys(inside for inside, _sha256 in all_files(bundle.description))]


def shipped_lungs() -> Bundle | None:
    """The lungs bundle that comes with the program; None where it was left out. Refuses what load refuses."""
    folder = places.SHIPPED_BUNDLES / LUNGS
    return load(folder) if (folder / DESCRIPTION).is_file() else None


def stated(bundle: Bundle) -> Bundle | None:
    """The lungs bundle that a bundle states; None when it states none. Refuses "bundle-lungs-missing".

    It is looked for in the bundle itself (it travelled with it), in the program, and on the site's own shelf.
    """
    wanted = bundle.description.lungs
    if wanted is None:
        return None
    shelf = (file.parent for file in sorted(places.own_bundles().glob(f"*/{DESCRIPTION}")))
    for folder in (bundle.path(LUNGS), places.SHIPPED_BUNDLES / LUNGS, *shelf):
        if (folder / DESCRIPTION).is_file() and digest_of(_bytes(folder / DESCRIPTION)) == wanted:
            return of_kind(load(folder), "lungs")
    raise BundleRefused("bundle-lungs-missing", what=bundle.name, digest=wanted[:12])


def digest_of(description: bytes) -> str:
    """The digest of a bundle from the bytes of its bundle.json."""
    return hashlib.sha256(description).hexdigest()


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > DESCRIPTION_BYTES:
            raise BundleRefused("bundle-unreadable", what=f"it is larger than {DESCRIPTION_BYTES // 2**20} MiB")
        return file.read_bytes()
    except OSError as error:
        raise BundleRefused("bundle-unreadable", what=error.strerror or type(error).__name__) from error
