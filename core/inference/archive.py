"""A bundle as one `.hilum` file: a ZIP that is read without trusting it, and written the same way every time."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from core import places
from core.errors import BundleRefused
from core.files import whole_file
from core.inference.bundles import DESCRIPTION, DESCRIPTION_BYTES, LUNGS, Bundle, digest_of, load, names_in, stated
from core.inference.description import Description, all_files, parsed

_FILE_BYTES = 512 * 2**20
_BLOCK_BYTES = 2**20
# ZIP keeps no time zone and nothing here depends on time: the same bundle gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def packed(bundle: Bundle, target: Path) -> None:
    """Write the bundle as one file: the description and every file that it names, and the lungs bundle that it states.

    Refuses "bundle-lungs-missing" when that one is not here.
    """
    files = [(name, bundle.path(name)) for name in names_in(bundle)]
    if (lungs := stated(bundle)) is not None:
        files += [(f"{LUNGS}/{name}", lungs.path(name)) for name in names_in(lungs)]
    with whole_file(target) as file, zipfile.ZipFile(file, "w") as archive:
        for name, path in files:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())


def unpacked(file: Path) -> Path:
    """The folder of a `.hilum` file's bundle, in the user's own data, named by its digest.

    Names and hashes are checked before the first byte is written. Files that the description does not name stay
    where they are. Refuses what core.inference.bundles.load refuses.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if DESCRIPTION not in entries:
                raise BundleRefused("bundle-unreadable", what=f"{file.name} holds no {DESCRIPTION}")
            digest, description, names = _checked(archive, entries)
            if description.lungs is not None and f"{LUNGS}/{DESCRIPTION}" in entries:
                present, _lungs, own = _checked(archive, entries, f"{LUNGS}/")
                if present != description.lungs:
                    raise BundleRefused("bundle-file-changed", what=f"{LUNGS}/{DESCRIPTION}")
                names = own + names
            return _extracted(archive, [entries[name] for name in names], digest)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise BundleRefused("bundle-unreadable", what=f"{file.name}: {error}") from error


def _checked(
    archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], prefix: str = ""
) -> tuple[str, Description, list[str]]:
    """The digest of a bundle in the archive, its description, and its files' names there, the description last."""
    content = b"".join(_blocks(archive, entries[prefix + DESCRIPTION], DESCRIPTION_BYTES))
    _raw, description = parsed(content)
    names = []
    for inside, sha256 in all_files(description):
        name = prefix + inside
        if name not in entries:
            raise BundleRefused("bundle-file-missing", what=name)
        digest = hashlib.sha256()
        for block in _blocks(archive, entries[name], _FILE_BYTES):
            digest.update(block)
        if digest.hexdigest() != sha256:
            raise BundleRefused("bundle-file-changed", what=name)
        names.append(name)
    return digest_of(content), description, [*dict.fromkeys(names), prefix + DESCRIPTION]


def _extracted(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], digest: str) -> Path:
    cache = places.made(places.home() / "cache" / "bundles")
    folder = cache / digest
    if folder.is_dir():
        try:
            return load(folder).folder
        except BundleRefused:
            # Somebody changed the copy: it is only a copy.
            shutil.rmtree(folder)
    temporary = Path(tempfile.mkdtemp(prefix=".", dir=cache))
    try:
        for entry in entries:
            target = temporary / entry.filename
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as out:
                _write(out, _blocks(archive, entry, _FILE_BYTES))
        temporary.replace(folder)
    except OSError:
        # Another process was quicker: its copy is as good.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _write(out: IO[bytes], blocks: Iterator[bytes]) -> None:
    for block in blocks:
        out.write(block)


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit_bytes: int) -> Iterator[bytes]:
    """The bytes of one entry; counted while they are inflated, because the stated size is only a claim."""
    if entry.flag_bits & 1:
        raise BundleRefused("bundle-unreadable", what="it is encrypted")
    count = 0
    with archive.open(entry) as file:
        while block := file.read(_BLOCK_BYTES):
            count += len(block)
            if count > limit_bytes:
                raise BundleRefused("bundle-unreadable", what=f"{entry.filename} is larger than it may be")
            yield block
