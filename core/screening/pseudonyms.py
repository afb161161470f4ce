"""Names for what must not be named: keyed hashes that join rows and cannot be looked up."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from core import files, places


def installation_key() -> bytes:
    """A secret of this installation, made on first use. Refuses "place-unwritable"."""
    path = places.made(places.home()) / "pseudonyms.key"
    if not path.exists():
        files.write_whole(path, secrets.token_bytes(32))
    return path.read_bytes()


def run_key(roots: list[str], bundle_digest: str) -> bytes:
    """The key of a run: the same for the same folders and bundle on this PC, so that two runs can be compared.

    Without the installation's secret a list of study numbers could be hashed and looked up in a table.
    """
    told = "\0".join([bundle_digest, *sorted(roots)]).encode("utf-8", "surrogateescape")
    return hmac.new(installation_key(), told, hashlib.sha256).digest()


def pseudonym(key: bytes, text: str | None) -> str | None:
    """The hash under which something is known in a run: 24 hexadecimal digits, or None for nothing."""
    if not text:
        return None
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:24]
